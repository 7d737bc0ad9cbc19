import { stat } from 'node:fs/promises'
import path from 'node:path'
import type { Weight } from '../../compiler/ir/graph.ts'
import { UserError } from '../../errors.ts'
import type { Tensor } from '../files/safetensors.ts'
import type { LoadedModel } from '../network/load-model.ts'
import { writeNetworkFile } from '../network/network-file.ts'
import { requireFiniteWeights } from '../network/network.ts'
import { bestFit, nearness, shippedMaps, type Fit } from './fit.ts'
import { planByPath, readMap, type Mapped, type WeightMap } from './map.ts'
import { pytorchPaths } from './own-names.ts'
import { inParts } from './parts.ts'
import { asFloats, chooseSet, mappedBy, setsOf, type OtherSet, type TensorSet } from './sets.ts'
import { openWeights, type NamedTensors, type WeightSource } from './source.ts'

export interface ImportOptions {
  /** The files that hold the weights, one in most cases; a GAN's networks may stand in one each. */
  readonly files: readonly string[]
  readonly into: LoadedModel
  /** One of archc's maps by its name, or a file of the user's; else the one that fits best. */
  readonly map?: string
  /** The keys that lead to the tensors, `model.sd`; else the dict that fits best. */
  readonly key?: string
  /** Takes what stands below these weight paths alone; else everything, and everything must be there. */
  readonly parts?: readonly string[]
}

/** Weights of a model from somebody's file, nothing missing and nothing of another shape. */
export interface Imported {
  readonly tensors: ReadonlyMap<string, Tensor>
  readonly form: WeightSource['form']
  readonly key: string
  /** Undefined where the file has archc's own names. */
  readonly map?: WeightMap
  /** How many tensors of the file were taken. */
  readonly taken: number
  /** Tensors that the map knows to be no weights: dead modules, buffers. */
  readonly ignored: Mapped['ignored']
  /** Tensors that nothing is known of; they may be of another part of that network. */
  readonly leftOver: readonly string[]
  /** Weights that only training needs (an adversary's) and that no file gives. */
  readonly anew: readonly string[]
  /** Weights of the model that were not asked for. */
  readonly left: readonly string[]
  /** What else the file holds under names: an average, a discriminator. */
  readonly others: readonly OtherSet[]
}

/**
 * Reads weights of a model from files in official or own names.
 * @throws UserError naming the file: it is damaged, it holds more than tensors, no tensor is a weight of the model, or weights
 * are missing, misshapen or too many (layers that the model does not have), which are listed in full.
 */
export async function importWeights({ files, into, map, key, parts }: ImportOptions): Promise<Imported> {
  const sources: WeightSource[] = []
  try {
    for (const file of files) sources.push(await openWeights(file))
    const shown = files.join(' and ')
    const { required, adversary, left } = weightsOf(into, parts)
    const all = [...required, ...adversary]
    const texts = [into.file, ...(into.options.variants ?? [])]
    const maps = map === undefined ? [undefined, ...shippedMaps(), pytorchPaths({ weights: all })] : [readMap(map)]
    const likeliest = (views: readonly NamedTensors[]): NamedTensors => bestFit(views, maps, all, texts).dict
    const sets =
      sources.length === 1
        ? setsOf(sources[0]!.dicts, key, shown)
        : setsOf([together(sources, files, key, likeliest)], undefined, shown)
    const { fit, others } = await chooseSet(sets, { maps, weights: parts ? all : required, all, texts, file: shown })
    if (fit.given === 0) throw strangers(shown, fit, all, map, sets)
    const mapped = await mappedBy(fit, all)
    const groups = new Set(adversary.filter((weight) => mapped.tensors.has(weight.path)).map((weight) => weight.group))
    const anew = new Set(adversary.filter((weight) => !groups.has(weight.group)).map((weight) => weight.path))
    const missing = mapped.missing.filter((name) => !anew.has(name))
    if (missing.length + mapped.misshapen.length + (parts ? 0 : mapped.unused.length) > 0)
      throw misfit(shown, fit, { ...mapped, ignored: fit.ignored, missing }, all, texts)
    const tensors = new Map(
      all.flatMap(({ path }) => (mapped.tensors.has(path) ? [[path, asFloats(mapped.tensors.get(path)!)] as const] : [])),
    )
    requireFiniteWeights(tensors, shown)
    return {
      tensors,
      form: sources[0]!.form,
      key: fit.dict.key,
      ...(fit.map && { map: fit.map }),
      taken: fit.wanted.length - mapped.leftOver.length,
      ignored: fit.ignored,
      leftOver: mapped.leftOver,
      anew: [...anew],
      left,
      others,
    }
  } finally {
    for (const source of sources) await source.close()
  }
}

/**
 * Writes imported weights and the text of their model as a network file, whole or not at all. Another file of that name is replaced.
 * @throws UserError where `place` is a folder, the name of a text or one of the files that were read, or cannot be written.
 */
export async function writeImported(place: string, { files, into }: ImportOptions, imported: Imported): Promise<void> {
  await checkPlace(place, files, into)
  const { text, file, options } = into
  const origin = { files, form: imported.form, key: imported.key, map: imported.map?.name ?? null }
  await writeNetworkFile(place, { text, file, options, tensors: imported.tensors, imported: origin })
}

