import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type * as tf from '@tensorflow/tfjs'
import { UserError } from '../../errors.ts'
import { writeAtomic, writeFolderAtomic } from '../files/atomic.ts'
import type { LoadedModel } from './load-model.ts'
import { createNetwork, type Network } from './network.ts'

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

/** A folder is only replaced when archc wrote it. */
function requireOwn(folder: string): void {
  if (!existsSync(folder) || readdirSync(folder).length === 0) return
  const file = path.join(folder, 'model.json')
  const own = existsSync(file) && readFileSync(file, 'utf8').includes('"generatedBy":"archc"')
  if (!own) throw new UserError(`${folder} holds other things than a compiled model`, 'name a new folder with -o')
}
