/** Micrometres of a unit of length, by its names in descriptions of pictures, lower case; µ in its three forms. */
const lengths: readonly (readonly [number, readonly string[]])[] = [
  [1e-4, ['å', '\u212b', 'a', 'angstrom', 'angstroms', 'ångström', 'ångstrom']],
  [1e-6, ['pm', 'picometer', 'picometre', 'picometers', 'picometres']],
  [1e-3, ['nm', 'nanometer', 'nanometre', 'nanometers', 'nanometres', 'nanometer(s)']],
  [
    1,
    ['um', 'µm', 'μm', '\ufffdm', 'micron', 'microns', 'µ', 'μ', 'u', 'micrometer', 'micrometre', 'micrometers', 'micrometres'],
  ],
  [1e3, ['mm', 'millimeter', 'millimetre', 'millimeters', 'millimetres']],
  [1e4, ['cm', 'centimeter', 'centimetre', 'centimeters', 'centimetres']],
  [1e6, ['m', 'meter', 'metre', 'meters', 'metres']],
  [25_400, ['in', 'inch', 'inches', '"']],
]
const byName = new Map(lengths.flatMap(([length, names]) => names.map((name) => [name, length] as const)))

/** Micrometres of a unit of length, by any of its names; undefined for pixels and whatever else is none. */
export function micrometresOf(unit: string): number | undefined {
  // ImageJ writes \u00B5m in letters; XML has entities.
  const plain = unit
    .replace(/\\u([0-9a-f]{4})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/&#x([0-9a-f]{1,5});/gi, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)))
    .replace(/&#(\d{1,6});/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replace(/&micro;/gi, 'µ')
    .trim()
  return byName.get(plain.toLowerCase()) ?? byName.get(plain.normalize('NFKC').toLowerCase())
}

/** Nothing is scanned at more: it is the resolution that a program writes where it knows none. */
const coarsest = 20

/** What a file says of the size of its pixels. */
export interface Resolution {
  /** The words of Aperio, OME or ImageJ. */
  readonly description: string
  /** TIFF's ResolutionUnit: 1 none, 2 inch, 3 centimetre. */
  readonly unit: number
  /** Pixels in one of these, along both sides. */
  readonly across: number
  readonly down: number
}

/** Micrometres a pixel, and in words what of the file says so. */
export interface PixelSize {
  readonly x: number
  readonly y: number
  readonly from: string
}

/** Micrometres a pixel: by the words of the description, which say it most exactly, else by the resolution tags. */
export function micrometres({ description, unit, across, down }: Resolution): PixelSize | undefined {
  const length = unit === 2 ? 25_400 : unit === 3 ? 10_000 : Number.NaN
  const tagged = { x: length / across, y: length / down, from: 'the resolution tags of TIFF' }
  const { x, y, from } = aperio(description) ?? ome(description) ?? imageJ(description, across, down) ?? tagged
  const isSaid = (size: number): boolean => size > 0 && size < coarsest
  return isSaid(x) ? { x, y: isSaid(y) ? y : x, from } : undefined
}

const positive = (text: string | undefined): number | undefined => (Number(text) > 0 ? Number(text) : undefined)

function aperio(description: string): PixelSize | undefined {
  const size = positive(/\bMPP\s*=\s*([0-9.eE+-]+)/.exec(description)?.[1])
  return size === undefined ? undefined : { x: size, y: size, from: "Aperio's MPP" }
}

/** The value of an attribute of XML where it is met first. */
export const attributeIn = (text: string, name: string): string | undefined =>
  new RegExp(`\\b${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`)
    .exec(text)
    ?.slice(1)
    .find((each) => each !== undefined)

function ome(description: string): PixelSize | undefined {
  const sizeOf = (axis: 'X' | 'Y'): number | undefined => {
    const size = positive(attributeIn(description, `PhysicalSize${axis}`))
    const unit = micrometresOf(attributeIn(description, `PhysicalSize${axis}Unit`) ?? 'µm')
    return size === undefined || unit === undefined ? undefined : size * unit
  }
  const x = sizeOf('X')
  return x === undefined ? undefined : { x, y: sizeOf('Y') ?? x, from: "OME's PhysicalSize" }
}

/** ImageJ says the unit in words, and how many pixels it has in the resolution tags, whose own unit is none then. */
function imageJ(description: string, across: number, down: number): PixelSize | undefined {
  if (!description.startsWith('ImageJ=')) return undefined
  const unit = micrometresOf(/^unit=(.*)$/m.exec(description)?.[1] ?? '')
  return unit === undefined || !(across > 0) ? undefined : { x: unit / across, y: unit / down, from: "ImageJ's unit" }
}
