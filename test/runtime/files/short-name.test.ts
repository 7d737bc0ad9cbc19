import { describe, expect, it } from 'vitest'
import { shortened } from '../../../src/runtime/files/short-name.ts'

describe('a name that is too long for a file system', () => {
  it.each([
    ['of letters', 'a'.repeat(249)],
    ['of letters with accents, two bytes each', 'é'.repeat(125)],
    ['of pictures, four bytes each', '🔬'.repeat(62)],
  ])('%s is cut to whole characters, and two that begin alike stay two', (_what, name) => {
    const [one, two] = [shortened(`${name}1`), shortened(`${name}2`)]
    for (const each of [one, two]) {
      expect(Buffer.byteLength(each)).toBeLessThanOrEqual(200)
      expect(Buffer.from(each).toString()).toBe(each)
      expect(name.startsWith(each.slice(0, -13))).toBe(true)
    }
    expect(one).not.toBe(two)
  })

  it('others stay as they are', () => expect(shortened('a'.repeat(200))).toBe('a'.repeat(200)))
})
