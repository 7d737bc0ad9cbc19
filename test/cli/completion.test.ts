import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Argument, Command, Option } from 'commander'
import { describe, expect, it } from 'vitest'
import { bashCompletion } from '../../src/cli/completion/bash.ts'
import { commandSpec } from '../../src/cli/completion/commands.ts'
import { fishCompletion } from '../../src/cli/completion/fish.ts'
import { zshCompletion } from '../../src/cli/completion/zsh.ts'
import { root, temporaryFolder } from '../runtime/network/small.ts'
import { archc } from './run-archc.ts'

const [folder, scripts] = [temporaryFolder(), temporaryFolder()]
for (const name of ['net.arch', 'two words.arch', 'field.png', 'field.TXT']) writeFileSync(path.join(folder, name), '')
mkdirSync(path.join(folder, 'runs'))

const [spaced, iste] = [path.join(scripts, 'two words.arch'), path.join(root, 'models', 'iste.arch')]
const wholeIste = ['micro', 'mini', 'paper', 'small', 'tiny']
copyFileSync(path.join(root, 'models', 'edsr.arch'), spaced)
// Scripts ask the archc on PATH for presets.
symlinkSync(path.join(root, 'bin', 'archc.js'), path.join(scripts, 'archc'))
const env = { ...process.env, HOME: scripts, PATH: `${scripts}${path.delimiter}${process.env['PATH']}` }

const has = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0

describe.skipIf(!has('bash'))('bash completes', () => {
  const script = path.join(scripts, 'archc.bash')
  /** What bash offers for the last of the words, each as bash itself takes the line apart. */
  const offers = (words: readonly string[]): string[] => {
    const line = [
      'source "$0"',
      'COMP_WORDS=("$@")',
      'COMP_CWORD=$(($# - 1))',
      '_archc 2>&1',
      'for each in "${COMPREPLY[@]}"; do echo "$each"; done',
      '[[ $(complete -p archc) == "complete -F _archc archc" ]] || echo not registered',
    ].join('\n')
    const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', line, script, 'archc', ...words], {
      cwd: folder,
      env,
      encoding: 'utf8',
    })
    expect(stderr).toBe('')
    return stdout.split('\n').filter(Boolean).sort()
  }

  it('what archc completion bash prints', async () => {
    const { code, stdout, stderr } = await archc(['completion', 'bash'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    writeFileSync(script, stdout)
    const cases: readonly (readonly [words: readonly string[], offered: readonly string[]])[] = [
      [['ch'], ['check']],
      [['check', '--f'], ['--format']],
      [
        ['check', '--format', ''],
        ['github', 'json', 'pretty', 'sarif'],
      ],
      [
        ['check', '--format', '='],
        ['github', 'json', 'pretty', 'sarif'],
      ],
      [['check', '--format', '=', 'p'], ['pretty']],
      [
        ['upscale', '--weights', ''],
        ['deblur', 'live', 'live-large', 'plain'],
      ],
      [
        ['check', '--format', 'json', ''],
        ['net.arch', 'runs', 'two words.arch'],
      ],
      [['check', '--max-warnings', ''], []],
      [
        ['check', '-o', 'f'],
        ['field.TXT', 'field.png'],
      ],
      [['graph', 'net.arch', '--variant', 'n'], ['net.arch']],
      [['upscale', 'f'], ['field.png']],
      [
        ['upscale', '--run', ''],
        ['field.TXT', 'field.png', 'net.arch', 'runs', 'two words.arch'],
      ],
      [
        ['weights', ''],
        ['average', 'card', 'export', 'import', 'show'],
      ],
      [['weights', 'im'], ['import']],
      [
        ['weights', 'export', '--format', ''],
        ['onnx', 'pytorch-names', 'safetensors', 'tfjs'],
      ],
      [
        ['completion', ''],
        ['bash', 'fish', 'zsh'],
      ],
      [['--no'], ['--no-color']],
      [['compile', iste, '--preset', ''], wholeIste],
      [
        ['train', path.join(root, 'models', 'ablations', 'wo-lfi.arch'), '-p', 'm'],
        ['micro', 'mini'],
      ],
      [['weights', 'import', 'a.pth', '--into', iste, '--preset', '=', 't'], ['tiny']],
      [
        ['compile', '~/two\\ words.arch', '--preset', 'x'],
        ['x2', 'x3', 'x4', 'x6', 'x8'],
      ],
      [['compile', `"${spaced}"`, '--preset', 'p'], ['paper']],
      [['compile', 'nothing.arch', '--preset', ''], []],
      [['pre'], []],
      [['nothing', '--f'], []],
    ]
    for (const [words, offered] of cases) expect([words, offers(words)]).toEqual([words, offered])
  })
})

describe.each(['zsh', 'fish'])('%s', (shell) => {
  it.skipIf(!has(shell))('can read what archc completion prints', async () => {
    const { code, stdout } = await archc(['completion', shell])
    expect(code).toBe(0)
    const script = path.join(scripts, `archc.${shell}`)
    writeFileSync(script, stdout)
    const { status, stderr } = spawnSync(shell, ['-n', script], { encoding: 'utf8' })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const line = `archc compile ~/two\\ words.arch --preset x`
    const asked =
      shell === 'fish'
        ? `source ${script}; complete -C '${line}'`
        : `compdef() {}; source ${script}; compadd() { print -l \${(P)2} }; words=(\${(z):-'${line}'}); _archc_presets`
    const offered = spawnSync(shell, ['-c', asked], { cwd: folder, env, encoding: 'utf8' })
    expect(offered.stderr).toBe('')
    expect(offered.stdout.match(/^x\d/gm)?.sort()).toEqual(['x2', 'x3', 'x4', 'x6', 'x8'])
  })
})

