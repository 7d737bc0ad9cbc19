import { describe, expect, test } from 'vitest'
import { check, compile } from '../../src/compiler/index.ts'
import { compileModule } from '../../src/compiler/module.ts'
import { memoryHost } from './memory-host.ts'

/** Sentences of docs/language.md on values, slots and losses, and messages that say what to do. */

const model = (body: string, { after = '', before = '' } = {}): string =>
  `${before}model M {\n  scale m = 2\n  input lr: [B, h, w, 3] as image\n  output sr: [B, m * h, m * w, 3] as image\n  ${body}\n}\n${after}\n`
const painted = 'return lr -> conv(out: 12, kernel: 3) -> pixel_shuffle(by: m)'
const compiled = (text: string) => compile('a.arch', memoryHost({ 'a.arch': text }))
const train = (loss: string): string => `train { B: 1, h: 8, w: 8, loss: ${loss}, optimizer: adam(lr: 1e-4) }`

test.each([
  ['range(h) + 2', 'i32'],
  ['range(h) * 2 - h', 'i32'],
  ['range(h) % 3', 'i32'],
  ['min(range(h), 4)', 'i32'],
  ['max(range(h), w)', 'i32'],
  ['abs(range(h))', 'i32'],
  ['clamp(range(h), min: 0, max: 3)', 'i32'],
  ['floor(range(h) / 2)', 'i32'],
  ['range(h) / 2', 'f32'],
  ['range(h) * 0.5', 'f32'],
  ['range(h) + mean(lr, axis: [0, 1, 2, 3])', 'f32'],
])('%s is %s', (written, dtype) => {
  const module = `module T {\n  input lr: [B, h, w, c]\n  output ${dtype === 'i32' ? 'i32' : ''}[h]\n  return ${written}\n}\n`
  expect(compileModule('a.arch', 'T', memoryHost({ 'a.arch': module })).diagnostics).toEqual([])
})

test('a slot that is called twice is one part; a module is another at each call', () => {
  const block = 'module Block {\n  input x: [B, h, w, c]\n  output [B, h, w, c]\n  return x -> conv(out: c, kernel: 3)\n}\n'
  const weights = (body: string): number =>
    compiled(model(`${body}\n  ${painted.replace('lr', '(lr + a)')}`, { before: block })).model!.graph.weights.length
  expect(weights('slot s: [B, h, w, 3] -> [B, h, w, 3] = Block()\n  let a = lr -> s -> s')).toBe(4)
  expect(weights('let a = lr -> Block -> Block')).toBe(6)
})

describe('a loss is one number', () => {
  const module = 'module D {\n  input x: [B, h, w, c]\n  input y: [B, h, w, c]\n  output [B, h, w, c]\n  return abs(x - y)\n}\n'
  test.each([
    ['mean(abs(sr - target), axis: [0, 1, 2, 3])', []],
    ['mean(D(sr, target), axis: [0, 1, 2, 3]) + 0.1 * mse(sr, target)', []],
    ['abs(sr - target)', ['loss-shape']],
    ['mean(conv(sr, out: 1, kernel: 3), axis: [0, 1, 2, 3])', ['loss-weights']],
  ])('%s', (loss, codes) => {
    const { diagnostics } = compiled(model(painted, { before: module, after: train(loss) }))
    expect(diagnostics.map(({ code }) => code)).toEqual(codes)
  })
})

describe('a message says what to do', () => {
  const helps = (text: string, sets?: readonly string[]): string[] =>
    (sets ? compile('a.arch', memoryHost({ 'a.arch': text }), { sets }) : check(['a.arch'], memoryHost({ 'a.arch': text }))).diagnostics.flatMap(({ help }) => help ?? []) // prettier-ignore
  const judged = model(`slot seen: [B, m * h, m * w, 3] -> [B, h, w, ?c] = conv(out: 4, kernel: 2, stride: 2, pad: 0)\n  ${painted}`, { after: train('l1(seen(sr), seen(target))') }) // prettier-ignore
  test.each([
    ['a frozen slot', judged, undefined, /slot seen frozen/],
    ['a transposed convolution', model(`let a = lr -> conv_transpose(out: 3, kernel: 4, stride: 2)\n  ${painted}`), undefined, /transposed\(out: 64/], // prettier-ignore
    [
      'a field of train that is set as a parameter',
      model(painted, { after: train('l1(sr, target)') }),
      ['ema=0.9'],
      /train\.ema/,
    ],
    ['a rate of nought', model(painted, { after: train('l1(sr, target)').replace('1e-4', '0') }), undefined, /freeze/],
  ])('%s', (_, text, sets, help) => {
    expect(helps(text, sets)).toEqual([expect.stringMatching(help)])
  })

  test('a module alone without a parameter: at the parameter, once', () => {
    const text = 'module A(n: int) {\n  input x: [B, h, w, c]\n  output [B, h, w, n]\n  return x -> linear(out: n)\n}\n'
    const { diagnostics } = compileModule('a.arch', 'A', memoryHost({ 'a.arch': text }))
    expect(diagnostics.map(({ code, primary }) => [code, text.slice(primary.span.start, primary.span.end)])).toEqual([['missing-attribute', 'n']]) // prettier-ignore
  })
})
