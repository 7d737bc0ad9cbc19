import { describe, expect, test } from 'vitest'
import { check } from '../../src/compiler/index.ts'
import { archFiles, fileHost } from '../../src/runtime/host.ts'
import { memoryHost } from './memory-host.ts'

/** A module that no model calls is looked at all the same: what is wrong whatever a caller gives is said, and of the rest that it is not known. */

const module = (body: string, { input = 'x: [B, h, w, c]', output = '[B, h, w, c]', parameters = '', name = 'A' } = {}): string =>
  `module ${name}${parameters} {\n  input ${input}\n  output ${output}\n  ${body}\n}\n`
const look = (text: string, files: Readonly<Record<string, string>> = {}) => {
  const { diagnostics, checked } = check(['a.arch', ...Object.keys(files)], memoryHost({ 'a.arch': text, ...files }))
  return { codes: diagnostics.map(({ code }) => code), undecided: checked.flatMap(({ undecided }) => undecided) }
}
const right = { codes: [], undecided: [] }

describe('right', () => {
  test.each([
    ['channels that must be known', module('return x -> conv(out: c, kernel: 3)')],
    ['a width', module('return x -> conv(out: n, kernel: 3) -> conv(out: c, kernel: 1)', { parameters: '(n: int)' })],
    ['a kernel', module('return x -> conv(out: c, kernel: k)', { parameters: '(k: int)' })],
    ['an even kernel', module('return x -> conv(out: c, kernel: k, pad: 1, stride: 2) -> interpolate(to: [h, w], kernel: nearest)', { parameters: '(k: int = 4)' })],
    ['heads', module('return rearrange(x, "B h w (n d) -> B h w n d", n: heads) -> rearrange("B h w n d -> B h w (n d)")', { parameters: '(heads: int = 6)', input: 'x: [B, h, w, c] where c % heads == 0' })],
    ['windows', module('return rearrange(x, "B (u i) (v j) c -> B u v (i j) c", i: n, j: n) -> rearrange("B u v (i j) c -> B (u i) (v j) c", i: n, j: n)', { parameters: '(n: int)', input: 'x: [B, h, w, c] where h % n == 0, w % n == 0' })],
    ['a list', module('return x -> repeat n in list { conv(out: n, kernel: 1) } -> conv(out: c, kernel: 1)', { parameters: '(list: [int])' })],
    ['an initialiser, a number, a choice', module('return x -> conv(out: c, kernel: 3, init: i, bias: b) -> leaky_relu(slope: s)', { parameters: '(i: init, s: real, b: bool)' })],
    ['a module', module('return f(x)', { parameters: '(f: module)' })],
    ['leading axes', module('return x -> linear(out: 4)', { input: 'x: [.., c]', output: '[.., 4]' })],
    ['an index', module('return x', { input: 'x: i32[B, n]', output: 'i32[B, n]' })],
    ['an axis of two names', module('return x -> linear(out: n)', { parameters: '(n: int)', input: 'x: [B, q, n + 2]', output: '[B, q, n]' })],
    ['two inputs that meet', module('let y = interpolate(s, to: [h, w], kernel: nearest)\n  return x + y', { input: 'x: [B, h, w, c]\n  input s: [B, H, W, d]' })],
    ['a sum with as many channels as are asked for', module('return x + conv(x, out: n, kernel: 3)', { parameters: '(n: int)' })],
  ])('%s', (_, text) => {
    expect(look(text)).toEqual(right)
  }) // prettier-ignore
  test('what archc carries, each file by itself', () => {
    for (const file of archFiles('models/lib')) {
      const { diagnostics, checked } = check([file], fileHost)
      expect(diagnostics.map(({ code }) => code)).toEqual([])
      expect(checked.flatMap(({ undecided }) => undecided)).toEqual([])
    }
  })
})

