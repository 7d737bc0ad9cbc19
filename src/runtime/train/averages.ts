import type { Tensor } from '../files/safetensors.ts'
import type { LearnerState } from './learner.ts'

type Tensors = ReadonlyMap<string, Tensor>

/** What a checkpoint's two files hold of a learner. */
export interface Saved {
  readonly weights: Tensors
  readonly optimizer: Tensors
}

/** Under which name the optimiser's file keeps a weight whose running mean stands in its place. */
const raw = 'raw.'

/** Running means stand as the weights, which everything but training opens; what training goes on from is kept with the optimiser. */
export function asSaved({ weights, optimizer, averages }: LearnerState): Saved {
  if (!averages) return { weights, optimizer }
  const moving = [...averages.keys()].map((path) => [raw + path, weights.get(path)!] as const)
  return { weights: new Map([...weights, ...averages]), optimizer: new Map([...optimizer, ...moving]) }
}

/** What `asSaved` was made of. */
export function restored({ weights, optimizer }: Saved, isAveraged: boolean): Omit<LearnerState, 'counts'> {
  if (!isAveraged) return { weights, optimizer }
  const moving = [...optimizer].flatMap(([name, tensor]) =>
    name.startsWith(raw) ? [[name.slice(raw.length), tensor] as const] : [],
  )
  const paths = new Set(moving.map(([path]) => path))
  return {
    weights: new Map([...weights, ...moving]),
    optimizer: new Map([...optimizer].filter(([name]) => !name.startsWith(raw))),
    averages: new Map([...weights].filter(([path]) => paths.has(path))),
  }
}
