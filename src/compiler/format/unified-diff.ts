import { formatPatch, OMIT_HEADERS, structuredPatch, type StructuredPatch } from 'diff'

/** So many lines of what is the same stand around a change. */
const context = 3
/** Texts are shown as replaced whole where more lines of them are added and taken out: the time to find the fewest grows with the square. */
const mostEdits = 1500

/** The lines of a unified diff of two texts of a file; none where they are the same. */
export function unifiedDiff(file: string, before: string, after: string): string[] {
  if (before === after) return []
  const patch = structuredPatch(file, file, before, after, undefined, undefined, { context, maxEditLength: mostEdits })
  const hunks = formatPatch(patch ?? replacedWhole(file, before, after), OMIT_HEADERS)
  return [`--- ${file}`, `+++ ${file}`, ...hunks.slice(0, -1).split('\n')]
}

/** The patch that takes out every line of one text and adds every line of the other. */
function replacedWhole(file: string, before: string, after: string): StructuredPatch {
  const gone = structuredPatch(file, file, before, '')
  const { hunks } = structuredPatch(file, file, '', after)
  const [out, into] = [gone.hunks[0]!, hunks[0]!]
  return { ...gone, hunks: [{ ...out, newStart: into.newStart, newLines: into.newLines, lines: [...out.lines, ...into.lines] }] }
}
