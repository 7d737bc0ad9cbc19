import { closeSync, openSync, writeSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileError } from './file-error.ts'

/** Appends scalars to one TensorBoard event file. Every call is written through, so a kill loses nothing that was said. */
export interface EventWriter {
  readonly file: string
  /** One point on each named curve. @throws UserError when the disk is full or the like. */
  scalars(step: number, values: Readonly<Record<string, number>>, wallTime?: number): void
  close(): void
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  return crc >>> 0
})

/** CRC-32C (Castagnoli) of the bytes, as an unsigned integer. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) crc = crcTable[(crc ^ byte) & 0xff]! ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}

/** TFRecord's masked checksum: rotated right by 15 bits, plus a constant, so that a CRC of data with CRCs in it stays useful. */
function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes)
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}

/** TFRecord framing: length (8 bytes), its checksum, the data, its checksum; little endian. */
function frame(data: Uint8Array): Buffer {
  const record = Buffer.alloc(12 + data.length + 4)
  record.writeBigUInt64LE(BigInt(data.length), 0)
  record.writeUInt32LE(maskedCrc(record.subarray(0, 8)), 8)
  record.set(data, 12)
  record.writeUInt32LE(maskedCrc(data), 12 + data.length)
  return record
}

// Wire types of Protocol Buffers.
const varintType = 0
const fixed64Type = 1
const bytesType = 2
const fixed32Type = 5

function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  while (rest >= 128) {
    bytes.push((rest % 128) | 128)
    rest = Math.floor(rest / 128)
  }
  return [...bytes, rest]
}

const tag = (field: number, type: number): number[] => varint(field * 8 + type)

function bytesField(field: number, content: Uint8Array): Buffer {
  return Buffer.from([...tag(field, bytesType), ...varint(content.length), ...content])
}

function doubleField(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(value)
  return Buffer.from([...tag(field, fixed64Type), ...bytes])
}

function floatField(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatLE(value)
  return Buffer.from([...tag(field, fixed32Type), ...bytes])
}

function integerField(field: number, value: number): Buffer {
  return Buffer.from([...tag(field, varintType), ...varint(value)])
}

/** tensorflow.Event: wall_time = 1, step = 2, then one of file_version = 3, summary = 5, session_log = 7. */
function event(wallTime: number, step: number, what: Buffer): Buffer {
  return frame(Buffer.concat([doubleField(1, wallTime), integerField(2, step), what]))
}

/** tensorflow.Summary: value = 1 { tag = 1, simple_value = 2 }. */
function summary(values: Readonly<Record<string, number>>): Buffer {
  const entries = Object.entries(values).map(([name, value]) =>
    bytesField(1, Buffer.concat([bytesField(1, Buffer.from(name)), floatField(2, value)])),
  )
  return Buffer.concat(entries)
}

let opened = 0

/**
 * Opens a new event file in `folder`: `events.out.tfevents.TIME.HOST.PID.N`. A resumed run opens another beside the first;
 * with `resumeStep` TensorBoard forgets what older files say of that step and later ones.
 * @throws UserError when the file cannot be made.
 */
export function openEventFile(folder: string, options: { readonly resumeStep?: number } = {}): EventWriter {
  const seconds = () => Date.now() / 1000
  const stamp = String(Math.floor(seconds())).padStart(10, '0')
  const file = path.join(folder, `events.out.tfevents.${stamp}.${os.hostname()}.${process.pid}.${opened++}`)
  const guarded = <T>(action: () => T): T => {
    try {
      return action()
    } catch (error) {
      throw fileError(error, 'write', file)
    }
  }
  const descriptor = guarded(() => openSync(file, 'ax'))
  const append = (record: Buffer) => guarded(() => writeSync(descriptor, record))
  append(event(seconds(), 0, bytesField(3, Buffer.from('brain.Event:2'))))
  // SessionLog { status = 1: START = 1 }
  if (options.resumeStep !== undefined) append(event(seconds(), options.resumeStep, bytesField(7, integerField(1, 1))))
  return {
    file,
    scalars: (step, values, wallTime = seconds()) => {
      append(event(wallTime, step, bytesField(5, summary(values))))
    },
    close: () => closeSync(descriptor),
  }
}
