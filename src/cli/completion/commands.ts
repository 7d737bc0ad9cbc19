import type { Argument, Command, Option } from 'commander'

/** Files that are offered where a value is asked for; `any` also has folders, as all do. */
export type Files = 'arch' | 'pictures' | 'any'

/** What is offered for one value. */
export interface Offer {
  readonly choices: readonly string[]
  readonly files?: Files
  /** The presets of the first `.arch` file on the line. */
  readonly isPreset?: true
}

export interface OptionSpec {
  /** `-o`, `--out`. */
  readonly names: readonly string[]
  readonly about: string
  /** Undefined for a flag without a value. */
  readonly value?: Offer & { readonly name: string }
}

/** One command as completions need it. */
export interface CommandSpec {
  /** The words before: nothing for archc itself, `weights import`. */
  readonly path: readonly string[]
  readonly about: string
  readonly commands: readonly CommandSpec[]
  readonly options: readonly OptionSpec[]
  /** Of its arguments, all alike. */
  readonly argument?: Offer & { readonly name: string }
}

/** Options whose value is a file; commander knows no types. */
const fileOptions: Readonly<Record<string, Files>> = {
  '--variant': 'arch',
  '--into': 'arch',
  '--out': 'any',
  '--output-file': 'any',
  '--data': 'any',
  '--train': 'any',
  '--test': 'any',
  '--state': 'any',
  '--run': 'any',
  '--runs': 'any',
  '--evaluations': 'any',
  '--about': 'any',
  '--tissue': 'pictures',
  '--fid-weights': 'any',
  '--from': 'any',
  '--frozen': 'any',
  '--map': 'any',
}

const fileArguments: Readonly<Record<string, Files>> = {
  file: 'arch',
  files: 'arch',
  base: 'arch',
  other: 'arch',
  'code or file': 'arch',
  pictures: 'pictures',
  run: 'any',
  dir: 'any',
}

/** Reads commander's own commands, so that nothing is written twice. */
export function commandSpec(command: Command, path: readonly string[] = []): CommandSpec {
  const [argument] = command.registeredArguments
  return {
    path,
    about: command.description(),
    commands: visibleCommands(command).map((each) => commandSpec(each, [...path, each.name()])),
    options: [...command.options.filter((option) => !option.hidden).map(optionSpec), help],
    ...(argument && { argument: argumentOffer(argument, path) }),
  }
}

function visibleCommands(command: Command): Command[] {
  const visible = new Set(command.createHelp().visibleCommands(command))
  return command.commands.filter((each) => visible.has(each))
}

const help: OptionSpec = { names: ['-h', '--help'], about: 'display help for command' }

function optionSpec({ short, long, description, required, optional, argChoices, flags }: Option): OptionSpec {
  const files = fileOptions[long ?? '']
  const [, name = 'value'] = /[<[](.*?)(?:\.\.\.)?[>\]]/.exec(flags) ?? []
  return {
    names: [short, long].filter((each) => each !== undefined),
    about: description,
    ...((required || optional) && {
      value: { name, choices: argChoices ?? [], ...(files && { files }), ...(long === '--preset' && { isPreset: true }) },
    }),
  }
}

function argumentOffer(argument: Argument, path: readonly string[]): Offer & { name: string } {
  const name = argument.name()
  // What weights takes are runs and checkpoints.
  const files = path[0] === 'weights' ? 'any' : fileArguments[name]
  return { name, choices: argument.argChoices ?? [], ...(files && { files }) }
}

/** A command and all below it. */
export const withCommands = (spec: CommandSpec): CommandSpec[] => [spec, ...spec.commands.flatMap(withCommands)]

export const endings: Readonly<Record<Exclude<Files, 'any'>, readonly string[]>> = {
  arch: ['arch'],
  pictures: ['png', 'jpg', 'jpeg', 'tif', 'tiff'],
}
