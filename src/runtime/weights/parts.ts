import { nearest } from '../../compiler/diagnostics/suggest.ts'
import { beginnings, type Weight } from '../../compiler/ir/graph.ts'
import { UserError } from '../../errors.ts'

/**
 * The weights below some paths, `encoder` or `lfi.query.kernel`; all where none are named.
 * @throws UserError naming the path that no weight begins with, and what is near it.
 */
export function inParts(weights: readonly Weight[], parts: readonly string[] | undefined): readonly Weight[] {
  if (!parts) return weights
  const known = new Set(weights.flatMap(({ path }) => beginnings(path)))
  for (const part of parts) {
    if (known.has(part)) continue
    const near = nearest(part, known)
    const first = [...new Set(weights.map(({ path }) => beginnings(path)[0]!))].sort()
    throw new UserError(
      `the model has no weights under ${part}${near.length > 0 ? `; did you mean ${near.join(' or ')}?` : ''}`,
      `--part takes what weight paths begin with: ${first.join(', ')}, or more of one`,
    )
  }
  return weights.filter(({ path }) => beginnings(path).some((beginning) => parts.includes(beginning)))
}
