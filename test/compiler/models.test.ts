import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { build } from 'esbuild'
import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, test } from 'vitest'
import { check, compile, type CompiledModel, type CompileOptions } from '../../src/compiler/index.ts'
import { cost } from '../../src/compiler/passes/cost.ts'
import { parameterCount } from '../../src/compiler/ir/graph.ts'
import { stages } from '../../src/compiler/passes/stages.ts'
import { verify } from '../../src/compiler/passes/verify.ts'
import { resolvedText } from '../../src/compiler/plan.ts'
import { lowerToLayers, type LayersModel } from '../../src/compiler/targets/layers/lower.ts'
import { registerLayers } from '../../src/compiler/targets/layers/register.ts'
import { archcRoot } from '../../src/root.ts'
import { loadEngine } from '../../src/runtime/engine/index.ts'
import { createRandom } from '../../src/runtime/files/random.ts'
import { fileHost } from '../../src/runtime/host.ts'

const models = path.join(archcRoot, 'models')
const all = (readdirSync(models, { recursive: true }) as string[]).filter((file) => file.endsWith('.arch')).sort()

function model(file: string, options: CompileOptions = {}): CompiledModel {
  const { model: compiled, diagnostics } = compile(path.join(models, file), fileHost, options)
  expect(diagnostics).toEqual([])
  return compiled!
}

const paths = (compiled: CompiledModel): string[] => compiled.graph.weights.map((weight) => weight.path)
const total = (compiled: CompiledModel): number => parameterCount(compiled.graph)

test('all models are right, under every preset', () => {
  const start = performance.now()
  const { diagnostics, checked } = check(all.map((file) => path.join(models, file)), fileHost) // prettier-ignore
  expect(diagnostics).toEqual([])
  expect(checked.some((file) => file.kind === 'unreadable')).toBe(false)
  expect(performance.now() - start).toBeLessThan(20_000)
})

describe('parameters as published', () => {
  test.each<readonly [string, CompileOptions, number]>([
    ['iste.arch', { preset: 'paper' }, 12_739_434],
    ['ablations/wo-lfi.arch', { preset: 'paper' }, 12_722_794],
    ['ablations/wo-stf.arch', { preset: 'paper' }, 12_608_362],
    ['ablations/wo-ltd.arch', { preset: 'paper' }, 12_541_287],
    ['liif.arch', {}, 11_949_927],
    ['lte.arch', {}, 12_096_871],
    ['variants/liif-edsr.arch', {}, 1_567_299],
    ['variants/lte-edsr.arch', {}, 1_714_243],
    ['lmliif.arch', {}, 11_782_615],
    ['variants/lmliif-edsr.arch', {}, 1_386_067],
    ['lmlte.arch', {}, 11_873_511],
    ['variants/lmlte-edsr.arch', {}, 1_490_883],
    ['srno.arch', {}, 2_015_299],
    ['zoo/rrdbnet.arch', {}, 16_697_987],
    ['zoo/esrgan.arch', {}, 16_697_987],
    ['zoo/swinir.arch', { preset: 'x2' }, 11_752_487],
    ['zoo/swinir.arch', { preset: 'x3' }, 11_937_127],
    ['zoo/swinir.arch', { preset: 'x4' }, 11_900_199],
    ['zoo/swinir.arch', { preset: 'x8' }, 12_047_911],
    ['zoo/nafnet.arch', {}, 17_111_907],
    ['zoo/hat.arch', { preset: 'x2' }, 20_624_795],
    ['zoo/hat.arch', { preset: 'x3' }, 20_809_435],
    ['zoo/hat.arch', { preset: 'x4' }, 20_772_507],
    ['zoo/hat.arch', { preset: 'small' }, 9_621_183],
    ['live.arch', {}, 136_064],
    ['live.arch', { preset: 'large' }, 823_728],
    ['edsr.arch', { preset: 'x2' }, 1_369_859],
    ['edsr.arch', { preset: 'x3' }, 1_554_499],
    ['edsr.arch', { preset: 'x4' }, 1_517_571],
    ['edsr.arch', { preset: 'x8' }, 1_665_283],
    ['li.arch', {}, 7_388_122],
    ['bicubic.arch', {}, 0],
  ])('%s %o', (file, options, expected) => expect(total(model(file, options))).toBe(expected))

  test('the encoder alone, and the discriminator, which is counted apart', () => {
    const iste = model('iste.arch', { preset: 'paper' }).graph
    const encoder = iste.weights.filter((weight) => weight.path.startsWith('encoder.'))
    expect(parameterCount({ ...iste, weights: encoder })).toBe(11_603_044)
    const li = model('li.arch').train!.objectives
    expect(li.map((objective) => parameterCount(objective.graph, 'judge'))).toEqual([2_767_808, 2_767_808])
  })
})