/** Refuses a folder, and what the user would not want to lose. */
async function checkPlace(place: string, files: readonly string[], into: LoadedModel): Promise<void> {
  if (place.endsWith('.arch'))
    throw new UserError(`cannot write ${place}: what ends in .arch is a text`, 'name a .safetensors file')
  const there = await stat(place).catch(() => undefined)
  if (there?.isDirectory()) {
    const name = `${path.basename(into.file, '.arch')}.safetensors`
    throw new UserError(`cannot write ${place}: it is a folder`, `a network file is one file: name ${path.join(place, name)}`)
  }
  if (there && files.some((file) => path.resolve(file) === path.resolve(place)))
    throw new UserError(`cannot write ${place}: the weights are read from it`, 'name another file')
}

/** What the model computes with, and what only its training does; of both what is asked for, and the paths of the rest. */
function weightsOf(
  { model }: LoadedModel,
  parts: readonly string[] | undefined,
): { required: readonly Weight[]; adversary: readonly Weight[]; left: readonly string[] } {
  const required = model.graph.weights
  const own = new Set(required.map((weight) => weight.path))
  const others = (model.train?.objectives ?? []).flatMap((objective) => objective.graph.weights)
  const adversary = new Map(others.filter((weight) => !own.has(weight.path)).map((weight) => [weight.path, weight]))
  const all = [...required, ...adversary.values()]
  const asked = inParts(all, parts)
  return {
    required: asked.filter(({ path }) => own.has(path)),
    adversary: asked.filter(({ path }) => !own.has(path)),
    left: all.filter((weight) => !asked.includes(weight)).map(({ path }) => path),
  }
}

/** The likeliest tensors of several files as those of one. */
function together(
  sources: readonly WeightSource[],
  files: readonly string[],
  key: string | undefined,
  likeliest: (views: readonly NamedTensors[]) => NamedTensors,
): NamedTensors {
  const parts = sources.map((source, at) => likeliest(setsOf(source.dicts, key, files[at]!)[0]!.views.likely))
  const names = parts.flatMap((part) => part.names)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) throw new UserError(`${files.join(' and ')} both hold a tensor ${twice}`)
  return {
    key: key ?? '',
    names,
    shapeOf: (name) => parts.find((part) => part.names.includes(name))!.shapeOf(name),
    async load(wanted) {
      const loaded = await Promise.all(parts.map((part) => part.load(part.names.filter((name) => wanted.includes(name)))))
      return new Map(loaded.flatMap((tensors) => [...tensors]))
    },
  }
}

const some = (names: readonly string[]): string => names.slice(0, 4).join(', ') + (names.length > 4 ? ', ..' : '')

function strangers(
  file: string,
  { dict }: Fit,
  weights: readonly Weight[],
  map: string | undefined,
  sets: readonly TensorSet[],
): UserError {
  const more =
    sets.length > 1 ? `\n  the file's sets are ${sets.map(({ dict: { key } }) => key || '(the whole file)').join(', ')}` : ''
  const how = map === undefined ? 'by its own names or by any of archc’s maps' : `by the map ${map}`
  return new UserError(
    `${dict.names.length === 1 ? 'the one tensor' : `none of the ${dict.names.length} tensors`} of ${file}` +
      `${dict.key && ` (${dict.key})`} is ${dict.names.length === 1 ? 'no' : 'a'} weight of the model, ${how}\n` +
      `  the file has ${some(dict.names)}\n  the model has ${some(weights.map((weight) => weight.path))}${more}`,
    'name another model with --into, other keys with --key, or a map of your own with --map',
  )
}

/** Everything that does not fit, a line each; a missing weight with the name that it would have in the file. */
function misfit(file: string, fit: Fit, mapped: Mapped, weights: readonly Weight[], texts: readonly string[]): UserError {
  const { map, dict } = fit
  const plan = map && planByPath(map, weights.map((weight) => weight.path)) // prettier-ignore
  const expected = new Map(plan?.transfers.flatMap(({ names, paths }) => paths.map((name) => [name, names.join(' and ')])))
  const known = new Set(mapped.unused.map(({ name }) => name))
  const lines = [
    ...mapped.missing.map((name) => `missing: ${name}${expected.has(name) ? ` (${expected.get(name)})` : ''}`),
    ...mapped.misshapen.map((line) => `another shape: ${line}`),
    ...mapped.unused.map(({ name, path }) => `too many: ${name}${path === name ? '' : ` (${path})`}`),
    ...mapped.leftOver.filter((name) => !known.has(name)).map((name) => `left over: ${name}`),
    ...mapped.ignored.map(({ name, why }) => `no weight: ${name} (${why})`),
  ]
  const where = `${dict.key && ` (${dict.key})`}${map ? `, by the map ${map.name},` : ''}`
  const other = map?.model !== undefined && nearness(map, texts) === 0 ? `; names of this kind fit --into ${map.model}` : ''
  return new UserError(
    `${file}${where} does not fit the model's ${weights.length} weights, nothing was written:\n  ${lines.join('\n  ')}`,
    `the model, --preset, --variant and --set must be those of the training${other}`,
  )
}
