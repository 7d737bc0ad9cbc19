import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { catalogue } from '../../src/compiler/diagnostics/catalogue.ts'
import { root, temporaryFolder } from '../runtime/network/small.ts'
import { archc } from './run-archc.ts'

describe('archc explain', () => {
  it('prints the page of a code', async () => {
    expect(await archc(['explain', 'shape-unknown'])).toMatchObject({
      code: 0,
      stderr: '',
      stdout: readFileSync(path.join(root, 'docs', 'errors', 'shape-unknown.md'), 'utf8'),
    })
  })

  it('suggests a code that is near', async () => {
    expect(await archc(['explain', 'shape-unknwon'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr:
        'error: no error or warning is called shape-unknwon; did you mean shape-unknown?\n  help: archc explain lists all\n',
    })
  })

  it('lists all codes, each with a sentence', async () => {
    const { code, stdout } = await archc(['explain'])
    expect(code).toBe(0)
    const lines = stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => /^(\S+) {2,}(\S.*[.?])$/.exec(line)?.[1])
    expect(lines).toEqual(Object.keys(catalogue))
  })

  it.each([
    [['shape-unknown', '--preset', 'mini'], '--preset is for a FILE and a PATH', 'archc explain iste.arch encoder.embed', 2],
    [
      ['mine.arch'],
      'no error or warning is called mine.arch',
      'archc explain mine.arch PATH says where what is at PATH comes from',
      1,
    ],
  ])('%j is refused', async (args, message, help, code) => {
    expect(await archc(['explain', ...args])).toMatchObject({ code, stdout: '', stderr: `error: ${message}\n  help: ${help}\n` })
  })

  it('has help with examples', async () => {
    const { code, stdout } = await archc(['explain', '--help'])
    expect(code).toBe(0)
    expect(stdout).toContain('Examples:\n  archc explain shape-unknown')
  })
})

