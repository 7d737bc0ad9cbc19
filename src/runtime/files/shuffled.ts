import { createHash } from 'node:crypto'

/** `units` in an order that depends on seed and keys alone. */
export function shuffled<T extends { readonly key: string }>(units: readonly T[], seed: number, what: string): T[] {
  const rank = ({ key }: T): string => createHash('sha256').update(`${what} ${seed}:${key}`).digest('hex')
  return units
    .map((unit) => [rank(unit), unit] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, unit]) => unit)
}
