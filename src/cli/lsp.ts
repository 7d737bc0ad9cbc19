import type { Command } from 'commander'

/** Registers `archc lsp`. */
export function lspCommand(program: Command): void {
  program
    .command('lsp')
    .description('the language server, for editors: it speaks on standard input and output')
    .option('--stdio', 'as editors ask for it; there is no other way')
    .addHelpText(
      'after',
      '\nAn editor starts it: docs/editors.md has the lines for Neovim, Helix and Emacs, editors/vscode is the extension for VS Code.',
    )
    .action(async () => {
      const { serve } = await import('../editor/server.ts')
      serve()
    })
}