describe('wrong whatever is given', () => {
  test.each([
    ['an op', module('return nonsense(x)'), 'unknown-op'],
    ['an attribute', module('return x -> conv(out: c, kernel: 3, padding: 1)'), 'unknown-attribute'],
    ['an attribute that is missing', module('return x -> conv(kernel: 3)'), 'missing-attribute'],
    ['a name', module('return y'), 'unknown-name'],
    ['a size', module('return x', { output: '[B, h, w, z]' }), 'unknown-dim'],
    ['no return', module('let _a = x'), 'return-missing'],
    ['a role', module('return x', { input: 'x: [B, h, w, c] as image' }), 'only-in-models'],
    ['the number of tensors', module('return concat(x, axis: 1) + ensemble(x)'), 'arity'],
    ['axes', module('return x -> rearrange("B h w -> B (h w)")'), 'pattern-mismatch'],
    ['a kind', module('return x -> conv(out: "3", kernel: 3)'), 'attribute-type'],
    ['rows', module('return x -> interpolate(by: 2, kernel: nearest)'), 'output-mismatch'],
    ['the axes of an output', module('return mean(x, axis: 1)'), 'output-mismatch'],
    ['itself', module('return A(x)'), 'module-cycle'],
    ['a default', module('return x', { parameters: '(n: int = 0.5)' }), 'attribute-type'],
    ['an op where a part is the caller’s', module('return f(x) -> nonsense', { parameters: '(f: module)' }), 'unknown-op'],
    ['inside of another', module('return nonsense(x)', { name: 'Inner' }) + module('return x -> Inner'), 'unknown-op'],
  ])('%s', (_, text, code) => {
    expect(look(text).codes.filter((each) => !each.startsWith('unused'))).toEqual([code])
  })
  test('in a file with a model too', () => {
    const model = `model M {\n  scale m = 2\n  input lr: [B, h, w, 3] as image\n  output sr: [B, m * h, m * w, 3] as image\n  return lr -> interpolate(by: m, kernel: nearest)\n}\n`
    expect(look(module('return nonsense(x)') + model).codes).toEqual(['unknown-op'])
  })
})

describe('left to the caller', () => {
  test.each([
    ['twice the channels of another', module('return concat(x, x, axis: -1) + y', { input: 'x: [B, h, w, c]\n  input y: [B, h, w, d]', output: '[B, h, w, d]' }), ['A']],
    ['a divisor', module('return rearrange(x, "B h w (n d) -> B h w n d", n: 17) -> mean(axis: 3)', { output: '[B, h, w, c / 17]' }), ['A']],
    ['a part that takes two tensors', module('return f(x, x)', { parameters: '(f: module)' }), ['A']],
  ])('%s', (_, text, undecided) => {
    expect(look(text)).toEqual({ codes: [], undecided })
  }) // prettier-ignore
  test('who is called from another file that is looked at is looked at there', () => {
    const user = `import A from "a.arch"\nmodel M {\n  scale m = 2\n  input lr: [B, h, w, 3] as image\n  output sr: [B, h, w, 3] as image\n  return lr -> conv(out: 34, kernel: 1) -> A -> conv(out: 3, kernel: 1)\n}\n`
    const text = module('return rearrange(x, "B h w (n d) -> B h w n d", n: 17) -> mean(axis: 3)', {
      output: '[B, h, w, c / 17]',
    })
    expect(look(text, { 'user.arch': user })).toEqual(right)
  })
})

describe('modules of what only training computes are used', () => {
  const model = `${module('return mean(abs(x - y), axis: 3)', { name: 'Distance', input: 'x: [B, h, w, c]\n  input y: [B, h, w, c]', output: '[B, h, w]' })}model M {
  scale m = 2
  input lr: [B, h, w, 3] as image
  output sr: [B, m * h, m * w, 3] as image
  slot judge: [B, m * h, m * w, 3] -> [B, 1] = (x) => mean(conv(x, out: 1, kernel: 3), axis: [1, 2])
  return lr -> conv(out: 12, kernel: 3) -> pixel_shuffle(by: m)
}
`
  const rest = 'B: 1, h: 8, w: 8, optimizer: adam(lr: 1e-4)'
  const distance = 'mean(Distance(sr, target), axis: [0, 1, 2])'
  const judged = 'mean(judge(sr), axis: [0, 1])'
  test.each([
    ['its loss', `train { ${rest}, loss: ${distance} + ${judged} judge { loss: ${judged}, optimizer: adam(lr: 1e-4) } }`],
    ['a let', `train { ${rest} let a = ${distance} loss: a + ${judged} judge { loss: ${judged}, optimizer: adam(lr: 1e-4) } }`],
    ['a judge’s loss', `train { ${rest}, loss: ${judged} judge { loss: ${judged} + ${distance}, optimizer: adam(lr: 1e-4) } }`],
    [
      'a judge’s let',
      `train { ${rest}, loss: ${judged} judge { let a = ${distance} loss: ${judged} + a, optimizer: adam(lr: 1e-4) } }`,
    ],
  ])('%s', (_, train) => {
    expect(look(model + train)).toEqual(right)
  })
})
