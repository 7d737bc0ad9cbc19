import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import sharp from 'sharp'
import { scaleLimits } from '../../compiler/plan.ts'
import type { Extent, Rectangle } from '../predict/places.ts'
import type { Enlarger, View, ViewNetwork } from './enlarger.ts'
import { figureOf } from './figure.ts'
import { imageInformation, largestScale, limits, readRequest, Refused, type ImageRequest } from './iiif.ts'
import type { Library } from './library.ts'
import type { Region } from '../upscale/slide-target.ts'
import type { Shown } from './shown.ts'

/** What answers are made of. */
export interface Served {
  readonly library: Library
  readonly enlarger: Enlarger
  /** The first is what pictures are enlarged with. */
  readonly networks: readonly ViewNetwork[]
}

export interface Answer {
  readonly type: string
  readonly body: Buffer | string
  readonly tag?: string
  readonly name?: string
}

/** Asked again with what is still right. */
export const unchanged = Symbol('unchanged')

const tile = 256
const jpegQuality = 90

const json = (value: unknown): Answer => ({ type: 'application/json', body: JSON.stringify(value) })

/** @throws Refused where nothing is listed so */
async function shownBy({ library }: Served, id: string): Promise<Shown> {
  const shown = await library.open(id)
  if (!shown) throw new Refused(404, `${id} is not here`)
  return shown
}

/** What there is to look at, and with what. */
export async function contents({ library, networks }: Served): Promise<Answer> {
  const all = await library.list()
  return json({
    pictures: all.map(({ id, name }) => ({ id, name })),
    networks: networks.map(({ name, title, hash, opened }) => ({
      name,
      title,
      hash,
      scales: scaleLimits(opened.loaded.model.scale),
    })),
  })
}

export async function facts(served: Served, id: string): Promise<Answer> {
  const { width, height, mpp, magnification } = await shownBy(served, id)
  return json({ id, width, height, ...(mpp && { mpp }), ...(magnification !== undefined && { magnification }) })
}

/** A picture of this name as it is, or as many times larger: `slide.svs@x16`. */
const virtual = /^(.*)@x(\d{1,2})$/s

function factorOf(id: string): readonly [id: string, factor: number] {
  const [, name, times] = virtual.exec(id) ?? []
  const factor = Number(times)
  if (name === undefined) return [id, 1]
  if (factor < 1 || factor > largestScale) throw new Refused(404, `${id}: from @x1 to @x${largestScale}`)
  return [name, factor]
}

export async function information(served: Served, id: string, base: string): Promise<Answer> {
  const [name, factor] = factorOf(id)
  const { width, height } = await shownBy(served, name)
  const address = `${base}/iiif/3/${encodeURIComponent(id)}`
  const full = { width: width * factor, height: height * factor }
  return {
    ...json(imageInformation(address, full, tile)),
    type: 'application/ld+json;profile="http://iiif.io/api/image/3/context.json"',
  }
}

/** An image of the IIIF Image API. */
export async function image(
  served: Served,
  id: string,
  parts: readonly string[],
  known: string | undefined,
  signal: AbortSignal,
): Promise<Answer | typeof unchanged> {
  const [name, factor] = factorOf(id)
  const shown = await shownBy(served, name)
  const request = readRequest(parts, { width: shown.width * factor, height: shown.height * factor })
  const tag = await tagFor(served, shown, [factor, request])
  if (known === tag) return unchanged
  const pixels = await pixelsOf(served, shown, request, factor, signal)
  return { ...(await encoded(pixels, request)), tag }
}

async function tagFor({ networks: [network] }: Served, { file }: Shown, more: readonly unknown[]): Promise<string> {
  const { size, mtimeMs } = await stat(file)
  return tagOf(file, size, mtimeMs, network!.hash, more)
}

