import { writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import * as light from '../../src/cli/light.ts'
import * as whole from '../../src/cli/main.ts'
import { temporaryFolder } from '../runtime/network/small.ts'
import { archc } from './run-archc.ts'

const folder = temporaryFolder()
const escape = '\u001b['

/** A command and those below it. */
const withInner = (command: Command): Command[] => [command, ...command.commands.flatMap(withInner)]

describe('help', () => {
  it.each([
    ['archc', whole],
    ['archc-check', light],
  ])('%s describes commands, arguments and options by words that go on from their names', (_name, { createProgram }) => {
    const said = withInner(createProgram()).flatMap((command) =>
      [command.description(), ...[...command.registeredArguments, ...command.options].map(({ description }) => description)].map(
        (words) => `${command.name()}: ${words}`,
      ),
    )
    expect(said.length).toBeGreaterThan(40)
    // A name may begin them.
    expect(said.filter((words) => /: (?!Graphviz|Markdown)([A-Z][a-z]+|A)\b|\.$/.test(words))).toEqual([])
  })

  it.each([
    '', 'check', 'compile', 'train', 'evaluate', 'upscale', 'weights show', 'weights import', 'weights export', 'parity', 'engine',
    'engine status', 'engine install', 'engine remove', 'demo', 'fmt', 'diff', 'graph', 'ops', 'explain', 'init', 'completion', 'experiment run',
    'experiment report', 'figure compare', 'figure scales', 'data verify',
  ])('archc %s --help has an example that begins as it is called', async (command) => {
    const { code, stdout, stderr } = await archc([...command.split(' ').filter(Boolean), '--help'])
    expect(code).toBe(0)
    expect(stderr).toBe('')
    const [, examples] = stdout.split(/\nExamples?:\n/)
    expect(examples).toContain(`archc ${command}`.trim())
    expect(stdout).not.toContain('(default: [])')
  }) // prettier-ignore

  it('archc alone shows all commands and is wrong usage', async () => {
    const { code, stdout, stderr } = await archc([])
    expect(code).toBe(2)
    expect(stdout).toBe('')
    for (const command of [
      'check',
      'compile',
      'train',
      'evaluate',
      'upscale',
      'weights',
      'parity',
      'engine',
      'demo',
      'fmt',
      'graph',
      'init',
      'lsp',
      'completion',
      'experiment',
      'figure',
      'data',
    ])
      expect(stderr).toMatch(new RegExp(`^  ${command} `, 'm'))
  })

  it.each<[args: string[], message: string, command?: string]>([
    [['chekc'], "unknown command 'chekc'; did you mean check?", 'archc'],
    [['engine', 'stauts'], "unknown command 'stauts'; did you mean status?"],
    [['check', '--jsn'], 'archc check has no option --jsn; did you mean --json?'],
    [['train'], 'archc train needs <file>, --data <where...> and --out <run>'],
    [['train', '--out', 'x'], 'archc train needs <file> and --data <where...>'],
    [
      ['train', 'm.arch', '--dta', 'x', '--quite', '--sead=3'],
      'archc train has no option --dta; did you mean --data?\narchc train has no option --quite; did you mean --out or --side?\narchc train has no option --sead; did you mean --seed?\narchc train needs --data <where...> and --out <run>',
    ],
    [['train', '--', '-x.arch'], 'archc train needs --data <where...> and --out <run>'],
    [
      ['check', '-q', '--no-colour'],
      'archc check has no option -q\narchc check has no option --no-colour; did you mean --no-color?',
    ],
    [['weights', 'import'], 'archc weights import needs <file...>, --into <model> and --out <file>', 'archc weights import'],
    [['--versoin'], 'archc has no option --versoin; did you mean --version?', 'archc'],
    [['compile'], 'archc compile needs <file>'],
    [['diff', 'a', 'b', 'c'], "too many arguments for 'diff'. Expected 2 arguments but got 3."],
    [
      ['compile', 'models/iste.arch', '--no-emit', '--engine', 'nonsense'],
      "option '--engine <name>' argument 'nonsense' is invalid. Allowed choices are tensorflow, wasm, cpu.",
    ],
  ])('%j', async (args, message, command = `archc ${args[0]}`) => {
    expect(await archc(args)).toEqual({
      code: 2,
      signal: null,
      stdout: '',
      stderr: `error: ${message}\n  help: ${command} --help\n`,
    })
  })
})

describe('where nobody looks at colours there are none', () => {
  const wrong = path.join(folder, 'wrong.arch')
  writeFileSync(wrong, 'module A {')
  it.each([
    [['check', wrong], {}],
    [['check', path.join(folder, 'none')], {}],
    [['upscale', path.join(folder, 'none.png'), '-s', '2', '-o', 'x.png'], {}],
    [['check', wrong, '--no-color'], {}],
    [['check', wrong], { NO_COLOR: '1' }],
  ])('%j %j', async (args, env) => {
    const { stdout, stderr, code } = await archc(args, { env })
    expect(code).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^error/)
    expect(stderr).not.toContain(escape)
  })
})

describe('engine', () => {
  it('status --json is one object', async () => {
    const { code, stdout } = await archc(['engine', 'status', '--json', '--no-measure'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      tensorflow: { version: expect.stringMatching(/^\d+\.\d+\.\d+$/) as string },
      engine: { name: 'tensorflow', trains: true },
      fallbacks: ['wasm', 'cpu'],
      missing: [],
      notices: [],
    })
  })

  it('status says the same in words', async () => {
    const { code, stdout } = await archc(['engine', 'status', '--no-measure'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^engine {6}TensorFlow \d/)
    expect(stdout).toMatch(/^trains {6}yes$/m)
    expect(stdout).toMatch(/^fallbacks {3}wasm, cpu$/m)
  })
})
