import { adam, adamw } from './adam.ts'
import type { Optimiser } from './optimiser.ts'
import { sgd } from './sgd.ts'

/** Every optimiser by its name in the text. */
export const optimisers: ReadonlyMap<string, Optimiser> = new Map([adam, adamw, sgd].map((each) => [each.name, each]))

/** An optimiser that a plan names. */
export function optimiserNamed(name: string): Optimiser {
  const found = optimisers.get(name)
  if (!found) throw new Error(`no optimiser is called ${name}`)
  return found
}
