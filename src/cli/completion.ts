import { Argument, type Command } from 'commander'
import { presetNames } from '../compiler/index.ts'
import { fileHost } from '../runtime/host.ts'
import { print } from './common.ts'
import { bashCompletion } from './completion/bash.ts'
import { commandSpec, type CommandSpec } from './completion/commands.ts'
import { fishCompletion } from './completion/fish.ts'
import { zshCompletion } from './completion/zsh.ts'

const shells = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } satisfies Readonly<
  Record<string, (program: CommandSpec) => string>
>

/** Registers `archc completion`, and what its scripts ask while somebody types. */
export function completionCommand(program: Command): void {
  program
    .command('completion')
    .description('print a script that completes commands, options and files in a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(shells)))
    .addHelpText(
      'after',
      `
It completes a command that is called archc; where you type npx archc, say alias archc='npx archc' first.

Examples:
  archc completion bash > ~/.local/share/bash-completion/completions/archc
  source <(archc completion bash)                                           in ~/.bashrc, where bash-completion is not installed
  archc completion zsh > ~/.zfunc/_archc                                    with fpath+=~/.zfunc before compinit in ~/.zshrc
  archc completion fish > ~/.config/fish/completions/archc.fish`,
    )
    .action((shell: keyof typeof shells) => void process.stdout.write(shells[shell](commandSpec(program))))
  program
    .command('presets', { hidden: true })
    .description('the presets of a model or a variant, a line each; nothing where it cannot be read')
    .argument('<file>')
    .action((file: string) => presetNames(fileHost.named(file), fileHost).forEach(print))
}
