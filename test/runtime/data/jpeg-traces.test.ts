import path from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { jpegTraces } from '../../../src/runtime/data/jpeg-traces.ts'
import { resize } from '../../../src/runtime/data/pillow.ts'
import { crop, type Picture } from '../../../src/runtime/data/picture.ts'
import { writePng } from '../../../src/runtime/data/png-writer.ts'
import { readPicture } from '../../../src/runtime/data/read-picture.ts'
import { painted, root, temporaryFolder } from '../network/small.ts'

const read = async (name: string): Promise<Picture> => (await readPicture(path.join(root, 'samples', 'judge', name))).picture
const asSharp = ({ width, height, data }: Picture) => sharp(data, { raw: { width, height, channels: 3 } })
const stored = async (picture: Picture, quality: number, chromaSubsampling = '4:2:0'): Promise<Picture> => {
  const bytes = await asSharp(picture).jpeg({ quality, chromaSubsampling }).toBuffer()
  return { ...picture, data: new Uint8Array(await sharp(bytes).raw().toBuffer()) }
}
const traces = (picture: Picture) => jpegTraces({ ...picture, space: 'RGB', samples: picture.data })

/** Tissue that was never a JPEG, to the last of its pixels. */
let tissue: Picture
/** Tissue of a JPEG, made smaller. */
let smaller: Picture
beforeAll(async () => {
  tissue = await read('tiatoolbox_target_image.png')
  smaller = resize(await read('histoqc_template3.png'), 128, 128, 'bicubic')
})

const qualities = [98, 95, 80, 50, 20].flatMap((quality) => [[quality, '4:2:0'] as const, [quality, '4:4:4'] as const])

describe('a picture that was a JPEG is recognised by its pixels, with its quality', () => {
  it.each(qualities)('%i, %s', async (quality, subsampling) => {
    for (const picture of [tissue, smaller])
      expect(traces(await stored(picture, quality, subsampling))).toEqual({ kind: 'jpeg', quality, from: 'pixels' })
  })

  it('wherever it is cut', async () => {
    const whole = await stored(tissue, 85)
    for (const [x, y] of [[0, 0], [1, 7], [4, 2], [7, 5]] as const) expect(traces(crop(whole, x, y, 100, 90))?.quality).toBe(85) // prettier-ignore
  })

  it('grey', async () => {
    const grey = await asSharp(tissue).toColourspace('b-w').jpeg({ quality: 70 }).toBuffer()
    const samples = new Uint8Array(await sharp(grey).toColourspace('b-w').raw().toBuffer())
    expect(jpegTraces({ width: tissue.width, height: tissue.height, space: 'GRAY', samples })?.quality).toBe(70)
  })

  // The tables in the slide, CMU-1-Small-Region.svs, are those of libjpeg's quality 30, for red, green and blue.
  it('a field of a slide whose JPEGs hold red, green and blue', async () => {
    expect(traces(await read('cmu1_x600_y2160.png'))?.quality).toBe(30)
  })

  it.each([
    ['with hardly any loss, on another grid: by what it lost first', 98, [3, 5] as const, 50],
    ['with some loss, on another grid: by what it lost last', 90, [3, 5] as const, 90],
    ['with some loss, on the same grid: by the greater', 95, [0, 0] as const, 50],
  ])('stored again %s', async (_what, again, [x, y], quality) => {
    const once = await stored(tissue, 50)
    expect(traces(await stored(crop(once, x, y, 240, 240), again))?.quality).toBe(quality)
  })
})

describe('nothing is found', () => {
  const flat = (level: number): Picture => ({ width: 96, height: 96, data: new Uint8Array(96 * 96 * 3).fill(level) })
  it.each<[string, () => Picture | Promise<Picture>]>([
    ['in tissue that was never compressed', () => tissue],
    ['in a JPEG that was made smaller', () => smaller],
    ['in a JPEG that was made larger', async () => resize(await stored(tissue, 60), 300, 300, 'bicubic')],
    ['in JPEG 2000', () => read('tcga-cr-7395_x1174_y490.png')],
    ['in waves', () => painted(128, 128)],
    ['in white', () => flat(255)],
    ['in black', () => flat(0)],
    ['in few colours', async () => ({ ...tissue, data: tissue.data.map((level) => level & 0xe0) })],
    ['in too few blocks', async () => crop(await stored(tissue, 60), 1, 1, 40, 40)],
    ['in fewer pixels than a block has', () => crop(tissue, 0, 0, 5, 7)],
  ])('%s', async (_what, picture) => {
    expect(traces(await picture())).toBeUndefined()
  })

  it('in inks', () => {
    expect(jpegTraces({ width: 64, height: 64, space: 'CMYK', samples: new Uint8Array(64 * 64 * 4) })).toBeUndefined()
  })
})

describe('a file', () => {
  const folder = temporaryFolder()
  const file = (name: string): string => path.join(folder, name)
  const fixture = (name: string): string => path.join(root, 'test', 'fixtures', 'pictures', name)
  const compression = async (name: string, traces: boolean) => (await readPicture(name, { traces })).compression

  it('that has tables says them, whether pixels are searched or not', async () => {
    await asSharp(tissue).jpeg({ quality: 77 }).toFile(file('a.jpg'))
    await asSharp(tissue).tiff({ compression: 'jpeg', quality: 77 }).toFile(file('strips.tif'))
    await asSharp(tissue).tiff({ compression: 'jpeg', quality: 77, tile: true, tileWidth: 64, tileHeight: 64 }).toFile(file('tiles.tif')) // prettier-ignore
    for (const name of ['a.jpg', 'strips.tif', 'tiles.tif'])
      for (const traces of [true, false])
        expect(await compression(file(name), traces)).toMatchObject({ quality: 77, from: 'tables' })
    expect(await compression(file('a.jpg'), true)).toHaveProperty('subsampling', '4:2:0')
    expect(await compression(fixture('jpeg.tif'), false)).toEqual({
      kind: 'jpeg',
      quality: 95,
      subsampling: '4:4:4',
      from: 'tables',
    })
    expect(await compression(fixture('lzw.tif'), true)).toBeUndefined()
  })

  it('that has none is searched where that is asked for', async () => {
    await writePng(await stored(tissue, 77), file('a.png'))
    expect(await compression(file('a.png'), false)).toBeUndefined()
    expect(await compression(file('a.png'), true)).toEqual({ kind: 'jpeg', quality: 77, from: 'pixels' })
  })

  it('whose pixels show more loss than its tables say is as bad as they are', async () => {
    await asSharp(await stored(tissue, 40))
      .jpeg({ quality: 98 })
      .toFile(file('again.jpg'))
    expect(await compression(file('again.jpg'), false)).toMatchObject({ quality: 98, from: 'tables' })
    expect(await compression(file('again.jpg'), true)).toMatchObject({ quality: 40, from: 'pixels' })
  })

  it('whose samples are taken to other colours is searched before', async () => {
    const { converted } = await readPicture(fixture('wide.png'), { profile: 'convert' })
    await writePng(await stored(tissue, 60), file('wide.png'), { colours: converted! })
    const { notes, compression } = await readPicture(file('wide.png'), { profile: 'convert', traces: true })
    expect(notes).toEqual(['converted to sRGB by its colour profile "Test wide"'])
    expect(compression).toMatchObject({ quality: 60, from: 'pixels' })
  })
})
