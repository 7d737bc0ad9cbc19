import { layOut } from './compiler/diagnostics/source.ts'

/** One line of a terminal that is drawn again in its place: cut by the terminal's width, since a line that wraps cannot be drawn over. */
export interface TerminalLine {
  draw(text: string): void
  /** Takes it away. */
  clear(): void
  /** Leaves it there; what comes next stands below. */
  leave(): void
}

/** The beginning of a text that fits into so many cells; `…` where the rest is cut off. */
export function cut(text: string, cells: number): { readonly text: string; readonly width: number } {
  const { glyphs, cells: starts } = layOut(text)
  const whole = starts.at(-1)!
  const kept = whole <= cells ? glyphs : glyphs.filter(({ cell, width }) => cell + width < cells)
  const last = kept.at(-1)
  const width = last ? last.cell + last.width : 0
  const shown = kept.map((glyph) => glyph.text).join('')
  return whole <= cells ? { text: shown, width } : { text: `${shown}…`, width: width + 1 }
}

export function terminalLine(stream: Pick<NodeJS.WriteStream, 'write' | 'columns'>): TerminalLine {
  let shown = 0
  // Terminals that do not know their width say 0. The last cell stays free: some terminals go on to the next line from it.
  const room = (): number => (stream.columns > 0 ? Math.max(1, stream.columns - 1) : Infinity)
  const over = (text: string, width: number): void => {
    stream.write(`\r${text}${' '.repeat(Math.max(0, Math.min(shown, room()) - width))}`)
    shown = width
  }
  return {
    draw(text) {
      const fitting = cut(text, room())
      over(fitting.text, fitting.width)
    },
    clear() {
      if (shown === 0) return
      over('', 0)
      stream.write('\r')
    },
    leave() {
      if (shown > 0) stream.write('\n')
      shown = 0
    },
  }
}
