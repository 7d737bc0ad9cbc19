import { mkdirSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { listData } from '../../../src/runtime/data/dataset.ts'
import { held } from '../../../src/runtime/data/source.ts'
import { evaluate, evaluationTable } from '../../../src/runtime/evaluate/evaluate.ts'
import type { Tensor } from '../../../src/runtime/files/safetensors.ts'
import { jsonText, parseJson } from '../../../src/runtime/files/json.ts'
import { decibelGain, decibels, finiteMean, finitePlaces } from '../../../src/runtime/metrics/mean.ts'
import { loadWeights } from '../../../src/runtime/network/network.ts'
import { openNetwork } from '../../../src/runtime/network/open-network.ts'
import { createPredictor } from '../../../src/runtime/predict/predict.ts'
import { lively, model, painted, quietEngine, root, temporaryFolder, testField } from '../network/small.ts'

beforeAll(quietEngine)

const folder = temporaryFolder()

describe('JSON', () => {
  it.each([
    [{ psnr: Infinity, ssim: 1 }, '{"psnr":"infinite","ssim":1}'],
    [{ values: [1, Infinity, -Infinity, 2.5] }, '{"values":[1,"infinite","-infinite",2.5]}'],
    [{ psnr: null }, '{"psnr":null}'],
    [{ picture: 'infinite', tiles: ['infinite', 'a.png 0'] }, '{"picture":"infinite","tiles":["infinite","a.png 0"]}'],
  ])('%j goes and comes back', (value, text) => {
    expect(jsonText(value)).toBe(text)
    expect(parseJson(text)).toEqual(value)
  })
})

describe('means', () => {
  it.each([
    [[1, 3], 2],
    [[1, Infinity, 3], 2],
    [[Infinity, Infinity], Infinity],
    [[5], 5],
  ])('%j', (values, expected) => expect(finiteMean(values)).toBe(expected))

  it('of several lists are over the same places', () => {
    expect(finitePlaces([[1, Infinity, 3], [1, 2, NaN]])).toEqual([0]) // prettier-ignore
    expect(finitePlaces([[Infinity], [1]])).toEqual([0])
  })

  it.each([
    [30.456, '30.46', '+30.46'],
    [-0.5, '-0.50', '-0.50'],
    [Infinity, 'exact', 'exact'],
  ])('%d as a table has it', (value, level, gain) => {
    expect(decibels(value)).toBe(level)
    expect(decibelGain(value)).toBe(gain)
  })
})

it('a white tile hides no other: it is named and left out of the means', async () => {
  const data = path.join(folder, 'data')
  mkdirSync(data)
  await sharp(testField).extract({ left: 400, top: 300, width: 96, height: 96 }).toFile(path.join(data, 'tissue.png'))
  await sharp({ create: { width: 96, height: 96, channels: 3, background: 'white' } }).toFile(path.join(data, 'white.png'))
  const opened = await openNetwork(path.join(root, 'models', 'bicubic.arch'))
  const options = { scales: [2], consistency: true }
  const both = await evaluate(opened, { ...options, entries: await listData([data]) })
  const alone = await evaluate(opened, { ...options, entries: await listData([path.join(data, 'tissue.png')]) })
  expect(both.scales[0]).toMatchObject({
    model: { psnr: alone.scales[0]!.model.psnr },
    exact: [{ picture: 'white.png', tile: 0 }],
  })
  expect(alone.scales[0]).not.toHaveProperty('exact')
  expect(evaluationTable(both)).toContain(
    'x2  1 of 2 tiles is reproduced exactly: white.png 0 by the network and Bicubic; PSNR is the mean of the others',
  )
  const white = await evaluate(opened, { ...options, entries: await listData([path.join(data, 'white.png')]) })
  expect(evaluationTable(white)).toMatch(/x2 +1 +exact +exact +none/)
})

describe('a network whose numbers are not finite', () => {
  const loaded = model('live.arch')
  const broken = (value: number) => {
    const network = lively(loaded)
    const [[name, tensor]] = [...network.read()] as [[string, Tensor]]
    const data = Float32Array.from(tensor.data, (each, at) => (at === 3 ? value : each))
    return { network, tensors: new Map<string, Tensor>([[name, { shape: tensor.shape, dtype: 'F32', data }]]), name }
  }
  it.each([NaN, Infinity, -Infinity])('is refused by the name of the tensor where a weight is %d', (value) => {
    const { network, tensors, name } = broken(value)
    const all = new Map([...network.read(), ...tensors])
    expect(() => loadWeights(network, all, 'w.safetensors')).toThrow(
      `w.safetensors holds weights that are not finite:\n  ${name}: 1 of ${tensors.get(name)!.data.length}`,
    )
  })

  it('gives no black picture', async () => {
    const { network, tensors } = broken(NaN)
    network.assign(tensors)
    const predictor = createPredictor(loaded.model, network)
    const rows = predictor.rows(held(painted(20, 20)), { extent: { width: 40, height: 40 }, m: 2, scope: { kind: 'full' } })
    const first = (await rows.next()).value as { bytes: () => Uint8Array }
    expect(() => first.bytes()).toThrow(/^the result: the network gives NaN for pixel \d+, channel \d$/)
  })
})
