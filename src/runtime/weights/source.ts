import { stat } from 'node:fs/promises'
import path from 'node:path'
import { UserError } from '../../errors.ts'
import { fileError } from '../files/file-error.ts'
import { openRegular } from '../files/regular.ts'
import { readSafetensors, type Tensor } from '../files/safetensors.ts'
import { openTfjs } from './tfjs.ts'
import { isPickle, isZip, openLegacy, openZip } from './torch-file.ts'
import { isKind } from './pickle.ts'
import { stateDicts } from './state-dict.ts'
import type { TorchValue } from './torch-world.ts'
import { createGather } from './gather.ts'
import { strangerText } from './strangers.ts'
import { unwrapped } from './wrappers.ts'

/** Tensors by name, not read yet. */
export interface NamedTensors {
  /** The keys that lead there in a checkpoint, `model.sd`; empty for the whole file. */
  readonly key: string
  readonly names: readonly string[]
  /** The shape that the file states for a tensor. */
  shapeOf(name: string): readonly number[]
  load(names: readonly string[]): Promise<Map<string, Tensor>>
}

/** A file of weights that somebody wrote. */
export interface WeightSource {
  readonly form: 'PyTorch, zip' | 'PyTorch, legacy' | 'safetensors' | 'TensorFlow.js'
  /** What may be the weights, the likeliest first; at least one. */
  readonly dicts: readonly NamedTensors[]
  close(): Promise<void>
}

/**
 * Opens a file of weights, told by what it holds: PyTorch's (zip or legacy), safetensors, or the `model.json` (its folder, its
 * `weights.bin`) that `archc compile` wrote.
 * @throws UserError naming the file, and the tensor where one is at fault, for whatever is wrong with it.
 */
export async function openWeights(file: string): Promise<WeightSource> {
  const start = await firstBytes(file)
  const isBinary = path.basename(file) === 'weights.bin' // its numbers may begin as any file does
  // First, as a header may have a length that reads as the start of a zip or a pickle.
  if (start && !isBinary && isSafetensors(start)) return whole('safetensors', (await readSafetensors(file)).tensors)
  if (start === undefined || isBinary || path.extname(file) === '.json') {
    const folder = start === undefined ? file : path.dirname(file)
    return whole('TensorFlow.js', await openTfjs(folder))
  }
  if (isZip(start)) return torch(file, 'PyTorch, zip')
  if (isPickle(start)) return torch(file, 'PyTorch, legacy')
  const stranger = strangerText(start)
  if (stranger) throw new UserError(`${file} is no file of weights: it is ${stranger.what}`, stranger.help)
  if (path.extname(file) !== '.safetensors')
    throw new UserError(
      `${file} is no file of weights: it begins neither as a file of torch.save nor as safetensors`,
      'archc reads .pth and .pt of PyTorch, .safetensors, and the model.json that it wrote itself',
    )
  return whole('safetensors', (await readSafetensors(file)).tensors)
}

/** Eight bytes that give the length of a JSON object, whose brace follows. */
const isSafetensors = (start: Uint8Array): boolean => start[8] === 0x7b && start[5] === 0 && start[6] === 0 && start[7] === 0

function whole(form: WeightSource['form'], tensors: ReadonlyMap<string, Tensor>): WeightSource {
  const load = (names: readonly string[]): Promise<Map<string, Tensor>> =>
    Promise.resolve(new Map(names.map((name) => [name, tensors.get(name)!])))
  const shapeOf = (name: string): readonly number[] => tensors.get(name)!.shape
  return { form, dicts: [unwrapped({ key: '', names: [...tensors.keys()], shapeOf, load })], close: () => Promise.resolve() }
}

async function torch(file: string, form: 'PyTorch, zip' | 'PyTorch, legacy'): Promise<WeightSource> {
  const broken = (what: string): UserError =>
    new UserError(
      `${file} cannot be read as a state dict of PyTorch: ${what}`,
      'a damaged file is downloaded again; what holds more than tensors is saved again with torch.save(network.state_dict(), FILE)',
    )
  try {
    const opened = await (form === 'PyTorch, zip' ? openZip : openLegacy)(file, broken)
    const dicts = stateDicts(opened.value).map(({ key, tensors }): NamedTensors => {
      const gather = createGather(opened, broken)
      return unwrapped({
        key,
        names: [...tensors.keys()],
        shapeOf: (name) => tensors.get(name)!.shape,
        async load(names) {
          const loaded = new Map<string, Tensor>()
          for (const name of names) loaded.set(name, await gather(name, tensors.get(name)!))
          return loaded
        },
      })
    })
    if (dicts.length === 0) {
      await opened.close()
      throw broken(`it holds no tensors under names${foundText(opened.value)}`)
    }
    return { form, dicts, close: () => opened.close() }
  } catch (error) {
    throw fileError(error, 'read', file)
  }
}

/** What stands there instead, where it has a name. */
function foundText(value: TorchValue): string {
  const names = new Set<string>()
  const seen = new Set<TorchValue>()
  const visit = (at: TorchValue): void => {
    if (at === null || typeof at !== 'object' || seen.has(at) || names.size > 3) return
    seen.add(at)
    if (isKind(at, 'opaque') || isKind(at, 'global')) names.add(at.name)
    if (isKind(at, 'list') || isKind(at, 'tuple')) at.items.forEach(visit)
    if (isKind(at, 'dict') || isKind(at, 'opaque')) for (const item of at.items.values()) visit(item)
  }
  visit(value)
  return names.size > 0 ? `; it has ${[...names].slice(0, 3).join(', ')}, which archc does not read (nothing of it was run)` : ''
}

/** The first bytes of a file; undefined for a folder. */
async function firstBytes(file: string): Promise<Uint8Array | undefined> {
  try {
    if ((await stat(file)).isDirectory()) return undefined
    const handle = await openRegular(file)
    try {
      const bytes = new Uint8Array(512)
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0)
      return bytes.subarray(0, bytesRead)
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw fileError(error, 'read', file)
  }
}

/** All tensors of a file's first dict, whatever form it has. @throws UserError as `openWeights` does. */
export async function tensorsIn(file: string): Promise<Map<string, Tensor>> {
  const source = await openWeights(file)
  try {
    const [dict] = source.dicts
    return await dict!.load(dict!.names)
  } finally {
    await source.close()
  }
}
