import { crop, type Picture } from '../data/picture.ts'
import { isSrgb, readProfile, toSrgb, wayBack, type WayBack } from '../data/profile.ts'
import type { PictureSource } from '../data/source.ts'
import type { Rectangle } from '../predict/places.ts'
import type { Ground } from '../slides/ground.ts'
import { mendedRegion, type Damage } from '../slides/mended-region.ts'
import type { Slide } from '../slides/slide.ts'

/** A level of a slide in sRGB, read ahead; what cannot be decoded is glass. */
export interface SlideSource extends PictureSource {
  /** Begins to read a part that will be asked for. */
  ahead(part: Rectangle): void
  /** What could not be decoded, each place once. */
  readonly damage: readonly Damage[]
  /** Pixels as they come out of the network in the colours of the slide. */
  back(rgb: Uint8Array, width: number): Promise<Uint8Array>
  /** What the pixels that `back` gives are to be shown through. */
  readonly icc?: Buffer
  readonly notes: readonly string[]
  close(): Promise<void>
}

/** Parts that are held at once: what is computed, and what comes next. */
const heldParts = 2

export async function openSlideSource(slide: Slide, level: number, { glass }: Ground): Promise<SlideSource> {
  const { width, height } = slide.levels[level]!
  const profile = slide.icc && readProfile(slide.icc)
  const fitting = profile?.space === 'RGB' ? profile : undefined
  const converted = fitting && !(await isSrgb(fitting)) ? fitting : undefined
  const way: WayBack | undefined = converted && (await wayBack(converted))
  const damage = new Map<string, Damage>()
  const read = async (x: number, y: number, across: number, down: number): Promise<Picture> => {
    const picture = await mendedRegion(slide, level, x, y, across, down, glass, (found) =>
      damage.set(`${found.x} ${found.y}`, found),
    )
    return converted ? { ...picture, data: await toSrgb(picture.data, across, down, 'RGB', converted) } : picture
  }
  const held: { readonly part: Rectangle; readonly picture: Promise<Picture> }[] = []
  const ahead = (part: Rectangle): void => {
    const { top, left, bottom, right } = part
    const picture = read(left, top, right - left, bottom - top)
    picture.catch(() => undefined) // said where it is asked for
    held.push({ part, picture })
    if (held.length > heldParts) held.shift()
  }
  const name = fitting && `colour profile "${fitting.name}"`
  return {
    width,
    height,
    ahead,
    async region(x, y, across, down) {
      const found = held.find(
        ({ part }) => part.left <= x && part.top <= y && part.right >= x + across && part.bottom >= y + down,
      )
      if (!found) return read(x, y, across, down)
      return crop(await found.picture, x - found.part.left, y - found.part.top, across, down)
    },
    get damage() {
      return [...damage.values()].sort((a, b) => a.y - b.y || a.x - b.x)
    },
    back: (rgb, across) => (way ? way.convert(rgb, across) : Promise.resolve(rgb)),
    ...(fitting && (!converted || way) && { icc: fitting.bytes }),
    notes: [
      ...(slide.icc && !fitting ? ['its colour profile is damaged or not for RGB: not applied'] : []),
      ...(converted
        ? [`computed in sRGB by its ${name}${way ? ', and back' : ', which has no way back: the result is sRGB'}`]
        : []),
    ],
    close: () => way?.close() ?? Promise.resolve(),
  }
}
