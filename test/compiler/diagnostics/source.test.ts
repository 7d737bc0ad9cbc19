import { describe, expect, test } from 'vitest'
import { layOut, lineAt, positionAt, printable, source, textWidth } from '../../../src/compiler/diagnostics/source.ts'

describe('positions', () => {
  const cases: [string, string, number, string, string][] = [
    ['the begin', 'ab\ncd', 0, '1:1', 'ab'],
    ['within a line', 'ab\ncd', 4, '2:2', 'cd'],
    ['at a line end', 'ab\ncd', 2, '1:3', 'ab'],
    ['at the end of the text', 'ab\ncd', 5, '2:3', 'cd'],
    ['after the last line end', 'ab\n', 3, '2:1', ''],
    ['CR LF counts once', 'ab\r\ncd', 4, '2:1', 'cd'],
    ['on the LF of a CR LF', 'ab\r\ncd', 3, '1:4', 'ab'],
    ['CR alone', 'ab\rcd', 3, '2:1', 'cd'],
    ['empty lines', 'a\n\n\nb', 3, '3:1', ''],
    ['columns are UTF-16 units', '😀x', 2, '1:3', '😀x'],
    ['a tab is one column', '\tx', 1, '1:2', '\tx'],
    ['beyond the end', 'ab', 99, '1:3', 'ab'],
    ['before the begin', 'ab', -1, '1:1', 'ab'],
    ['an empty text', '', 0, '1:1', ''],
  ]
  test.each(cases)('%s', (_, text, offset, expected, line) => {
    const lines = source(text)
    const position = positionAt(lines, offset)
    expect(`${position.line}:${position.column}`).toBe(expected)
    expect(lineAt(lines, position.line)).toBe(line)
  })

  test('a line that is not there is empty', () => expect(lineAt(source('a'), 7)).toBe(''))
})

describe('cells', () => {
  const cases: [string, string, string, number[]][] = [
    ['letters', 'abc', 'abc', [0, 1, 2, 3]],
    ['a tab goes to the next stop', 'a\tb', 'a   b', [0, 1, 4, 5]],
    ['a tab at a stop', '\t\tb', '        b', [0, 4, 8, 9]],
    ['wide letters', '漢字x', '漢字x', [0, 2, 4, 5]],
    ['an emoji is two units and two cells', '😀x', '😀x', [0, 0, 2, 3]],
    ['a mark on a letter', 'e\u0301x', 'e\u0301x', [0, 0, 1, 2]],
    ['a joined emoji', '👩‍🔬x', '👩‍🔬x', [0, 0, 0, 0, 0, 2, 3]],
    ['a zero width space', 'a\u200bb', 'a\u200bb', [0, 1, 1, 2]],
    ['an escape is not printed', '\u001b[2Jx', '\ufffd[2Jx', [0, 1, 2, 3, 4, 5]],
    ['nothing', '', '', [0]],
  ]
  test.each(cases)('%s', (_, line, printed, cells) => {
    expect(printable(line)).toBe(printed)
    expect(layOut(line).cells).toEqual(cells)
    expect(textWidth(line)).toBe(cells.at(-1))
  })
})
