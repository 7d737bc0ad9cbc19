import sharp from 'sharp'
import { listData } from '../src/runtime/data/dataset.ts'
import { strengthOf } from '../src/runtime/data/compression.ts'
import { jpegTraces } from '../src/runtime/data/jpeg-traces.ts'
import { crop, type Picture } from '../src/runtime/data/picture.ts'
import { readPicture } from '../src/runtime/data/read-picture.ts'
import { resize } from '../src/runtime/data/pillow.ts'
import { loadEngine } from '../src/runtime/engine/index.ts'
import { psnr } from '../src/runtime/metrics/psnr.ts'
import { quantise } from '../src/runtime/metrics/samples.ts'
import { openNetwork } from '../src/runtime/network/open-network.ts'
import { asWritten, createPredictor } from '../src/runtime/predict/predict.ts'
import { carriedFile, carriedWeights } from '../src/runtime/weights/carried.ts'
import { print, row } from './print.ts'
import { held } from '../src/runtime/data/source.ts'

/** How often a picture that was a JPEG is recognised by its pixels, and with which quality. */
export interface Recognised {
  /** Undefined for pictures that were not compressed. */
  readonly quality?: number
  readonly subsampling?: string
  /** Of a square part at an odd place; undefined for the whole. */
  readonly side?: number
  readonly pictures: number
  readonly found: number
  readonly exact: number
}

/** What carried weights gain over Bicubic, in dB, mean over pictures and worst of them. */
export interface Gain {
  readonly scale: number
  /** Undefined for pictures that were not compressed. */
  readonly quality?: number
  readonly weights: string
  readonly bicubic: number
  readonly mean: number
  readonly worst: number
}

const qualities = [98, 95, 90, 80, 60, 40, 20]
const sides = [undefined, 128, 64]

/** Makes every picture smaller, so that whatever it was compressed with before is gone, stores it as JPEG, and looks for traces in parts of it. */
export async function recognise(sources: readonly string[]): Promise<Recognised[]> {
  const pictures = await smallPictures(sources, 2)
  const kinds = [
    undefined,
    ...qualities.flatMap((quality) => ['4:2:0', '4:4:4'].map((subsampling) => ({ quality, subsampling }))),
  ]
  const results: Recognised[] = []
  print(row(['JPEG, part', 'pictures', 'found', 'exact']))
  for (const kind of kinds)
    for (const side of sides) {
      const found: (number | undefined)[] = []
      for (const [at, small] of pictures.entries()) {
        const picture = kind ? await throughJpeg(small, kind.quality, kind.subsampling) : small
        const [x, y] = [1 + ((3 * at) % 7), 1 + ((5 * at) % 7)]
        const [width, height] = [side ?? picture.width - x, side ?? picture.height - y]
        // On the grid in the middle, then away from it: corners are often without tissue.
        const start = (length: number, away: number): number =>
          (side === undefined ? 0 : 8 * Math.floor((length - side) / 16)) + away
        const [left, top] = [start(picture.width, x), start(picture.height, y)]
        if (left + width > picture.width || top + height > picture.height) continue
        const part = crop(picture, left, top, width, height)
        found.push(jpegTraces({ ...part, space: 'RGB', samples: part.data })?.quality)
      }
      if (found.length === 0) continue
      const result = {
        ...kind,
        ...(side !== undefined && { side }),
        pictures: found.length,
        found: found.filter((quality) => quality !== undefined).length,
        exact: found.filter((quality) => quality !== undefined && quality === kind?.quality).length,
      }
      results.push(result)
      print(
        row([
          `${kind ? `${kind.quality} ${kind.subsampling}` : 'none'}, ${side === undefined ? 'whole' : `${side} x ${side}`}`,
          ...[result.pictures, result.found, result.exact].map(String),
        ]),
      )
    }
  return results
}

/** The middle of every picture, at most 384 x 384, made smaller by Pillow's bicubic, stored as JPEG 4:2:0, enlarged by the carried weights. */
export async function measureGains(sources: readonly string[], scale: number): Promise<Gain[]> {
  await loadEngine({ say: () => undefined })
  const truths = (await picturesOf(sources)).map((picture) => middle(picture, 384))
  const networks = await Promise.all(
    carriedWeights.map(async (weights) => ({ name: weights.name, opened: await openNetwork(carriedFile(weights)) })),
  )
  const results: Gain[] = []
  print(row([`x${scale}, dB over Bicubic`, 'Bicubic', 'mean', 'worst']))
  for (const quality of [undefined, 98, 95, 90, 80, 60, 30]) {
    const gains = new Map<string, number[]>(networks.map(({ name }) => [name, []]))
    const base: number[] = []
    for (const whole of truths) {
      const small = shrunk(whole, scale)
      const truth = crop(whole, 0, 0, Math.round(small.width * scale), Math.round(small.height * scale))
      const seen = quality === undefined ? small : await throughJpeg(small, quality, '4:2:0')
      const options = { shave: Math.ceil(scale) + 6 }
      const bicubic = psnr(resize(seen, truth.width, truth.height, 'bicubic'), truth, options)
      base.push(bicubic)
      for (const { name, opened } of networks) {
        const { model } = opened.loaded
        const compression = strengthOf(quality === undefined ? undefined : { quality })
        const data = await createPredictor(model, opened.network).whole(held(seen), {
          extent: truth,
          m: scale,
          compression,
          ...asWritten(model, undefined, compression),
        })
        const enlarged = quantise({ width: truth.width, height: truth.height, data })
        gains.get(name)!.push(psnr(enlarged, truth, options) - bicubic)
      }
    }
    for (const [weights, each] of gains) {
      const gain = {
        scale,
        ...(quality !== undefined && { quality }),
        weights,
        bicubic: mean(base),
        mean: mean(each),
        worst: Math.min(...each),
      }
      results.push(gain)
      print(
        row([
          `${weights}, ${quality === undefined ? 'not compressed' : `JPEG ${quality}`}`,
          ...[gain.bicubic, gain.mean, gain.worst].map((value) => value.toFixed(2)),
        ]),
      )
    }
  }
  return results
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

async function picturesOf(sources: readonly string[]): Promise<Picture[]> {
  const entries = await listData(sources)
  return Promise.all(entries.map(async ({ path }) => (await readPicture(path)).picture))
}

const smallPictures = async (sources: readonly string[], scale: number): Promise<Picture[]> =>
  (await picturesOf(sources)).map((picture) => shrunk(picture, scale))

const shrunk = (picture: Picture, scale: number): Picture =>
  resize(picture, Math.floor(picture.width / scale), Math.floor(picture.height / scale), 'bicubic')

function middle(picture: Picture, side: number): Picture {
  const [width, height] = [Math.min(side, picture.width), Math.min(side, picture.height)]
  return crop(picture, Math.floor((picture.width - width) / 2), Math.floor((picture.height - height) / 2), width, height)
}

/** Stored as JPEG and read again. */
async function throughJpeg({ width, height, data }: Picture, quality: number, chromaSubsampling: string): Promise<Picture> {
  const stored = await sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality, chromaSubsampling })
    .toBuffer()
  return { width, height, data: new Uint8Array(await sharp(stored).raw().toBuffer()) }
}
