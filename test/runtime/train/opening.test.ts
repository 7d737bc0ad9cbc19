import { describe, expect, it } from 'vitest'
import type { DataEntry } from '../../../src/runtime/data/dataset.ts'
import { openingLine } from '../../../src/runtime/train/opening.ts'
import { model } from '../network/small.ts'

const entry = (name: string, group?: string): DataEntry => ({
  path: `/${name}`,
  name,
  ...(group !== undefined && { group }),
  sha256: name,
  bytes: 1,
})
const [a, b, c] = [entry('a', 'one'), entry('b', 'one'), entry('c', 'two')]
const [d, e] = [entry('d'), entry('e')]

describe('the line that training begins with', () => {
  const { model: mini } = model('iste.arch')
  const network = /^training ISTE, preset tiny: \d[\d,]* parameters, on /
  it.each([
    [{ train: [a, b], val: [c] }, '2 pictures of 1 group; 1 picture of 1 group (33 %) set aside for validation'],
    [{ train: [a, b, c], val: [] }, '3 pictures of 2 groups; none set aside'],
    [{ train: [d], val: [e] }, '1 picture; 1 picture (50 %) set aside for validation'],
    [{ train: [a, d], val: [] }, '2 pictures of 1 group; none set aside'],
  ])('%#', (parts, said) => {
    const line = openingLine(mini, parts)
    expect(line).toMatch(network)
    expect(line.replace(network, '')).toBe(said)
  })
})
