import { parameterCount } from '../../compiler/ir/graph.ts'
import type { CompiledModel, TrainPlan } from '../../compiler/plan.ts'
import { plural, someOf } from '../../errors.ts'
import type { DataEntry } from '../data/dataset.ts'
import type { PictureLook } from '../data/read-picture.ts'
import { scalesOf, type Pairs } from '../data/pairs.ts'
import { itemSize } from './batch.ts'
import type { Parts } from './train.ts'

/** `9 pictures of 4 groups`; without groups `9 pictures`. */
function pictures(entries: readonly DataEntry[]): string {
  const groups = new Set(entries.flatMap(({ group }) => group ?? [])).size
  return `${plural(entries.length, 'picture')}${groups > 0 ? ` of ${plural(groups, 'group')}` : ''}`
}

/** `, 1,234 of them frozen`, where the text freezes some. */
function frozen({ graph, train }: CompiledModel): string {
  const own = new Set(graph.weights.map(({ path }) => path))
  const still = (train?.objectives[0]?.graph.weights ?? []).filter(({ path, rate }) => rate === 0 && own.has(path))
  const count = parameterCount({ ...graph, weights: still })
  return count === 0 ? '' : `, ${count.toLocaleString('en')} of them frozen`
}

/** What is trained, and on what: the line that training begins with. */
export function openingLine(model: CompiledModel, { train, val }: Parts): string {
  const network = [model.name, ...model.variants, ...(model.preset ? [`preset ${model.preset}`] : [])].join(', ')
  const share = Math.round((100 * val.length) / (train.length + val.length))
  const aside = val.length === 0 ? 'none set aside' : `${pictures(val)} (${share} %) set aside for validation`
  return `training ${network}: ${parameterCount(model.graph).toLocaleString('en')} parameters${frozen(model)}, on ${pictures(train)}; ${aside}`
}

/** What is made elsewhere: `low-resolution pictures are ready-made for 8 of 9 pictures, x2: degrade is not applied to these`. */
export function pairsLine(count: number, pairs: Pairs): string {
  const all = scalesOf(pairs).map((m) => `x${Number(m.toPrecision(4))}`)
  const shown = all.length > 4 ? `${all[0]} to ${all.at(-1)}` : all.join(', ')
  return `low-resolution pictures are ready-made for ${pairs.size} of ${plural(count, 'picture')}, ${shown}: degrade is not applied to these`
}

/** Which pictures are smaller than an item may be, undefined where none is: their mirror images go on where they end. */
export function smallLine(
  model: CompiledModel,
  plan: TrainPlan,
  entries: readonly DataEntry[],
  looks: ReadonlyMap<string, PictureLook> | undefined,
): string | undefined {
  const { width, height } = itemSize(model, plan)
  const small = entries.flatMap(({ name, path, low }) => {
    const look = low ? undefined : looks?.get(path)
    return look && (look.width < width || look.height < height) ? [`${name} (${look.width} x ${look.height})`] : []
  })
  if (small.length === 0) return undefined
  return `smaller than an item of ${width} x ${height} pixels, so continued by mirror images: ${someOf(small, 3)}`
}