describe('archc explain FILE PATH', () => {
  const cwd = temporaryFolder()
  const write = (name: string, text: string): void => writeFileSync(path.join(cwd, name), text)
  write(
    'block.arch',
    `module Block(kernel: int = 3, out: int = 8) {
  input x: [B, h, w, c]
  output [B, h, w, out]
  weight shift: [1] = zeros
  let (a, b) = x -> conv(out: 2 * out, kernel: kernel) -> split(sizes: [out, out], axis: -1)
  return a * b + shift
}
`,
  )
  write(
    'small.arch',
    `import Block from "./block.arch"
model Small(width: int = 8) {
  scale m = 1
  input lr: [B, h, w, 3] as image
  output sr: [B, h, w, 3] as image
  slot first: [B, h, w, 3] -> [B, h, w, width] = Block(out: width)
  let f = lr -> first
  let body = f -> repeat 2 { Block(out: width) -> relu }
  return body -> conv(out: 3, kernel: 1)
}
preset tiny { width: 4, first.kernel: 1, train.B: 2 }
train { B: 16, h: 8, w: 8, loss: l1(sr, target), optimizer: adam(lr: 1e-4) }
`,
  )
  write('linear.arch', 'variant "linear" of Small from "./small.arch"\nreplace first with linear(out: width)\nset train.B = 3\n')
  write('wide.arch', 'variant "wide" of Small from "./small.arch"\nset width = 16\nset train.h = 16\n')

  it.each([
    ['small.arch width', 'width = 8\n  from        default, small.arch:2\n'],
    ['small.arch width -p tiny', 'width = 4\n  from        preset tiny, small.arch:11\n  instead of  8, default, small.arch:2\n'],
    [
      'wide.arch width -p tiny --set width=5',
      `width = 5
  from        --set
  instead of  16, set, wide.arch:2
  and of      4, preset tiny, small.arch:11
  and of      8, default, small.arch:2
`,
    ],
    ['small.arch first.kernel', 'first.kernel = 3\n  from        default, block.arch:1\n'],
    ['small.arch first.out', 'first.out = width\n  from        filler, small.arch:6\n  instead of  8, default, block.arch:1\n'],
    [
      'small.arch first.kernel -p tiny',
      'first.kernel = 1\n  from        preset tiny, small.arch:11\n  instead of  3, default, block.arch:1\n',
    ],
    [
      'linear.arch first.kernel -p tiny',
      'first.kernel has no value\n  dropped     1 of preset tiny; its slot has another filler: linear.arch, replace\n',
    ],
    [
      'linear.arch train.B -p tiny',
      `train.B = 3
  from        set, linear.arch:3
  instead of  2, preset tiny, small.arch:11
  and of      16, default, small.arch:12
`,
    ],
    [
      'small.arch train -p tiny',
      `train
  values      train.B = 2  (preset tiny)
              train.h = 8  (default)
              train.w = 8  (default)
              train.loss = l1(sr, target)  (default)
              train.optimizer = adam(lr: 1e-4)  (default)
`,
    ],
    [
      'small.arch first -p tiny',
      `first, a slot
  holds       Block(out: width), default, small.arch:6
  contract    [B, h, w, 3] -> [B, h, w, width]
  parameters  33
  values      first.kernel = 1  (preset tiny)
              first.out = width  (filler)
`,
    ],
    [
      'linear.arch first -p tiny',
      `first, a slot
  holds       linear(out: width), replace, linear.arch:2
  instead of  Block(out: width), default, small.arch:6
  contract    [B, h, w, 3] -> [B, h, w, width]
  parameters  16
  dropped     first.kernel = 1  (preset tiny)
`,
    ],
    ['small.arch lr', 'lr, an input as image\n  shape       [B, h, w, 3]\n  written at  small.arch:4\n'],
    ['small.arch sr', 'sr, an output as image\n  shape       [B, h, w, 3]\n  made by     conv\n  written at  small.arch:5\n'],
    ['small.arch f', 'f, a let\n  shape       [B, h, w, 8]\n  made by     +\n  written at  small.arch:7\n'],
    ['small.arch first.b', 'first.b, a let\n  shape       [B, h, w, 8]\n  made by     split\n  written at  block.arch:5\n'],
    [
      'small.arch body',
      'body, a let\n  shape       [B, h, w, 8]\n  made by     2 x (Block, relu)\n  parameters  2,338\n  written at  small.arch:8\n',
    ],
    [
      'small.arch body[1]',
      'body[1], a part of the network\n  made by     Block, relu\n  parameters  1,169\n  written at  small.arch:8\n',
    ],
    [
      'small.arch first.a_b.kernel',
      `first.a_b.kernel, a weight of conv
  shape       [3, 3, 3, 16]
  parameters  432
  starts as   default: uniform(bound: 1 / sqrt(27))
  written at  block.arch:5
`,
    ],
    [
      'small.arch first.shift',
      'first.shift, a weight\n  shape       [1]\n  parameters  1\n  starts as   zeros\n  written at  block.arch:4\n',
    ],
  ])('%s', async (args, text) => {
    expect(await archc(['explain', ...args.split(' ')], { cwd })).toEqual({ code: 0, signal: null, stdout: text, stderr: '' })
  })

  it('--json', async () => {
    const { stdout } = await archc(['explain', 'linear.arch', 'train.B', '--preset', 'tiny', '--json'], { cwd })
    expect(JSON.parse(stdout)).toEqual({
      kind: 'value',
      path: 'train.B',
      value: '3',
      origin: 'linear.arch, set',
      at: 'linear.arch:3',
      insteadOf: [
        { value: '2', origin: 'preset tiny', at: 'small.arch:11' },
        { value: '16', origin: 'default', at: 'small.arch:12' },
      ],
    })
  })

  const paths = 'a path goes from the model inwards: encoder.embed, train.B, a slot, a let, a weight'
  it.each([
    ['first.kernl', 'Small has nothing at first.kernl; did you mean first.kernel?', paths],
    ['bdy[0]', 'Small has nothing at bdy[0]; did you mean body[0]?', paths],
    ['train.epochs', 'nothing in small.arch writes train.epochs', 'its default stands in docs/language.md'],
  ])('small.arch %s is refused', async (at, message, help) => {
    expect(await archc(['explain', 'small.arch', at], { cwd })).toMatchObject({
      code: 1,
      stdout: '',
      stderr: `error: ${message}\n  help: ${help}\n`,
    })
  })
})
