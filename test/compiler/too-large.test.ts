import { describe, expect, test } from 'vitest'
import { check, compile } from '../../src/compiler/index.ts'
import { compileModule } from '../../src/compiler/module.ts'
import {
  add,
  asInteger,
  compare,
  constant,
  divide,
  floorDiv,
  mul,
  SizeTooLarge,
  sub,
  symbol,
} from '../../src/compiler/shapes/size.ts'
import { cost } from '../../src/compiler/passes/cost.ts'
import { memoryHost } from './memory-host.ts'

/** Integers that a double does not have are said to be too large; none is rounded in silence, and none is an exception. */

const most = Number.MAX_SAFE_INTEGER
const h = symbol('h')

describe('sizes', () => {
  test.each([
    ['a sum', () => add(constant(most), constant(1))],
    ['a sum that comes back', () => add(add(constant(most), constant(most)), constant(-most))],
    ['a product', () => mul(constant(most), mul(constant(2), h))],
    ['a product whose middle is too large', () => mul(add(mul(constant(most), h), constant(1)), sub(mul(constant(most), h), constant(1)))],
    ['a number', () => constant(2 ** 53)],
    ['a divisor of a divisor', () => floorDiv(floorDiv(h, 1e10), 1e10)],
    ['a difference', () => compare(mul(constant(most), h), mul(constant(-most), h))],
  ])('%s', (_, run) => {
    expect(run).toThrow(SizeTooLarge)
  }) // prettier-ignore
  test('up to the end they are exact', () => {
    expect(asInteger(sub(add(constant(most - 1), constant(1)), constant(1)))).toBe(most - 1)
    expect(divide(mul(constant(most), h), h)).toEqual(constant(most))
  })
})

const text = (body: string, { declared = 'M', before = '', after = '' } = {}): string =>
  `${before}\nmodel ${declared} {\n  scale m = 2\n  input lr: [B, h, w, 3] as image\n  output sr: [B, m * h, m * w, 3] as image\n  ${body}\n  return lr -> interpolate(by: m, kernel: nearest)\n}\n${after}`
const train = (fields: string): string =>
  text('', { after: `train { ${fields}, loss: l1(sr, target), optimizer: adam(lr: 1e-4) }` })
const codes = (main: string): string[] =>
  check(['a.arch'], memoryHost({ 'a.arch': main }))
    .diagnostics.filter(({ severity }) => severity === 'error')
    .map(({ code }) => code)
const wide = 'module W { input x: [B, h, w, c]\n output [B, h, w, 2 * c]\n return concat(x, x, axis: -1) }'

describe('texts', () => {
  test.each([
    ['an attribute', text('let a = conv(lr, out: 9007199254740992, kernel: 1)')],
    ['a kernel', text('let a = conv(lr, out: 1, kernel: 94906267)')],
    ['a pad', text('let a = conv(lr, out: 1, kernel: 3, pad: 9007199254740991)')],
    ['a dilation', text('let a = conv(lr, out: 1, kernel: 5, pad: 3, dilation: 9007199254740991)')],
    ['a border', text('let a = pad(lr, top: 9007199254740991, bottom: 1)')],
    ['a parameter', text('', { declared: 'M(a: int = 2 * 9007199254740991)' })],
    ['a pair', text('', { declared: 'M(a: pair = [1, 9007199254740993])' })],
    ['a list', text('', { declared: 'M(a: [int] = [1, 1e17])' })],
    ['a repeat', text('let a = lr -> repeat 1e17 { relu }')],
    ['a size', text('let a = range(h * 9007199254740991) -> rearrange("a -> a 1") -> expand(to: [h * 9007199254740991, 2]) -> rearrange("a b -> (a b)")')],
    ['a power', text('let a = range(pow(2, 60))')],
    ['a sum of sizes', text('let a = range(9007199254740991 * h + 9007199254740991 * h)')],
    ['a module', text('let a = range(9007199254740991) -> rearrange("a -> 1 1 1 a") -> W', { before: wide.replace('x: [', 'x: i32[').replace('output [', 'output i32[') })],
    ['a slot', text('slot s: [B, h, w, 9007199254740991 * h * 2] -> [B, h, w, 3] = relu\n  let a = s(lr)')],
    ['what a weight has', text('weight a: [90071992547409, 90071992] = zeros')],
    ['an enlargement', text('let a = interpolate(interpolate(lr, by: 94906267, kernel: nearest), by: 94906267, kernel: nearest)')],
    ['what a condition asks for', text('').replace('as image', 'as image where h >= 9007199254740992')],
    ['a fact', text('').replace('as image', 'as image where h % 9007199254740991 == 0, h % 9007199254740990 == 0')],
    ['an axis', text('').replace('3] as', '9007199254740993] as')],
    ['a batch', train('B: 9007199254740991, h: 8, w: 8')],
    ['epochs', train('B: 1, h: 8, w: 8, epochs: 1e16')],
    ['steps', train('B: 1, h: 8, w: 8, steps: 9007199254740992')],
    ['a tile', text('', { after: 'evaluate { tile: 1e16 }' })],
    ['a preset', text('', { declared: 'M(a: int = 2)', after: 'preset p { a: 1e16 }' })],
  ])('%s', (_, main) => {
    expect(codes(main)).toContain('too-large')
  }) // prettier-ignore
  test('--set and a module alone', () => {
    const host = memoryHost({ 'a.arch': text('', { declared: 'M(a: int = 2)', before: wide }) })
    expect(compile('a.arch', host, { sets: ['a=1e16'] }).diagnostics.map(({ code }) => code)).toEqual(['too-large'])
    const { diagnostics } = compileModule('a.arch', 'W', host, { sizes: { c: most } })
    expect(diagnostics.map(({ code }) => code)).toEqual(['too-large'])
  })
  test('what is counted of a network that is right is exact', () => {
    const { model } = compile('a.arch', memoryHost({ 'a.arch': text('let a = conv(lr, out: 1000000000, kernel: 1001)').replace('return lr', 'let b = mean(a, axis: -1, keep: true)\n  return (lr + b)') })) // prettier-ignore
    const counted = cost(model!.graph, { B: 1, h: 8, w: 8 })
    expect(counted.parameters).toBe(3 * 1001 * 1001 * 1e9 + 1e9)
  })
})

describe('static numbers', () => {
  test.each([
    ['9007199254740991 / 7 * 7', '9007199254740991'],
    ['9007199254740991 * 4 / 4', '9007199254740991'],
    ['(9007199254740991 / 3) % 2', String(1 / 3)],
    ['7 % 2 + (-7) % 2', '2'],
    ['0.3 % 0.1', '0'],
    ['6755399441055745 * 3 / 9', String(6755399441055745 / 3)],
  ])('%s is %s', (written, expected) => {
    const { model } = compile('a.arch', memoryHost({ 'a.arch': text('', { declared: `M(a: real = ${written})` }) }))
    expect(model!.values.find(({ path }) => path === 'a')!.value).toBe(expected)
  })
})
