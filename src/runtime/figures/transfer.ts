import * as tf from '@tensorflow/tfjs'
import { subgraph } from '../../compiler/ir/graph.ts'
import { isPerQuery } from '../../compiler/plan.ts'
import { UserError } from '../../errors.ts'
import type { Picture } from '../data/picture.ts'
import { pixelCentre } from '../network/coordinates.ts'
import { jobs, lattice, scopeText } from '../predict/candidates.ts'
import { everywhere, indicesOf, type Extent } from '../predict/places.ts'
import { pictureInput } from '../predict/roles.ts'
import { clipOf, pictureValues, tensorsOf } from '../network/per-picture.ts'
import { isLuma, normalised } from '../network/normalised.ts'
import { selectArrows, type ArrowRules, type Transfer } from './arrows.ts'
import { drawArrow } from './draw-arrow.ts'
import { fieldData, type Field } from './field.ts'
import { margin, zoomOf } from './grid.ts'
import { scaleBar } from './scale-bar.ts'
import { pixelsPerUnit, wrapped, type Mark, type Scene } from './scene.ts'
import { enlarges, pairOf, systemsData, type System } from './systems.ts'
import type { Figure } from './write-figure.ts'

export interface TransferOptions {
  /** Its `picture` is what is shown. */
  readonly field: Field
  readonly system: System
  readonly m: number
  /** At most so many arrows. */
  readonly count: number
}

/** One finding of `best_match`: the texture at `from` is the most like the pixel feature at `to`. */
export interface Match extends Transfer {
  /** Which of the corners around the query was compared. */
  readonly corner: number
}

const [scorePath, indexPath] = ['stf.best.score', 'stf.best.index']

/** More at once would not fit into memory. */
const most = 20_000

/** Arrows from where a texture was found to where STF added it, over the picture. */
export async function transferFigure({ field, system, m, count }: TransferOptions): Promise<Figure> {
  const matches = findMatches(system, field, m)
  const { width, height } = pairOf(field.picture, m, [system]).hr
  const others = matches.filter(({ from, to }) => from.x !== to.x || from.y !== to.y)
  const scores = quantiles(others)
  const side = Math.min(width, height)
  const rules: ArrowRules = {
    count,
    alike: scores.threeQuarters,
    least: Math.round(0.06 * side),
    apart: Math.round(0.025 * side),
  }
  const arrows = selectArrows(others, rules)
  if (arrows.length === 0) throw new UserError(`no match of ${field.name} is longer than ${rules.least} pixels`)
  return {
    title: `${field.name} at x${m}: where the STF of ${system.label} found the textures that it adds`,
    scene: sceneOf(field, m, arrows, others, rules),
    data: {
      figure: 'transfer',
      ...fieldData(field),
      scale: m,
      ...systemsData([system]),
      matches: matches.length,
      toItself: matches.length - others.length,
      scores,
      rules: { ...rules, unit: 'pixels' },
      arrows,
    },
  }
}

/** Every best match of the scope's candidates, as they are chosen from when the picture is computed. */
export function findMatches(system: System, field: Field, m: number): Match[] {
  const { opened, scope, label } = system
  const { model } = opened.loaded
  const [score, index] = [scorePath, indexPath].map((path) => model.graph.lets.get(path))
  if (score === undefined || index === undefined)
    throw new UserError(
      `${label} has no ${scorePath} and ${indexPath}`,
      'arrows are drawn for networks with an STF, such as ISTE',
    )
  if (!enlarges(system, m)) throw new UserError(`${label} does not enlarge by ${m}`)
  const { hr, lr, compression } = pairOf(field.picture, m, [system])
  const extent: Extent = { width: hr.width, height: hr.height }
  const areas =
    scope.kind === 'lattice'
      ? [lattice(extent, scope.count)]
      : scope.kind === 'full'
        ? [everywhere(extent)]
        : [...jobs(scope, extent, [], [])].map(({ area }) => area)
  const sets = areas.map((area) => indicesOf(area, extent.width))
  if (sets[0]!.length > most)
    throw new UserError(
      `scope ${scopeText(scope)} compares ${sets[0]!.length} positions at once, more than ${most}`,
      'take lattice(2304), or show less with --at',
    )
  const graph = subgraph(model.graph, model.graph.inputs.filter(({ name }) => name !== 'target'), [
    { name: 'score', value: score },
    { name: 'index', value: index },
  ]) // prettier-ignore
  const network = opened.network.lower(graph, `${model.name}_matches`)
  const clip = model.evaluate.cellClip
  const cell = clipOf(m, clip)
  return sets.flatMap((positions) => {
    const found = tf.tidy(() => {
      const inputs = inputsOf(system, lr, { extent, compression }, positions, cell)
      const given = Object.fromEntries(graph.inputs.map(({ name }) => [name, inputs[name]!]))
      const { score: scores, index: indices } = network.run(given)
      return {
        corners: scores!.shape[2]!,
        scores: scores!.dataSync() as Float32Array,
        indices: indices!.dataSync() as Int32Array,
      }
    })
    const place = (at: number): { x: number; y: number } => ({
      x: positions[at]! % extent.width,
      y: Math.floor(positions[at]! / extent.width),
    })
    return Array.from(found.indices, (from, at) => ({
      from: place(from),
      to: place(Math.floor(at / found.corners)),
      score: found.scores[at]!,
      corner: at % found.corners,
    }))
  })
}

