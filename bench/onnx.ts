import * as tf from '@tensorflow/tfjs'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { evaluate } from '../src/compiler/shapes/size.ts'
import { onnxParts } from '../src/compiler/targets/onnx/parts.ts'
import { UserError } from '../src/errors.ts'
import { archcRoot } from '../src/root.ts'
import { loadEngine } from '../src/runtime/engine/index.ts'
import { emitOnnx } from '../src/runtime/network/emit-onnx.ts'
import { loadModel } from '../src/runtime/network/load-model.ts'
import { createNetwork } from '../src/runtime/network/network.ts'
import { pythonWithOnnx } from '../test/runtime/onnx/python.ts'
import { summarise, type Sample } from './sample.ts'

/** The same graph with the same weights in both. */
export interface OnnxTimes {
  readonly graph: string
  readonly tensorflow: Sample
  readonly onnxRuntime: Sample
}

/** Of a picture of that side, and so many queries at once. */
const sizes = { B: 1, h: 96, w: 96, q: 4096 }
const times = 7

const networks = [
  { file: 'live.arch', preset: '' },
  { file: 'iste.arch', preset: 'mini' },
  { file: 'edsr.arch', preset: '' },
  { file: 'zoo/swinir.arch', preset: 'tiny' },
]

/** Whole graphs and parts of shipped networks, fresh weights. */
export async function measureOnnx(): Promise<OnnxTimes[]> {
  const python = pythonWithOnnx()
  if (typeof python === 'string') throw new UserError(python)
  await loadEngine({})
  const folder = mkdtempSync(path.join(os.tmpdir(), 'archc-bench-'))
  const found: OnnxTimes[] = []
  try {
    for (const { file, preset } of networks) {
      const loaded = loadModel(path.join(archcRoot, 'models', file), preset ? { preset } : {})
      const network = createNetwork([loaded.model.graph], 'loaded')
      network.initialise(1)
      await emitOnnx(loaded, folder, network, [], {})
      for (const { kind, graph } of onnxParts(loaded.model, [])) {
        if (kind === 'keys') continue
        const shapes = Object.fromEntries(
          graph.inputs.map(({ name, value }) => [
            name,
            graph.values[value]!.shape.map((size) => evaluate(size, { ...sizes, k: 2304 })),
          ]),
        )
        const inputs = Object.fromEntries(
          Object.entries(shapes).map(([name, shape]) => [name, tf.randomUniform(shape, 0, 1, 'float32', 1)]),
        )
        const layers = network.lower(graph, kind)
        const once = (): number => {
          const start = performance.now()
          const made = layers.run(inputs)
          for (const tensor of Object.values(made)) tensor.dataSync()
          tf.dispose(made)
          return performance.now() - start
        }
        once()
        once()
        const tensorflow = summarise(Array.from({ length: times }, once))
        tf.dispose(inputs)
        const args = [path.join(archcRoot, 'bench', 'onnx.py'), path.join(folder, `${kind}.onnx`), JSON.stringify(shapes), String(times)] // prettier-ignore
        const printed = execFileSync(python.command, args, { env: python.environment, encoding: 'utf8' })
        found.push({ graph: `${loaded.model.name} ${preset} ${kind}`, tensorflow, onnxRuntime: summarise(JSON.parse(printed) as number[]) }) // prettier-ignore
      }
    }
    return found
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
