import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { parameterCount } from '../src/compiler/ir/graph.ts'
import { archcRoot } from '../src/root.ts'
import { trainStep, variablesOf } from '../src/compiler/targets/savedmodel/signatures.ts'
import { listPictures } from '../src/runtime/data/dataset.ts'
import { loadEngine } from '../src/runtime/engine/index.ts'
import { loadModel } from '../src/runtime/network/load-model.ts'
import { heldBytes } from '../src/runtime/train/graph-learner.ts'
import { train } from '../src/runtime/train/train.ts'
import { summarise, type Sample } from './sample.ts'

/** Training steps of models/iste.arch at one preset on samples/train.csv. */
export interface StepTimes {
  readonly preset: string
  readonly parameters: number
  readonly sizes: Readonly<Record<string, number>>
  readonly engine: string
  /** Milliseconds of a step: forward, gradients, Adam. */
  readonly step: Sample
  /** Milliseconds from one step to the next: also crops, degradation, log. */
  readonly loop: Sample
  /** The largest resident size of the process that computes the steps, in bytes: TensorFlow and all. */
  readonly peakBytes: number
  /** The same as the compiler predicts it. */
  readonly predictedBytes: number
}

/** Steps before and while measuring. The larger presets take seconds a step. */
const rounds = (preset: string): { warmUp: number; measured: number } =>
  preset === 'tiny' ? { warmUp: 5, measured: 40 } : { warmUp: 2, measured: 8 }

/** Trains as `archc train` does, into a folder that is removed. The process must be fresh for `peakBytes` to mean this preset. */
export async function measureSteps(preset: string): Promise<StepTimes> {
  const loaded = loadModel(path.join(archcRoot, 'models', 'iste.arch'), { preset })
  const plan = loaded.model.train!
  const engine = await loadEngine()
  const { warmUp, measured } = rounds(preset)
  const steps: number[] = []
  const ends: number[] = []
  const folder = await mkdtemp(path.join(os.tmpdir(), 'archc-bench-'))
  let peakBytes: number
  try {
    const result = await train({
      loaded,
      engine,
      data: await listPictures(path.join(archcRoot, 'samples', 'train.csv')),
      out: path.join(folder, 'run'),
      seed: 0,
      steps: warmUp + measured,
      val: 0,
      checkpointEvery: warmUp + measured,
      say: () => undefined,
      onStep: ({ milliseconds }) => {
        steps.push(milliseconds)
        ends.push(performance.now())
      },
    })
    peakBytes = result.peakBytes
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return {
    preset,
    parameters: parameterCount(loaded.model.graph),
    sizes: loaded.model.train?.sizes ?? {},
    engine: engine.description,
    step: summarise(steps.slice(warmUp)),
    loop: summarise(ends.slice(warmUp).map((end, at) => end - ends[warmUp + at - 1]!)),
    peakBytes,
    predictedBytes: heldBytes(
      [trainStep('step', plan.objectives, plan.sizes)],
      variablesOf([loaded.model.graph], plan.objectives),
    ),
  }
}
