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
