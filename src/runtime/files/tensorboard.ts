import { closeSync, openSync, writeSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { double, float, int32, int64, message, one, repeated, text, type Written } from '../../compiler/targets/protobuf.ts'
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
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
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

// The messages of TensorBoard, as far as scalars need them.
const point = message({ tag: one(1, text), simpleValue: one(2, float) })
const summary = message({ values: repeated(1, point) })
const sessionLog = message({ status: one(1, int32) })
const event = message({
  wallTime: one(1, double),
  step: one(2, int64),
  fileVersion: one(3, text),
  summary: one(5, summary),
  sessionLog: one(7, sessionLog),
})

/** A session's status: a run starts, or goes on. */
const start = 1

let opened = 0

/**
 * Opens a new event file in `folder`: `events.out.tfevents.TIME.HOST.PID.N`. A resumed run opens another beside the first;
 * with `resumeStep` TensorBoard forgets what older files say of that step and later ones.
 * @throws UserError when the file cannot be made.
 */
export function openEventFile(folder: string, options: { readonly resumeStep?: number } = {}): EventWriter {
  const seconds = () => Date.now() / 1000
  const stamp = String(Math.floor(seconds())).padStart(10, '0')
  const file = path.join(folder, `events.out.tfevents.${stamp}.${os.hostname()}.${process.pid}.${opened}`)
  opened += 1
  const guarded = <T>(action: () => T): T => {
    try {
      return action()
    } catch (error) {
      throw fileError(error, 'write', file)
    }
  }
  const descriptor = guarded(() => openSync(file, 'ax'))
  const append = (said: Written<typeof event>) => guarded(() => writeSync(descriptor, frame(event.encode(said))))
  append({ wallTime: seconds(), step: 0, fileVersion: 'brain.Event:2' })
  if (options.resumeStep !== undefined) append({ wallTime: seconds(), step: options.resumeStep, sessionLog: { status: start } })
  return {
    file,
    scalars: (step, values, wallTime = seconds()) => {
      const points = Object.entries(values).map(([tag, simpleValue]) => ({ tag, simpleValue }))
      append({ wallTime, step, summary: { values: points } })
    },
    close: () => closeSync(descriptor),
  }
}