test('multiply-adds of ISTE for one sample of training: 40.2 thousand millions, 80.5 GFLOP', () => {
  const { graph } = model('iste.arch', { preset: 'paper' })
  const { multiplyAdds } = cost(graph, { B: 1, h: 48, w: 48, q: 2304 })
  expect(2 * multiplyAdds / 1e9).toBeCloseTo(80.5, 1) // prettier-ignore
})

const edited = all.filter(
  (file) =>
    readFileSync(path.join(models, file), 'utf8').includes('\nreplace ') ||
    /\nset /.test(readFileSync(path.join(models, file), 'utf8')),
)
const baseOf = (file: string): string =>
  path.join(path.dirname(file), /^variant .* from "(.*)"/m.exec(readFileSync(path.join(models, file), 'utf8'))![1]!)

describe.each(edited)('%s', (file) => {
  const variant = model(file, {})
  const base = model(baseOf(file), {})
  const graphs = [variant.graph, ...(variant.train?.objectives ?? []).map((objective) => objective.graph)]

  test('its graphs are legal', () => expect(graphs.flatMap(verify)).toEqual([]))

  test('its weights have the paths that they have in the base; what is gone is said', () => {
    const replaced = variant.values.filter((value) => value.origin.by === 'replace').map((value) => `${value.path}.`)
    const kept = paths(variant).filter((weight) => !replaced.some((slot) => weight.startsWith(slot)))
    expect(kept.filter((weight) => !paths(base).includes(weight))).toEqual([])
    expect([...variant.removed].sort()).toEqual(paths(base).filter((weight) => !paths(variant).includes(weight)).sort()) // prettier-ignore
  })
})

test.each([
  'iste.arch',
  'li.arch',
  'liif.arch',
  'lte.arch',
  'lmliif.arch',
  'lmlte.arch',
  'srno.arch',
  'edsr.arch',
  'bicubic.arch',
  'inception-v3-fid.arch',
])('graphs of %s are legal', (file) => {
  const compiled = model(file)
  expect([compiled.graph, ...(compiled.train?.objectives ?? []).map((objective) => objective.graph)].flatMap(verify)).toEqual([])
})

test('weights are called by slot, let, turn and call', () => {
  const named = paths(model('iste.arch', { preset: 'tiny' }))
  for (const weight of [
    'lfi.query.kernel',
    'lfi.linear.kernel',
    'lpd.body[0].kernel',
    'texture.phase.kernel',
    'encoder.body[0].body[1].attention.WindowAttention.table',
    'pixel.kernel',
  ])
    expect(named).toContain(weight)
  expect(new Set(named).size).toBe(named.length)
})

test('two variants together, a preset and a value from outside', () => {
  const both = model('ablations/wo-lfi.arch', {
    preset: 'tiny',
    variants: [path.join(models, 'variants/iste-on-bicubic.arch')],
    sets: ['dim=16', 'train.B=3'],
  })
  expect(both.variants).toEqual(['w/o LFI', 'ISTE on bicubic'])
  expect(both.train!.sizes['B']).toBe(3)
  expect(both.graph.nodes.some((node) => node.op === 'sample')).toBe(true)
  const origins = Object.fromEntries(both.values.map((value) => [value.path, resolvedText(value)]))
  expect(origins).toMatchObject({ dim: '--set', width: 'preset tiny', 'train.B': '--set' })
  expect(origins['lfi.heads']).toMatch(/^preset tiny, dropped: .*wo-lfi.arch, replace$/)
})

