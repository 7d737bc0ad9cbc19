import type { Mark } from './scene.ts'

/** A pixel finer than this many micrometres is one of a microscope; a coarser tag is a screen's or a printer's. */
const coarsest = 10

/** Micrometres a pixel by a picture's tag, in pixels an inch, where that can be a microscope's. */
export function micrometres(density: number | undefined): number | undefined {
  const mpp = density === undefined ? undefined : 25_400 / density
  return mpp !== undefined && mpp <= coarsest ? mpp : undefined
}

/** The longest of 1, 2 and 5 times a power of ten that is no longer than `most`. */
export function barLength(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most) + 1e-9)
  return ([5, 2].find((digit) => digit * power <= most * (1 + 1e-9)) ?? 1) * power
}

/** A scale bar in a lower corner of a picture of `pixels` pixels that is drawn in `box`: about a third of its width. */
export function scaleBar(
  box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
  pixels: number,
  mpp: number | undefined,
  isRight = false,
): Mark[] {
  if (mpp === undefined) return []
  const micrometre = box.width / (pixels * mpp)
  const length = barLength((box.width * 0.4) / micrometre)
  const width = length * micrometre
  const [x, y] = [isRight ? box.x + box.width - 6 - width : box.x + 6, box.y + box.height - 10]
  return [
    { kind: 'box', x, y, width, height: 4, fill: 'white', stroke: 'black', strokeWidth: 0.75 },
    { kind: 'text', x: x + width / 2, y: y - 4, text: `${Number(length.toPrecision(3))} µm`, size: 10, anchor: 'middle', isBold: true, halo: 'white' },
  ] // prettier-ignore
}
