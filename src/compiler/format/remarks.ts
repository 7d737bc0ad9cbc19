import { remarkSign } from './words.ts'

/** How far a remark stands behind the longest line of those that it is aligned with. */
const distance = 3

/** Puts the remarks behind consecutive lines under one another. */
export function alignRemarks(text: string): string {
  const lines = text.split('\n').map((line) => line.split(remarkSign))
  let column = 0
  return lines
    .map(([code = '', remark], at) => {
      if (remark === undefined) return code
      if (lines[at - 1]?.[1] === undefined) column = columnFrom(lines, at)
      return code.padEnd(column) + remark
    })
    .join('\n')
}

/** The column of the remarks of the run of lines that begins at `from`. */
function columnFrom(lines: readonly (readonly string[])[], from: number): number {
  const end = lines.findIndex((line, at) => at > from && line[1] === undefined)
  const run = lines.slice(from, end < 0 ? lines.length : end)
  return Math.max(...run.map(([code = '']) => code.length)) + distance
}
