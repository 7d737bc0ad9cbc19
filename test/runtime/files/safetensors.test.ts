import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import { readSafetensors, type Tensor, writeSafetensors } from '../../../src/runtime/files/safetensors.ts'

let folder: string
let file: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'archc-safetensors-'))
  file = path.join(folder, 'w.safetensors')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const f32 = (shape: number[], values: number[]): Tensor => ({ shape, dtype: 'F32', data: Float32Array.from(values) })

/** A file made by hand, independent of the writer. */
function bytes(header: unknown, data: Uint8Array = new Uint8Array()): Buffer {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  return Buffer.concat([length, text, data])
}

async function read(content: Uint8Array) {
  await writeFile(file, content)
  return readSafetensors(file)
}

const raw = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength)

describe('writing', () => {
  const tensors = new Map<string, Tensor>([
    ['b.bias', f32([2], [0.5, -0])],
    ['bytes', { shape: [3], dtype: 'U8', data: Uint8Array.of(1, 2, 255) }],
    ['10', f32([], [7])],
    ['a.weight', f32([2, 2], [1, 2, 3, NaN])],
    ['index', { shape: [2], dtype: 'I32', data: Int32Array.of(-1, 2 ** 31 - 1) }],
    ['empty', f32([0, 4], [])],
  ])

  it('comes back as it was, bit for bit, with its metadata', async () => {
    await writeSafetensors(file, tensors, { model: 'ISTE', text: 'a "quoted"\nü' })
    const found = await readSafetensors(file)
    expect(found.metadata).toEqual({ model: 'ISTE', text: 'a "quoted"\nü' })
    expect(found.tensors).toEqual(tensors)
    expect(Object.is((found.tensors.get('b.bias')!.data as Float32Array)[1], -0)).toBe(true)
  })

  it('has sorted names, an aligned header and the same bytes whatever the order given', async () => {
    await writeSafetensors(file, tensors, { z: '1', a: '2' })
    const first = await readFile(file)
    await writeSafetensors(file, new Map([...tensors].reverse()), { a: '2', z: '1' })
    expect(await readFile(file)).toEqual(first)
    const length = Number(first.readBigUInt64LE())
    expect(length % 8).toBe(0)
    const names = [...first.toString('utf8', 8, 8 + length).matchAll(/"([^"]+)":\{"dtype"/g)].map((match) => match[1])
    expect(names).toEqual(['10', 'a.weight', 'b.bias', 'empty', 'index', 'bytes'])
    expect(await readdir(folder)).toEqual(['w.safetensors'])
  })

  it('in half precision every number that has one comes back, and others go to the nearest, ties to even', async () => {
    // All finite halves, by their bits.
    const bits = Uint16Array.from({ length: 0x10000 }, (_, at) => at).filter((at) => (at & 0x7c00) !== 0x7c00)
    const { tensors } = await read(
      bytes({ all: { dtype: 'F16', shape: [bits.length], data_offsets: [0, 2 * bits.length] } }, new Uint8Array(bits.buffer)),
    )
    const all = tensors.get('all')!
    await writeSafetensors(file, tensors, {}, { half: true })
    expect((await readSafetensors(file)).tensors.get('all')!.data).toEqual(all.data)

    const between = [
      1 + 2 ** -11,
      1 + 3 * 2 ** -11,
      1 + 2 ** -11 + 2 ** -20,
      2 ** -25,
      3 * 2 ** -25,
      65519,
      65520,
      -65520,
      2 - 2 ** -12,
    ]
    await writeSafetensors(file, new Map([['w', f32([between.length], between)]]), {}, { half: true })
    expect([...(await readSafetensors(file)).tensors.get('w')!.data]).toEqual([
      1, 1 + 2 ** -9, 1 + 2 ** -10, 0, 2 ** -23, 65504, Infinity, -Infinity, 2,
    ]) // prettier-ignore
  })

  it('refuses data that does not fill its shape', async () => {
    await expect(writeSafetensors(file, new Map([['w', f32([3], [1, 2])]]))).rejects.toThrow('w: 2 values do not fill [3]')
  })

  it('writes a file that can be empty', async () => {
    await writeSafetensors(file, new Map())
    expect(await readSafetensors(file)).toEqual({ tensors: new Map(), metadata: {} })
  })
})

