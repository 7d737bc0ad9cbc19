import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { writeSafetensors, type Tensor } from '../../../src/runtime/files/safetensors.ts'
import { loadModel, type LoadedModel } from '../../../src/runtime/network/load-model.ts'
import { loadEngine, type Engine } from '../../../src/runtime/engine/index.ts'
import { runParity, type ParityResult } from '../../../src/runtime/parity/run.ts'
import { quietEngine, temporaryFolder } from '../network/small.ts'
import { stateDictFile } from '../weights/torch-bytes.ts'

/** A network of the user's against numbers that are computed here by loops: a convolution of 3 x 3, rectified, and one of 1 x 1. */

const folder = temporaryFolder()
const inside = (name: string): string => path.join(folder, name)
const [height, width, inner] = [4, 5, 2]

const tensor = (shape: readonly number[], at: (index: number) => number): Tensor => ({
  shape,
  dtype: 'F32',
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, index) => at(index)),
})
const wave = (shape: readonly number[], k: number): Tensor => tensor(shape, (index) => Math.sin(1.7 * index + k))

const weights = new Map([
  ['conv.weight', wave([inner, 3, 3, 3], 1)],
  ['conv.bias', wave([inner], 2)],
  ['last.weight', wave([3, inner, 1, 1], 3)],
  ['last.bias', wave([3], 4)],
])
const input = wave([1, 3, height, width], 5)
const cotangent = wave([1, 3, height, width], 6)

const at = (name: string, index: number): number => weights.get(name)!.data[index]!
/** The first convolution before it is rectified, at a channel and a place. */
function before(channel: number, y: number, x: number): number {
  let sum = at('conv.bias', channel)
  for (let c = 0; c < 3; c += 1)
    for (let v = -1; v <= 1; v += 1)
      for (let u = -1; u <= 1; u += 1) {
        const isInside = y + v >= 0 && y + v < height && x + u >= 0 && x + u < width
        if (isInside) sum += at('conv.weight', ((channel * 3 + c) * 3 + v + 1) * 3 + u + 1) * input.data[(c * height + y + v) * width + x + u]! // prettier-ignore
      }
  return sum
}
const plane = height * width
const place = (index: number): [number, number] => [Math.floor((index % plane) / width), index % width]
const hidden = tensor([1, inner, height, width], (index) => Math.max(0, before(Math.floor(index / plane), ...place(index))))
const output = tensor([1, 3, height, width], (index) => {
  const channel = Math.floor(index / plane)
  let sum = at('last.bias', channel)
  for (let c = 0; c < inner; c += 1) sum += at('last.weight', channel * inner + c) * hidden.data[c * plane + (index % plane)]!
  return sum
})
const lastBias = tensor([3], (channel) => Array.from(cotangent.data.slice(channel * plane, (channel + 1) * plane)).reduce((a, b) => a + b, 0) / (3 * plane)) // prettier-ignore

writeFileSync(
  inside('mine.arch'),
  `model Mine {
  scale m = 1
  input lr: [B, h, w, 3] as image
  output sr: [B, h, w, 3] as image
  let hidden = lr -> conv(out: ${inner}, kernel: 3) -> relu
  let sr = hidden -> conv(out: 3, kernel: 1)
  return sr
}
`,
)
writeFileSync(
  inside('map.json'),
  JSON.stringify({
    repository: 'mine',
    modules: [
      { kind: 'conv', from: 'conv', to: 'hidden' },
      { kind: 'conv', from: 'last', to: 'sr' },
    ],
  }),
)

let engine: Engine
let loaded: LoadedModel
beforeAll(async () => {
  await quietEngine()
  engine = await loadEngine({ name: 'tensorflow' })
  loaded = loadModel(inside('mine.arch'), {})
})

