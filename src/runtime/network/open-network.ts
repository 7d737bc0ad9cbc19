import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import type { CompileOptions } from '../../compiler/index.ts'
import { scaleLimits } from '../../compiler/plan.ts'
import { UserError } from '../../errors.ts'
import { activeEngine } from '../engine/index.ts'
import { openRun, weightsOf, type Run } from '../files/run-folder.ts'
import { readSafetensors, type Tensor } from '../files/safetensors.ts'
import { loadModel, modelOfRun, type LoadedModel } from './load-model.ts'
import { modelOfFile, readNetworkFile, writeNetworkFile } from './network-file.ts'
import { createNetwork, loadWeights, type Execution, type Network } from './network.ts'

/** @throws UserError where the network does not enlarge so many times. */
export function checkScale({ loaded: { model } }: OpenedNetwork, scale: number): void {
  const [least, most] = scaleLimits(model.scale)
  if (scale < least || scale > most)
    throw new UserError(`${model.name} enlarges ${least === most ? least : `${least} to ${most}`} times, not ${scale}`)
}

/** A network with its weights, ready to compute. */
export interface OpenedNetwork {
  readonly loaded: LoadedModel
  readonly network: Network
  /** SHA-256 over text and weights, shortened: what a picture's metadata names. */
  readonly hash: string
  /** Where it came from, as the user named it. */
  readonly source: string
  readonly run?: Run
  /** Where its weights are running means of those that training moved: the share of a mean that an update kept. */
  readonly averaged?: number
}

/** ` averaged`, where the weights are: in front of what they are called. */
export const averagedText = ({ averaged }: Pick<OpenedNetwork, 'averaged'>): string => (averaged === undefined ? '' : ' averaged')

/**
 * Opens a run folder (its newest whole weights), one checkpoint of it, a network file (text and weights in one), or a model
 * file that learns nothing (Bicubic). `execution` is TensorFlow's; another engine computes by layers. What has weights takes of the options `sets` alone, which must leave them their shapes: fields of `evaluate`, parameters that are numbers.
 */
export async function openNetwork(
  source: string,
  options: CompileOptions = {},
  execution: Execution = 'repeated',
): Promise<OpenedNetwork> {
  if (source.endsWith('.arch')) return openLoaded(loadModel(source, options), execution)
  if (statSync(source, { throwIfNoEntry: false })?.isFile()) return openFile(source, options.sets, execution)
  const { folder, file } = weightsOf(source)
  const run = await openRun(folder)
  const loaded = modelOfRun(run, options.sets)
  const { tensors, metadata } = await readSafetensors(file)
  const averaged = metadata['averaged']
  return {
    ...ready(loaded, tensors, file, source, execution),
    run,
    ...(averaged !== undefined && { averaged: Number(averaged) }),
  }
}

/** A model that learns nothing. @throws UserError where it has weights. */
export function openLoaded(loaded: LoadedModel, execution: Execution = 'repeated'): OpenedNetwork {
  const { file } = loaded
  if (loaded.model.graph.weights.length > 0)
    throw new UserError(
      `${file} has ${loaded.model.graph.weights.length} weights and none are given`,
      'name the run folder of a training instead; a file alone is for what learns nothing',
    )
  return ready(loaded, new Map(), file, file, execution)
}

async function openFile(file: string, sets: readonly string[] | undefined, execution: Execution): Promise<OpenedNetwork> {
  const network = await readNetworkFile(file)
  const { averaged } = network
  return {
    ...ready(modelOfFile(network, sets), network.tensors, file, file, execution),
    ...(averaged !== undefined && { averaged }),
  }
}

function ready(
  loaded: LoadedModel,
  tensors: ReadonlyMap<string, Tensor>,
  file: string,
  source: string,
  execution: Execution,
): OpenedNetwork {
  const network = createNetwork([loaded.model.graph], activeEngine()?.name === 'tensorflow' ? execution : 'layers')
  const own = new Set(network.weights.map((weight) => weight.path))
  const groups = new Set(
    (loaded.model.train?.objectives ?? [])
      .flatMap((objective) => objective.graph.weights.map((weight) => weight.path))
      .filter((path) => !own.has(path)),
  )
  const used = new Map([...tensors].filter(([path]) => !groups.has(path)))
  loadWeights(network, used, file)
  const hash = createHash('sha256').update(loaded.text)
  for (const [path, tensor] of [...used].sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(path).update(new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength))
  return { loaded, network, hash: hash.digest('hex').slice(0, 16), source }
}

/** Writes text and weights of an opened network into one file, as `writeNetworkFile` does; what only training needs is not there. */
export async function packNetwork({ loaded, network, averaged }: OpenedNetwork, file: string): Promise<void> {
  const { text, options } = loaded
  const note = averaged !== undefined && { averaged }
  await writeNetworkFile(file, { text, file: loaded.file, options, tensors: network.read(), ...note })
}
