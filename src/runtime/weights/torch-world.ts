import type { bytesPerElement } from '../files/safetensors-types.ts'
import { isKind, opaque, type Value, type World } from './pickle.ts'

/** Numbers of a PyTorch file that are yet to be read: `count` elements under `key`. */
export interface Storage {
  readonly kind: 'storage'
  readonly key: string
  readonly dtype: keyof typeof bytesPerElement
  readonly count: number
}

/** A window on a storage: `offset` and `strides` in elements. Windows may share a storage and may overlap. */
export interface StoredTensor {
  readonly kind: 'tensor'
  readonly storage: Storage
  readonly offset: number
  readonly shape: readonly number[]
  readonly strides: readonly number[]
}

export type TorchValue = Value<Storage | StoredTensor>

const storages: Readonly<Record<string, Storage['dtype']>> = {
  'torch.FloatStorage': 'F32',
  'torch.DoubleStorage': 'F64',
  'torch.HalfStorage': 'F16',
  'torch.BFloat16Storage': 'BF16',
  'torch.IntStorage': 'I32',
  'torch.LongStorage': 'I64',
  'torch.ByteStorage': 'U8',
  'torch.BoolStorage': 'U8',
}

const isSize = (value: TorchValue): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
export const isTensor = (value: TorchValue): value is StoredTensor =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'tensor'
const isStorage = (value: TorchValue): value is Storage =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'storage'
/** As many axes as PyTorch's tensors may have. */
const mostAxes = 64
const sizes = (value: TorchValue): readonly number[] | undefined =>
  isKind(value, 'tuple') && value.items.length <= mostAxes && value.items.every(isSize) ? value.items : undefined

type Call = (args: readonly TorchValue[]) => TorchValue | undefined

const parameter: Call = ([tensor = null]) => (isTensor(tensor) || isKind(tensor, 'opaque') ? tensor : undefined)
const window: Call = ([storage = null, offset = null, shape = null, strides = null]) => {
  // Numbers of a type that archc does not read: such a tensor hides no other.
  if (isKind(storage, 'opaque')) return storage
  const [extents, steps] = [sizes(shape), sizes(strides)]
  if (!isStorage(storage) || !isSize(offset) || !extents || steps?.length !== extents.length) return undefined
  return { kind: 'tensor', storage, offset, shape: extents, strides: steps }
}

/** The globals that state dicts are made of, and what each makes of its arguments; undefined where they do not suit it. */
const calls: Readonly<Record<string, Call>> = {
  'collections.OrderedDict': ([list = { kind: 'list', items: [] }]) => {
    if (!isKind(list, 'list')) return undefined
    const pairs = list.items.map((pair) => (isKind(pair, 'list') || isKind(pair, 'tuple') ? pair.items : []))
    if (pairs.some((pair) => pair.length !== 2)) return undefined
    return { kind: 'dict', items: new Map(pairs.map(([key, value]) => [key!, value!])) }
  },
  'collections.defaultdict': () => ({ kind: 'dict', items: new Map() }),
  'torch.Size': ([value]) => value,
  'torch._utils._rebuild_parameter': parameter,
  'torch._utils._rebuild_parameter_with_state': parameter,
  'torch._utils._rebuild_tensor': window,
  'torch._utils._rebuild_tensor_v2': window,
  // A tensor of a class of its own, as torchvision's and fastai's are: what makes it, its class and the arguments.
  'torch._tensor._rebuild_from_type_v2': ([made = null, , args = null]) =>
    isKind(made, 'global') && Object.hasOwn(calls, made.name) && isKind(args, 'tuple')
      ? calls[made.name]!(args.items)
      : undefined,
}

/**
 * Modules of Python that reach the system, and what is built in and runs a text: a file of weights that asks for one is no accident. Nothing of it
 * would be run here either, but whoever has such a file should hear of it.
 */
const hostile = new RegExp(
  [
    '^(?:os|posix|nt|subprocess|_posixsubprocess|sys|shutil|socket|pty|runpy|importlib|ctypes|webbrowser|pip)\\.',
    '^(?:builtins|__builtin__)\\.(?:eval|exec|execfile|compile|open|file|input|raw_input|breakpoint|globals|locals|apply|__import__)$',
    '^torch\\.(?:hub|load|utils\\.cpp_extension)(?:\\.|$)',
    '__(?:globals|subclasses|builtins)__',
  ].join('|'),
)

/**
 * What the pickle of a PyTorch file may speak of: tensors; whatever else stands beside them is opaque. `found` is told of every storage.
 */
export function torchWorld(
  broken: (what: string) => Error,
  found: (storage: Storage) => void = () => undefined,
): World<Storage | StoredTensor> {
  return {
    broken,
    allow(name) {
      if (hostile.test(name)) throw broken(`its pickle asks for ${name}, which tensors do not need; nothing of it was run`)
    },
    call(name, args) {
      if (!Object.hasOwn(calls, name)) return opaque(name)
      const made = calls[name]!(args)
      if (made === undefined) throw broken(`its pickle calls ${name} with other arguments than PyTorch does`)
      return made
    },
    persistent(id) {
      const [tag, type, key, , count, view] = isKind(id, 'tuple') ? id.items : []
      const name = type !== undefined && isKind(type, 'global') ? type.name : ''
      // A class whose source the legacy form keeps beside the object.
      if (tag === 'module' && name) return opaque(name)
      if (tag !== 'storage' || typeof key !== 'string' || count === undefined || !isSize(count))
        throw broken('its pickle has a persistent id that is no storage; nothing of it was run')
      if (!name) throw broken('its pickle has a storage of the type (none)')
      if (!Object.hasOwn(storages, name)) return opaque(name)
      if (view !== undefined && view !== null) throw broken(`storage ${key} is a view, as PyTorch wrote them before 0.4`)
      const storage: Storage = { kind: 'storage', key, dtype: storages[name]!, count }
      found(storage)
      return storage
    },
  }
}
