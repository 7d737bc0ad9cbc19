import yauzl from 'yauzl'
import { crc32 } from '../data/png-writer.ts'
import { errorCode } from '../files/file-error.ts'
import { openRegular } from '../files/regular.ts'
import { bytesPerElement } from '../files/safetensors-types.ts'
import { isKind, unpickle } from './pickle.ts'
import { stateDicts } from './state-dict.ts'
import { torchWorld, type Storage, type TorchValue } from './torch-world.ts'

/** A file that torch.save wrote: what its pickle says, and its storages one by one. */
export interface TorchFile {
  readonly value: TorchValue
  /** The numbers of a storage, little-endian, at offset 0 of their buffer; errors name the tensor that needs them. */
  read(storage: Storage, tensor: string): Promise<Uint8Array<ArrayBuffer>>
  close(): Promise<void>
}

type Broken = (what: string) => Error

/** The longest piece that is read at once. */
const longest = 2 ** 31 - 1

/** What a zip may unpack to: torch.save stores its entries as they are, and numbers that somebody compressed lose little. Entries: one a storage. */
const mostUnpacked = (fileBytes: number): number => 32 * fileBytes + 2 ** 24
const mostEntries = 100_000

/** The zip form begins as every zip file, the legacy form with a pickle of protocol 2. */
export const isZip = (start: Uint8Array): boolean => start[0] === 0x50 && start[1] === 0x4b
export const isPickle = (start: Uint8Array): boolean => start[0] === 0x80 && start[1]! >= 2 && start[1]! <= 5

/**
 * Opens the zip form (PyTorch 1.6 and later): `NAME/data.pkl`, `NAME/data/KEY` a storage, `NAME/byteorder`; stored or deflated.
 * Throws what `broken` makes of whatever is wrong: no whole zip, entries missing, of another size or with another checksum.
 */
export async function openZip(file: string, broken: Broken): Promise<TorchFile> {
  const zip = await yauzl.openPromise(file, { autoClose: false, lazyEntries: true }).catch((error: Error) => {
    throw errorCode(error) === undefined ? broken(`its zip is damaged or cut short (${error.message})`) : error
  })
  try {
    const entries = await entriesOf(zip, broken)
    const unpacked = [...entries.values()].reduce((sum, { uncompressedSize }) => sum + uncompressedSize, 0)
    if (unpacked > mostUnpacked(zip.fileSize))
      throw broken(
        `its ${megabytes(zip.fileSize)} unpack to ${megabytes(unpacked)}, as no file of torch.save does; nothing of it was unpacked`,
      )
    const pickle = [...entries.keys()].find((name) => /^(?:[^/]+\/)?data\.pkl$/.test(name))
    if (pickle === undefined) throw broken('its zip has no data.pkl, so torch.save did not write it')
    const prefix = pickle.slice(0, -'data.pkl'.length)
    if (entries.has(`${prefix}constants.pkl`)) throw broken('it is a TorchScript program; save its state dict instead')
    const content = (name: string, whose = ''): Promise<Uint8Array<ArrayBuffer>> =>
      contentOf(zip, entries.get(name), `${name}${whose}`, broken)
    const order = entries.has(`${prefix}byteorder`) ? Buffer.from(await content(`${prefix}byteorder`)).toString() : 'little'
    if (order !== 'little' && order !== 'big') throw broken('its byteorder is neither little nor big')
    const { value } = unpickle(await content(pickle), 0, torchWorld(broken))
    return {
      value,
      async read({ key, dtype, count }, tensor) {
        const needed = count * bytesPerElement[dtype]
        const stated = entries.get(`${prefix}data/${key}`)?.uncompressedSize ?? needed
        if (stated !== needed) throw broken(`data/${key} has ${stated} bytes, tensor ${tensor} needs ${needed}`)
        const bytes = await content(`${prefix}data/${key}`, ` (of tensor ${tensor})`)
        if (bytes.length !== needed) throw broken(`data/${key} has ${bytes.length} bytes, tensor ${tensor} needs ${needed}`)
        return order === 'big' ? swapped(bytes, bytesPerElement[dtype]) : bytes
      },
      close: () => Promise.resolve(zip.close()),
    }
  } catch (error) {
    zip.close()
    throw error
  }
}

async function entriesOf(zip: yauzl.ZipFile, broken: Broken): Promise<Map<string, yauzl.Entry>> {
  const entries = new Map<string, yauzl.Entry>()
  try {
    for await (const entry of zip.eachEntry()) if (entries.set(entry.fileName, entry).size > mostEntries) break
  } catch (error) {
    throw broken(`its zip is damaged or cut short (${(error as Error).message})`)
  }
  if (entries.size > mostEntries) throw broken(`its zip has more than ${mostEntries} entries`)
  return entries
}

