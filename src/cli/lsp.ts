import type { Command } from 'commander'

/** Registers `archc lsp`. */
export function lspCommand(program: Command): void {
  program
    .command('lsp')
    .description('the language server, for editors: it speaks on standard input and output')
    .option('--stdio', 'as editors ask for it; there is no other way')
    .addHelpText(
      'after',
      `
An editor starts it. editors/vscode does for VS Code; in Neovim:
  vim.lsp.start({ name = 'archc', cmd = { 'archc', 'lsp', '--stdio' }, root_dir = vim.fn.getcwd() })`,
    )
    .action(async () => {
      const { serve } = await import('../editor/server.ts')
      serve()
    })
}
