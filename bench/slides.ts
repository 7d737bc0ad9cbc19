import os from 'node:os'
import path from 'node:path'
import { rm } from 'node:fs/promises'
import { archcRoot } from '../src/root.ts'
import { archcVersion } from '../src/version.ts'
import { continued, type Picture } from '../src/runtime/data/picture.ts'
import { loadEngine } from '../src/runtime/engine/index.ts'
import { openNetwork } from '../src/runtime/network/open-network.ts'
import { machinePace } from '../src/runtime/predict/pace.ts'
import { EnlargedSlide } from '../src/runtime/slides/enlarged-slide.ts'
import { openSlide } from '../src/runtime/slides/open-slide.ts'
import { upscaleSlide, type SlidePlan } from '../src/runtime/upscale/slide.ts'
import { carriedFile, defaultWeights } from '../src/runtime/weights/carried.ts'

/** A slide at 20x that becomes one at 40x, in a process of its own. */
export interface SlideTimes {
  readonly side: number
  /** Pixels that were computed, in millions, and the share of all. */
  readonly megapixels: number
  readonly computed: number
  readonly seconds: number
  readonly statedSeconds: number
  readonly peakBytes: number
  readonly statedBytes: number
}

/** The share of a slide that is tissue: a disc in its middle. */
const tissue = 0.3
const [tile, block] = [256, 8]
const glass = 243

export const slideFile = (side: number): string => path.join(os.tmpdir(), `archc-bench-slide-${side}.tif`)

/** Makes a slide of `side` x `side` pixels of tissue that is carried, mirrored at its borders, and glass. It takes some seconds a hundred megapixels. */
export async function makeSlide(side: number): Promise<string> {
  const file = slideFile(side)
  const carried = await openSlide(path.join(archcRoot, 'samples', 'slides', 'CMU-1-Small-Region.svs'))
  const { data, width, height } = await carried.region(0, 620, 1100, 900, 1700)
  carried.close()
  const field: Picture = { data, width, height }
  const across = Math.ceil(side / (tile * block))
  const layout = {
    width: side,
    height: side,
    tile,
    block,
    form: 'jpeg',
    quality: 80,
    glass: [glass, glass, glass],
    blocks: [],
    facts: { mpp: { x: 0.5, y: 0.5 }, magnification: 20, description: 'made of a small slide', model: 'none', modelHash: 'none', sourceHash: 'none', software: `archc ${archcVersion()}` },
  } as const // prettier-ignore
  const made = await EnlargedSlide.open(`${file}.part`, { layout, made: {} }, false)
  const radius = side * Math.sqrt(tissue / Math.PI)
  const length = tile * block
  for (let at = 0; at < across * across; at += 1) {
    const [top, left] = [Math.floor(at / across) * length, (at % across) * length]
    const corners = [0, length].flatMap((down) =>
      [0, length].map((right) => Math.hypot(top + down - side / 2, left + right - side / 2)),
    )
    if (corners.every((away) => away > radius + length)) continue
    const pixels = continued(field, left, top, length, length).data
    for (let row = 0, to = 0; row < length; row += 1)
      for (let column = 0; column < length; column += 1, to += 3)
        if (Math.hypot(top + row - side / 2, left + column - side / 2) > radius) pixels.fill(glass, to, to + 3)
    await made.addBlock(at, pixels, {})
  }
  await made.addUpperLevels()
  await made.finish(file)
  return file
}

/** In a process of its own: what a slide takes that was made before. */
export async function measureSlide(side: number): Promise<SlideTimes> {
  await loadEngine({ name: 'tensorflow', say: () => undefined })
  const pace = await machinePace(() => undefined)
  const opened = await openNetwork(carriedFile(defaultWeights), {}, 'loaded')
  const output = path.join(os.tmpdir(), `archc-bench-enlarged-${side}.tif`)
  let plan: SlidePlan | undefined
  const result = await upscaleSlide(opened, {
    input: slideFile(side),
    output,
    magnification: 40,
    quality: 90,
    tile,
    resume: true,
    pace,
    onPlan: (each) => (plan = each),
  })
  await rm(output)
  return {
    side,
    megapixels: result.megapixels,
    computed: result.computed,
    seconds: result.took,
    statedSeconds: plan!.seconds,
    peakBytes: process.resourceUsage().maxRSS * 1024,
    statedBytes: plan!.bytes,
  }
}
