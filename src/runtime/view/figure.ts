import sharp from 'sharp'
import { archcVersion } from '../../version.ts'
import { toPicture } from '../figures/draw.ts'
import { scaleBar } from '../figures/scale-bar.ts'
import { pixelsPerUnit, type Scene } from '../figures/scene.ts'
import { checksum } from '../files/checksum.ts'
import type { View } from './enlarger.ts'

const line = 14

/** A view with a scale bar and lines below that say what it is; its EXIF says the same. */
export async function figureOf(name: string, { shown, network, extent, part }: View, pixels: Uint8Array): Promise<Buffer> {
  const [width, height] = [part.right - part.left, part.bottom - part.top]
  const m = Math.sqrt((extent.width / shown.width) * (extent.height / shown.height))
  const mpp = shown.mpp && (shown.mpp.x * shown.width) / extent.width
  const times = shown.magnification === undefined ? '' : `, as ${Number((shown.magnification * m).toPrecision(3))}x`
  const size = mpp === undefined ? '' : `, ${mpp.toPrecision(3)} µm a pixel`
  const { sha256 } = await checksum(shown.file)
  const said = [
    `${name}: enlarged ${Number(m.toPrecision(4))} times${times}${size}`,
    `Computed by ${network.title} (${network.hash}), archc ${archcVersion()}. For research, not for diagnosis: texture is invented.`,
    `From (${part.left}, ${part.top}) of ${extent.width} x ${extent.height}; source SHA-256 ${sha256.slice(0, 16)}`,
  ]
  const [across, down] = [width / pixelsPerUnit, height / pixelsPerUnit]
  const box = { x: 0, y: 0, width: across, height: down }
  const scene: Scene = {
    width: across,
    height: down + line * said.length + 6,
    marks: [
      { kind: 'picture', ...box, picture: { width, height, data: pixels } },
      ...scaleBar(box, width, mpp),
      ...said.map((text, at) => ({ kind: 'text', x: 4, y: down + line * (at + 1), text, size: 10 }) as const),
    ],
  }
  const drawn = await toPicture(scene)
  return sharp(drawn.data, { raw: { width: drawn.width, height: drawn.height, channels: 3 } })
    .withExif({ IFD0: { ImageDescription: said.join(' ').replace(/µ/g, 'u'), Software: `archc ${archcVersion()}` } })
    .png()
    .toBuffer()
}
