import { describe, expect, test } from 'vitest'
import { check } from '../../src/compiler/index.ts'
import { memoryHost } from './memory-host.ts'

/** Texts with habits of Python and PyTorch in them: the fixes that archc offers, all taken, lead to what is written here. */

const small = (body: string, input = '[B, h, w, 3]'): string =>
  `model Small(width: int = 4) {\n  scale m = 1\n  input lr: ${input} as image\n  output sr: [B, h, w, 3] as image\n  ${body}\n}\n`

const diagnosticsOf = (text: string) => check(['a.arch'], memoryHost({ 'a.arch': text })).diagnostics

/** Takes the first fix of everything that is said, until nothing is said that has one. */
function mended(text: string): string {
  for (let turn = 0; turn < 6; turn += 1) {
    const edits = diagnosticsOf(text)
      .flatMap(({ fixes }) => fixes[0]?.edits ?? [])
      .sort((a, b) => b.span.start - a.span.start)
    if (edits.length === 0) return text
    for (const { span, text: written } of edits) text = text.slice(0, span.start) + written + text.slice(span.end)
  }
  return text
}

test.each([
  ['return conv(lr, out=3, kernel=3, padding=1)', 'return conv(lr, out: 3, kernel: 3, pad: 1)'],
  ['return conv(lr, out = width, kernel = 3) -> linear(3)', 'return conv(lr, out: width, kernel: 3) -> linear(out: 3)'],
  ['return lr -> conv(3, 3)', 'return lr -> conv(out: 3, kernel: 3)'],
  ['return conv(lr, 3, 3)', 'return conv(lr, out: 3, kernel: 3)'],
  ['return lr -> Conv2d(3, 3, 3)', 'return lr -> conv(out: 3, kernel: 3)'],
  ['return lr -> Conv2d(3, 3, 3, padding=1, bias=False)', 'return lr -> conv(out: 3, kernel: 3, pad: 1, bias: false)'],
  ['return lr -> nn.Conv2d(in_channels=3, out_channels=3, kernel_size=3)', 'return lr -> conv(out: 3, kernel: 3)'],
  ['return lr -> Linear(3, 3)', 'return lr -> linear(out: 3)'],
  ['return F.relu(lr)', 'return relu(lr)'],
  ['return lr.conv(out: 3, kernel: 3)', 'return conv(lr, out: 3, kernel: 3)'],
  ['return lr.relu()', 'return relu(lr)'],
  ['return lr.conv(out: 3, kernel: 3).relu().tanh()', 'return conv(lr, out: 3, kernel: 3) -> relu() -> tanh()'],
  ['return self.relu(lr)', 'return relu(lr)'],
  [
    'f = conv(lr, out: 3, kernel: 3)\n  g = relu(f)\n  return g',
    'let f = conv(lr, out: 3, kernel: 3)\n  let g = relu(f)\n  return g',
  ],
  ['const f = relu(lr)\n  return f', 'let f = relu(lr)\n  return f'],
  [
    'a, b = split(lr, sizes: [1, 2], axis: 3)\n  return concat([a, b], axis: 3)',
    'let (a, b) = split(lr, sizes: [1, 2], axis: 3)\n  return concat([a, b], axis: 3)',
  ],
  ['# a remark (\n  return lr # and another', '// a remark (\n  return lr // and another'],
  ['return lr;', 'return lr'],
  ["return rearrange(lr, 'B h w c -> B h w c')", 'return rearrange(lr, "B h w c -> B h w c")'],
  ['return conv(lr, out: 3, kernel: 3,)', 'return conv(lr, out: 3, kernel: 3)'],
  ['return torch.cat([lr, lr], dim=3) -> linear(3)', 'return concat(lr, lr, axis: 3) -> linear(out: 3)'],
  ['return lr -> mean(dim: 3, keepdim: True) -> linear(out: 3)', 'return lr -> mean(axis: 3, keep: true) -> linear(out: 3)'],
  ['return lr -> nn.Dropout(0.1)', 'return lr -> dropout(rate: 0.1)'],
  ['return lr -> nn.ConvTranspose2d(3, 3, 3, 1, padding=1)', 'return lr -> transposed(out: 3, kernel: 3, stride: 1, pad: 1)'],
  ['return lr -> nn.GroupNorm(1, 3) -> nn.SiLU()', 'return lr -> group_norm(groups: 1) -> silu'],
  ['return lr -> leaky_relu(0.2)', 'return lr -> leaky_relu(slope: 0.2)'],
  [
    'slot s: [B, h, w, 3] -> [B, h, w, 3] = lambda x: x\n  return s(lr)',
    'slot s: [B, h, w, 3] -> [B, h, w, 3] = (x) => x\n  return s(lr)',
  ],
])('%s', (written, meant) => {
  const text = mended(small(written))
  expect(text).toBe(small(meant))
  expect(diagnosticsOf(text).filter(({ severity }) => severity === 'error')).toEqual([])
})

test('a parameter has a type', () => {
  const text =
    'module Wide(width=8, depth = 2) {\n  input x: [B, h, w, c]\n  output [B, h, w, width]\n  return x -> repeat depth { relu } -> linear(out: width)\n}\n'
  expect(mended(text)).toBe(text.replace('width=8', 'width: int = 8').replace('depth = 2', 'depth: int = 2'))
})

test('channels stand last', () => {
  expect(mended(small('return lr', '[B, 3, h, w]'))).toBe(small('return lr'))
})

describe('what has no fix says what to write', () => {
  test.each([
    ['for i in range(4) { f = relu(lr) }\n  return lr', 'repeat 4 { Block() }'],
    ['for i in range(4):\n    f = relu(lr)\n  return lr', 'repeat 4 { Block() }'],
    ['if width > 3 {\n    let f = relu(lr)\n  }\n  return lr', 'a choice is a slot'],
    ['return if width == 3 then lr else relu(lr)', 'a choice is a slot'],
    ['return lr -> repeat 4 { (x) => x + relu(x) }', 'repeat 4 { Block() }'],
    ['return lr -> reshape([B, h * w, 3])', 'rearrange(x, "B h w c -> B (h w) c")'],
    ['return lr.view(B, h * w, 3)', 'rearrange(x, "B h w c -> B (h w) c")'],
    ['return lr -> permute(0, 3, 1, 2)', 'rearrange(x, "B h w c -> B c h w")'],
    ['return lr.permute(0, 3, 1, 2)', 'rearrange(x, "B h w c -> B c h w")'],
    ['return lr * mean(lr)', 'axis: [1, 2]'],
    ['let (a, b) = (lr, lr)\n  return a', 'arguments of a call'],
  ])('%s', (body, help) => {
    const [first, ...others] = diagnosticsOf(small(body))
    expect(first?.help).toContain(help)
    expect(others).toEqual([])
  })
})
