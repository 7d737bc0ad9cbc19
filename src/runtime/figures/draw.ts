import sharp from 'sharp'
import type { Picture } from '../data/picture.ts'
import { resize } from '../data/pillow.ts'
import { isPicture, isVector, pixelsPerUnit, type PictureMark, type Scene, type VectorMark } from './scene.ts'

const fonts = "'Liberation Sans', Arial, Helvetica, 'DejaVu Sans', sans-serif"

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (letter) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[letter]!)

const short = (value: number): string => String(Number(value.toFixed(3)))

function vector(mark: VectorMark): string {
  switch (mark.kind) {
    case 'text': {
      const { x, y, text, size, anchor = 'start', isBold, colour = '#111', halo, angle } = mark
      const turn = angle === undefined ? '' : ` transform="rotate(${angle} ${short(x)} ${short(y)})"`
      const edge = halo === undefined ? '' : ` stroke="${halo}" stroke-width="2.5" stroke-linejoin="round" paint-order="stroke"`
      const weight = isBold ? ' font-weight="bold"' : ''
      return `<text x="${short(x)}" y="${short(y)}" font-size="${short(size)}" text-anchor="${anchor}" fill="${colour}"${weight}${edge}${turn}>${escaped(text)}</text>`
    }
    case 'box': {
      const { x, y, width, height, fill = 'none', stroke = 'none', strokeWidth = 1 } = mark
      return `<rect x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}" fill="${fill}" stroke="${stroke}" stroke-width="${short(strokeWidth)}"/>`
    }
    case 'path': {
      const { d, fill = 'none', stroke = 'none', strokeWidth = 1, opacity = 1 } = mark
      return `<path d="${d}" fill="${fill}" stroke="${stroke}" stroke-width="${short(strokeWidth)}" opacity="${short(opacity)}"/>`
    }
  }
}

const document = ({ width, height }: Scene, title: string, inside: readonly string[]): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${short(width)}" height="${short(height)}" viewBox="0 0 ${short(width)} ${short(height)}" font-family="${fonts}">`,
    `<title>${escaped(title)}</title>`,
    ...inside,
    '</svg>\n',
  ].join('\n')

const png = (picture: Picture): Promise<Buffer> =>
  sharp(picture.data, { raw: { width: picture.width, height: picture.height, channels: 3 } })
    .png({ compressionLevel: 9 })
    .toBuffer()

/** Whether each pixel becomes a square of the PNG's. */
const isSquare = ({ picture, width, height }: PictureMark): boolean =>
  Number.isInteger((width * pixelsPerUnit) / picture.width) && Number.isInteger((height * pixelsPerUnit) / picture.height)

/** The figure as one SVG file that needs no other: its pictures are inside, pixel by pixel. */
export async function toSvg(scene: Scene, title: string): Promise<string> {
  const pictures = await Promise.all(
    scene.marks.filter(isPicture).map(async (mark) => {
      const data = (await png(mark.picture)).toString('base64')
      const rendering = isSquare(mark) ? ' style="image-rendering:pixelated"' : ''
      return `<image x="${short(mark.x)}" y="${short(mark.y)}" width="${short(mark.width)}" height="${short(mark.height)}" preserveAspectRatio="none"${rendering} href="data:image/png;base64,${data}"/>`
    }),
  )
  const paper = `<rect width="100%" height="100%" fill="white"/>`
  return document(scene, title, [paper, ...pictures, ...scene.marks.filter(isVector).map(vector)])
}

/** The figure as pixels, `pixelsPerUnit` a unit. */
export async function toPicture(scene: Scene): Promise<Picture> {
  const width = Math.ceil(scene.width * pixelsPerUnit)
  const height = Math.ceil(scene.height * pixelsPerUnit)
  const canvas = new Uint8Array(width * height * 3).fill(255)
  for (const mark of scene.marks.filter(isPicture)) paint(canvas, width, mark)
  const above = document(scene, '', scene.marks.filter(isVector).map(vector))
  const { data } = await sharp(canvas, { raw: { width, height, channels: 3 } })
    .composite([{ input: Buffer.from(above), density: 72 * pixelsPerUnit, left: 0, top: 0 }])
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  return { width, height, data: new Uint8Array(data) }
}

/** Sets the pixels of a picture into the canvas: repeated where that gives squares, else interpolated. */
function paint(canvas: Uint8Array, canvasWidth: number, mark: PictureMark): void {
  const [left, top, width, height] = [mark.x, mark.y, mark.width, mark.height].map((value) =>
    Math.round(value * pixelsPerUnit),
  ) as [number, number, number, number]
  const picture = isSquare(mark) ? mark.picture : resize(mark.picture, width, height, 'bicubic')
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const from = Math.floor((y * picture.height) / height) * picture.width + Math.floor((x * picture.width) / width)
      canvas.set(picture.data.subarray(3 * from, 3 * from + 3), 3 * ((top + y) * canvasWidth + left + x))
    }
}

let drawsText: Promise<boolean> | undefined

/** Whether a font is found for the letters of a figure. */
export function hasFont(): Promise<boolean> {
  return (drawsText ??= toPicture({ width: 20, height: 20, marks: [{ kind: 'text', x: 2, y: 16, text: 'M', size: 16 }] }).then(
    ({ data }) => data.some((value) => value < 128),
  ))
}
