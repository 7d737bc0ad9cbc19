import type { NamedTensors } from './source.ts'

/** What PyTorch's wrappers put between the names of a module and those of what it wraps; no network of anybody has a part of such a name. */
const wrapper = /(?<=^|\.)(?:_orig_mod|_forward_module|_fsdp_wrapped_module|_fpw_module|_checkpoint_wrapped_module)\./g

/** What DataParallel puts before every name. */
const parallel = 'module.'

/** How many parts of a name may be taken off, one inside of another. */
const deepest = 6

/** The dict with its names as `rename` makes them; the same where that makes none anew, or two alike. */
function renamed(dict: NamedTensors, rename: (name: string) => string, key = dict.key): NamedTensors {
  const before = new Map(dict.names.map((name) => [rename(name), name]))
  const names = [...before.keys()]
  if (before.size < dict.names.length || names.every((name) => before.get(name) === name)) return dict
  return {
    key,
    names,
    shapeOf: (name) => dict.shapeOf(before.get(name)!),
    async load(wanted) {
      const loaded = await dict.load(wanted.map((name) => before.get(name)!))
      return new Map(wanted.map((name) => [name, loaded.get(before.get(name)!)!]))
    },
  }
}

const startsAll = (names: readonly string[], prefix: string): boolean =>
  names.length > 0 && names.every((name) => name.startsWith(prefix) && name.length > prefix.length)

/** The dict without what torch.compile, FSDP, checkpointing and DataParallel put into names, in whatever order they were put around each other. */
export function unwrapped(dict: NamedTensors): NamedTensors {
  const plain = renamed(dict, (name) => name.replaceAll(wrapper, ''))
  return startsAll(plain.names, parallel) ? unwrapped(renamed(plain, (name) => name.slice(parallel.length))) : plain
}

/** The part of a dict that stands below a name, under the names that it has there. */
function below(dict: NamedTensors, part: string): NamedTensors {
  const prefix = `${part}.`
  const names = dict.names.filter((name) => name.startsWith(prefix))
  const inside = { ...dict, names }
  return unwrapped(renamed(inside, (name) => name.slice(prefix.length), dict.key === '' ? part : `${dict.key}.${part}`))
}

/** The first parts of names that go on behind them. */
const partsOf = ({ names }: NamedTensors): readonly string[] => [
  ...new Set(names.flatMap((name) => (name.includes('.') ? [name.slice(0, name.indexOf('.'))] : []))),
]

/** What people may mean by a dict: the dict itself, or what stands in it below the names that a training program gave to networks. */
export interface Views {
  /** The dict, and what is left where names that all of its tensors share (`model.`, `net_g.`) are taken off. */
  readonly likely: readonly NamedTensors[]
  /** What stands below other first names: a generator beside its discriminator, a network beside the one of its loss. To be taken only where it fits. */
  readonly possible: readonly NamedTensors[]
}

/** All views of a dict. Names alone are looked at. */
export function viewsOf(dict: NamedTensors, depth = 0): Views {
  const parts = depth < deepest ? partsOf(dict) : []
  const [only] = parts
  if (only !== undefined && startsAll(dict.names, `${only}.`)) {
    const inner = viewsOf(below(dict, only), depth + 1)
    return { likely: [dict, ...inner.likely.map((view) => ({ ...view, key: dict.key }))], possible: inner.possible }
  }
  const inner = parts.map((part) => viewsOf(below(dict, part), depth + 1))
  return { likely: [dict], possible: inner.flatMap(({ likely, possible }) => [...likely, ...possible]) }
}
