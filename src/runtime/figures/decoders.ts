import { UserError } from '../../errors.ts'
import type { Picture } from '../data/picture.ts'
import { quantise } from '../metrics/samples.ts'
import { outputOf } from '../predict/roles.ts'
import { fieldData, shownOf, type Field } from './field.ts'
import { matrixScene, type Cell, type Matrix } from './matrix.ts'
import { blueOrange, signedMap, suggestSignedMax } from './signed-map.ts'
import {
  captionOf as comparisonCaption,
  definitions,
  enlarges,
  pairOf,
  predicted,
  qualityOf,
  qualityText,
  systemsData,
  type System,
} from './systems.ts'
import type { Figure } from './write-figure.ts'

export interface DecodersOptions {
  readonly field: Field
  readonly systems: readonly System[]
  readonly m: number
  readonly onProgress?: (done: number, total: number, what: string) => void
}

/** What a network paints, in levels of 255, three a pixel. */
export interface Decoded {
  readonly label: string
  /** What neither decoder painted: the picture that the network starts at; where there is none, what its zero looks like. */
  readonly base: Float32Array
  readonly hasBase: boolean
  readonly lpd: Float32Array
  readonly ltd: Float32Array
}

/** Below this many levels a difference is what rounding leaves. */
const rounding = 0.01

const [lpdName, ltdName] = ['by_lpd', 'by_ltd']

/** The local pixel decoder and the local texture decoder, each alone and both together. */
export async function decodersFigure({ field, systems, m, onProgress }: DecodersOptions): Promise<Figure> {
  for (const system of systems) requireDecoders(system, m)
  const pair = pairOf(field.picture, m, systems)
  const truth = shownOf(pair.hr, field, m)
  const all: Decoded[] = []
  for (const [at, system] of systems.entries()) {
    const { model } = system.opened.loaded
    const [from, to] = outputOf(model, undefined).range
    const painted = async (name: string | undefined, step: number): Promise<Float32Array> => {
      const [low, high] = outputOf(model, name).range
      const { data } = await predicted(system, pair, m, name)
      onProgress?.(3 * at + step, 3 * systems.length, `${system.label}: ${name ?? 'the sum'}`)
      return cut(data as Float32Array, pair.hr.width, field).map((unit) => (255 * (unit * (high - low) + low)) / (to - from))
    }
    const [sum, lpd, ltd] = [await painted(undefined, 1), await painted(lpdName, 2), await painted(ltdName, 3)]
    all.push(separated(system.label, sum, lpd, ltd, (-255 * from) / (to - from)))
  }
  const max = suggestSignedMax(Float32Array.from(all.flatMap((one) => mapsOf(one, truth).flatMap((map) => [...map]))))
  const result = (one: Decoded): Picture => pictureOf(truth, one.base, one.lpd, one.ltd)
  const scene = matrixScene({
    field: field.shown,
    ...(field.mpp !== undefined && { mpp: field.mpp }),
    ...(all.length === 1 ? alone(all[0]!, truth, max) : beside(all, truth, max)),
    caption: captionOf(all, systems),
  })
  return {
    title: `${field.name} at x${m}: what the pixel decoder and the texture decoder of ${systems.map(({ label }) => label).join(', ')} paint`,
    scene,
    data: {
      figure: 'decoders',
      ...fieldData(field),
      scale: m,
      ...systemsData(systems),
      signedMaps: {
        unit: 'levels of 255',
        definition: 'mean over red, green and blue, less its own mean over the map; -max is blue, 0 white, max orange',
        max,
      },
      results: all.map((one) => ({
        system: one.label,
        startsAtBase: one.hasBase,
        ...(one.hasBase && { base: qualityOf(pictureOf(truth, one.base), truth) }),
        lpd: statistics(one.lpd),
        ltd: statistics(one.ltd),
        sum: qualityOf(result(one), truth),
      })),
      definitions,
    },
  }
}

function requireDecoders(system: System, m: number): void {
  const { model } = system.opened.loaded
  for (const name of [lpdName, ltdName])
    if (!model.outputs.some((output) => output.name === name))
      throw new UserError(
        `${system.label} has no output ${name}`,
        `it has ${model.outputs.map((output) => output.name).join(', ')}; ISTE and its variants have both decoders`,
      )
  if (!enlarges(system, m)) throw new UserError(`${system.label} does not enlarge by ${m}`)
}

/** What is shown of three values a pixel. */
function cut(data: Float32Array, width: number, { shown }: Field): Float32Array {
  const part = new Float32Array(shown.width * shown.height * 3)
  for (let y = 0; y < shown.height; y += 1) {
    const from = 3 * ((shown.y + y) * width + shown.x)
    part.set(data.subarray(from, from + 3 * shown.width), 3 * y * shown.width)
  }
  return part
}

/** `sum` counts from zero as the decoders do; `neutral` is the level that zero is shown at. */
export function separated(label: string, sum: Float32Array, lpd: Float32Array, ltd: Float32Array, neutral: number): Decoded {
  const base = sum.map((value, at) => value - lpd[at]! - ltd[at]!)
  const hasBase = base.some((value) => Math.abs(value) > rounding)
  return { label, base: base.map((value) => value + neutral), hasBase, lpd, ltd }
}

