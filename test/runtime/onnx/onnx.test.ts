import * as tf from '@tensorflow/tfjs'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { evaluate } from '../../../src/compiler/shapes/size.ts'
import { stages } from '../../../src/compiler/passes/stages.ts'
import { held as heldPicture } from '../../../src/runtime/data/source.ts'
import { createRandom } from '../../../src/runtime/files/random.ts'
import { emitOnnx } from '../../../src/runtime/network/emit-onnx.ts'
import { openNetwork, type OpenedNetwork } from '../../../src/runtime/network/open-network.ts'
import { createPredictor } from '../../../src/runtime/predict/predict.ts'
import { carriedFile, carriedWeights } from '../../../src/runtime/weights/carried.ts'
import { lively, model, quietEngine, root } from '../network/small.ts'
import { pythonWithOnnx } from './python.ts'

beforeAll(quietEngine)

const python = pythonWithOnnx()
if (typeof python === 'string') console.warn(`without ONNX Runtime: ${python}`)

const folder = mkdtempSync(path.join(os.tmpdir(), 'archc-onnx-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Sizes that nothing was compiled for. */
const sizes = [
  { B: 1, h: 21, w: 26, H: 42, W: 52, q: 50 },
  { B: 2, h: 40, w: 16, H: 80, W: 32, q: 77 },
  { B: 1, h: 17, w: 33, H: 34, W: 66, q: 300 },
]

/** Shipped networks, small, with random weights. */
const networks = [
  'live', 'iste', 'liif', 'lte', 'lmliif', 'lmlte', 'srno', 'edsr', 'edsr-pytorch', 'li',
  'zoo/swinir', 'zoo/hat', 'zoo/nafnet', 'zoo/rrdbnet', 'zoo/esrgan',
] // prettier-ignore

const run = (args: readonly string[], cwd = folder): string => {
  const { command, environment } = python as Exclude<typeof python, string>
  return execFileSync(command, args, { cwd, env: environment, encoding: 'utf8', maxBuffer: 1e8 })
}

/** What `archc upscale --no-consistent --compression none` gives. */
async function upscaled({ loaded, network }: OpenedNetwork, file: string, m: number) {
  const { data, info } = await sharp(file).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  const [width, height] = [Math.round(m * info.width), Math.round(m * info.height)]
  const options = { extent: { width, height }, m, scope: { kind: 'full' }, cellClip: loaded.model.evaluate.cellClip! } as const
  const source = heldPicture({ width: info.width, height: info.height, data })
  const bytes: number[] = []
  for await (const rows of createPredictor(loaded.model, network).rows(source, options)) bytes.push(...rows.bytes())
  return { width, height, data: bytes }
}

const held = (tensor: tf.Tensor): unknown => ({ shape: tensor.shape, type: tensor.dtype, values: [...tensor.dataSync()] })

describe.skipIf(typeof python === 'string')('ONNX Runtime', () => {
  it('gives what TensorFlow gives, at sizes that nothing was compiled for', { timeout: 300_000 }, async () => {
    const cases: unknown[] = []
    const about: string[] = []
    for (const name of networks) {
      const loaded = model(`${name}.arch`)
      const network = lively(loaded)
      const own = path.join(folder, name.replace('/', '-'))
      const written = await emitOnnx(loaded, own, network, [], {})
      const { graph } = loaded.model
      const random = createRandom(3)
      const staged = stages(loaded.model)
      for (const size of sizes) {
        const inputs = Object.fromEntries(
          graph.inputs.map(({ name: input, value }) => {
            const shape = graph.values[value]!.shape.map((each) => evaluate(each, size))
            const [low, high] = input === 'coord' ? [-1, 1] : input === 'cell' ? [0.01, 0.1] : [0, 1]
            const values = Float32Array.from({ length: shape.reduce((all, length) => all * length, 1) }, () => random.uniform(low, high)) // prettier-ignore
            return [input, tf.tensor(values, shape)]
          }),
        )
        const [first] = graph.outputs
        const whole = network.lower(graph, loaded.model.name).run(inputs)
        // keys of all queries are what the network itself chooses from
        expect(written).toEqual(
          staged ? ['encoder.onnx', ...(staged.keys ? ['keys.onnx'] : []), 'decoder.onnx'] : ['network.onnx'],
        )
        cases.push({
          files: written.map((file) => path.join(own, file)),
          inputs: Object.fromEntries(Object.entries(inputs).map(([input, tensor]) => [input, held(tensor)])),
          outputs: { [first!.name]: held(whole[first!.name]!) },
        })
        about.push(`${name} ${JSON.stringify(size)}`)
        tf.dispose([inputs, whole])
      }
    }
    writeFileSync(path.join(folder, 'cases.json'), JSON.stringify(cases))
    const agrees = fileURLToPath(new URL('agrees.py', import.meta.url))
    const found = JSON.parse(run([agrees, folder])) as { far: number }[]
    expect(found).toHaveLength(about.length)
    found.forEach(({ far }, at) => {
      expect(far, about[at]).toBeLessThan(3e-5)
    })
  })

  it('enlarges by the programs of its README as archc upscale does', { timeout: 120_000 }, async () => {
    const opened = await openNetwork(carriedFile(carriedWeights.find(({ name }) => name === 'live')!))
    const own = path.join(folder, 'carried')
    await emitOnnx(opened.loaded, own, opened.network, [2], {})
    const picture = path.join(folder, 'picture.png')
    await sharp(path.join(root, 'samples', 'judge', 'cmu1_x600_y2160.png')).extract({ left: 30, top: 20, width: 71, height: 56 }).png().toFile(picture) // prettier-ignore
    const programs = [...readFileSync(path.join(own, 'README.md'), 'utf8').matchAll(/```python\n([^`]*)```/g)].map(([, text]) => text!) // prettier-ignore
    expect(programs).toHaveLength(2)
    for (const [at, m] of [
      [0, 2],
      [1, 2],
      [1, 2.7],
    ] as const) {
      // prettier-ignore
      const enlarged = path.join(folder, `by-onnx-${at}-${m}.png`)
      writeFileSync(path.join(own, 'program.py'), programs[at]!)
      run(['program.py', picture, enlarged, String(m)], own)
      const theirs = await sharp(enlarged).raw().toBuffer({ resolveWithObject: true })
      const ours = await upscaled(opened, picture, m)
      expect([theirs.info.width, theirs.info.height]).toEqual([ours.width, ours.height])
      const apart = [...theirs.data].map((value, place) => Math.abs(value - ours.data[place]!))
      expect(Math.max(...apart)).toBeLessThanOrEqual(1)
      expect(apart.filter((value) => value > 0).length / apart.length).toBeLessThan(0.002)
    }
  })
})

describe('emitOnnx', () => {
  it('writes the same bytes again, and says what it cannot', async () => {
    const loaded = model('live.arch')
    const read = async (name: string): Promise<Buffer> => {
      await emitOnnx(loaded, path.join(folder, name), 7, [3], {})
      return readFileSync(path.join(folder, name, 'x3.onnx'))
    }
    expect((await read('once')).equals(await read('again'))).toBe(true)
    await expect(emitOnnx(loaded, path.join(folder, 'none'), 7, [2.5], {})).rejects.toThrow(
      'x2.5: a file of its own is for a whole factor',
    )
    await expect(emitOnnx(model('iste.arch'), path.join(folder, 'none'), 7, [2], {})).rejects.toThrow(
      'chooses best matches among all positions',
    )
    await expect(emitOnnx(model('edsr.arch'), path.join(folder, 'none'), 7, [2], {})).rejects.toThrow('no factor is to be named')
  })
})
