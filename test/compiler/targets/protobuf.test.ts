import { describe, expect, it } from 'vitest'
import {
  bool,
  bytes,
  double,
  float,
  int32,
  int64,
  map,
  message,
  one,
  packed,
  repeated,
  text,
} from '../../../src/compiler/targets/protobuf.ts'

/** Bytes as they are in documents on Protocol Buffers. */
const hex = (written: Uint8Array): string =>
  Buffer.from(written)
    .toString('hex')
    .replace(/..(?!$)/g, '$& ')

const inner = message({ a: one(1, int32) })
const outer = message({
  inner: one(3, inner),
  name: one(2, text),
  numbers: packed(4, int32),
  texts: repeated(5, text),
  byName: map(6, inner),
  wide: one(7, int64),
  single: one(8, float),
  double: one(9, double),
  flag: one(10, bool),
  raw: one(300, bytes),
})

describe('a message', () => {
  it.each<[string, Parameters<typeof outer.encode>[0], string]>([
    ['holds nothing', {}, ''],
    ['holds a message', { inner: { a: 150 } }, '1a 03 08 96 01'],
    ['holds a text', { name: 'testing' }, '12 07 74 65 73 74 69 6e 67'],
    ['holds what is beyond ASCII as UTF-8', { name: 'é' }, '12 02 c3 a9'],
    ['holds numbers end to end', { numbers: [3, 270, 86942] }, '22 06 03 8e 02 9e a7 05'],
    ['leaves out numbers where there are none', { numbers: [] }, ''],
    ['holds texts, each with its tag', { texts: ['a', ''] }, '2a 01 61 2a 00'],
    ['holds what has a name in the order of names', { byName: { b: { a: 1 }, a: {} } }, '32 05 0a 01 61 12 00 32 07 0a 01 62 12 02 08 01'],
    ['sorts names as texts', { byName: { 10: {}, 9: {} } }, '32 06 0a 02 31 30 12 00 32 05 0a 01 39 12 00'],
    ['holds more than 32 bits', { wide: 2 ** 40 }, '38 80 80 80 80 80 20'],
    ['holds what is below zero in ten bytes', { wide: -1 }, '38 ff ff ff ff ff ff ff ff ff 01'],
    ['rounds to single precision', { single: 0.1 }, '45 cd cc cc 3d'],
    ['has no single that is larger than the largest', { single: 1e39 }, '45 00 00 80 7f'],
    ['holds a double', { double: 1 }, '49 00 00 00 00 00 00 f0 3f'],
    ['holds bytes under a number of two bytes', { raw: Uint8Array.of(1, 2) }, 'e2 12 02 01 02'],
    ['writes what is given, also where it is the default', { wide: 0, flag: false, name: '' }, '12 00 38 00 50 00'],
    ['leaves out what is undefined', { wide: undefined, flag: true }, '50 01'],
    ['is in the order of its description', { name: '', inner: {} }, '1a 00 12 00'],
  ])('%s', (_, contents, expected) => expect(hex(outer.encode(contents))).toBe(expected)) // prettier-ignore

  it('knows the length of a message of more than 127 bytes', () => {
    const around = message({ one: one(1, outer) })
    const written = around.encode({ one: { name: 'n'.repeat(200) } })
    expect(hex(written.subarray(0, 7))).toBe('0a cb 01 12 c8 01 6e')
    expect(written.length).toBe(3 + 3 + 200)
  })

  it('takes no number that a field cannot hold', () => {
    expect(() => inner.encode({ a: 2 ** 31 })).toThrow(/int32/)
    expect(() => inner.encode({ a: 0.5 })).toThrow(/int32/)
  })
})