/** A case of these numbers; `change` may spoil them. */
async function caseOf(
  name: string,
  { prefix = '', json = {}, numbers = new Map<string, Tensor>(), pth = false }: { prefix?: string; json?: object; numbers?: ReadonlyMap<string, Tensor>; pth?: boolean } = {},
): Promise<string> {
  const at = inside(name)
  mkdirSync(at)
  const named = new Map([...weights].map(([key, value]) => [prefix + key, value]))
  if (pth) writeFileSync(path.join(at, 'weights.pth'), stateDictFile(named))
  else await writeSafetensors(path.join(at, 'weights.safetensors'), named)
  const io = new Map([['a.input', input], ['a.output', output], ['a.hidden', hidden], ['a.cotangent', cotangent], ['a.grad.last.bias', lastBias], ...numbers]) // prettier-ignore
  await writeSafetensors(path.join(at, 'io.safetensors'), io)
  const tensors = Object.fromEntries([...io].map(([key, { shape }]) => [key, { shape, ...(/input|cotangent/.test(key) && { role: 'input' }) }]))
  writeFileSync(path.join(at, 'case.json'), JSON.stringify({ tensors, tolerance: 1e-5, ...(pth && { weights: { file: 'weights.pth' } }), ...json }))
  return at
} // prettier-ignore

const said = ({ checks }: ParityResult): string[] => checks.map(({ check, status }) => `${check} ${status}`).sort()
const right = ['a.grad.last.bias ok', 'a.hidden ok', 'a.output ok']
const compared = (at: string): Promise<ParityResult> => runParity(at, { engine, own: { loaded, map: inside('map.json') } })

describe('a network of one’s own', () => {
  test.each([
    ['as they are', {}],
    ['in a file of PyTorch', { pth: true }],
    ['with the prefix of a wrapper', { prefix: 'module.model.' }],
  ])('weights %s: output, a value inside and a gradient agree with the loops', async (what, how) =>
    expect(said(await compared(await caseOf(what, how)))).toEqual(right),
  )

  test('of several networks’ weights those are taken that fit, and compared with their own numbers', async () => {
    const wide = { 'wide.conv.weight': wave([4, 3, 3, 3], 1), 'wide.conv.bias': wave([4], 1), 'wide.last.weight': wave([3, 4, 1, 1], 1), 'wide.last.bias': wave([3], 1) } // prettier-ignore
    const numbers = new Map([
      ['wide.input', input],
      ['wide.output', output],
    ])
    const at = await caseOf('several', { prefix: 'a.', numbers })
    await writeSafetensors(path.join(at, 'weights.safetensors'), new Map([...[...weights].map(([key, value]) => [`a.${key}`, value] as const), ...Object.entries(wide)])) // prettier-ignore
    expect(said(await compared(at))).toEqual([...right, 'wide.output skipped'])
  })

  test('a number that is wrong fails, by its own tolerance', async () => {
    const wrong = { ...output, data: output.data.map((value, index) => value + (index === 7 ? 1e-3 : 0)) } as Tensor
    const at = await caseOf('wrong', { numbers: new Map([['a.output', wrong]]) })
    const { checks } = await compared(at)
    const [failed] = checks.filter(({ status }) => status === 'failed')
    expect(failed).toMatchObject({ check: 'a.output', tolerance: 1e-5 })
    expect(failed!.error).toBeCloseTo(1e-3, 5)
  })

  test.each([
    ['a plain number for each tensor', { tensors: { 'a.input': { shape: [], role: 'input' }, 'a.output': { shape: [], tolerance: 2e-5 } } }, 2e-5],
    ['for all', { tensors: { 'a.input': { shape: [], role: 'input' }, 'a.output': { shape: [] } }, tolerance: 3e-5 }, 3e-5],
    ['as archc’s own cases have it', { tensors: { 'a.input': { shape: [], role: 'input' }, 'a.output': { shape: [], tolerance_abs: 4e-5 } } }, 4e-5],
  ])('a tolerance may be %s', async (what, json, tolerance) => {
    const { checks } = await compared(await caseOf(what, { json }))
    expect(checks).toEqual([expect.objectContaining({ check: 'a.output', status: 'ok', tolerance })])
  }) // prettier-ignore

  test('weights that do not fit are a failed check, by name', async () => {
    const at = await caseOf('misfit', { prefix: 'other.thing_' })
    const { checks } = await compared(at)
    expect(checks.find(({ check }) => check === 'weights')).toMatchObject({ status: 'failed', reason: expect.stringMatching(/no tensor gives hidden/) as string })
  }) // prettier-ignore

  test('numbers without an input of the network are named', async () => {
    const at = inside('without')
    mkdirSync(at)
    writeFileSync(path.join(at, 'case.json'), '{"tensors": {}}')
    const { checks } = await compared(at)
    expect(checks.at(-1)).toMatchObject({ status: 'skipped', reason: 'it has no inputs that Mine takes: lr' })
  })
})
