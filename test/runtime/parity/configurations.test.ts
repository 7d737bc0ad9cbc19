import path from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { compile } from '../../../src/compiler/index.ts'
import type { Weight } from '../../../src/compiler/ir/graph.ts'
import { compileModule, type ModuleOptions } from '../../../src/compiler/module.ts'
import { archcRoot } from '../../../src/root.ts'
import { loadEngine } from '../../../src/runtime/engine/index.ts'
import type { Tensor } from '../../../src/runtime/files/safetensors.ts'
import { fileHost } from '../../../src/runtime/host.ts'
import type { Check } from '../../../src/runtime/parity/check.ts'
import { checkCase } from '../../../src/runtime/parity/run.ts'
import { planByPath, readMap, toNames } from '../../../src/runtime/weights/map.ts'

/**
 * A case says what its network is by the shapes of its weights and by its hyper-parameters. Here the weights of a
 * configuration are named as the reference names them, and the harness has to find the configuration again.
 */

const models = path.join(archcRoot, 'models')

interface Configuration {
  readonly network: { readonly name: string } & Record<string, unknown>
  readonly hyper?: Record<string, unknown>
  readonly map: string
  readonly weights: () => readonly Weight[]
}

function ofModel(
  file: string,
  sets: readonly string[],
  variants: readonly string[] = [],
  edits: readonly string[] = [],
): readonly Weight[] {
  const own = path.join(models, 'test.arch')
  const host = { ...fileHost, read: (name: string) => (name === own ? { text: edits.join('\n') } : fileHost.read(name)) }
  const all = [...variants.map((variant) => path.join(models, variant)), ...(edits.length > 0 ? [own] : [])]
  const { model, diagnostics } = compile(path.join(models, file), host, { sets, variants: all })
  if (!model) throw new Error(diagnostics[0]?.message)
  const graphs = [model.graph, ...(model.train?.objectives ?? []).map((objective) => objective.graph)]
  return [...new Map(graphs.flatMap((graph) => graph.weights).map((weight) => [weight.path, weight])).values()]
}

function ofModule(file: string, name: string, options: ModuleOptions): readonly Weight[] {
  const { graph, diagnostics } = compileModule(path.join(models, file), name, fileHost, options)
  if (!graph) throw new Error(diagnostics[0]?.message)
  return graph.weights
}

const swinir = ['encoder.embed=12', 'encoder.depths=[2, 1, 3]', 'encoder.heads=2', 'encoder.window=4', 'encoder.ratio=3']
const onEdsr = (model: string, file: string): string[] => [
  `variant "test" of ${model} from "./${file}"`,
  'import EDSRBody from "./edsr.arch"',
  'replace encoder with EDSRBody(width: 10, blocks: 3, factor: 1)',
]