describe('scripts', () => {
  const program = new Command('archc').description('networks').version('1')
  program
    .command('check')
    .description("a file's check: all")
    .argument('[files...]', 'files')
    .addOption(new Option('--format <name>', 'as [text]').choices(['a', 'b']))
    .option('-o, --out <file>', 'where')
    .option('--steps <n>', 'how many')
    .option('-p, --preset <name>', 'which')
  const pair = program.command('pair').description('two')
  pair
    .command('one')
    .description('first')
    .addArgument(new Argument('<shell>', '').choices(['x', 'y']))
  const spec = commandSpec(program)

  it('zsh', () => {
    const [presets, commands] = zshCompletion(spec).split(/(?<=^}\n\n)(?=_archc_check)/m)
    expect(presets).toMatch(/^#compdef archc\n_archc_presets\(\) \{\n/)
    expect(commands).toBe(`_archc_check() {
  _arguments -s '*--format[as \\[text\\]]:name:(a b)' \\
    '*-o[where]:file:_files' \\
    '*--out[where]:file:_files' \\
    '*--steps[how many]:n: ' \\
    '*-p[which]:name:_archc_presets' \\
    '*--preset[which]:name:_archc_presets' \\
    '-h[display help for command]' \\
    '--help[display help for command]' \\
    '*:files:_files -g "*.arch"'
}

_archc_pair_one() {
  _arguments -s '-h[display help for command]' \\
    '--help[display help for command]' \\
    '*:shell:(x y)'
}

_archc_pair() {
  local context state state_descr line
  local -a commands
  typeset -A opt_args
  _arguments -s -C '-h[display help for command]' \\
    '--help[display help for command]' \\
    '1:command:->command' \\
    '*::argument:->argument'
  case $state in
  command)
    commands=(
      'one:first'
    )
    _describe command commands
    ;;
  argument)
    case $words[1] in
    one) _archc_pair_one ;;
    esac
    ;;
  esac
}

_archc() {
  local context state state_descr line
  local -a commands
  typeset -A opt_args
  _arguments -s -C '-V[output the version number]' \\
    '--version[output the version number]' \\
    '-h[display help for command]' \\
    '--help[display help for command]' \\
    '1:command:->command' \\
    '*::argument:->argument'
  case $state in
  command)
    commands=(
      'check:a file'\\''s check: all'
      'pair:two'
    )
    _describe command commands
    ;;
  argument)
    case $words[1] in
    check) _archc_check ;;
    pair) _archc_pair ;;
    esac
    ;;
  esac
}

if [[ $funcstack[1] == _archc ]]; then _archc "$@"; else compdef _archc archc; fi
`)
  })

  it('fish', () => {
    const [presets, lines] = fishCompletion(spec).split(/(?=^complete -c archc -f\n)/m)
    expect(presets).toMatch(/^# fish completion for archc\nfunction __archc_presets\n/)
    expect(lines).toBe(`complete -c archc -f
complete -c archc -n '__fish_use_subcommand' -a check -d 'a file\\'s check: all'
complete -c archc -n '__fish_use_subcommand' -a pair -d 'two'
complete -c archc -n '__fish_use_subcommand' -s V -l version -d 'output the version number'
complete -c archc -n '__fish_use_subcommand' -s h -l help -d 'display help for command'
complete -c archc -n '__fish_seen_subcommand_from check' -l format -x -a 'a b' -d 'as [text]'
complete -c archc -n '__fish_seen_subcommand_from check' -s o -l out -r -F -d 'where'
complete -c archc -n '__fish_seen_subcommand_from check' -l steps -x -d 'how many'
complete -c archc -n '__fish_seen_subcommand_from check' -s p -l preset -x -a '(__archc_presets)' -d 'which'
complete -c archc -n '__fish_seen_subcommand_from check' -s h -l help -d 'display help for command'
complete -c archc -n '__fish_seen_subcommand_from check' -a '(__fish_complete_suffix .arch)'
complete -c archc -n '__fish_seen_subcommand_from pair; and not __fish_seen_subcommand_from one' -a one -d 'first'
complete -c archc -n '__fish_seen_subcommand_from pair; and not __fish_seen_subcommand_from one' -s h -l help -d 'display help for command'
complete -c archc -n '__fish_seen_subcommand_from pair; and __fish_seen_subcommand_from one' -s h -l help -d 'display help for command'
complete -c archc -n '__fish_seen_subcommand_from pair; and __fish_seen_subcommand_from one' -a 'x y'
`)
  })

  it('bash has a line for each option with a value', () => {
    const lines = bashCompletion(spec)
      .split('\n')
      .filter((line) => line.includes("'check:"))
    expect(lines).toEqual([
      "    'check:--format') _archc_words 'a b'; return ;;",
      "    'check:-o'|'check:--out') _archc_files ''; return ;;",
      "    'check:--steps') return ;;",
      "    'check:-p'|'check:--preset') _archc_presets; return ;;",
    ])
  })
})

describe('archc completion', () => {
  it('refuses another shell', async () => {
    expect(await archc(['completion', 'tcsh'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr:
        "error: command-argument value 'tcsh' is invalid for argument 'shell'. Allowed choices are bash, zsh, fish.\n  help: archc completion --help\n",
    })
  })

  it('has help with where the script goes', async () => {
    const { code, stdout } = await archc(['completion', '--help'])
    expect(code).toBe(0)
    expect(stdout).toContain('Examples:\n  archc completion bash > ~/.local/share/bash-completion/completions/archc\n')
  })
})