/** Levels added up, as 8 bits. */
function pictureOf({ width, height }: Picture, ...parts: readonly Float32Array[]): Picture {
  const data = Float32Array.from(parts[0]!, (_, at) => parts.reduce((total, part) => total + part[at]!, 0) / 255)
  return quantise({ width, height, data })
}

/** A value a pixel: the mean over the channels, less the mean of the whole. */
export function centred(values: Float32Array): Float32Array {
  const grey = Float32Array.from({ length: values.length / 3 }, (_, at) => (values[3 * at]! + values[3 * at + 1]! + values[3 * at + 2]!) / 3)
  const mean = grey.reduce((total, value) => total + value, 0) / grey.length
  return grey.map((value) => value - mean)
} // prettier-ignore

const sumOf = ({ lpd, ltd }: Decoded): Float32Array => lpd.map((value, at) => value + ltd[at]!)
const missing = ({ base }: Decoded, truth: Picture): Float32Array => base.map((value, at) => truth.data[at]! - value)

/** What is drawn signed: on a base all that is added to it, else the texture. */
const mapsOf = (one: Decoded, truth: Picture): Float32Array[] =>
  (one.hasBase ? [one.lpd, one.ltd, sumOf(one), missing(one, truth)] : [one.ltd]).map(centred)

function statistics(values: Float32Array): { mean: number; deviation: number } {
  const mean = values.reduce((total, value) => total + value, 0) / values.length
  return { mean, deviation: Math.sqrt(values.reduce((total, value) => total + (value - mean) ** 2, 0) / values.length) }
}

const isNothing = (values: Float32Array): boolean => values.every((value) => Math.abs(value) <= rounding)

const signedCell = (values: Float32Array, { width, height }: Picture, max: number): Cell =>
  isNothing(values) ? { blank: 'paints nothing' } : { picture: signedMap(centred(values), width, height, max) }

const signedKey = (max: number): Cell => ({
  key: {
    colours: blueOrange,
    ticks: [`≤ −${max}`, '0', `≥ ${max}`],
    lines: ['painted, less its mean,', 'levels of 255'],
  },
})

type Cells = Pick<Matrix, 'columns' | 'rows'>

const compared = (picture: Picture, truth: Picture): Cell => ({ picture, note: qualityText(qualityOf(picture, truth)) })

/** One network: its decoders in columns. */
function alone(one: Decoded, truth: Picture, max: number): Cells {
  const { base, lpd, ltd, hasBase } = one
  const truthCell: Cell = { picture: truth, hasScaleBar: true }
  const sum = compared(pictureOf(truth, base, lpd, ltd), truth)
  if (!hasBase)
    return {
      columns: ['LPD alone', 'LTD alone', 'LPD + LTD', 'ground truth'],
      rows: [
        {
          label: 'picture',
          cells: [{ picture: pictureOf(truth, base, lpd) }, { picture: pictureOf(truth, base, ltd) }, sum, truthCell],
        },
        { label: 'texture', cells: [signedKey(max), signedCell(ltd, truth, max)] },
      ],
    }
  return {
    columns: ['base', 'base + LPD', 'base + LTD', 'base + LPD + LTD', 'ground truth'],
    rows: [
      {
        label: 'picture',
        cells: [
          ...[[base], [base, lpd], [base, ltd]].map((parts) => compared(pictureOf(truth, ...parts), truth)),
          sum,
          truthCell,
        ],
      },
      {
        label: 'added to the base',
        cells: [
          signedKey(max),
          { ...signedCell(lpd, truth, max), note: 'LPD' },
          { ...signedCell(ltd, truth, max), note: 'LTD' },
          { ...signedCell(sumOf(one), truth, max), note: 'LPD + LTD' },
          { ...signedCell(missing(one, truth), truth, max), note: 'ground truth − base' },
        ],
      },
    ],
  }
}

/** Several networks in columns, their decoders in rows. */
function beside(all: readonly Decoded[], truth: Picture, max: number): Cells {
  return {
    columns: [...all.map(({ label }) => label), 'ground truth'],
    rows: [
      {
        label: 'LPD',
        cells: [
          ...all.map(({ base, lpd, hasBase }) =>
            hasBase ? signedCell(lpd, truth, max) : { picture: pictureOf(truth, base, lpd) },
          ),
          { picture: truth, hasScaleBar: true },
        ],
      },
      { label: 'LTD', cells: [...all.map(({ ltd }) => signedCell(ltd, truth, max)), signedKey(max)] },
      { label: 'sum', cells: all.map(({ base, lpd, ltd }) => compared(pictureOf(truth, base, lpd, ltd), truth)) },
    ],
  }
}

function captionOf(all: readonly Decoded[], systems: readonly System[]): string[] {
  return [
    ...(all.some(({ hasBase }) => hasBase) ? ['base: the result less what both decoders paint; LPD and LTD add to it.'] : []),
    'Only the sum is trained: a constant may stand in either decoder, so that signed maps leave their mean out.',
    ...comparisonCaption(systems, undefined),
  ]
}
