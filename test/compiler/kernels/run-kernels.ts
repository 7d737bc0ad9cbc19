import * as tf from '@tensorflow/tfjs'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Value } from '../../../src/compiler/kernels/value.ts'
import { storage } from '../../../src/compiler/targets/savedmodel/signatures.ts'
import { writeSavedModel } from '../../../src/compiler/targets/savedmodel/write.ts'
import { openSession } from '../../../src/runtime/engine/index.ts'

/** Computes traced values on TensorFlow by a SavedModel of their own; `variables` and `inputs` by path and name. */
export async function runKernels(
  outputs: Readonly<Record<string, Value>>,
  inputs: Readonly<Record<string, tf.Tensor>>,
  variables: ReadonlyMap<string, tf.Tensor> = new Map(),
): Promise<Record<string, tf.Tensor>> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'archc-kernels-'))
  try {
    const shapes = new Map([...variables].map(([name, { shape }]) => [name, shape]))
    const kept = shapes.size > 0 ? storage(shapes) : []
    const { bytes, endpoints } = writeSavedModel([{ name: 'run', outputs, assigned: new Map() }, ...kept], shapes)
    writeFileSync(path.join(folder, 'saved_model.pb'), bytes)
    const session = openSession(folder)
    if (shapes.size > 0) {
      const values = tf.tidy(() => tf.concat([...variables.values()].map((tensor) => tensor.reshape([-1]))))
      tf.dispose(session.run(endpoints.get('assign')!, () => values))
    }
    return session.run(endpoints.get('run')!, (name) => inputs[name]!)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