const configurations: Readonly<Record<string, Configuration>> = {
  'SwinIR with other depths, heads, window and ratio': {
    network: { name: 'swinir' },
    map: 'swinir',
    weights: () => ofModule('lib/swinir.arch', 'SwinIR', { parameters: { out: '20', embed: '12', depths: '[1, 4]', heads: '3', window: '4', ratio: '4' } }),
  },
  'ISTE with other widths': {
    network: { name: 'iste' },
    hyper: { lfi: { heads: 5 } },
    map: 'iste',
    weights: () => ofModel('iste.arch', [...swinir, 'width=20', 'dim=24', 'lfi.heads=5', 'lpd.hidden=[7, 9]', 'ltd.hidden=[8]']),
  },
  'ISTE on EDSR without two of its modules': {
    network: { name: 'iste', encoder: 'edsr' },
    map: 'iste',
    weights: () => ofModel('iste.arch', ['width=10', 'dim=6'], ['ablations/wo-lfi.arch', 'ablations/wo-ltd.arch'], onEdsr('ISTE', 'iste.arch')),
  },
  'ISTE as released': {
    network: { name: 'iste', variant: 'as released' },
    map: 'iste-released',
    weights: () => ofModel('variants/iste-released.arch', [...swinir, 'width=16', 'dim=8']),
  },
  'LIIF with SwinIR': {
    network: { name: 'liif' },
    map: 'liif',
    weights: () => ofModel('liif.arch', [...swinir, 'width=20', 'decoder.hidden=[9, 8, 7]']),
  },
  'LIIF on EDSR without unfolding': {
    network: { name: 'liif' },
    map: 'liif',
    weights: () => ofModel('liif.arch', ['width=10'], ['liif-ablations/wo-unfolding.arch'], onEdsr('LIIF', 'liif.arch')),
  },
  'LIIF without its cell': {
    network: { name: 'liif' },
    map: 'liif',
    weights: () => ofModel('liif.arch', [...swinir, 'width=20'], ['liif-ablations/wo-cell.arch']),
  },
  'LIIF without its ensemble': {
    network: { name: 'liif' },
    hyper: { local_ensemble: false },
    map: 'liif',
    weights: () => ofModel('liif.arch', [...swinir, 'width=20'], ['liif-ablations/wo-ensemble.arch']),
  },
  'LTE with SwinIR': {
    network: { name: 'lte' },
    map: 'lte',
    weights: () => ofModel('lte.arch', [...swinir, 'width=20', 'dim=14', 'decoder.hidden=[9]']),
  },
  'LM-LIIF with SwinIR': {
    network: { name: 'lmliif' },
    map: 'lmliif',
    weights: () => ofModel('lmliif.arch', [...swinir, 'width=20', 'narrow=4', 'depth=2', 'latent.hidden=[9]']),
  },
  'LM-LIIF without its code': {
    network: { name: 'lmliif' },
    hyper: { mod_input: false },
    map: 'lmliif',
    weights: () => ofModel('lmliif.arch', [...swinir, 'width=20', 'narrow=4', 'depth=2', 'latent.hidden=[9]'], ['variants/lmliif-without-latent.arch']),
  },
  'LM-LTE with SwinIR': {
    network: { name: 'lmlte' },
    map: 'lmlte',
    weights: () => ofModel('lmlte.arch', [...swinir, 'width=20', 'dim=14', 'narrow=4', 'depth=2', 'latent.hidden=[9, 7]']),
  },
  'SRNO with three layers': {
    network: { name: 'srno' },
    map: 'srno',
    weights: () => ofModel('srno.arch', ['width=12', 'heads=3', 'layers=3', 'last_width=7', 'encoder.width=10', 'encoder.blocks=1']),
  },
  'RRDBNet of two blocks': {
    network: { name: 'rrdbnet' },
    map: 'rrdbnet',
    weights: () => ofModel('zoo/rrdbnet.arch', ['generator.width=10', 'generator.blocks=2', 'generator.growth=6']),
  },
  'SwinIR with its tail at x3': {
    network: { name: 'swinir-classical' },
    map: 'swinir-classical',
    weights: () => ofModel('zoo/swinir.arch', [...swinir, 'width=10', 'stages=[3]']),
  },
  'HAT of other windows': {
    network: { name: 'hat' },
    map: 'hat',
    weights: () => ofModel('zoo/hat.arch', ['width=8', 'embed=24', 'depths=[1, 2]', 'heads=2', 'window=4', 'overlap=0.5', 'compress=3', 'squeeze=12', 'ratio=2', 'stages=[2]']),
  },
  'EDSR at x8': { network: { name: 'edsr', scale: 8 }, map: 'edsr', weights: () => ofModel('edsr.arch', ['width=6', 'blocks=3', 'stages=[2, 2, 2]']) },
  'EDSR at x6, as x3 then x2': { network: { name: 'edsr' }, map: 'edsr', weights: () => ofModel('edsr.arch', ['width=6', 'blocks=1', 'stages=[3, 2]']) },
  'the body of EDSR': {
    network: { name: 'edsr', part: 'encoder' },
    map: 'edsr-body',
    weights: () => ofModule('edsr.arch', 'EDSRBody', { parameters: { width: '6', blocks: '4' } }),
  },
  "Li's networks": {
    network: { name: 'li' },
    hyper: { gan_weight: 0.2 },
    map: 'li',
    weights: () => ofModel('li.arch', ['generator.first=3', 'judge.widths=[4, 6, 8]']),
  },
} // prettier-ignore

beforeAll(() => loadEngine({ name: 'tensorflow' }).then(() => undefined))

const filled = (weights: readonly Weight[]): Map<string, Tensor> =>
  new Map(
    weights.map(({ path: name, shape }) => {
      const length = shape.reduce((product, size) => product * size, 1)
      return [name, { shape, dtype: 'F32', data: new Float32Array(length) }]
    }),
  )

describe('a configuration is found again from the shapes of its weights', () => {
  test.each(Object.entries(configurations))('%s', async (_name, { network, hyper = {}, map, weights }) => {
    const all = weights()
    const { transfers, leftOver } = planByPath(readMap(map), all.map((weight) => weight.path)) // prettier-ignore
    expect(leftOver).toEqual([])
    const parameters = all
      .filter((weight) => weight.trainable)
      .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)
    const checks: Check[] = []
    const none = new Map<string, never>()
    const data = {
      name: 'made',
      folder: '',
      network,
      hyper,
      values: {},
      infos: none,
      tensors: none,
      weights: toNames(filled(all), transfers),
      parameters,
    }
    await checkCase(data, (check) => checks.push(check))
    // Weights that do not fit would be a failed check of their own.
    expect(checks).toEqual([{ case: 'made', check: 'parameters', status: 'ok', error: 0, tolerance: 0, ratio: 0 }])
  })
})