function inputsOf(
  { opened }: System,
  lr: Picture,
  { extent: { width, height }, compression }: { readonly extent: Extent; readonly compression: number },
  positions: Int32Array,
  clip: number,
): Record<string, tf.Tensor> {
  const { model } = opened.loaded
  const shown = pictureInput(model)
  const coord = Float32Array.from({ length: positions.length * 2 }, (_, at) => {
    const position = positions[Math.floor(at / 2)]!
    return at % 2 === 0 ? pixelCentre(Math.floor(position / width), height) : pixelCentre(position % width, width)
  })
  const cell = coord.map((_, at) => (2 * clip) / (at % 2 === 0 ? height : width))
  return {
    ...Object.fromEntries(
      model.inputs
        .filter(isPerQuery)
        .map(({ name, role }) => [name, tf.tensor(role === 'cell' ? cell : coord, [1, positions.length, 2])]),
    ),
    ...tensorsOf(
      model,
      pictureValues(model, { cell: [(2 * clip) / height, (2 * clip) / width], scale: height / lr.height, compression }),
    ),
    [shown.name]: tf.tensor(normalised(lr.data, shown), [1, lr.height, lr.width, isLuma(shown) ? 1 : 3]),
  }
}

function quantiles(
  matches: readonly Match[],
): Readonly<Record<'least' | 'quarter' | 'median' | 'threeQuarters' | 'greatest', number>> {
  const scores = matches.map(({ score }) => score).sort((a, b) => a - b)
  const at = (share: number): number => scores[Math.round(share * (scores.length - 1))]!
  return { least: at(0), quarter: at(0.25), median: at(0.5), threeQuarters: at(0.75), greatest: at(1) }
}

/** Units that the key takes. */
const keyWidth = 450

function sceneOf(field: Field, m: number, arrows: readonly Match[], all: readonly Match[], rules: ArrowRules): Scene {
  const { picture, mpp } = field
  const unit = zoomOf(picture, 1000) / pixelsPerUnit
  const box = { x: margin, y: margin, width: picture.width * unit, height: picture.height * unit }
  const scores = arrows.map(({ score }) => score)
  const [low, high] = [Math.min(...scores), Math.max(...scores)]
  const strength = (score: number): number => (high > low ? (score - low) / (high - low) : 1)
  const at = ({ x, y }: { x: number; y: number }) => ({ x: box.x + (x + 0.5) * unit, y: box.y + (y + 0.5) * unit })
  const width = Math.max(box.width, keyWidth)
  const keyY = box.y + box.height + 18
  const key = [low, (low + high) / 2, high].flatMap((score, place): Mark[] => {
    const x = margin + 168 + place * 96
    return [
      ...drawArrow({ x, y: keyY }, { x: x + 40, y: keyY }, strength(score)),
      { kind: 'text', x: x + 46, y: keyY + 4, text: score.toFixed(3), size: 11 },
    ]
  })
  const lines = wrapped(
    `${arrows.length} of ${all.length.toLocaleString('en')} best matches at ×${m}, from where the texture was found to where it is added: the most alike of the best quarter that are at least ${rules.least} px long and ${rules.apart} px apart.`,
    10,
    width,
  )
  // The weakest first, so that the most alike lie above them.
  const drawn = [...arrows].sort((a, b) => a.score - b.score)
  return {
    width: width + 2 * margin,
    height: keyY + 18 + 13 * lines.length,
    marks: [
      { kind: 'picture', ...box, picture },
      ...scaleBar(box, picture.width, mpp),
      ...drawn.flatMap(({ from, to, score }) => drawArrow(at(from), at(to), strength(score))),
      { kind: 'text', x: margin, y: keyY + 4, text: 'cosine of pixel and texture', size: 11 },
      ...key,
      ...lines.map((text, at): Mark => ({ kind: 'text', x: margin, y: keyY + 22 + 13 * at, text, size: 10, colour: '#333' })),
    ],
  }
}
