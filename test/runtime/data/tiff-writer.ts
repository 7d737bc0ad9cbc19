import { writeFileSync } from 'node:fs'

/** What a TIFF of one page has beside its samples: tags by number, as words of 16 bits, text or a fraction. */
export type Tags = Readonly<Record<number, readonly number[] | string | { readonly over: readonly [number, number] }>>

export interface Page {
  readonly width: number
  readonly height: number
  /** Interleaved; 16 bits each where it is a Uint16Array. */
  readonly samples: Uint8Array | Uint16Array
  /** 2 is RGB. */
  readonly photometric: number
  readonly tags?: Tags
}

const [short, long, ascii, rational] = [3, 4, 2, 5] as const

/** Writes a little-endian TIFF of one strip, with whatever tags are wanted, right or wrong. */
export function writeTiff(file: string, { width, height, samples, photometric, tags = {} }: Page): void {
  const bits = samples instanceof Uint16Array ? 16 : 8
  const channels = samples.length / (width * height)
  const data = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)
  const entry = (tag: number, type: number, count: number, bytes: Buffer) => ({ tag, type, count, bytes })
  const words = (values: readonly number[]): Buffer => {
    const bytes = Buffer.alloc(2 * values.length)
    values.forEach((value, at) => bytes.writeUInt16LE(value, 2 * at))
    return bytes
  }
  const whole = (value: number): Buffer => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32LE(value)
    return bytes
  }
  const own = Object.entries(tags).map(([name, value]) => {
    const tag = Number(name)
    if (typeof value === 'string') return entry(tag, ascii, Buffer.byteLength(value) + 1, Buffer.from(`${value}\0`))
    if ('over' in value) return entry(tag, rational, 1, Buffer.concat(value.over.map(whole)))
    return entry(tag, short, value.length, words(value))
  })
  const basic = [
    entry(256, short, 1, words([width])),
    entry(257, short, 1, words([height])),
    entry(258, short, channels, words(Array.from({ length: channels }, () => bits))),
    entry(259, short, 1, words([1])),
    entry(262, short, 1, words([photometric])),
    entry(273, long, 1, whole(0)),
    entry(277, short, 1, words([channels])),
    entry(278, short, 1, words([height])),
    entry(279, long, 1, whole(data.length)),
  ]
  const entries = [...basic.filter(({ tag }) => tags[tag] === undefined), ...own].sort((a, b) => a.tag - b.tag)
  const after = 8 + 2 + 12 * entries.length + 4
  const aside = entries.filter(({ bytes }) => bytes.length > 4)
  const samplesAt = after + aside.reduce((sum, { bytes }) => sum + bytes.length + (bytes.length % 2), 0)
  const head = Buffer.alloc(after)
  head.write('II*\0\x08\0\0\0', 'latin1')
  head.writeUInt16LE(entries.length, 8)
  let at = after
  entries.forEach(({ tag, type, count, bytes }, index) => {
    const start = 10 + 12 * index
    head.writeUInt16LE(tag, start)
    head.writeUInt16LE(type, start + 2)
    head.writeUInt32LE(count, start + 4)
    if (tag === 273) head.writeUInt32LE(samplesAt, start + 8)
    else if (bytes.length <= 4) bytes.copy(head, start + 8)
    else {
      head.writeUInt32LE(at, start + 8)
      at += bytes.length + (bytes.length % 2)
    }
  })
  const values = aside.map(({ bytes }) => (bytes.length % 2 ? Buffer.concat([bytes, Buffer.alloc(1)]) : bytes))
  writeFileSync(file, Buffer.concat([head, ...values, data]))
}
