import path from 'node:path'
import { degrade, type PictureOp } from '../data/degrade.ts'
import { gaussianBlur, resize, type Kernel } from '../data/pillow.ts'
import { crop, type Picture } from '../data/picture.ts'
import { readPicture } from '../data/read-picture.ts'
import type { ParityCase } from './case.ts'
import type { Checks } from './check.ts'
import { at, numberOf, numbersOf, textOf, textsOf, type Json } from './json.ts'

/** Pictures that Pillow made, compared byte for byte. */
export async function checkDegradation(data: ParityCase, checks: Checks): Promise<void> {
  const images = at(data.values, 'images')
  for (const image of Array.isArray(images) ? (images as readonly Json[]) : []) await checkImage(data, checks, image)
  const source = textOf(data.values, 'noise', 'source')
  if (source === undefined) return
  const noise = await pictureOf(data, source)
  for (const file of textsOf(data.values, 'noise', 'files') ?? []) {
    const made = noiseOperation(file)
    if (made) comparePictures(checks, file, made(noise), await pictureOf(data, file))
    else checks.skip(file, 'archc does not know what made it')
  }
}

const pictureOf = async ({ folder }: ParityCase, file: string): Promise<Picture> =>
  (await readPicture(path.join(folder, file))).picture

/** The largest difference in grey levels; none is allowed. */
function comparePictures(checks: Checks, name: string, actual: Picture, expected: Picture): void {
  const same = actual.width === expected.width && actual.height === expected.height
  if (same) checks.numbers(name, [...actual.data], [...expected.data], 0)
  else
    checks.claim(
      name,
      false,
      `${actual.width} x ${actual.height} pixels where ${expected.width} x ${expected.height} are expected`,
    )
}

/** What one enlargement's files are made of, by the end of their names. */
async function checkImage(data: ParityCase, checks: Checks, image: Json): Promise<void> {
  const [tag, m] = [textOf(image, 'tag'), numberOf(image, 'm')]
  const [low, radius] = [numbersOf(image, 'lr_wh'), numberOf(image, 'radius')]
  if (tag === undefined || m === undefined || radius === undefined || !low) return
  checks.numbers(`${tag} radius`, [(m - 1) / 2], [radius], 1e-12)
  const hr = await pictureOf(data, `${tag}_hr.png`)
  const [width, height] = low as [number, number]
  const blur: PictureOp = { op: 'blur', sigma: radius }
  const bicubic: PictureOp = { op: 'resize', kernel: 'bicubic' }
  const smaller = degrade(hr, [blur, bicubic], width, height)
  const made: Readonly<Record<string, () => Picture>> = {
    hr: () => hr,
    blur: () => gaussianBlur(hr, radius),
    lr: () => smaller,
    lr_noblur: () => degrade(hr, [bicubic], width, height),
    lr_resize_then_blur: () => degrade(hr, [bicubic, blur], width, height),
    up: () => resize(smaller, hr.width, hr.height, 'bicubic'),
    li: () => {
      const reduced = resize(hr, Math.floor(hr.width / m), Math.floor(hr.height / m), 'bicubic')
      return degrade(reduced, [{ op: 'resize', kernel: 'bilinear' }, blur], hr.width, hr.height)
    },
  }
  for (const file of textsOf(image, 'files') ?? []) {
    const end = file.slice(tag.length + 1, -'.png'.length)
    if (end === 'hr') continue
    if (end === 'source') comparePictures(checks, file, cutToScale(await pictureOf(data, file), m), hr)
    else if (made[end]) comparePictures(checks, file, made[end](), await pictureOf(data, file))
    else checks.skip(file, 'archc does not know what made it')
  }
}

/** The upper left part that is the low-resolution size, rounded down, times the scale. */
function cutToScale(picture: Picture, m: number): Picture {
  const [width, height] = [picture.width, picture.height].map((size) => Math.round(Math.floor(size / m) * m)) as [number, number]
  return crop(picture, 0, 0, width, height)
}

/** `.._blur_r1.5.png`, `.._bicubic_61x20.png`. */
function noiseOperation(file: string): ((picture: Picture) => Picture) | undefined {
  const [, radius] = /_blur_r([\d.]+)\.png$/.exec(file) ?? []
  if (radius !== undefined) return (picture) => gaussianBlur(picture, Number(radius))
  const [, kernel, width, height] = /_(bicubic|bilinear|nearest)_(\d+)x(\d+)\.png$/.exec(file) ?? []
  return kernel === undefined ? undefined : (picture) => resize(picture, Number(width), Number(height), kernel as Kernel)
}