/** RGB pixels: as scanned where the region is not enlarged, else by the network. */
async function pixelsOf(
  { enlarger, networks: [network] }: Served,
  shown: Shown,
  { region, width, height }: ImageRequest,
  factor: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const own = { x: region.x / factor, y: region.y / factor, width: region.width / factor, height: region.height / factor }
  const [across, down] = [width / own.width, height / own.height]
  if (across <= 1 && down <= 1) return shown.scanned(wholePixels(own, shown), width, height)
  // What becomes smaller along one axis alone is enlarged along both, and made smaller along it.
  const [right, tall] = [Math.max(width, Math.ceil(own.width)), Math.max(height, Math.ceil(own.height))]
  const extent = {
    width: Math.round((shown.width * right) / own.width),
    height: Math.round((shown.height * tall) / own.height),
  }
  requireScale(network!, extent, shown)
  const left = Math.min(extent.width - right, Math.round((own.x * extent.width) / shown.width))
  const top = Math.min(extent.height - tall, Math.round((own.y * extent.height) / shown.height))
  const part = {
    left: Math.max(0, left),
    top: Math.max(0, top),
    right: Math.max(0, left) + right,
    bottom: Math.max(0, top) + tall,
  }
  const pixels = await enlarger.whole({ shown, network: network!, extent, part }, signal)
  if (right === width && tall === height) return pixels
  return sharp(pixels, { raw: { width: right, height: tall, channels: 3 } })
    .resize(width, height, { fit: 'fill', kernel: 'cubic' })
    .raw()
    .toBuffer()
}

/** A region of a larger virtual picture in whole pixels of the picture. */
function wholePixels({ x, y, width, height }: Region, full: Shown): Region {
  const [left, top] = [Math.min(full.width - 1, Math.floor(x)), Math.min(full.height - 1, Math.floor(y))]
  const [right, bottom] = [Math.min(full.width, Math.ceil(x + width)), Math.min(full.height, Math.ceil(y + height))]
  return { x: left, y: top, width: right - left, height: bottom - top }
}

function requireScale({ name, opened }: ViewNetwork, extent: Extent, shown: Shown): void {
  const [least, most] = scaleLimits(opened.loaded.model.scale)
  const m = Math.sqrt((extent.width / shown.width) * (extent.height / shown.height))
  if (m < least * 0.999 || m > most) throw new Refused(400, `${name} enlarges ${least} to ${most} times, not ${m.toPrecision(3)}`)
}

async function encoded(
  pixels: Uint8Array,
  { width, height, rotation, isMirrored, quality, format }: Omit<ImageRequest, 'region' | 'enlarges'>,
): Promise<Answer> {
  let picture = sharp(pixels, { raw: { width, height, channels: 3 } })
  if (isMirrored) picture = picture.flop()
  if (rotation > 0) picture = sharp(await picture.raw().toBuffer(), { raw: { width, height, channels: 3 } }).rotate(rotation)
  if (quality === 'gray') picture = picture.greyscale()
  if (quality === 'bitonal') picture = picture.greyscale().threshold(128)
  return format === 'png'
    ? { type: 'image/png', body: await picture.png().toBuffer() }
    : { type: 'image/jpeg', body: await picture.jpeg({ quality: jpegQuality, chromaSubsampling: '4:4:4' }).toBuffer() }
}