describe('layers model', () => {
  beforeAll(() => loadEngine({ name: 'tensorflow' }))
  const random = createRandom(3)

  function filled(compiled: CompiledModel): LayersModel {
    const layers = lowerToLayers(tf, compiled.graph, compiled.name)
    for (const { path: name, shape } of compiled.graph.weights) {
      const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.uniform(-0.2, 0.2))
      tf.tidy(() => void layers.variables.get(name)!.write(tf.tensor(values, [...shape])))
    }
    return layers
  }

  const inputsOf = (compiled: CompiledModel): { name: string; shape: number[]; values: number[] }[] =>
    compiled.inputs.map((input) => {
      const shape = input.shape.map((_, axis) => (input.shape.length === 3 ? [2, 5, 2] : [2, 11, 9, 3])[axis]!)
      return {
        name: input.name,
        shape,
        values: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.uniform(-0.9, 0.9)),
      }
    })

  test.each<readonly [string, CompileOptions]>([
    ['iste.arch', { preset: 'tiny' }],
    ['ablations/wo-ltd.arch', { preset: 'tiny' }],
    ['liif.arch', { preset: 'tiny' }],
    ['edsr.arch', { preset: 'tiny' }],
    ['../test/fixtures/same-tensor-twice.arch', {}],
  ])('%s is the same after saving and loading, here and where only tfjs and the layers are', async (file, options) => {
    const compiled = model(file, options)
    const layers = filled(compiled)
    const given = inputsOf(compiled)
    const tensors = given.map(({ shape, values }) => tf.tensor(values, shape))
    const first = layers.run(Object.fromEntries(given.map(({ name }, at) => [name, tensors[at]!])))[compiled.outputs[0]!.name]!
    const saved = await artifactsOf(layers)
    registerLayers(tf)
    const loaded = await tf.loadLayersModel(tf.io.fromMemory(saved))
    const again = loaded.predict(tensors.length === 1 ? tensors[0]! : tensors) as tf.Tensor | tf.Tensor[]
    const values = [...first.dataSync()]
    expect([...(Array.isArray(again) ? again[0]! : again).dataSync()]).toEqual(values)
    const elsewhere = await inChildProcess(saved, given)
    expect(elsewhere.length).toBe(values.length)
    elsewhere.forEach((value, at) => expect(value).toBeCloseTo(values[at]!, 4))
  })

  test('a model whose layers count their operands, as archc wrote them at first, still loads', async () => {
    const compiled = model('edsr.arch', { preset: 'tiny' })
    const layers = filled(compiled)
    const saved = await artifactsOf(layers)
    const topology = JSON.stringify(saved.modelTopology)
    const counted = topology.replace(/(operands\\":)\[([\d,]+)\]/g, (_, key: string, list: string) => {
      const operands = list.split(',')
      expect(operands).toEqual(operands.map((_operand, at) => String(at)))
      return `${key}${operands.length}`
    })
    expect(counted).not.toBe(topology)
    registerLayers(tf)
    const loaded = await tf.loadLayersModel(tf.io.fromMemory({ ...saved, modelTopology: JSON.parse(counted) as object }))
    const x = tf.tensor(inputsOf(compiled)[0]!.values, inputsOf(compiled)[0]!.shape)
    const [before, now] = [layers.model, loaded].map((each) => (each.predict(x) as tf.Tensor).dataSync())
    expect(now).toEqual(before)
  })
})

async function artifactsOf(layers: LayersModel): Promise<tf.io.ModelArtifacts> {
  let saved: tf.io.ModelArtifacts | undefined
  await layers.model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      saved = artifacts
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } }
    }),
  )
  return saved!
}

/** Loads and runs a model in a process that knows tfjs (plain JavaScript) and archc's layers, nothing else. */
async function inChildProcess(
  saved: tf.io.ModelArtifacts,
  given: readonly { shape: number[]; values: number[] }[],
): Promise<number[]> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'archc-layers-'))
  try {
    const register = path.join(archcRoot, 'src/compiler/targets/layers/register.ts')
    const bundle = path.join(folder, 'run.mjs')
    await build({
      stdin: {
        resolveDir: archcRoot,
        contents: `
          import * as tf from '@tensorflow/tfjs'
          import { readFileSync } from 'node:fs'
          import { registerLayers } from ${JSON.stringify(register)}
          const { saved, given } = JSON.parse(readFileSync(process.argv[2], 'utf8'))
          registerLayers(tf)
          const weightData = Uint8Array.from(Buffer.from(saved.weightData, 'base64')).buffer
          const model = await tf.loadLayersModel(tf.io.fromMemory({ ...saved, weightData }))
          const tensors = given.map(({ shape, values }) => tf.tensor(values, shape))
          const result = model.predict(tensors.length === 1 ? tensors[0] : tensors)
          console.log(JSON.stringify([...(Array.isArray(result) ? result[0] : result).dataSync()]))`,
      },
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile: bundle,
      logLevel: 'error',
      banner: { js: `import { createRequire } from 'node:module'\nconst require = createRequire(import.meta.url)` },
    })
    const weights = saved.weightData as ArrayBuffer
    const plain = { ...saved, weightData: Buffer.from(weights).toString('base64') }
    writeFileSync(path.join(folder, 'model.json'), JSON.stringify({ saved: plain, given }))
    const output = execFileSync(process.execPath, [bundle, path.join(folder, 'model.json')], {
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    })
    return JSON.parse(output.trim().split('\n').at(-1)!) as number[]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

test.each(['lmliif.arch', 'lmlte.arch'])(
  '%s makes its modulations once for a picture, not for every chunk of queries',
  (file) => {
    const { features, decode } = stages(model(file, { preset: 'tiny' }))!
    const pathsIn = ({ nodes }: typeof features): string[] =>
      nodes.filter(({ weights }) => weights.length > 0).map((node) => node.path)
    expect(pathsIn(features)).toContain('latent.linear')
    expect(pathsIn(decode).filter((name) => !/^(near_phase|rendered)/.test(name))).toEqual([])
  },
)
