import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { stepInput, trainStep } from '../src/compiler/targets/savedmodel/signatures.ts'
import { inputsOf } from '../src/compiler/targets/savedmodel/write.ts'
import { sizeOf } from '../src/compiler/kernels/value.ts'
import { UserError } from '../src/errors.ts'
import { archcRoot } from '../src/root.ts'
import { startComputer } from '../src/runtime/compute/computer.ts'
import type { HostTensor } from '../src/runtime/compute/messages.ts'
import { createRandom } from '../src/runtime/files/random.ts'
import { emitSavedModel } from '../src/runtime/network/emit.ts'
import { loadModel } from '../src/runtime/network/load-model.ts'

/** What Python's TensorFlow said of a SavedModel, beside what archc computed with it. */
export interface PythonCheck {
  readonly tensorflow: string
  readonly signatures: readonly string[]
  readonly losses: readonly number[]
  readonly own: readonly number[]
  readonly worst: number
}

const steps = 5

/**
 * `archc compile --target savedmodel` of a small ISTE, loaded by Python's TensorFlow: five training steps there and here
 * give the same losses. `ARCHC_PYTHON` names the Python; without TensorFlow in it a UserError.
 */
export async function checkPython(): Promise<PythonCheck> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'archc-bench-'))
  try {
    const loaded = loadModel(path.join(archcRoot, 'models', 'iste.arch'), { preset: 'tiny' })
    const plan = loaded.model.train!
    const model = path.join(folder, 'model')
    const endpoints = await emitSavedModel(loaded, model, 0, plan.sizes, {})
    const random = createRandom(1)
    const inputs: Record<string, HostTensor> = {}
    for (const { name, shape } of inputsOf(trainStep('train_step', plan.objectives, plan.sizes)))
      if (name !== 'adam') inputs[name!] = { shape, data: Float32Array.from({ length: sizeOf(shape) }, () => random.uniform()) }
    const adam = Array.from({ length: steps }, (_, count) =>
      stepInput(plan.objectives[0]!, 1e-3, count).numbers.map(({ value }) => value),
    )
    const file = path.join(folder, 'inputs.json')
    const plain = Object.entries(inputs).map(([name, { shape, data }]) => [name, { shape, data: [...data] }])
    await writeFile(file, JSON.stringify({ inputs: Object.fromEntries(plain) as unknown, steps: adam }))

    const script = path.join(archcRoot, 'bench', 'peers', 'load_savedmodel.py')
    const python = spawnSync(process.env['ARCHC_PYTHON'] ?? 'python3', [script, model, file], { encoding: 'utf8' })
    if (python.status !== 0)
      throw new UserError(
        `Python's TensorFlow did not load it: ${(python.error?.message ?? python.stderr).trim().split('\n').at(-1)}`,
        'ARCHC_PYTHON names a Python with the package tensorflow, PYTHONPATH where its packages are',
      )
    const said = JSON.parse(python.stdout.trim().split('\n').at(-1)!) as Omit<PythonCheck, 'own' | 'worst'>
    const computer = startComputer()
    const own: number[] = []
    try {
      await computer.load(model)
      for (const numbers of adam) {
        const given = { ...inputs, adam: { shape: [2], data: Float32Array.from(numbers) } }
        own.push((await computer.run(model, endpoints.get('train_step')!, given))['loss']!.data[0]!)
      }
    } finally {
      computer.close()
    }
    const worst = Math.max(...own.map((loss, at) => Math.abs(loss - said.losses[at]!) / loss))
    return { ...said, own, worst }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
