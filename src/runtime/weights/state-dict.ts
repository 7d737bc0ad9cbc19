import { isKind } from './pickle.ts'
import { isTensor, type StoredTensor, type TorchValue } from './torch-world.ts'

/** Tensors by name, found somewhere in a checkpoint. */
export interface StateDict {
  /** The keys that lead there, `model.sd`; empty for the file's own dict. */
  readonly key: string
  readonly tensors: ReadonlyMap<string, StoredTensor>
}

/** Where trained weights usually are, best first: averaged ones before the last ones. */
const preferred = [
  'params_ema',
  'model_ema',
  'params',
  'state_dict',
  'model.sd',
  'model.state_dict',
  'model',
  'sd',
  'net',
  'weights',
]

/** Dicts that hold tensors which are no weights. */
const others = /^(?:optimi[sz]er|optim|scheduler|lr_scheduler|scaler|amp)(?:_|s$|$)/

/** How deep a checkpoint may nest. */
const deepest = 6

/**
 * The state dicts of a checkpoint, the likeliest first: dicts with tensors under names, wherever they stand, apart from those of
 * optimisers. DataParallel's `module.` before every name is taken off.
 */
export function stateDicts(value: TorchValue): StateDict[] {
  const found: StateDict[] = []
  const seen = new Set<TorchValue>()
  const visit = (at: TorchValue, path: readonly string[]): void => {
    if (!isKind(at, 'dict') || seen.has(at) || path.length > deepest) return
    seen.add(at)
    const tensors = new Map<string, StoredTensor>()
    for (const [key, item] of at.items) {
      if (typeof key !== 'string') continue
      if (item !== null && isTensor(item)) tensors.set(key, item)
      else if (!others.test(key)) visit(item, [...path, key])
    }
    if (tensors.size > 0) found.push({ key: path.join('.'), tensors: unwrapped(tensors) })
  }
  visit(value, [])
  return found.sort((one, other) => rank(one.key) - rank(other.key))
}

function rank(key: string): number {
  const at = ['', ...preferred].indexOf(key)
  return at < 0 ? preferred.length + 1 : at
}

function unwrapped(tensors: ReadonlyMap<string, StoredTensor>): ReadonlyMap<string, StoredTensor> {
  const prefix = 'module.'
  if (![...tensors.keys()].every((name) => name.startsWith(prefix))) return tensors
  return new Map([...tensors].map(([name, tensor]) => [name.slice(prefix.length), tensor]))
}