async function contentOf(
  zip: yauzl.ZipFile,
  entry: yauzl.Entry | undefined,
  name: string,
  broken: Broken,
): Promise<Uint8Array<ArrayBuffer>> {
  if (!entry) throw broken(`its zip has no ${name}`)
  const { uncompressedSize, compressedSize, crc32: sum } = entry
  if (uncompressedSize > longest) throw broken(`${name} has ${uncompressedSize} bytes, more than archc reads`)
  if (compressedSize > zip.fileSize) throw broken(`${name} is larger than the file`)
  const bytes = new Uint8Array(uncompressedSize)
  let at = 0
  try {
    for await (const part of (await zip.openReadStreamPromise(entry)) as AsyncIterable<Uint8Array>) {
      bytes.set(part, at)
      at += part.length
    }
  } catch (error) {
    throw broken(`${name} cannot be unpacked (${(error as Error).message})`)
  }
  if (at < uncompressedSize) throw broken(`${name} cannot be unpacked (it ends after ${at} of ${uncompressedSize} bytes)`)
  if (crc32(bytes) !== sum) throw broken(`${name} is damaged: its checksum is another one`)
  return bytes
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toPrecision(3)} MB`

function swapped(bytes: Uint8Array<ArrayBuffer>, size: 1 | 2 | 4 | 8): Uint8Array<ArrayBuffer> {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (size === 2) view.swap16()
  if (size === 4) view.swap32()
  if (size === 8) view.swap64()
  return bytes
}

const magic = 0x1950a86a20f9469cfc6cn

/**
 * Opens the legacy form: pickles of a magic number, the protocol, the machine, the object and the storages' keys, then for every
 * key the count of its elements (8 bytes) and the elements. Throws what `broken` makes of whatever is wrong.
 */
export async function openLegacy(file: string, broken: Broken): Promise<TorchFile> {
  const bytes = await wholeFile(file, broken)
  const storages = new Map<string, Storage>()
  const world = torchWorld(broken, (storage) => storages.set(storage.key, storage))
  let at = 0
  const next = (): TorchValue => {
    const { value, end } = unpickle(bytes, at, world)
    at = end
    return value
  }
  if (next() !== magic) throw broken('it is a pickle, but torch.save did not write it')
  if (next() !== 1001) throw broken('its protocol is not 1001')
  const machine = next()
  if (isKind(machine, 'dict') && machine.items.get('little_endian') === false)
    throw broken('a big-endian machine wrote it; save it again in the zip form')
  const value = next()
  const keys = next()
  if (!isKind(keys, 'list')) throw broken('the keys of its storages are no list')
  const owners = new Map(
    stateDicts(value).flatMap(({ tensors }) => [...tensors].map(([name, { storage }]) => [storage.key, name] as const)),
  )
  const shown = (key: string): string => `storage ${key}${owners.has(key) ? ` (of tensor ${owners.get(key)})` : ''}`
  const order = keys.items.map((key) => (typeof key === 'string' ? key : ''))
  const view = new DataView(bytes.buffer)
  const places = new Map<string, { start: number; count: number }>()
  for (const key of order) {
    const storage = storages.get(key)
    if (!storage) throw broken(`its storage ${key} belongs to no tensor`)
    if (at + 8 > bytes.length) throw broken(`it ends before ${shown(key)}`)
    const count = Number(view.getBigInt64(at, true))
    places.set(key, { start: at + 8, count })
    at += 8 + count * bytesPerElement[storage.dtype]
    if (count < 0 || at > bytes.length) throw broken(`it ends within ${shown(key)}`)
  }
  return {
    value,
    async read({ key, dtype, count }, tensor) {
      const place = places.get(key)
      if (!place) throw broken(`it has no storage ${key} (of tensor ${tensor})`)
      if (place.count !== count) throw broken(`storage ${key} has ${place.count} elements, tensor ${tensor} needs ${count}`)
      return Promise.resolve(bytes.slice(place.start, place.start + count * bytesPerElement[dtype]))
    },
    close: () => Promise.resolve(),
  }
}

async function wholeFile(file: string, broken: Broken): Promise<Uint8Array<ArrayBuffer>> {
  const handle = await openRegular(file)
  try {
    const { size } = await handle.stat()
    if (size > longest) throw broken(`it has ${size} bytes; save it again in the zip form, which is read in parts`)
    const bytes = new Uint8Array(size)
    let at = 0
    for (let read = 1; at < size && read > 0; at += read) read = (await handle.read(bytes, at, size - at, at)).bytesRead
    return bytes.subarray(0, at)
  } finally {
    await handle.close()
  }
}
