import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { carriedFile, carriedWeights, defaultWeights } from '../../../src/runtime/weights/carried.ts'
import { root } from '../network/small.ts'

const readme = readFileSync(path.join(root, 'models', 'weights', 'README.md'), 'utf8')

describe('weights that archc carries', () => {
  it.each(carriedWeights)('$name: the file and its card are there, and README.md names them', (weights) => {
    const card = weights.file.replace('.safetensors', '.md')
    expect(existsSync(carriedFile(weights))).toBe(true)
    expect(existsSync(carriedFile({ ...weights, file: card }))).toBe(true)
    expect(readme).toContain(`| \`${weights.name}\` | \`${weights.file}\` |`)
    expect(readme).toContain(`[card](${card})`)
  })

  it('have different names and files', () => {
    for (const key of ['name', 'file'] as const)
      expect(new Set(carriedWeights.map((each) => each[key])).size).toBe(carriedWeights.length)
  })

  it('begin with the default, as README.md does', () => {
    expect(carriedWeights[0]).toBe(defaultWeights)
    expect(readme).toContain(`|---|---|---|---|\n| \`${defaultWeights.name}\` |`)
  })
})

describe('what they make of compressed pictures', () => {
  const rows = readFileSync(path.join(root, 'docs', 'compression.md'), 'utf8')
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
  const head = rows.find(([, first]) => first === 'the small picture is')!
  /** The column of a scale's Bicubic; those of the weights follow in order. */
  const columnOf = (scale: number, at: number): number => head.indexOf(`Bicubic, x${scale}`) + 1 + at
  const signed = (gain: number): string => `${gain < 0 ? '' : '+'}${gain.toFixed(2)}`

  it.each(carriedWeights.map((weights, at) => ({ ...weights, at })))('$name: as docs/compression.md has it', ({ name, gains, at }) => {
    for (const { scale, uncompressed, jpeg } of gains) {
      expect(head[columnOf(scale, at)]).toBe(`\`${name}\``)
      for (const [kind, gain] of [['not compressed', uncompressed] as const, ...Object.entries(jpeg).map(([quality, gain]) => [`JPEG ${quality}`, gain] as const)])
        expect(rows.find(([, first]) => first === kind)?.[columnOf(scale, at)]?.split(' ')[0]).toBe(signed(gain))
    }
  }) // prettier-ignore
})
