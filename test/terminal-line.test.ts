import { describe, expect, it } from 'vitest'
import { cut, terminalLine } from '../src/terminal-line.ts'

describe('cut', () => {
  it.each<[text: string, cells: number, shown: string]>([
    ['step 12 of 1000', 15, 'step 12 of 1000'],
    ['step 12 of 1000', 14, 'step 12 of 10…'],
    ['', 5, ''],
    ['ab', 1, '…'],
    // A wide character that does not fit whole is left out whole.
    ['組織.png', 8, '組織.png'],
    ['組織.png', 4, '組…'],
    ['a\tb\nc', 20, 'a   b�c'],
  ])('%j to %d cells', (text, cells, shown) => {
    expect(cut(text, cells).text).toBe(shown)
    expect(cut(text, cells).width).toBeLessThanOrEqual(cells)
  })
})

/** A terminal of one line: what it shows, and whether a line ever went on below. */
function terminal(columns: number): {
  columns: number
  write: (text: string) => boolean
  shows: () => string
  rows: () => number
} {
  let cells: string[] = []
  let at = 0
  let rows = 1
  const it = {
    columns,
    write: (text: string): boolean => {
      for (const glyph of text) {
        if (glyph === '\r') at = 0
        else if (glyph === '\n') [rows, cells, at] = [rows + 1, [], 0]
        else {
          if (columns > 0 && at >= it.columns) [rows, cells, at] = [rows + 1, [], 0]
          cells[at++] = glyph
        }
      }
      return true
    },
    shows: () => cells.join('').trimEnd(),
    rows: () => rows,
  }
  return it
}

describe('a line of a terminal', () => {
  const long = 'step 12 of 1000  loss 0.0231  rate 0.00010  843 ms  13 min 5 s left'

  it('is cut where it would wrap, and what was longer before is gone', () => {
    const stream = terminal(40)
    const line = terminalLine(stream)
    line.draw(long)
    expect(stream.shows()).toBe('step 12 of 1000  loss 0.0231  rate 0.0…')
    line.draw('step 13')
    expect(stream.shows()).toBe('step 13')
    line.draw(long)
    stream.columns = 20
    line.draw('step 14')
    expect(stream.shows().slice(0, 19).trimEnd()).toBe('step 14')
    expect(stream.rows()).toBe(1)
  })

  it('is taken away, or left above what comes next', () => {
    const stream = terminal(80)
    const line = terminalLine(stream)
    line.clear()
    line.leave()
    expect(stream.rows()).toBe(1)
    line.draw(long)
    line.clear()
    expect(stream.shows()).toBe('')
    line.draw('done')
    line.leave()
    line.leave()
    expect(stream.rows()).toBe(2)
  })

  it('is whole where the terminal does not know its width', () => {
    const stream = terminal(0)
    terminalLine(stream).draw(long)
    expect(stream.shows()).toBe(long)
  })
})
