import { copyFileSync, existsSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { crop, type Picture } from '../../../src/runtime/data/picture.ts'
import { openByOpenslide, openSlide, openslide } from '../../../src/runtime/slides/open-slide.ts'
import { mendedRegion, mendedThumbnail, type Damage } from '../../../src/runtime/slides/mended-region.ts'
import type { Slide } from '../../../src/runtime/slides/slide.ts'
import { root, temporaryFolder } from '../network/small.ts'

const folder = temporaryFolder()
const carried = path.join(root, 'samples', 'slides', 'CMU-1-Small-Region.svs')
const damaged = path.join(folder, 'damaged.svs')
const glass = [240, 241, 242] as const

beforeAll(() => {
  copyFileSync(carried, damaged)
  const bytes = readFileSync(carried)
  const starts: number[] = []
  for (let at = bytes.indexOf('ffd8ff', 0, 'hex'); at !== -1; at = bytes.indexOf('ffd8ff', at + 1, 'hex')) starts.push(at)
  const handle = openSync(damaged, 'r+')
  // The 34th tile of ten in a row: 720, 720 to 960, 960 of the full size.
  writeSync(handle, Buffer.alloc(400), 0, 400, starts[33]!)
})

const readers: readonly [string, (file: string) => Promise<Slide>][] = [
  ['libvips', (file) => openSlide(file)],
  ['OpenSlide', async (file) => openByOpenslide(file, await openslide(() => undefined))],
]

describe.each(readers)('a slide with a tile that is damaged, by %s', (_reader, open) => {
  it('is read but for the places that the tile lies in, which are named and filled', async () => {
    const [whole, broken] = [await open(carried), await open(damaged)]
    const found: Damage[] = []
    const read = (slide: Slide, x: number, y: number): Promise<Picture> =>
      mendedRegion(slide, 0, x, y, 600, 600, glass, (damage) => found.push(damage))
    const true_ = await read(whole, 500, 500)
    expect(found).toEqual([])
    const mended = await read(broken, 500, 500)
    expect(found.length).toBeGreaterThan(0)
    for (const { x, y, width, height, level, reason } of found) {
      expect([level, x % 256, y % 256, width, height]).toEqual([0, 0, 0, 256, 256])
      expect(x < 960 && x + width > 720 && y < 960 && y + height > 720).toBe(true)
      expect(reason).not.toBe('')
    }
    for (let row = 0; row < 600; row += 1)
      for (let column = 0; column < 600; column += 1) {
        const isFilled = found.some(
          ({ x, y }) => column + 500 >= x && column + 500 < x + 256 && row + 500 >= y && row + 500 < y + 256,
        )
        const at = 3 * (600 * row + column)
        const [is, wanted] = [mended.data.subarray(at, at + 3), isFilled ? glass : true_.data.subarray(at, at + 3)]
        if (is.some((value, channel) => value !== wanted[channel])) throw new Error(`${column}, ${row}: ${[...is].join()}`)
      }
    expect((await mendedThumbnail(broken, 222, 297)).data).toHaveLength(3 * 222 * 297)
    // Of what else is asked for the same.
    const other = await mendedRegion(broken, 0, 700, 650, 300, 200, glass, () => undefined)
    expect(other).toEqual(crop(mended, 200, 150, 300, 200))
    whole.close()
    broken.close()
  })

  it('is no slide any more where its file is gone', async () => {
    const gone = path.join(folder, `${_reader}.svs`)
    copyFileSync(carried, gone)
    const slide = await open(gone)
    rmSync(gone)
    expect(existsSync(gone)).toBe(false)
    const found: Damage[] = []
    const outcome = await mendedRegion(slide, 0, 0, 0, 100, 100, glass, (damage) => found.push(damage)).catch(
      (error: unknown) => error,
    )
    // What is open may go on being read; what is opened for each region is named.
    expect(found).toEqual([])
    if (outcome instanceof Error) expect(outcome.message).toMatch(/there is no such file|cannot be opened/)
    slide.close()
  })
})
