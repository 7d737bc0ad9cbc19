import { deflateRawSync } from 'node:zlib'
import { crc32 } from '../../../src/runtime/data/png-writer.ts'
import type { Tensor } from '../../../src/runtime/files/safetensors.ts'

/** Pieces of pickles and the files around them, byte by byte: what PyTorch writes, and what it never would. */

export const bytes = (...parts: readonly (number | string | Uint8Array)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'number' ? Buffer.from([part]) : Buffer.from(part))))

const u16 = (value: number): Buffer => {
  const buffer = Buffer.alloc(2)
  buffer.writeUInt16LE(value)
  return buffer
}

const u32 = (value: number): Buffer => {
  const buffer = Buffer.alloc(4)
  buffer.writeUInt32LE(value)
  return buffer
}

export const text = (value: string): Buffer => bytes('X', u32(Buffer.byteLength(value)), value)
export const int = (value: number): Buffer => bytes('J', u32(value))
export const global = (module: string, name: string): Buffer => bytes('c', module, '\n', name, '\n')
export const tuple = (...items: readonly Uint8Array[]): Buffer => bytes('(', ...items, 't')
export const list = (...items: readonly Uint8Array[]): Buffer => bytes(']', '(', ...items, 'e')
export const dict = (...items: readonly (readonly [string, Uint8Array])[]): Buffer =>
  bytes('}', '(', ...items.flatMap(([key, value]) => [text(key), value]), 'u')
export const reduce = (called: Uint8Array, ...args: readonly Uint8Array[]): Buffer => bytes(called, tuple(...args), 'R')

export interface StoredFloats {
  readonly key: string
  readonly count: number
}

/** What stands for a storage of float32 in a pickle. */
export const storage = ({ key, count }: StoredFloats, tag = 'storage', type = global('torch', 'FloatStorage')): Buffer =>
  bytes(tuple(text(tag), type, text(key), text('cpu'), int(count)), 'Q')

/** A tensor as torch.save says it; row-major without strides. */
export const tensor = (stored: Uint8Array, shape: readonly number[], strides = dense(shape), offset = 0): Buffer =>
  reduce(
    global('torch._utils', '_rebuild_tensor_v2'),
    stored,
    int(offset),
    tuple(...shape.map(int)),
    tuple(...strides.map(int)),
    bytes(0x89),
    reduce(global('collections', 'OrderedDict')),
  )

const dense = (shape: readonly number[]): readonly number[] =>
  shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1))

export const pickle = (value: Uint8Array): Buffer => bytes(0x80, 2, value, '.')

/** A zip file, everything stored, or deflated; `damage` may change an entry's bytes after its checksum was taken. */
export function zip(
  entries: ReadonlyMap<string, Uint8Array>,
  damage: (name: string, data: Buffer) => void = () => undefined,
  isDeflated = false,
): Buffer {
  const locals: Buffer[] = []
  const central: Buffer[] = []
  let at = 0
  for (const [name, content] of entries) {
    const data = isDeflated ? deflateRawSync(content) : Buffer.from(content)
    const fields = bytes(
      u16(20),
      u16(0),
      u16(isDeflated ? 8 : 0),
      u16(0),
      u16(0x21),
      u32(crc32(content)),
      u32(data.length),
      u32(content.length),
      u16(name.length),
    )
    damage(name, data)
    const local = bytes('PK', 3, 4, fields, u16(0), name, data)
    central.push(bytes('PK', 1, 2, u16(20), fields, u16(0), u16(0), u16(0), u16(0), u32(0), u32(at), name))
    locals.push(local)
    at += local.length
  }
  const directory = bytes(...central)
  const end = bytes('PK', 5, 6, u16(0), u16(0), u16(central.length), u16(central.length), u32(directory.length), u32(at), u16(0))
  return bytes(...locals, directory, end)
}

/** The zip form of torch.save. */
export const zipFile = (value: Uint8Array, storages: ReadonlyMap<string, Uint8Array> = new Map()): Buffer =>
  zip(
    new Map([['archive/data.pkl', pickle(value)], ...[...storages].map(([key, data]) => [`archive/data/${key}`, data] as const)]),
  )

/** The legacy form of torch.save; `keys` and `counts` may lie. */
export function legacyFile(
  value: Uint8Array,
  storages: ReadonlyMap<string, Uint8Array> = new Map(),
  { keys = [...storages.keys()], count = (data: Uint8Array) => data.length / 4 } = {},
): Buffer {
  const magic = bytes(0x8a, 10, Buffer.from('6cfc9c46f9206aa85019', 'hex'))
  const head = [magic, int(1001), dict(['little_endian', bytes(0x88)]), value, list(...keys.map(text))].map(pickle)
  return bytes(
    ...head,
    ...[...storages.values()].flatMap((data) => [u32(count(data) >>> 0), u32(count(data) < 0 ? 0xffffffff : 0), data]),
  )
}

/** A state dict in the zip form. */
export function stateDictFile(tensors: ReadonlyMap<string, Tensor>): Buffer {
  const all = [...tensors].map(([name, { shape, data }], at) => ({ name, shape, data, key: String(at) }))
  const value = dict(
    ...all.map(({ name, shape, data, key }) => [name, tensor(storage({ key, count: data.length }), shape)] as const),
  )
  return zipFile(value, new Map(all.map(({ key, data }) => [key, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)])))
}
