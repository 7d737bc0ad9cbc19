import { someOf, UserError } from '../../errors.ts'
import { attributeIn } from '../data/micrometres.ts'
import type { TiffPage } from '../data/tiff-directories.ts'

const mostNames = 6

/**
 * @throws UserError for several focal planes or times, and for several channels that are not the colours of one picture, by the words of OME and
 * ImageJ, the planes of an NDPI, or pages that repeat.
 */
export function refusePlanes(file: string, pages: readonly TiffPage[]): void {
  const [full] = pages as [TiffPage]
  const { description, channels } = full
  const same = pages.filter(({ width, height }) => width === full.width && height === full.height)
  const said = inOme(description) ?? inImageJ(description)
  const planes = said?.planes ?? new Set(same.map(({ focalPlane }) => focalPlane)).size
  if (planes > 1) throw stack(file, planes)
  if (said && said.times > 1)
    throw new UserError(`${file}: it is a series of ${said.times} times`, 'export one of them as an OME-TIFF of its own')
  const apart = channels < 3 ? same.filter((page) => page.channels === channels).length : 1
  const count = Math.max(said && said.channels > Math.max(channels, said.samples) ? said.channels : 1, apart)
  if (count > 1) throw fluorescent(file, `${count} channels of ${full.bits[0]} bits`, said?.names)
}

export const stack = (file: string, planes: number): UserError =>
  new UserError(
    `${file}: it is a z-stack of ${planes} focal planes`,
    'export one plane, or a projection of all, as a slide of its own',
  )

/** `samples`: what it has instead of three colours of 8 bits. */
export const fluorescent = (file: string, samples: string, names: readonly string[] = []): UserError =>
  new UserError(
    `${file}: it has ${samples}${names.length > 0 ? ` (${someOf(names, mostNames)})` : ''}, as fluorescence has, not the RGB of bright-field`,
    'bright-field slides in colour are read; export what shows it as RGB of 8 bits',
  )

interface Planes {
  readonly planes: number
  readonly times: number
  readonly channels: number
  /** Of a channel, those in a pixel. */
  readonly samples: number
  readonly names: readonly string[]
}

function inOme(description: string): Planes | undefined {
  const [pixels] = /<(?:\w+:)?Pixels\b[^]*?(?:<\/(?:\w+:)?Pixels>|$)/.exec(description) ?? []
  if (pixels === undefined) return undefined
  const channels = pixels.match(/<(?:\w+:)?Channel\b[^>]*>/g) ?? []
  const count = (name: string, text = pixels): number => Number(attributeIn(text, name) ?? 1)
  return {
    planes: count('SizeZ'),
    times: count('SizeT'),
    channels: count('SizeC'),
    samples: count('SamplesPerPixel', channels[0] ?? ''),
    // Names come out of files and go to terminals.
    names: channels.flatMap(
      (each) =>
        attributeIn(each, 'Name')
          ?.replace(/[^\x20-\x7e]+/g, ' ')
          .slice(0, 40) ?? [],
    ),
  }
}

function inImageJ(description: string): Planes | undefined {
  if (!description.startsWith('ImageJ=')) return undefined
  const count = (name: string): number => Number(new RegExp(`^${name}=(\\d+)`, 'm').exec(description)?.[1] ?? 1)
  return { planes: count('slices'), times: count('frames'), channels: count('channels'), samples: 1, names: [] }
}
