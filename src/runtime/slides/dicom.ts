import { open, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import sharp from 'sharp'
import { UserError } from '../../errors.ts'
import type { TileForm } from './big-tiff.ts'
import { dicomHeader, type DicomLevel } from './dicom-dataset.ts'
import type { EnlargedFacts } from './enlarged-facts.ts'
import type { PyramidLevel } from './pyramid.ts'

/** A slide as series of DICOM instances, one a level. */
export interface DicomSeries {
  readonly levels: readonly PyramidLevel[]
  readonly tile: number
  readonly form: TileForm
  readonly facts: EnlargedFacts
  /** What makes this slide another than others. */
  readonly identity: string
  /** The bytes of a frame, and its bytes as they are stored: JPEG, or RGB pixels. */
  lengthOf(level: number, index: number): number
  read(level: number, index: number): Promise<Uint8Array>
}

export const isDicom = (file: string): boolean => path.extname(file).toLowerCase() === '.dcm'

/** Where a level stands: the full size under the name of the slide, the others beside it. Readers find them by their series. */
const dicomFile = (file: string, level: number): string =>
  level === 0 ? file : `${file.slice(0, -path.extname(file).length)}.level-${level}${path.extname(file)}`

const mostNative = 2 ** 32 - 2

/** @throws UserError where DICOM cannot hold such a slide. */
export function requireDicom(file: string, form: TileForm, facts: object, { across, down }: PyramidLevel, tile: number): void {
  if (!('mpp' in facts))
    throw new UserError(`${file}: DICOM must say how large pixels are, and the slide does not`, 'say it with --source-mpp')
  if (form !== 'jpeg' && 3 * across * down * tile * tile > mostNative)
    throw new UserError(
      `${file}: ${across * down} tiles that lose nothing are more than the 4 GiB that DICOM holds without compression`,
      'leave --lossless away, enlarge a --region, or write a .tif',
    )
}

/**
 * Writes all levels (PS3.3 A.32.8, PS3.5 A.4), each under a temporary name, which are renamed when all are whole, the full size last.
 * @throws an error of the system where the disk is full
 */
export async function writeDicom(file: string, series: DicomSeries): Promise<void> {
  const icc = series.facts.icc ?? (await standardProfile())
  const facts = { ...series.facts, mpp: series.facts.mpp!, icc }
  const names = series.levels.map((_, index) => dicomFile(file, index))
  try {
    for (const [index, name] of names.entries()) await writeLevel(temporary(name), levelBytes({ ...series, facts }, index))
    for (const name of [...names].reverse()) await rename(temporary(name), name)
  } finally {
    for (const name of names) await rm(temporary(name), { force: true })
  }
}

async function* levelBytes(series: DicomSeries & Pick<DicomLevel, 'facts'>, index: number): AsyncGenerator<Uint8Array> {
  const { levels, tile, form, facts, identity } = series
  const [full, level] = [levels[0]!, levels[index]!]
  const lengths = Array.from({ length: level.across * level.down }, (_, at) => series.lengthOf(index, at))
  const ratio = (3 * level.width * level.height) / lengths.reduce((sum, length) => sum + length, 0)
  yield dicomHeader({ index, level, full, tile, form, facts, ratio, identity })
  if (form === 'jpeg') {
    yield* framesBegin(lengths)
    for (const [at, length] of lengths.entries()) {
      yield item(itemNumber, even(length))
      yield await series.read(index, at)
      if (even(length) > length) yield Buffer.alloc(1)
    }
    yield item(endNumber, 0)
  } else {
    yield element(0x10, 'OB', 3 * tile * tile * lengths.length)
    for (const at of lengths.keys()) yield await series.read(index, at)
  }
}

const temporary = (name: string): string => `${name}.unfinished`

const even = (length: number): number => length + (length % 2)

/** What stands before the values of an element of group 7FE0, which are of the long form. */
function element(number: number, representation: string, length: number): Buffer {
  const bytes = Buffer.alloc(12)
  bytes.writeUInt16LE(0x7fe0, 0)
  bytes.writeUInt16LE(number, 2)
  bytes.write(representation, 4, 'latin1')
  bytes.writeUInt32LE(length, 8)
  return bytes
}

/** What stands before a frame; the end of all has its form. */
function item(number: number, length: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt16LE(0xfffe, 0)
  bytes.writeUInt16LE(number, 2)
  bytes.writeUInt32LE(length, 4)
  return bytes
}

const [itemNumber, endNumber, undefinedLength] = [0xe000, 0xe0dd, 0xffffffff]

/** What stands before JPEG frames: where each begins, in 32 bits where these suffice, else in 64 (PS3.5 A.4, PS3.3 C.7.6.3). */
function framesBegin(lengths: readonly number[]): Buffer[] {
  const offsets: number[] = []
  let end = 0
  for (const length of lengths) {
    offsets.push(end)
    end += 8 + even(length)
  }
  const frames = element(0x10, 'OB', undefinedLength)
  if (end < undefinedLength) return [frames, item(itemNumber, 4 * offsets.length), Buffer.from(Uint32Array.from(offsets).buffer)]
  const table = (number: number, values: readonly number[]): Buffer[] => [
    element(number, 'OV', 8 * values.length),
    Buffer.from(BigUint64Array.from(values, BigInt).buffer),
  ]
  return [...table(1, offsets), ...table(2, lengths.map(even)), frames, item(itemNumber, 0)]
}

async function writeLevel(name: string, parts: AsyncIterable<Uint8Array>): Promise<void> {
  const handle = await open(name, 'w')
  try {
    await handle.writeFile(parts)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The profile of pictures that name none. */
async function standardProfile(): Promise<Buffer> {
  const pixel = { create: { width: 1, height: 1, channels: 3, background: 'white' } } as const
  const tagged = await sharp(pixel).withIccProfile('srgb').png().toBuffer()
  return (await sharp(tagged).metadata()).icc!
}
