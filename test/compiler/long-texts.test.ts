import { describe, expect, test } from 'vitest'
import { renderPretty } from '../../src/compiler/diagnostics/render-pretty.ts'
import { format, NotParsedError } from '../../src/compiler/format/format.ts'
import { check } from '../../src/compiler/index.ts'
import { memoryHost } from './memory-host.ts'

/** A text of a hundred thousand parts is answered soon, by check, by what it prints, and by fmt: right, wrong or refused. */

const many = 100_000
/** As many as a file may have. */
const most = 3_000

const model = (body: string): string =>
  `model A {\n  scale m = 2\n  input lr: [B, h, w, 3] as image\n  output sr: [B, m * h, m * w, 3] as image\n${body}\n  return lr -> interpolate(by: m, kernel: nearest)\n}\n`
const train = (fields: string): string =>
  `${model('')}train { B: 1, h: 8, w: 8, loss: l1(sr, target), optimizer: adam(lr: 1e-4)${fields} }\n`
const each = (count: number, part: (at: number) => string, between = '\n'): string =>
  Array.from({ length: count }, (_, at) => part(at)).join(between)
const value = (before: string, middle: string, after = ''): ((count: number) => string) => {
  return (count) => model(`  let a = ${before.repeat(count)}${middle}${after.repeat(count)}`)
}
const lines =
  (line: (at: number) => string): ((count: number) => string) =>
  (count) =>
    model(each(count, line))
const module = (name: string, body: string): string =>
  `module ${name} {\n  input x: [B, h, w, c]\n  output [B, h, w, c]\n  return ${body}\n}\n`

const texts: Readonly<Record<string, (count: number) => string>> = {
  '(': (count) => '('.repeat(count),
  '}': (count) => '}'.repeat(count),
  'pairs of brackets': (count) => '()[]{}'.repeat(count),
  'brackets in a value': value('(', 'lr', ')'),
  'brackets that are open': value('[', '1'),
  'calls in calls': value('relu(', 'lr', ')'),
  'lists in lists': value('[', '1', ']'),
  'records in records': (count) => `${model('')}train ${'{ a '.repeat(count)}${'}'.repeat(count)}`,
  'repeats in repeats': value('lr -> repeat 1 { ', 'relu', ' }'),
  'an open bracket a line': lines(() => '  let a = (lr'),
  'a closed one a line': lines(() => '  let a = lr)'),
  lets: lines((at) => `  let a${at} = lr -> relu`),
  'lets of one another': lines((at) => `  let a${at} = ${at === 0 ? 'lr' : `a${at - 1}`} + 1`),
  'lets of one name': lines(() => '  let a = lr'),
  'lets in one line': (count) => model('  let a = lr '.repeat(count)),
  'lets of names that are not there': lines((at) => `  let a${at} = b${at}`),
  'calls of ops that are not there': lines((at) => `  let a${at} = f${at}(lr)`),
  'broken lets': lines(() => '  let = lr'),
  'words of statements': lines(() => '  let let let'),
  NUL: (count) => '\0'.repeat(count),
  'NUL in a value': (count) => model(`  let a = ${'\0 '.repeat(count)}lr`),
  'NUL a line': (count) => '\0\n'.repeat(count),
  'letters of other alphabets': (count) => 'ä '.repeat(count),
  'remarks of Python': (count) => '# x\n'.repeat(count),
  'quoted words': (count) => "'a' ".repeat(count),
  'quotation marks': (count) => '"\n'.repeat(count),
  comments: (count) => `${'// x\n'.repeat(count)}${model('')}`,
  'comments behind lets': lines((at) => `  let a${at} = lr // allow unused-let`),
  'allowances in vain': lines(() => '  // allow unused-let'),
  documentation: (count) => `${'/// x\n'.repeat(count)}${model('')}`,
  'a pipeline': value('', 'lr', ' -> relu'),
  'a pipeline of ops that are not there': value('', 'lr', ' -> foo'),
  'a pipeline that is open': value('', 'lr', ' ->'),
  'a pipeline of repeats': value('', 'lr', ' -> repeat 1 { relu }'),
  'unary minuses': value('-', '1'),
  sums: value('', '1', ' + 1'),
  products: value('', 'h', ' * h'),
  members: value('', 'lr', '.a'),
  subscripts: value('', 'lr', '[0]'),
  lambdas: value('x => ', 'x'),
  'operators beside arrows': value('', 'lr', ' + a -> f'),
  'a list': (count) => model(`  let a = [1${', 1'.repeat(count)}]`),
  arguments: (count) => model(`  let a = conv(lr${', out: 1'.repeat(count)})`),
  'tensors of a call': (count) => model(`  let a = concat(lr${', lr'.repeat(count)}, axis: 1)`),
  'fields of a record': (count) => train(', x: 1'.repeat(count)),
  'operations in one another': (count) => train(`, degrade: ${'choose(0.5, '.repeat(count)}blur(sigma: 1)${')'.repeat(count)}`),
  'lets of train': (count) => train(` ${each(count, (at) => `let a${at} = l1(sr, target)`)}`),
  'fields of a preset': (count) => `${model('')}preset a { ${'b: 1, '.repeat(count)}c: 1 }`,
  presets: (count) => model('') + each(count, (at) => `preset p${at} { m: 1 }`),
  modules: (count) => each(count, (at) => module(`M${at}`, 'x')) + model(''),
  'modules that call one another': (count) =>
    each(count, (at) => module(`M${at}`, at === 0 ? 'x' : `x -> M${at - 1}`)) + model(`  let a = M${count - 1}(lr)`),
  imports: (count) => each(count, (at) => `import A${at} from "x.arch"`),
  'edits of a variant': (count) => `variant "v" of A from "base.arch"\n${each(count, (at) => `set a${at} = 1`)}`,
  inputs: lines((at) => `  input a${at}: [B, h] as cell`),
  axes: (count) => model(`  input a: [B${each(count, (at) => `, h${at}`, '')}] as cell`),
  parameters: (count) => model('').replace('A', `A(${each(count, (at) => `a${at}: int = 1`, ', ')})`),
  slots: lines((at) => `  slot a${at}: [B, h] -> [B, h] = relu`),
  weights: lines((at) => `  weight a${at}: [3] = zeros`),
  conditions: (count) => model('').replace('as image', `as image where h >= 1${', h >= 1'.repeat(count)}`),
  words: (count) => 'a '.repeat(count),
  'a long name': (count) => model(`  let a = ${'x'.repeat(count)}`),
  'a long number': (count) => model(`  let a = ${'1'.repeat(count)}`),
  'a long pattern': (count) => model(`  let a = rearrange(lr, "${'x '.repeat(count)}-> x")`),
  'a pattern of brackets': (count) => model(`  let a = rearrange(lr, "${'('.repeat(count)}-> x")`),
  'empty lines': (count) => '\n'.repeat(count) + model(''),
  'white space': (count) => model(`${' '.repeat(count)}let a = lr`),
}

