import { describe, expect, test } from 'vitest'
import { check, compile, observe } from '../../src/compiler/index.ts'
import { compileModule } from '../../src/compiler/module.ts'
import { memoryHost } from './memory-host.ts'

/** What a few lines multiply is refused after a bounded time, with what is multiplied. */

const model = (body: string, before = ''): string =>
  `${before}\nmodel A {\n  scale m = 2\n  input lr: [B, h, w, 3] as image\n  output sr: [B, m * h, m * w, 3] as image\n  ${body}\n  return lr -> interpolate(by: m, kernel: nearest)\n}\n`
const module = (name: string, body: string, parameters = ''): string =>
  `module ${name}${parameters} {\n  input x: [B, h, w, c]\n  output [B, h, w, c]\n  return ${body}\n}\n`
const levels = (count: number, lowest: string, level: (below: string) => string, parameters = ''): string =>
  [
    module('M0', lowest, parameters),
    ...Array.from({ length: count }, (_, at) => module(`M${at + 1}`, level(`M${at}`), parameters)),
  ].join('')
const doubled = (first: string, next: (before: string) => string, count: number): string =>
  [
    `let s0 = ${first}`,
    ...Array.from({ length: count }, (_, at) => `let s${at + 1} = ${next(`s${at}`).replaceAll('§', `s${at}`)}`),
  ].join('\n  ')

/** Milliseconds that a busy computer may take for what takes half a second. */
const patience = 5_000
function codesOf(text: string): string[] {
  const start = Date.now()
  const { diagnostics } = check(['a.arch'], memoryHost({ 'a.arch': text }))
  expect(Date.now() - start).toBeLessThan(patience)
  return diagnostics.filter(({ severity }) => severity === 'error').map(({ code }) => code)
}

describe('what multiplies itself', () => {
  test.each([
    ['modules that call another twice', model('let a = M30(lr)', levels(30, 'relu(x)', (below) => `x -> ${below} -> ${below}`))],
    ['and do nothing', model('let a = M30(lr)', levels(30, 'x', (below) => `x -> ${below} -> ${below}`))],
    ['whose calls are equal', model('let a = M30(lr)', levels(30, 'relu(x)', (below) => `${below}(x) + ${below}(x)`))],
    ['inside one another', model('let a = M30(lr)', levels(30, 'relu(x)', (below) => `${below}(${below}(x))`))],
    ['with a parameter', model('let a = M30(lr, f: sin)', levels(30, 'f(x)', (below) => `${below}(${below}(x, f: f), f: f)`, '(f: module)'))],
    ['with a mistake in the innermost', model('let a = M30(lr, n: 0)', levels(30, 'conv(x, out: n, kernel: 1)', (below) => `${below}(${below}(x, n: n), n: n)`, '(n: int)'))],
    ['with other numbers', model('let a = M30(lr, n: 0)', levels(30, 'x * n', (below) => `${below}(${below}(x, n: n + 1), n: 2 * n)`, '(n: int)'))],
    ['repeats', model('let a = lr -> repeat 10000 { repeat 10000 { relu } }')],
    ['repeats of nothing', model('let a = lr -> repeat 10000 { repeat 10000 { repeat 10000 { repeat 0 { relu } } } }')],
    ['repeats of a slot that does nothing', model('slot s: [B, h, w, 3] -> [B, h, w, 3] = (x) => x\n  let a = lr -> repeat 10000 { repeat 10000 { s } }')],
    ['repeats in modules', model('let a = lr -> M3', levels(3, 'relu(x)', (below) => `x -> repeat 10000 { ${below} }`))],
    ['a loss', `${model('', levels(30, 'relu(x)', (below) => `x -> ${below} -> ${below}`))}train { B: 1, h: 8, w: 8, loss: l1(M30(sr), target), optimizer: adam(lr: 1e-4) }`],
  ])('%s', (_, text) => {
    expect(codesOf(text)).toEqual([text.includes('n: n), n: n)') ? 'attribute-value' : 'too-many'])
  }) // prettier-ignore

  test('the calls around it are said, in a model and in a module alone', () => {
    const text = model(
      'let a = M30(lr)',
      levels(30, 'relu(x)', (below) => `x -> ${below} -> ${below}`),
    )
    const host = memoryHost({ 'a.arch': text })
    for (const { diagnostics } of [compile('a.arch', host), compileModule('a.arch', 'M30', host)]) {
      expect(diagnostics.map(({ code }) => code)).toEqual(['too-many'])
      expect(diagnostics[0]!.notes[0]).toMatch(/^M30 calls M29 calls M28/)
    }
    let seen = 0
    observe('a.arch', host, {}, () => (seen += 1))
    expect(seen).toBeGreaterThan(0)
  })
})

describe('sizes and lists of themselves', () => {
  test.each([
    ['a square of a square', 'h + w + B + 1', '§ * §', 'too-large'],
    ['a power', 'h', '§ * §', 'too-large'],
    ['a sum that is divided', 'h', 'floor((§ * § + 1) / 3)', 'too-large'],
    ['a quotient of a quotient', 'h', 'floor((5 * § + w) / 3)', 'too-large'],
    ['the smaller of two', 'h', 'min(§ * w, § + 2)', 'too-large'],
  ])('%s', (_, first, next, code) => {
    expect(codesOf(model(doubled(first, () => next, 200)))).toEqual([code])
  })
  test.each([
    ['an attribute', 'conv(lr, out: s40, kernel: 3)', 'attribute-type'],
    ['a tensor', 'concat(s40, axis: 1)', 'not-a-tensor'],
    ['an operand', 'lr + s40', 'attribute-type'],
    ['a parameter', 'P(lr, n: s40)', 'attribute-type'],
    ['what a lambda sees', 'Q(lr, f: (x) => x + length(s40))', ''],
  ])('a list of itself as %s', (_, value, code) => {
    const before = module('P', 'x', '(n: [int])') + module('Q', 'f(x)', '(f: module)')
    expect(codesOf(model(`${doubled('[1, 1]', () => '[§, §]', 40)}\n  let a = ${value}`, before))).toEqual(
      code === '' ? [] : [code],
    )
  })
})
