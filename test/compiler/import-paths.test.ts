import { expect, test } from 'vitest'
import { check } from '../../src/compiler/index.ts'
import { memoryHost } from './memory-host.ts'

const block = 'module Block {\n  input x: [B, h, w, c]\n  output [B, h, w, c]\n  return x -> relu\n}\n'
const model = (from: string): string =>
  `import Block from "${from}"\nmodel A {\n  scale m = 2\n  input lr: [B, h, w, 3] as image\n  output sr: [B, m * h, m * w, 3] as image\n  return lr -> Block -> interpolate(by: m, kernel: nearest)\n}\n`
const variant = (from: string): string => `variant "v" of A from "${from}"\nset train.B = 2\n`

/** A path in a text is one of all systems: from the file's folder, or from the root. */
test.each<[from: string, said: string | undefined, written?: string]>([
  ['./lib/block.arch', undefined],
  ['/nets/block.arch', undefined],
  ['/other/block.arch', 'cannot read /other/block.arch: no such file'],
  [
    '.\\lib\\block.arch',
    'cannot read .\\lib\\block.arch: the parts of a path stand between /, on every system',
    './lib/block.arch',
  ],
  ['C:\\nets\\block.arch', 'cannot read C:\\nets\\block.arch: a path has no letter of a drive here'],
  ['c:/nets/block.arch', 'cannot read c:/nets/block.arch: a path has no letter of a drive here'],
])('from "%s"', (from, said, written) => {
  const files = { 'sub/lib/block.arch': block, '/nets/block.arch': block, 'sub/a.arch': model(from) }
  const { diagnostics } = check(['sub/a.arch'], memoryHost(files))
  expect(diagnostics.map(({ message }) => message)).toEqual(said === undefined ? [] : [said])
  expect(diagnostics[0]?.fixes[0]?.edits[0]?.text).toBe(written === undefined ? undefined : `"${written}"`)
  if (said?.includes(':') && !said.includes('no such')) {
    const of = check(['sub/v.arch'], memoryHost({ 'sub/v.arch': variant(from) })).diagnostics
    expect(of.map(({ message }) => message)).toEqual([said])
  }
})