/** Milliseconds for each of the three on a computer that does other things too. */
const patience = 8_000

describe.each([many, most])('%i', (count) => {
  test.each(Object.entries(texts))('%s', (_, written) => {
    const text = written(count)
    const soon = <T>(run: () => T): T => {
      const start = Date.now()
      const result = run()
      expect(Date.now() - start).toBeLessThan(patience)
      return result
    }
    const { diagnostics, sources } = soon(() => check(['a.arch'], memoryHost({ 'a.arch': text, 'base.arch': model('') })))
    expect(diagnostics.length).toBeLessThanOrEqual(100)
    const shown = soon(() => renderPretty(diagnostics, (file) => sources.get(file), { color: false, width: 80 }))
    expect(shown.length).toBeLessThan(200_000)
    soon(() => {
      try {
        format(text, 'a.arch')
      } catch (error) {
        if (!(error instanceof NotParsedError)) throw error
      }
    })
  })
})

test('of very many mistakes of a file the first are said, errors before warnings, and how many more there are', () => {
  const text = model(each(500, (at) => `  let a${at} = lr -> conv(out: 12, kernel: 3)`)) + 'preset p { nonesuch: 1 }\n'
  const { diagnostics } = check(['a.arch'], memoryHost({ 'a.arch': text }))
  expect(diagnostics.filter(({ severity }) => severity === 'error').map(({ code }) => code)).toEqual(['unknown-path'])
  const warned = check(['a.arch'], memoryHost({ 'a.arch': text.replace('preset p { nonesuch: 1 }', '') })).diagnostics
  expect(warned).toHaveLength(100)
  expect(warned.at(-1)!.notes).toEqual(['and 400 more in this file'])
})