/** The description of a DeepZoom pyramid. */
export async function deepZoom(served: Served, id: string): Promise<Answer> {
  const { width, height } = await shownBy(served, id)
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Image xmlns="http://schemas.microsoft.com/deepzoom/2008" TileSize="${tile}" Overlap="0" Format="jpg"><Size Width="${width}" Height="${height}"/></Image>\n`
  return { type: 'application/xml', body }
}

/** `LEVEL/COLUMN_ROW.jpg` of a DeepZoom pyramid. */
export async function deepZoomTile(
  served: Served,
  id: string,
  place: string,
  known: string | undefined,
): Promise<Answer | typeof unchanged> {
  const shown = await shownBy(served, id)
  const [, level, column, row] = (/^(\d{1,2})\/(\d{1,6})_(\d{1,6})\.jpg$/.exec(place) ?? []).map(Number)
  const last = Math.ceil(Math.log2(Math.max(shown.width, shown.height)))
  if (level === undefined || level > last) throw new Refused(404, `${place} is no tile`)
  const factor = 2 ** (last - level)
  const size = tile * factor
  const region = { x: column! * size, y: row! * size, width: size, height: size }
  if (region.x >= shown.width || region.y >= shown.height) throw new Refused(404, `${place} is no tile`)
  const own = { ...region, width: Math.min(size, shown.width - region.x), height: Math.min(size, shown.height - region.y) }
  const tag = await tagFor(served, shown, [place])
  if (known === tag) return unchanged
  const [width, height] = [Math.ceil(own.width / factor), Math.ceil(own.height / factor)]
  const pixels = await shown.scanned(own, width, height)
  return { ...(await encoded(pixels, { width, height, rotation: 0, isMirrored: false, quality: 'default', format: 'jpg' })), tag }
}

/** What a page shows: the picture enlarged `zoom` times, and of that the pixels from (left, top) to before (right, bottom). */
async function viewOf(served: Served, id: string, query: URLSearchParams): Promise<View> {
  const shown = await shownBy(served, id)
  const number = (name: string): number => {
    const value = Number(query.get(name) ?? NaN)
    if (!Number.isFinite(value)) throw new Refused(400, `${name} is no number`)
    return value
  }
  const network = served.networks.find(({ name }) => name === query.get('network'))
  if (!network) throw new Refused(404, `there is no network ${query.get('network')}`)
  const zoom = number('zoom')
  const extent = { width: Math.round(shown.width * zoom), height: Math.round(shown.height * zoom) }
  const [left, top, right, bottom] = ['left', 'top', 'right', 'bottom'].map(number) as [number, number, number, number]
  if (![left, top, right, bottom].every(Number.isInteger) || left < 0 || top < 0 || left >= right || top >= bottom || right > extent.width || bottom > extent.height)
    throw new Refused(400, `the view lies outside of ${extent.width} x ${extent.height}`) // prettier-ignore
  if ((right - left) * (bottom - top) > limits.maxArea) throw new Refused(400, `a view has ${limits.maxArea} pixels at most`)
  if (!(zoom >= 1 && zoom <= largestScale)) throw new Refused(400, `a view is enlarged 1 to ${largestScale} times`)
  requireScale(network, extent, shown)
  return { shown, network, extent, part: { left, top, right, bottom } }
}

/**
 * A view as it is computed: for each piece five numbers of 32 bits, least byte first (left, top, width and height in the whole enlarged picture, bytes that follow),
 * and its RGB pixels.
 */
export async function streamView(
  served: Served,
  id: string,
  query: URLSearchParams,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const view = await viewOf(served, id, query)
  const pieces = served.enlarger.pieces(view, signal)
  try {
    const first = await pieces.next() // what is refused is said before anything is sent
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'cache-control': 'no-store' })
    for (let next = first; !next.done && !signal.aborted; next = await pieces.next()) {
      const { place, bytes } = next.value
      response.write(pieceHead(place, bytes.length))
      if (!response.write(bytes)) await drained(response, signal)
    }
  } finally {
    await pieces.return(undefined) // others wait for their turn
  }
  response.end()
}

function pieceHead({ left, top, right, bottom }: Rectangle, length: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(left, top, right - left, bottom - top, length).buffer)
}

/** Who takes nothing for so many milliseconds is left. */
const slow = 30_000

async function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  if (!response.writableNeedDrain) return
  const either = AbortSignal.any([signal, AbortSignal.timeout(slow)])
  await once(response, 'drain', { signal: either }).catch(() => response.destroy())
}

/** A view as a figure: scale bar, what it is, and where it came from. */
export async function figure(served: Served, id: string, query: URLSearchParams, signal: AbortSignal): Promise<Answer> {
  const view = await viewOf(served, id, query)
  const pixels = await served.enlarger.whole(view, signal)
  return {
    type: 'image/png',
    body: await figureOf(id, view, pixels),
    name: `${id.replace(/[^\w.-]+/g, '_')}-x${Number(query.get('zoom')).toFixed(2)}.png`,
  }
}

/** What a browser may keep: another file, another tag. */
const tagOf = (...parts: readonly unknown[]): string =>
  `"${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16)}"`
