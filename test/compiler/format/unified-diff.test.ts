import { describe, expect, test } from 'vitest'
import { unifiedDiff } from '../../../src/compiler/format/unified-diff.ts'
import { createRandom } from '../../../src/runtime/files/random.ts'

const lines = (text: string): string => text.split('').join('\n') + '\n'

describe('unifiedDiff', () => {
  test.each<[string, string, string, string[]]>([
    ['the same', 'a\n', 'a\n', []],
    [
      'a line changed',
      lines('abcdefghi'),
      lines('abcdXfghi'),
      ['@@ -2,7 +2,7 @@', ' b', ' c', ' d', '-e', '+X', ' f', ' g', ' h'],
    ],
    ['from nothing', '', 'a\n', ['@@ -0,0 +1,1 @@', '+a']],
    ['to nothing', 'a\n', '', ['@@ -1,1 +0,0 @@', '-a']],
    ['no line end at the end', 'a', 'a\n', ['@@ -1,1 +1,1 @@', '-a', '\\ No newline at end of file', '+a']],
    [
      'changes far from one another',
      lines('1abcdefg2'),
      lines('Xabcdefg2Y'),
      ['@@ -1,4 +1,4 @@', '-1', '+X', ' a', ' b', ' c', '@@ -7,3 +7,4 @@', ' f', ' g', ' 2', '+Y'],
    ],
    ['changes near one another', lines('1abc2'), lines('abc'), ['@@ -1,5 +1,3 @@', '-1', ' a', ' b', ' c', '-2']],
  ])('%s', (_what, before, after, expected) =>
    expect(unifiedDiff('a.arch', before, after)).toEqual(expected.length > 0 ? ['--- a.arch', '+++ a.arch', ...expected] : []),
  )

  test('a stretch that is too long is replaced whole', () => {
    const numbers = (first: number): string => Array.from({ length: 5001 }, (_, at) => `${first + at}\n`).join('')
    const diff = unifiedDiff('a.arch', numbers(0), numbers(1000))
    expect(diff.slice(2, 5)).toEqual(['@@ -1,5001 +1,5001 @@', '-0', '-1'])
    expect(diff.length).toBe(3 + 2 * 5001)
  })

  test('what it says leads from one text to the other', () => {
    const random = createRandom(1)
    const text = (): string => Array.from({ length: random.int(40) }, () => random.pick(['a', 'b', 'c', 'd'])).join('\n')
    for (let round = 0; round < 200; round += 1) {
      const [before, after] = [text(), text()]
      expect(patched(before, unifiedDiff('a.arch', before, after))).toBe(after)
    }
  })
})

/** What `patch` makes of a text. */
function patched(text: string, diff: readonly string[]): string {
  const before = text.match(/[^\n]*\n|[^\n]+$/g) ?? []
  const after: string[] = []
  let at = 0
  diff.slice(2).forEach((line, index, all) => {
    const content = line.slice(1) + (all[index + 1]?.startsWith('\\') ? '' : '\n')
    const hunk = /^@@ -(\d+),(\d+) /.exec(line)
    if (hunk) while (at < Number(hunk[1]) - (hunk[2] === '0' ? 0 : 1)) after.push(before[at++]!)
    else if (line.startsWith('+')) after.push(content)
    else if (line.startsWith('-') || line.startsWith(' ')) {
      expect(content).toBe(before[at])
      if (line.startsWith(' ')) after.push(content)
      at += 1
    }
  })
  return [...after, ...before.slice(at)].join('')
}
