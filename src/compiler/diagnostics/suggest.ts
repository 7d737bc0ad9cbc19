/** So many are compared, and so many said: no file of a person has more names that look alike. */
const mostCandidates = 1000
const mostNear = 8

/**
 * The candidates that `name` may have been meant to be: those at the least distance, alphabetical, then those that `name` is an
 * unfinished form of (three letters or more). Never `name` itself.
 *
 * The distance is Damerau and Levenshtein's, a change of case costs one in all, and floor(0.4 * length) + 1 is the most that counts as
 * near; a name that shares no letter is not near, nor one of less than half as many.
 */
export function nearest(name: string, candidates: Iterable<string>): string[] {
  const limit = Math.floor(0.4 * name.length) + 1
  const isFinished = (candidate: string): boolean => name.length >= 3 && candidate.startsWith(name)
  const others = [...new Set(candidates)]
    .filter((candidate) => candidate !== name && (Math.abs(candidate.length - name.length) <= limit || isFinished(candidate)))
    .slice(0, mostCandidates)
    .sort()
  const distances = new Map(others.map((candidate) => [candidate, distance(name, candidate)]))
  const least = Math.min(limit, ...distances.values())
  const near = others.filter((candidate) => distances.get(candidate) === least)
  const finished = others.filter((candidate) => isFinished(candidate) && !near.includes(candidate))
  return [...near, ...finished].slice(0, mostNear)
}

function distance(a: string, b: string): number {
  const lowerA = a.toLowerCase()
  const lowerB = b.toLowerCase()
  const caseless = editDistance(lowerA, lowerB)
  if (caseless >= Math.max(a.length, b.length) || 2 * b.length < a.length) return Infinity
  return Math.min(editDistance(a, b), caseless + 1)
}

/** Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b` (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let before: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1]
      let least = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, before[j - 2]! + 1)
      row.push(least)
    }
    before = above
    above = row
  }
  return above[b.length]!
}
