import { endings, type CommandSpec, type Offer, type OptionSpec } from './commands.ts'

/** A script for zsh's own completion: a file `_archc` in $fpath, or read after compinit. */
export const zshCompletion = (program: CommandSpec): string => `#compdef archc
_archc_presets() {
  local word
  local -a names
  for word in $words; do
    word=\${(Q)word}
    if [[ $word == *.arch ]]; then
      names=(\${(f)"$(\${(z)\${aliases[archc]:-archc}} presets \${word/#\\~/$HOME} 2>/dev/null)"})
      compadd -a names
      return
    fi
  done
}

${functions(program).join('\n')}
if [[ $funcstack[1] == _archc ]]; then _archc "$@"; else compdef _archc archc; fi
`

/** A function for a command, and those for the commands below it. */
function functions(spec: CommandSpec): string[] {
  const { path, commands, options, argument } = spec
  const specs = options.flatMap(optionSpecs)
  if (commands.length === 0)
    return [
      `${functionName(path)}() {`,
      `  _arguments -s ${[...specs, ...(argument ? [quoted(`*:${escaped(argument.name)}:${offered(argument)}`)] : [])].join(' \\\n    ')}`,
      '}',
      '',
    ]
  return [
    ...commands.flatMap(functions),
    `${functionName(path)}() {`,
    '  local context state state_descr line',
    '  local -a commands',
    '  typeset -A opt_args',
    `  _arguments -s -C ${[...specs, quoted('1:command:->command'), quoted('*::argument:->argument')].join(' \\\n    ')}`,
    '  case $state in',
    '  command)',
    '    commands=(',
    ...commands.map((each) => `      ${quoted(`${each.path.at(-1)}:${each.about}`)}`),
    '    )',
    '    _describe command commands',
    '    ;;',
    '  argument)',
    '    case $words[1] in',
    ...commands.map((each) => `    ${each.path.at(-1)}) ${functionName(each.path)} ;;`),
    '    esac',
    '    ;;',
    '  esac',
    '}',
    '',
  ]
}

const functionName = (path: readonly string[]): string => ['_archc', ...path].join('_')

/** Options with a value may be given several times: commander says of none that it may not. */
const optionSpecs = ({ names, about, value }: OptionSpec): string[] =>
  names.map((name) =>
    quoted(`${value ? '*' : ''}${name}[${escaped(about)}]${value ? `:${escaped(value.name)}:${offered(value)}` : ''}`),
  )

function offered({ choices, files, isPreset }: Offer): string {
  if (isPreset) return '_archc_presets'
  if (choices.length > 0) return `(${choices.join(' ')})`
  if (!files) return ' '
  if (files === 'any') return '_files'
  const known = endings[files]
  // One name alone in parentheses would be a glob's qualifier.
  return `_files -g "*.${known.length === 1 ? known[0] : `(${known.join('|')})`}"`
}

const escaped = (text: string): string => text.replace(/[[\]:\\]/g, '\\$&')
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
