import { InvalidArgumentError } from 'commander'
import type { Scope } from '../compiler/plan.ts'

/** Reads `full`, `lattice(2304)`, `raster(30000)`, `tile(4096)`. */
export function scopeOption(text: string): Scope {
  if (text === 'full') return { kind: 'full' }
  const found = /^(lattice|raster|tile)\((\d+)\)$/.exec(text)
  const count = Number(found?.[2] ?? 0)
  if (!found || count < 1) throw new InvalidArgumentError('A scope is full, lattice(2304), raster(30000) or tile(4096).')
  return { kind: found[1] as 'lattice', count }
}
