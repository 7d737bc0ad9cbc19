import type { FileHandle } from 'node:fs/promises'
import { UserError } from '../../errors.ts'
import { writeAtomic } from './atomic.ts'
import { fileError } from './file-error.ts'
import { openRegular } from './regular.ts'
import { bytesPerElement, decode, isReadable, readableTypes, toHalf } from './safetensors-types.ts'

/** A tensor as archc keeps it: row-major, `data.length` = product of `shape`. */
export type Tensor =
  | { readonly shape: readonly number[]; readonly dtype: 'F32'; readonly data: Float32Array }
  | { readonly shape: readonly number[]; readonly dtype: 'I32'; readonly data: Int32Array }
  | { readonly shape: readonly number[]; readonly dtype: 'U8'; readonly data: Uint8Array }

export interface TensorFile {
  readonly tensors: Map<string, Tensor>
  readonly metadata: Record<string, string>
}

/** Headers longer than this are refused, as the reference implementation does. */
const longestHeader = 100_000_000
/** Reads and writes go in pieces: one system call moves at most 2 GiB. */
const piece = 2 ** 30

const product = (shape: readonly number[]): number => shape.reduce((size, extent) => size * extent, 1)
const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/**
 * Writes tensors as a safetensors file, whole or not at all. Names are sorted (wider types first, so that every tensor stays
 * aligned), the data starts at a multiple of 8, and equal input gives equal bytes.
 * @param options.half stores floats in half precision: half the size, eleven significant bits.
 * @throws UserError naming the file when it cannot be written; Error when a tensor's data does not fill its shape.
 */
export async function writeSafetensors(
  file: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
  options: { readonly half?: boolean } = {},
): Promise<void> {
  const stored = [...tensors].map(([name, tensor]) => {
    const isHalved = options.half && tensor.dtype === 'F32'
    return [name, isHalved ? { shape: tensor.shape, dtype: 'F16' as const, data: toHalf(tensor.data) } : tensor] as const
  })
  const sorted = stored.sort(
    ([name, { dtype }], [other, { dtype: otherType }]) =>
      bytesPerElement[otherType] - bytesPerElement[dtype] || byText(name, other),
  )
  // Written by hand: an object would put names that look like integers first.
  const entries: string[] = []
  const notes = Object.entries(metadata).sort(([key], [other]) => byText(key, other))
  const quoted = notes.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`)
  if (quoted.length > 0) entries.push(`"__metadata__":{${quoted.join(',')}}`)
  let offset = 0
  for (const [name, { shape, dtype, data }] of sorted) {
    if (name === '__metadata__') throw new Error('a tensor cannot be called __metadata__')
    if (data.length !== product(shape)) throw new Error(`${name}: ${data.length} values do not fill [${shape.join(', ')}]`)
    const end = offset + data.byteLength
    entries.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [offset, end] })}`)
    offset = end
  }
  const header = Buffer.from(`{${entries.join(',')}}`)
  const padded = Buffer.alloc(8 + Math.ceil(header.length / 8) * 8, ' ')
  padded.writeBigUInt64LE(BigInt(padded.length - 8))
  header.copy(padded, 8)
  await writeAtomic(file, async (handle) => {
    await writeAll(handle, padded)
    for (const [, { data }] of sorted) await writeAll(handle, new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  })
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let start = 0; start < bytes.length; start += piece) await handle.writeFile(bytes.subarray(start, start + piece))
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length)
  let done = 0
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, Math.min(piece, length - done), position + done)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return bytes.subarray(0, done)
}

interface Entry {
  readonly name: string
  readonly dtype: keyof typeof bytesPerElement
  readonly shape: readonly number[]
  readonly start: number
  readonly end: number
}

type Broken = (what: string, help?: string) => UserError

/**
 * Reads a safetensors file. F64, F16 and BF16 become F32, I64 becomes I32 where every value fits.
 * @throws UserError naming the file, and the tensor where one is at fault, for whatever is wrong with it: shorter or longer than
 * its header says, a header that is no JSON, offsets out of range, overlapping or with holes, a size that does not match
 * shape and type, a type that archc does not read.
 */
export const readSafetensors = (file: string): Promise<TensorFile> =>
  withHeader(file, async (handle, { entries, metadata, dataStart }, broken) => {
    const tensors = new Map<string, Tensor>()
    for (const { name, dtype, shape, start, end } of entries) {
      const bytes = await readAt(handle, dataStart + start, end - start)
      if (bytes.length < end - start) throw broken(`it ends within tensor ${name}`)
      const decoded = decode(dtype, bytes)
      if ('unfit' in decoded) throw broken(`tensor ${name} holds ${decoded.unfit}, which does not fit a 32-bit integer`)
      tensors.set(name, { shape, ...decoded })
    }
    return { tensors, metadata }
  })

