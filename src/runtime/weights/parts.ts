import { nearest } from '../../compiler/diagnostics/suggest.ts'
import type { Weight } from '../../compiler/ir/graph.ts'
import { UserError } from '../../errors.ts'

const isBelow = (path: string, part: string): boolean =>
  path === part || path.startsWith(`${part}.`) || path.startsWith(`${part}[`)

/**
 * The weights below some paths, `encoder` or `lfi.query.kernel`; all where none are named.
 * @throws UserError naming the path that no weight begins with, and what is near it.
 */
export function inParts(weights: readonly Weight[], parts: readonly string[] | undefined): readonly Weight[] {
  if (!parts) return weights
  for (const part of parts) {
    if (weights.some(({ path }) => isBelow(path, part))) continue
    const known = weights.flatMap(({ path }) => [...path.matchAll(/[.[]|$/g)].map(({ index }) => path.slice(0, index)))
    const near = nearest(part, known)
    const first = [...new Set(weights.map(({ path }) => path.split(/[.[]/)[0]!))].sort()
    throw new UserError(
      `the model has no weights under ${part}${near.length > 0 ? `; did you mean ${near.join(' or ')}?` : ''}`,
      `--part takes what weight paths begin with: ${first.join(', ')}, or more of one`,
    )
  }
  return weights.filter(({ path }) => parts.some((part) => isBelow(path, part)))
}
