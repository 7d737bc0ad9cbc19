/**
 * The candidates that `name` may have been meant to be, best first, ties alphabetical; never `name` itself.
 *
 * Near is a Damerau-Levenshtein distance of at most floor(0.4 * length) + 1, where a change of case costs one in all; a name that
 * shares no letter is not near. A candidate that begins with three or more letters of `name` is near too, after those.
 */
export function nearest(name: string, candidates: Iterable<string>): string[] {
  const limit = Math.floor(0.4 * name.length) + 1
  const ranked: { candidate: string; distance: number }[] = []
  for (const candidate of new Set(candidates)) {
    if (candidate === name) continue
    const distance = caselessDistance(name, candidate)
    if (distance <= limit) ranked.push({ candidate, distance })
    else if (name.length >= 3 && candidate.startsWith(name)) ranked.push({ candidate, distance: limit })
  }
  ranked.sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
  return ranked.map(({ candidate }) => candidate)
}

function caselessDistance(a: string, b: string): number {
  const lowerA = a.toLowerCase()
  const lowerB = b.toLowerCase()
  const caseless = editDistance(lowerA, lowerB)
  if (caseless >= Math.max(a.length, b.length)) return Infinity
  return Math.min(editDistance(a, b), caseless + 1)
}

/** Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b` (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let before: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
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