/** The metadata of a safetensors file, whose tensors are not read. @throws UserError as `readSafetensors` does. */
export const readMetadata = (file: string): Promise<Record<string, string>> =>
  withHeader(file, (_, { metadata }) => Promise.resolve(metadata))

/** Opens a file for as long as `use` takes, with its header checked. */
async function withHeader<T>(
  file: string,
  use: (
    handle: FileHandle,
    header: ReturnType<typeof checkHeader> & { readonly dataStart: number },
    broken: Broken,
  ) => Promise<T>,
): Promise<T> {
  const broken: Broken = (what, help = 'copy or download it again, or take another checkpoint') =>
    new UserError(`${file} is not a whole safetensors file: ${what}`, help)
  try {
    const handle = await openRegular(file)
    try {
      const { size } = await handle.stat()
      const { header, dataStart } = await readHeader(handle, size, broken)
      return await use(handle, { ...checkHeader(header, size - dataStart, broken), dataStart }, broken)
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw fileError(error, 'read', file)
  }
}

/** A zip, or a pickle of protocol 2: as the length of a header both would be longer than any. */
const isTorch = (start: Uint8Array): boolean =>
  (start[0] === 0x50 && start[1] === 0x4b && start[2] === 3) || (start[0] === 0x80 && start[1] === 2 && start[7] !== 0)

async function readHeader(handle: FileHandle, size: number, broken: Broken): Promise<{ header: unknown; dataStart: number }> {
  if (size < 8) throw broken(`it has ${size} bytes, fewer than the 8 that give the length of its header`)
  const first = await readAt(handle, 0, 8)
  const length = Number(new DataView(first.buffer).getBigUint64(0, true))
  if (isTorch(first))
    throw broken(
      'it begins as a file of torch.save does',
      'archc weights import FILE --into MODEL -o NAME.safetensors makes a network file of it',
    )
  if (length > longestHeader) throw broken(`its first 8 bytes announce a header of ${length} bytes, so it is something else`)
  if (8 + length > size) throw broken(`its header should have ${length} bytes, and only ${size - 8} follow`)
  const text = new TextDecoder('utf-8', { fatal: true })
  try {
    return { header: JSON.parse(text.decode(await readAt(handle, 8, length))), dataStart: 8 + length }
  } catch (error) {
    throw broken(`its header is not JSON (${error instanceof Error ? error.message : String(error)})`)
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** More axes than this no framework has. */
const mostAxes = 64

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0

function checkHeader(
  header: unknown,
  available: number,
  broken: Broken,
): { entries: readonly Entry[]; metadata: Record<string, string> } {
  if (!isRecord(header)) throw broken('its header is not a JSON object')
  const { __metadata__: notes = {}, ...described } = header
  if (!isRecord(notes)) throw broken('its __metadata__ is not an object')
  const metadata: Record<string, string> = {}
  for (const [key, value] of Object.entries(notes)) {
    if (typeof value !== 'string') throw broken(`its __metadata__ entry ${key} is not a text`)
    metadata[key] = value
  }
  const entries = Object.entries(described).map(([name, value]) => checkEntry(name, value, broken))
  checkOffsets(entries, available, broken)
  return { entries, metadata }
}

function checkEntry(name: string, value: unknown, broken: Broken): Entry {
  if (!isRecord(value)) throw broken(`the entry of tensor ${name} is not an object`)
  const { dtype, shape, data_offsets: offsets } = value
  if (typeof dtype !== 'string') throw broken(`tensor ${name} has no dtype`)
  if (!isReadable(dtype)) {
    throw broken(`tensor ${name} has the type ${dtype}; archc reads ${readableTypes.join(', ')}`)
  }
  if (!Array.isArray(shape) || shape.length > mostAxes || !shape.every(isSize))
    throw broken(`the shape of tensor ${name} is not a list of sizes`)
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    throw broken(`tensor ${name} has no data_offsets`)
  }
  const [start, end] = offsets as [number, number]
  const needed = product(shape) * bytesPerElement[dtype]
  if (end - start !== needed) {
    throw broken(`tensor ${name} needs ${needed} bytes ([${shape.join(', ')}] ${dtype}) and has ${end - start}`)
  }
  return { name, dtype, shape, start, end }
}

/** The data must be covered from its first to its last byte, without overlap: anything else is a damaged or forged file. */
function checkOffsets(entries: readonly Entry[], available: number, broken: Broken): void {
  let end = 0
  for (const entry of [...entries].sort((a, b) => a.start - b.start || a.end - b.end)) {
    if (entry.start < end) throw broken(`tensor ${entry.name} overlaps the one before it (byte ${entry.start} of the data)`)
    if (entry.start > end) throw broken(`${entry.start - end} bytes before tensor ${entry.name} belong to no tensor`)
    if (entry.end > available) {
      throw broken(`tensor ${entry.name} should end at byte ${entry.end} of the data, which has ${available} bytes`)
    }
    end = entry.end
  }
  if (end < available) throw broken(`${available - end} bytes at its end belong to no tensor`)
}
