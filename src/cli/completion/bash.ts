import { endings, withCommands, type CommandSpec, type Offer } from './commands.ts'

/** A script that bash reads; it needs nothing but bash itself, 3.2 or later. */
export function bashCompletion(program: CommandSpec): string {
  const specs = withCommands(program)
  const nested = specs.filter(({ path }) => path.length > 0).map(({ path }) => quoted(path.join(' ')))
  const values = specs.flatMap(({ path, options }) =>
    options.flatMap(({ names, value }) =>
      value
        ? [
            `    ${names.map((name) => quoted(`${path.join(' ')}:${name}`)).join('|')}) ${[offered(value), 'return'].filter(Boolean).join('; ')} ;;`,
          ]
        : [],
    ),
  )
  const words = specs.flatMap(({ path, commands, options, argument }) => [
    `    ${quoted(path.join(' '))})`,
    `      options=${quoted(options.flatMap(({ names }) => names).join(' '))}`,
    ...(commands.length > 0 ? [`      commands=${quoted(commands.map(nameOf).join(' '))}`] : []),
    ...(argument && offered(argument) ? [`      [[ $current == -* ]] || { ${offered(argument)}; return; }`] : []),
    '      ;;',
  ])
  return `# bash completion for archc
_archc_words() {
  COMPREPLY=($(compgen -W "$1" -- "$current"))
}

_archc_files() {
  local file
  compopt -o filenames 2>/dev/null
  COMPREPLY=()
  while IFS= read -r file; do
    if [[ -d $file || -z $1 || $file =~ $1 ]]; then COMPREPLY+=("$file"); fi
  done < <(compgen -f -- "$current")
}

_archc_presets() {
  local word
  for word in "\${COMP_WORDS[@]:1}"; do
    word=\${word//[\\\\\\"\\']/}
    if [[ $word == *.arch ]]; then
      _archc_words "$(\${BASH_ALIASES[archc]:-archc} presets "\${word/#\\~/$HOME}" 2>/dev/null)"
      return
    fi
  done
}

_archc() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} command= options= commands= word
  # Bash takes --format=json apart at the sign.
  if [[ $current == = ]]; then
    current=
  elif [[ $before == = ]]; then
    before=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD - 1}"; do
    case "\${command:+$command }$word" in
    ${nested.join('|')}) command="\${command:+$command }$word" ;;
    esac
  done
  COMPREPLY=()
  case "$command:$before" in
${values.join('\n')}
  esac
  case "$command" in
${words.join('\n')}
  esac
  if [[ $current == -* ]]; then _archc_words "$options"; else _archc_words "$commands"; fi
}

complete -F _archc archc
`
}

const nameOf = ({ path }: CommandSpec): string => path.at(-1)!

function offered({ choices, files, isPreset }: Offer): string {
  if (isPreset) return '_archc_presets'
  if (choices.length > 0) return `_archc_words ${quoted(choices.join(' '))}`
  if (!files) return ''
  return `_archc_files ${files === 'any' ? "''" : quoted(`\\.(${endings[files].join('|')})$`)}`
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