describe('reading other types', () => {
  const one = (dtype: string, array: ArrayBufferView & { length: number }) =>
    read(bytes({ x: { dtype, shape: [array.length], data_offsets: [0, array.byteLength] } }, raw(array)))

  it.each<[string, ArrayBufferView & { length: number }, Float32Array | Int32Array]>([
    ['F64', Float64Array.of(0.1, -2), Float32Array.of(0.1, -2)],
    // 1, -2, the largest, the smallest subnormal, infinity, 0.333251953125
    [
      'F16',
      Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x7c00, 0x3555),
      Float32Array.of(1, -2, 65504, 2 ** -24, Infinity, 0.333251953125),
    ],
    ['BF16', Uint16Array.of(0x3f80, 0xc000, 0x7f80, 0x4049), Float32Array.of(1, -2, Infinity, 3.140625)],
    ['I64', BigInt64Array.of(5n, -(2n ** 31n)), Int32Array.of(5, -(2 ** 31))],
  ])('%s', async (dtype, given, expected) => {
    const { tensors } = await one(dtype, given)
    expect(tensors.get('x')!.data).toEqual(expected)
  })

  it('half-precision NaN stays NaN', async () => {
    const { tensors } = await one('F16', Uint16Array.of(0x7e00))
    expect(tensors.get('x')!.data[0]).toBeNaN()
  })

  it('a 64-bit integer that does not fit is named', async () => {
    await expect(one('I64', BigInt64Array.of(1n, 2n ** 31n))).rejects.toThrow(/tensor x holds 2147483648, which does not fit/)
  })

  it('tensors that are not aligned are read all the same', async () => {
    const data = Buffer.concat([Uint8Array.of(9), raw(Float32Array.of(1.5))])
    const { tensors } = await read(
      bytes(
        { u: { dtype: 'U8', shape: [1], data_offsets: [0, 1] }, f: { dtype: 'F32', shape: [1], data_offsets: [1, 5] } },
        data,
      ),
    )
    expect(tensors.get('f')!.data).toEqual(Float32Array.of(1.5))
  })
})

describe('a broken file', () => {
  const entry = (shape: unknown, offsets: unknown, dtype: unknown = 'F32') => ({ dtype, shape, data_offsets: offsets })
  const eight = new Uint8Array(8)

  it.each<[string, Uint8Array, RegExp]>([
    ['empty', Buffer.alloc(0), /it has 0 bytes/],
    ['of seven bytes', Buffer.alloc(7), /it has 7 bytes/],
    ['some other file', Buffer.from('\x89PNG\r\n\x1a\nIHDR'), /announce a header of \d+ bytes, so it is something else/],
    ['a header longer than the file', bytes('{}').fill(200, 0, 1), /its header should have 200 bytes, and only 2 follow/],
    ['a header that is no JSON', bytes('{"a":'), /its header is not JSON/],
    ['a header that is no UTF-8', bytes('{}').fill(0xff, 8), /its header is not JSON/],
    ['a header that is a list', bytes('[]'), /not a JSON object/],
    ['metadata that is no object', bytes({ __metadata__: 3 }), /__metadata__ is not an object/],
    ['metadata with a number', bytes({ __metadata__: { a: 3 } }), /__metadata__ entry a is not a text/],
    ['an entry that is no object', bytes({ w: 3 }), /the entry of tensor w is not an object/],
    ['no type', bytes({ w: { shape: [2] } }), /tensor w has no dtype/],
    ['an unknown type', bytes({ w: entry([2], [0, 8], 'F8_E4M3') }, eight), /tensor w has the type F8_E4M3; archc reads F64, /],
    ['a type from the prototype', bytes({ w: entry([2], [0, 8], 'toString') }, eight), /tensor w has the type toString/],
    ['a negative size', bytes({ w: entry([-2], [0, 8]) }, eight), /the shape of tensor w/],
    ['a fractional size', bytes({ w: entry([0.5], [0, 2]) }, eight), /the shape of tensor w/],
    ['no offsets', bytes({ w: entry([2], undefined) }, eight), /tensor w has no data_offsets/],
    ['offsets the wrong way round', bytes({ w: entry([2], [8, 0]) }, eight), /tensor w needs 8 bytes .* and has -8/],
    ['a size that does not match', bytes({ w: entry([3], [0, 8]) }, eight), /tensor w needs 12 bytes \(\[3\] F32\) and has 8/],
    ['offsets out of range', bytes({ w: entry([2], [0, 8]) }, eight.subarray(1)), /tensor w should end at byte 8 .* has 7 bytes/],
    ['overlapping tensors', bytes({ a: entry([2], [0, 8]), b: entry([1], [4, 8]) }, eight), /tensor b overlaps/],
    ['a hole', bytes({ b: entry([1], [4, 8]) }, eight), /4 bytes before tensor b belong to no tensor/],
    ['bytes at the end', bytes({ b: entry([1], [0, 4]) }, eight), /4 bytes at its end belong to no tensor/],
  ])('%s', async (_case, content, message) => {
    const failed = read(content)
    await expect(failed).rejects.toThrow(UserError)
    await expect(failed).rejects.toThrow(message)
    await expect(failed).rejects.toThrow(file)
  })

  it('is told at every byte count that it can be cut to', async () => {
    const tensors = new Map([
      ['a', f32([2], [1, 2])],
      ['b', f32([3], [1, 2, 3])],
    ])
    await writeSafetensors(file, tensors, { k: 'v' })
    const whole = await readFile(file)
    for (let length = 0; length < whole.length; length++) {
      await expect(read(whole.subarray(0, length)), `${length} bytes`).rejects.toThrow(UserError)
    }
    expect((await read(whole)).tensors.size).toBe(2)
  })

  it('an absent file and a folder are named', async () => {
    await expect(readSafetensors(path.join(folder, 'no'))).rejects.toThrow(
      `cannot read ${path.join(folder, 'no')}: there is no such file`,
    )
    await expect(readSafetensors(folder)).rejects.toThrow('it is a folder')
  })
})
