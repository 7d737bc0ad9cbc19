import { endings, withCommands, type CommandSpec, type Offer } from './commands.ts'

/** Lines for fish, 3.0 or later. */
export function fishCompletion(program: CommandSpec): string {
  const lines = withCommands(program).flatMap(({ path, commands, options, argument }) => {
    const start = `complete -c archc -n ${quoted(conditionOf(path, commands))}`
    return [
      ...commands.map((each) => `${start} -a ${each.path.at(-1)} -d ${quoted(each.about)}`),
      ...options.map(({ names, about, value }) => {
        const flags = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`))
        return [start, ...flags, ...(value ? [offered(value)] : []), '-d', quoted(about)].join(' ')
      }),
      ...(argument && (argument.choices.length > 0 || argument.files) ? [`${start} ${offered(argument, false)}`] : []),
    ]
  })
  return ['# fish completion for archc', presets, 'complete -c archc -f', ...lines, ''].join('\n')
}

const presets = `function __archc_presets
  for word in (commandline -op)
    if string match -q '*.arch' -- $word
      archc presets (string replace -r '^~' $HOME -- $word) 2>/dev/null
      return
    end
  end
end`

/** When a command's own words are offered: its path was typed, and no command below it. */
function conditionOf(path: readonly string[], commands: readonly CommandSpec[]): string {
  if (path.length === 0) return '__fish_use_subcommand'
  const seen = path.map((word) => `__fish_seen_subcommand_from ${word}`)
  const below = commands.map((each) => each.path.at(-1))
  return [...seen, ...(below.length > 0 ? [`not __fish_seen_subcommand_from ${below.join(' ')}`] : [])].join('; and ')
}

function offered({ choices, files, isPreset }: Offer, isOption = true): string {
  if (isPreset) return "-x -a '(__archc_presets)'"
  if (choices.length > 0) return `${isOption ? '-x ' : ''}-a ${quoted(choices.join(' '))}`
  if (!files) return '-x'
  if (files === 'any') return isOption ? '-r -F' : '-F'
  return `${isOption ? '-x ' : ''}-a ${quoted(endings[files].map((ending) => `(__fish_complete_suffix .${ending})`).join(' '))}`
}

const quoted = (text: string): string => `'${text.replace(/['\\]/g, '\\$&')}'`
