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
const others = /^(?:optimi[sz]ers?|optim|schedulers?|lr_schedulers?|scalers?|amp|callbacks|loops)(?:_|$)/

/** How deep a checkpoint may nest. */
const deepest = 6

/**
 * The state dicts of a checkpoint, the likeliest first: dicts with tensors under names, wherever they stand, also in lists and in objects of
 * classes that nobody knows, apart from those of optimisers. A module that was saved whole has those that its state dict would have.
 */
export function stateDicts(value: TorchValue): StateDict[] {
  const found: StateDict[] = []
  const seen = new Set<TorchValue>()
  const visit = (at: TorchValue, path: readonly string[]): void => {
    if (at === null || typeof at !== 'object' || seen.has(at) || path.length > deepest) return
    seen.add(at)
    const module = moduleTensors(at)
    if (module) {
      if (module.size > 0) found.push({ key: path.join('.'), tensors: module })
      return
    }
    const items = itemsOf(at)
    if (isOptimiser(items)) return
    const tensors = new Map<string, StoredTensor>()
    for (const [key, item] of items) {
      if (item !== null && isTensor(item)) tensors.set(key, item)
      else if (!others.test(key)) visit(item, [...path, key])
    }
    if (tensors.size > 0) found.push({ key: path.join('.'), tensors })
  }
  visit(value, [])
  return found.sort((one, other) => rank(one.key) - rank(other.key))
}

/** What stands in a value under names; places of lists and tuples are names too, but for the tensors in them. */
function itemsOf(value: TorchValue): readonly (readonly [string, TorchValue])[] {
  if (isKind(value, 'dict')) return named(value.items)
  if (isKind(value, 'opaque')) return [...named(value.items), ...(isKind(value.state, 'dict') ? named(value.state.items) : [])]
  if (isKind(value, 'list') || isKind(value, 'tuple'))
    return value.items.flatMap((item, at) => (item !== null && isTensor(item) ? [] : [[String(at), item] as const]))
  return []
}

const named = (items: ReadonlyMap<TorchValue, TorchValue>): readonly (readonly [string, TorchValue])[] =>
  [...items].flatMap(([key, item]) => (typeof key === 'string' ? [[key, item] as const] : []))

/** An optimiser's own dict, under whatever name it stands. */
const isOptimiser = (items: readonly (readonly [string, TorchValue])[]): boolean =>
  ['state', 'param_groups'].every((field) => items.some(([key]) => key === field))

/** The tensors of a module that was saved whole, by the names that its state dict gives them; undefined for what is none. */
function moduleTensors(value: TorchValue): Map<string, StoredTensor> | undefined {
  if (!isKind(value, 'opaque') || !isKind(value.state, 'dict') || !value.state.items.has('_modules')) return undefined
  const tensors = new Map<string, StoredTensor>()
  const seen = new Set<TorchValue>()
  const visit = (module: TorchValue, prefix: string): void => {
    if (!isKind(module, 'opaque') || !isKind(module.state, 'dict') || seen.has(module)) return
    seen.add(module)
    const fields = module.state.items
    const within = (field: string): readonly (readonly [string, TorchValue])[] => {
      const inner = fields.get(field) ?? null
      return isKind(inner, 'dict') ? named(inner.items) : []
    }
    const passing = fields.get('_non_persistent_buffers_set') ?? null
    const left = new Set(isKind(passing, 'list') ? passing.items : [])
    for (const [name, tensor] of [...within('_parameters'), ...within('_buffers').filter(([name]) => !left.has(name))])
      if (tensor !== null && isTensor(tensor)) tensors.set(prefix + name, tensor)
    for (const [name, inner] of within('_modules')) visit(inner, `${prefix}${name}.`)
  }
  visit(value, '')
  return tensors
}

function rank(key: string): number {
  const at = ['', ...preferred].indexOf(key)
  return at < 0 ? preferred.length + 1 : at
}
