import { mkdtemp, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { crc32c, openEventFile } from '../../../src/runtime/files/tensorboard.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'archc-events-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** CRC-32C bit by bit, from the polynomial: nothing shared with the writer. */
function slowCrc(bytes: Uint8Array): number {
  let crc = 0xffffffffn
  for (const byte of bytes) {
    crc ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0x82f63b78n : crc >> 1n
  }
  return Number(crc ^ 0xffffffffn)
}

function unmask(masked: number): number {
  const rotated = (BigInt(masked) - 0xa282ead8n + (1n << 32n)) % (1n << 32n)
  return Number(((rotated >> 17n) | (rotated << 15n)) & 0xffffffffn)
}

/** Splits an event file into its records and checks both checksums of each. */
function records(content: Buffer): Buffer[] {
  const found: Buffer[] = []
  for (let at = 0; at < content.length;) {
    const length = Number(content.readBigUInt64LE(at))
    expect(unmask(content.readUInt32LE(at + 8))).toBe(slowCrc(content.subarray(at, at + 8)))
    const data = content.subarray(at + 12, at + 12 + length)
    expect(unmask(content.readUInt32LE(at + 12 + length))).toBe(slowCrc(data))
    found.push(data)
    at += 12 + length + 4
  }
  return found
}

type Field = { field: number; value: number | Buffer }

/** The fields of a protocol buffer message. */
function fields(message: Buffer): Field[] {
  const reader = new BinaryReader(message)
  const found: Field[] = []
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag()
    if (wire === WireType.Varint) found.push({ field, value: Number(reader.int64()) })
    else if (wire === WireType.Bit64) found.push({ field, value: reader.double() })
    else if (wire === WireType.Bit32) found.push({ field, value: reader.float() })
    else if (wire === WireType.LengthDelimited) found.push({ field, value: Buffer.from(reader.bytes()) })
    else throw new Error(`wire type ${wire}`)
  }
  return found
}

const value = (message: Buffer, field: number) => fields(message).find((entry) => entry.field === field)?.value
const all = (message: Buffer, field: number) => fields(message).filter((entry) => entry.field === field)

describe('CRC-32C', () => {
  it.each<[Uint8Array, number]>([
    [Buffer.from('123456789'), 0xe3069283],
    // RFC 3720, B.4
    [Buffer.alloc(32), 0x8a9136aa],
    [Buffer.alloc(32, 0xff), 0x62a8ab43],
    [Uint8Array.from({ length: 32 }, (_, index) => index), 0x46dd794e],
  ])('known vector', (bytes, crc) => {
    expect(crc32c(bytes)).toBe(crc)
    expect(slowCrc(bytes)).toBe(crc)
  })
})

describe('event file', () => {
  it('holds the version and every scalar with step and time', async () => {
    const writer = openEventFile(folder)
    writer.scalars(0, { loss: 0.25, 'psnr/x2': 31.5 }, 1234.5)
    writer.scalars(3_000_000_000, { loss: 0.125 }, 1235.25)
    writer.close()
    expect(path.basename(writer.file)).toMatch(/^events\.out\.tfevents\.\d{10}\./)
    const [version, first, second, ...rest] = records(await readFile(writer.file))
    expect(rest).toEqual([])
    expect(String(value(version!, 3))).toBe('brain.Event:2')
    expect(Math.abs(Number(value(version!, 1)) - Date.now() / 1000)).toBeLessThan(60)
    expect([value(first!, 1), value(first!, 2)]).toEqual([1234.5, 0])
    const points = all(value(first!, 5) as Buffer, 1).map(({ value: entry }) => [
      String(value(entry as Buffer, 1)),
      value(entry as Buffer, 2),
    ])
    expect(points).toEqual([
      ['loss', 0.25],
      ['psnr/x2', 31.5],
    ])
    expect([value(second!, 1), value(second!, 2)]).toEqual([1235.25, 3_000_000_000])
  })

  it('a resumed run opens another file that takes back later steps', async () => {
    const first = openEventFile(folder)
    const second = openEventFile(folder, { resumeStep: 200 })
    first.close()
    second.close()
    expect(second.file).not.toBe(first.file)
    const [, start] = records(await readFile(second.file))
    expect(value(start!, 2)).toBe(200)
    expect(value(value(start!, 7) as Buffer, 1)).toBe(1)
  })

  it('a long name and many scalars need lengths of two bytes', async () => {
    const writer = openEventFile(folder)
    const name = 'n'.repeat(300)
    writer.scalars(1, { [name]: 1 })
    writer.close()
    const [, only] = records(await readFile(writer.file))
    const [entry] = all(value(only!, 5) as Buffer, 1)
    expect(String(value(entry!.value as Buffer, 1))).toBe(name)
  })

  it('a folder that is not there is named', () => {
    expect(() => openEventFile(path.join(folder, 'no'))).toThrow(/cannot write .*the folder .* does not exist/)
  })
})
