/** What a file is that begins so and holds no weights that archc reads. */
interface Stranger {
  readonly what: string
  readonly help: string
}

const text = (bytes: Uint8Array, start: number, length: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1', start, start + length)

const again = 'download it again, by the address that gives the file itself'
const unpack = 'unpack it, and name the file in it'

/** In the order in which they are asked; a tar has its name at the start and its sign behind it. */
const strangers: readonly (readonly [(start: Uint8Array) => boolean, Stranger])[] = [
  [
    (start) => /^(?:sys_info|pickle|storages|tensors)\0/.test(text(start, 0, 16)),
    {
      what: 'a tar of PyTorch before version 0.1.10',
      help: 'PyTorch still reads it: torch.save(torch.load(FILE, map_location="cpu", weights_only=False), NEW_FILE); that runs what the file asks for, so do it with a file that you trust',
    },
  ],
  [(start) => text(start, 257, 5) === 'ustar', { what: 'a tar, of several files', help: unpack }],
  [(start) => text(start, 0, 2) === '\x1f\x8b', { what: 'packed by gzip', help: unpack }],
  [(start) => /^(?:BZh|\xfd7zXZ\0|7z\xbc\xaf\x27\x1c|\x28\xb5\x2f\xfd)/.test(text(start, 0, 8)), { what: 'packed', help: unpack }],
  [(start) => text(start, 0, 8) === '\x89HDF\r\n\x1a\n', { what: 'HDF5, of Keras perhaps', help: 'archc reads PyTorch and safetensors: export it as safetensors' }],
  [(start) => text(start, 0, 6) === '\x93NUMPY', { what: 'one array of NumPy', help: 'archc reads tensors under names: save them with safetensors.numpy.save_file' }],
  [(start) => /^version https:\/\/git-lfs/.test(text(start, 0, 64)), { what: 'the pointer that Git LFS keeps in its place', help: 'git lfs pull brings the file' }],
  [(start) => /^\s*<(?:!doctype|html|\?xml)/i.test(text(start, 0, 64)), { what: 'a page of the web', help: again }],
] // prettier-ignore

/** Says what a file is by its first bytes (512 of them); undefined where that is not known. */
export const strangerText = (start: Uint8Array): Stranger | undefined => strangers.find(([is]) => is(start))?.[1]
