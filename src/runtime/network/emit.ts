import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import type * as tf from '@tensorflow/tfjs'
import {
  averageOf,
  averageStep,
  averaging,
  evaluation,
  gathering,
  gatherStep,
  lossAlone,
  startOf,
  storage,
  trainStep,
  variablesOf,
} from '../../compiler/targets/savedmodel/signatures.ts'
import { inBfloat16, writeSavedModel, type Endpoints, type Signature } from '../../compiler/targets/savedmodel/write.ts'
import { UserError } from '../../errors.ts'
import { writeAtomic, writeFolderAtomic } from '../files/atomic.ts'
import type { LoadedModel } from './load-model.ts'
import { createNetwork, initialWeights, type Network } from './network.ts'

/**
 * Writes the compiled model as TensorFlow.js layers: `model.json`, `weights.bin`, `summary.json`, `model.arch.txt`.
 * It loads wherever `registerLayers` of archc/layers was called; weights are those of `start`: a network that
 * has them, or the seed of fresh ones.
 */
export async function emitLayersModel(
  loaded: LoadedModel,
  folder: string,
  start: Network | number,
  summary: object,
): Promise<void> {
  requireOwn(folder)
  const { model } = loaded
  const network = typeof start === 'number' ? createNetwork([model.graph]) : start
  if (typeof start === 'number') network.initialise(start)
  const layers = network.lower(model.graph, model.name)
  const artifacts = await new Promise<tf.io.ModelArtifacts>((resolve, reject) => {
    const handler: tf.io.IOHandler = {
      save: (written) => {
        resolve(written)
        return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } })
      },
    }
    layers.model.save(handler).catch(reject)
  })
  const { weightData, weightSpecs, modelTopology } = artifacts
  const parts = Array.isArray(weightData) ? weightData : [weightData ?? new ArrayBuffer(0)]
  const json = {
    format: 'layers-model',
    generatedBy: 'archc',
    convertedBy: null,
    modelTopology,
    weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs ?? [] }],
    userDefinedMetadata: { summary },
  }
  await writeFolderAtomic(
    folder,
    async (temporary) => {
      await writeAtomic(path.join(temporary, 'model.json'), JSON.stringify(json))
      await writeAtomic(path.join(temporary, 'weights.bin'), Buffer.concat(parts.map((part) => Buffer.from(part))))
      await writeAtomic(path.join(temporary, 'summary.json'), `${JSON.stringify(summary, undefined, 2)}\n`)
      await writeAtomic(path.join(temporary, 'model.arch.txt'), loaded.text)
    },
    { replace: true },
  )
}

/**
 * Writes the compiled model as a SavedModel that any TensorFlow loads: signatures `predict`, `loss` and `train_step` at
 * `sizes`, `read` and `assign` for all variables at once; loading sets the weights to those of the seed.
 */
export async function emitSavedModel(
  loaded: LoadedModel,
  folder: string,
  seed: number,
  sizes: Readonly<Record<string, number>>,
  summary: object,
): Promise<ReadonlyMap<string, Endpoints>> {
  requireOwn(folder)
  const { graph, train } = loaded.model
  const objectives = train?.objectives ?? []
  const { accumulate = 1, ema, precision } = train ?? {}
  const half = (step: Signature): Signature => (precision === 'bf16' ? inBfloat16(step) : step)
  const averages = averaging(objectives, ema)
  const variables = new Map([...variablesOf([graph], objectives), ...averages])
  const gathered = gathering(objectives, accumulate)
  const all = new Map([...variables, ...gathered])
  const weights = [graph, ...objectives.map((objective) => objective.graph)].flatMap((each) => each.weights)
  const initial = initialWeights(weights, seed)
  const start = new Map([...initial, ...[...initial].map(([path, tensor]) => [averageOf(path), tensor] as const)])
  const signatures = [
    evaluation('predict', graph, { ...sizes, B: 1 }, averages),
    ...(objectives[0]
      ? [
          evaluation('loss', lossAlone(objectives[0]), sizes, averages),
          half(trainStep('train_step', objectives, sizes, false, accumulate)),
        ]
      : []),
    ...(gathered.size > 0 ? [half(gatherStep('gather_train_step', objectives, sizes))] : []),
    ...(ema !== undefined ? [averageStep(objectives, ema)] : []),
    ...(variables.size > 0 ? storage(variables, gathered) : []),
  ]
  const { bytes, endpoints } = writeSavedModel(signatures, all, startOf(all, start))
  await writeFolderAtomic(
    folder,
    async (temporary) => {
      await writeAtomic(path.join(temporary, 'saved_model.pb'), bytes)
      await writeAtomic(
        path.join(temporary, 'summary.json'),
        `${JSON.stringify({ generatedBy: 'archc', ...summary, sizes, variables: [...variables.keys()] }, undefined, 2)}\n`,
      )
      await writeAtomic(path.join(temporary, 'model.arch.txt'), loaded.text)
    },
    { replace: true },
  )
  return endpoints
}

/** A folder is only replaced when archc wrote it. */
export function requireOwn(folder: string): void {
  const kind = existsSync(folder) ? statSync(folder) : undefined
  if (kind?.isFile()) throw new UserError(`cannot write ${folder}: it is a file`, 'name a folder with -o')
  if (!kind || readdirSync(folder).length === 0) return
  const own = ['model.json', 'summary.json'].some((name) => {
    const file = path.join(folder, name)
    return existsSync(file) && /"generatedBy": ?"archc"/.test(readFileSync(file, 'utf8'))
  })
  if (!own) throw new UserError(`${folder} holds other things than a compiled model`, 'name a new folder with -o')
}
