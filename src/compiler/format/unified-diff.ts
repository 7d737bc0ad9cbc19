/** A line with its end, and where it stands: ` ` in both texts, `-` in the first one, `+` in the second. */
interface Line {
  readonly sign: ' ' | '-' | '+'
  readonly text: string
}

/** So many lines of what is the same stand around a change. */
const context = 3
/** Beyond so many pairs of lines the stretch that differs is shown as replaced whole. */
const mostPairs = 25e6

/** The lines of a unified diff of two texts of a file; none where they are the same. */
export function unifiedDiff(file: string, before: string, after: string): string[] {
  const lines = compared(linesOf(before), linesOf(after))
  const hunks = hunksOf(lines)
  if (hunks.length === 0) return []
  return [`--- ${file}`, `+++ ${file}`, ...hunks.flatMap(([from, to]) => hunkText(lines, from, to))]
}

const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? []

/** The lines of both texts in one sequence, as many as possible of them in both. */
function compared(before: readonly string[], after: readonly string[]): Line[] {
  const shorter = Math.min(before.length, after.length)
  let start = 0
  while (start < shorter && before[start] === after[start]) start += 1
  let end = 0
  while (end < shorter - start && before.at(-1 - end) === after.at(-1 - end)) end += 1
  const same = (text: string): Line => ({ sign: ' ', text })
  const changed = changes(before.slice(start, before.length - end), after.slice(start, after.length - end))
  return [...before.slice(0, start).map(same), ...changed, ...before.slice(before.length - end).map(same)]
}

/** By the lengths of the longest common subsequences of what is left of both. */
function changes(before: readonly string[], after: readonly string[]): Line[] {
  const width = after.length + 1
  const isTooLong = before.length * after.length > mostPairs
  const lengths = new Uint32Array(isTooLong ? 0 : (before.length + 1) * width)
  const common = (i: number, j: number): number => lengths[i * width + j] ?? 0
  for (let i = before.length - 1; i >= 0 && !isTooLong; i -= 1)
    for (let j = after.length - 1; j >= 0; j -= 1)
      lengths[i * width + j] = before[i] === after[j] ? common(i + 1, j + 1) + 1 : Math.max(common(i + 1, j), common(i, j + 1))
  const lines: Line[] = []
  let [i, j] = [0, 0]
  while (i < before.length || j < after.length) {
    if (!isTooLong && i < before.length && before[i] === after[j]) {
      lines.push({ sign: ' ', text: before[i]! })
      i += 1
      j += 1
    } else if (i < before.length && (j === after.length || common(i + 1, j) >= common(i, j + 1))) {
      lines.push({ sign: '-', text: before[i]! })
      i += 1
    } else {
      lines.push({ sign: '+', text: after[j]! })
      j += 1
    }
  }
  return lines
}

/** Stretches of lines around changes, `to` exclusive; near ones are one. */
function hunksOf(lines: readonly Line[]): [from: number, to: number][] {
  const hunks: [from: number, to: number][] = []
  lines.forEach(({ sign }, at) => {
    if (sign === ' ') return
    const to = Math.min(lines.length, at + context + 1)
    const last = hunks.at(-1)
    if (last && at - context <= last[1]) last[1] = to
    else hunks.push([Math.max(0, at - context), to])
  })
  return hunks
}

function hunkText(lines: readonly Line[], from: number, to: number): string[] {
  const range = (other: '-' | '+'): string => {
    const count = (some: readonly Line[]): number => some.filter(({ sign }) => sign !== other).length
    const length = count(lines.slice(from, to))
    return `${count(lines.slice(0, from)) + (length > 0 ? 1 : 0)},${length}`
  }
  const shown = lines.slice(from, to).flatMap(({ sign, text }) => {
    const line = sign + text.replace(/\n$/, '')
    return text.endsWith('\n') ? [line] : [line, '\\ No newline at end of file']
  })
  return [`@@ -${range('+')} +${range('-')} @@`, ...shown]
}
