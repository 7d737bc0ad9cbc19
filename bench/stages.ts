import path from 'node:path'
import { compile } from '../src/compiler/index.ts'
import { trainStep, variablesOf } from '../src/compiler/targets/savedmodel/signatures.ts'
import { writeSavedModel } from '../src/compiler/targets/savedmodel/write.ts'
import { archcRoot } from '../src/root.ts'
import { startComputer } from '../src/runtime/compute/computer.ts'
import { storeGraph } from '../src/runtime/compute/store.ts'
import { fileHost } from '../src/runtime/host.ts'

/** Milliseconds of each stage from the text of a preset of ISTE to a training step that TensorFlow can run, in a fresh process. */
export interface StageTimes {
  readonly preset: string
  readonly bytes: number
  readonly stages: readonly (readonly [name: string, milliseconds: number])[]
}

export async function measureStages(preset: string): Promise<StageTimes> {
  const stages: [string, number][] = []
  let last = performance.now()
  const done = (name: string): void => {
    const now = performance.now()
    stages.push([name, now - last])
    last = now
  }
  const { model } = compile(path.join(archcRoot, 'models', 'iste.arch'), fileHost, { preset })
  const { objectives, sizes } = model!.train!
  done('text to IR, checked')
  const computer = startComputer() // it gets ready beside the rest, as in training
  const step = trainStep('train_step', objectives, sizes)
  done('IR to kernels, gradients, simplified')
  const { bytes } = writeSavedModel([step], variablesOf([model!.graph], objectives))
  done('written as saved_model.pb')
  const folder = await storeGraph(bytes)
  done('stored by its hash')
  await computer.load(folder)
  done('loaded by TensorFlow')
  computer.close()
  return { preset, bytes: bytes.length, stages }
}
