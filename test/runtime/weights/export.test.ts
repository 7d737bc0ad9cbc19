import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import { readSafetensors, type Tensor } from '../../../src/runtime/files/safetensors.ts'
import { emitLayersModel } from '../../../src/runtime/network/emit.ts'
import type { LoadedModel } from '../../../src/runtime/network/load-model.ts'
import { openNetwork, packNetwork, type OpenedNetwork } from '../../../src/runtime/network/open-network.ts'
import { exportNamed, officialNames } from '../../../src/runtime/weights/export.ts'
import { importWeights, writeImported } from '../../../src/runtime/weights/import.ts'
import { openWeights } from '../../../src/runtime/weights/source.ts'
import { lively, model, quietEngine, root, temporaryFolder } from '../network/small.ts'

const folder = temporaryFolder()
const inside = (name: string): string => path.join(folder, name)
const fixture = (name: string): string => path.join(root, 'test', 'fixtures', 'weights', name)

beforeAll(quietEngine)

const bits = (tensors: ReadonlyMap<string, Tensor>): [string, string][] =>
  [...tensors].map(([name, { shape, data }]) => [name, `[${shape.join()}] ${Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')}`] as [string, string]).sort() // prettier-ignore

/** A network whose weights have every kind of bits: denormals, negative zero, the largest and the smallest. */
function opened(loaded: LoadedModel): OpenedNetwork {
  const network = lively(loaded)
  const strange = [-0, 1e-45, -1e-40, 3.4028234663852886e38, 1 / 3, -1.17549435e-38]
  const first = network.weights[0]!.path
  const [, tensor] = [...network.read([first])][0]!
  const data = Float32Array.from(tensor.data)
  data.set(strange.slice(0, data.length))
  network.assign(new Map([...network.read(), [first, { shape: tensor.shape, dtype: 'F32', data }]]))
  return { loaded, network, hash: '', source: 'a test' }
}

const micro = ['encoder.embed=12', 'encoder.depths=[2]', 'encoder.heads=2']

const networks: readonly (readonly [string, () => LoadedModel, string])[] = [
  ['LIIF', () => model('liif.arch'), 'liif'],
  ['LIIF on EDSR', () => model('variants/liif-edsr.arch', ['width=4', 'encoder.blocks=2', 'decoder.hidden=[8]'], ''), 'liif'],
  ['LTE', () => model('lte.arch', [...micro, 'width=8', 'dim=8', 'decoder.hidden=[8, 8]'], ''), 'lte'],
  ['ISTE', () => model('iste.arch', [...micro, 'width=8', 'dim=8', 'lpd.hidden=[8]', 'ltd.hidden=[8]'], ''), 'iste'],
  ['ISTE as released', () => model('variants/iste-released.arch', [...micro, 'width=8', 'dim=8'], ''), 'iste-released'],
  ['EDSR', () => model('edsr-pytorch.arch', ['width=4', 'blocks=2'], ''), 'edsr-pytorch'],
  ['Li', () => model('li.arch', ['generator.first=2'], ''), 'li'],
]

describe.each(networks)('%s, exported and imported', (name, loaded, map) => {
  const place = (format: string): string => inside(`${name} ${format}`)

  test('as safetensors has the same bits, and is a network of its own', async () => {
    const one = opened(loaded())
    const file = `${place('packed')}.safetensors`
    await packNetwork(one, file)
    const back = await importWeights({ files: [file], into: loaded() })
    expect(bits(back.tensors)).toEqual(bits(one.network.read()))
    expect([back.form, back.map, back.taken]).toEqual(['safetensors', undefined, one.network.weights.length])
    expect(bits((await openNetwork(file)).network.read())).toEqual(bits(one.network.read()))
  })

  test('under PyTorch’s names has the same bits', async () => {
    const one = opened(loaded())
    const file = `${place('named')}.safetensors`
    const named = await exportNamed(one, file)
    expect(named.map.name).toBe(map)
    const stored = await readSafetensors(file)
    expect(bits(stored.tensors)).toEqual(bits(named.tensors))
    expect(stored.metadata).toEqual({ format: 'pt', names: named.map.repository })
    const back = await importWeights({ files: [file], into: loaded() })
    expect(bits(back.tensors)).toEqual(bits(one.network.read()))
    expect([back.map?.name, back.leftOver, back.ignored]).toEqual([map, [], []])
  })

  test('for TensorFlow.js has the same bits, whichever of its files is named', async () => {
    const one = opened(loaded())
    await emitLayersModel(one.loaded, place('tfjs'), one.network, {})
    for (const file of [place('tfjs'), path.join(place('tfjs'), 'model.json'), path.join(place('tfjs'), 'weights.bin')]) {
      const back = await importWeights({ files: [file], into: loaded() })
      expect(bits(back.tensors)).toEqual(bits(one.network.read()))
      expect([back.form, back.map]).toEqual(['TensorFlow.js', undefined])
    }
  })
})

describe('what PyTorch saved comes back under its names', () => {
  test.each([
    ['liif-zip.pth', () => model('liif.arch', ['encoder.depths=[1]'])],
    ['edsr.pt', () => model('edsr-pytorch.arch', ['width=4', 'blocks=2', 'stages=[2]'], '')],
  ])('%s', async (name, loaded) => {
    const options = { files: [fixture(name)], into: loaded() }
    const imported = await importWeights(options)
    const file = inside(`from ${name}.safetensors`)
    await writeImported(file, options, imported)
    const { tensors } = officialNames(await openNetwork(file))
    const source = await openWeights(fixture(name))
    const dead = new Set(imported.ignored.map((one) => one.name))
    const original = await source.dicts[0]!.load(source.dicts[0]!.names.filter((one) => !dead.has(one)))
    await source.close()
    expect(bits(tensors)).toEqual(bits(original))
  })
})

describe('a network that no shipped map knows', () => {
  test('leaves under its own paths in PyTorch’s layouts, and comes back to the same bits', async () => {
    const loaded = model('live.arch')
    const one = opened(loaded)
    const file = inside('own paths.safetensors')
    const { tensors, map } = await exportNamed(one, file)
    expect(map.name).toBe('pytorch-paths')
    const shapes = Object.fromEntries([...tensors].map(([name, { shape }]) => [name, shape.join(' x ')]))
    expect(shapes).toMatchObject({
      'encoder.start.weight': '8 x 3 x 3 x 3',
      'encoder.start.bias': '8',
      'encoder.body.0.Told.scale_shift.linear.weight': '16 x 1',
      'coefficients.weight': '12 x 8 x 1 x 1',
    })
    const imported = await importWeights({ files: [file], into: loaded })
    expect(bits(imported.tensors)).toEqual(bits(one.network.read()))
  })
})

describe('a map for the names', () => {
  test('that has none for some weights is refused, with all of them', () => {
    const one = opened(model('liif.arch'))
    expect(() => officialNames(one, 'swinir')).toThrow(UserError)
    const paths = one.network.weights.map((weight) => weight.path)
    for (const weight of paths) expect(() => officialNames(one, 'swinir')).toThrow(weight)
  })

  test('of the user', () => {
    const one = opened(model('edsr-pytorch.arch', ['width=4', 'blocks=1'], ''))
    const map = inside('upper.json')
    writeFileSync(map, JSON.stringify({ repository: 'mine', include: [{ map: 'edsr-pytorch', from: 'net.' }] }))
    expect([...officialNames(one, map).tensors.keys()]).toContain('net.body.0.body.2.weight')
  })
})

describe('a model.json', () => {
  let whole = ''
  beforeAll(async () => {
    whole = inside('whole')
    const one = opened(model('edsr-pytorch.arch', ['width=4', 'blocks=1'], ''))
    await emitLayersModel(one.loaded, whole, one.network, {})
  })

  test.each<[string, (json: string) => string, (bin: Buffer) => Uint8Array, RegExp]>([
    ['of somebody else', (json) => json.replace('"generatedBy":"archc"', '"generatedBy":"keras"'), (bin) => bin, /archc did not generate it/],
    ['that is no JSON', (json) => json.slice(0, -9), (bin) => bin, /it is no JSON/],
    ['whose numbers are cut short', (json) => json, (bin) => bin.subarray(0, -4), /weights\.bin ends within painted\.bias/],
    ['with numbers too many', (json) => json, (bin) => Buffer.concat([bin, bin.subarray(0, 8)]), /8 bytes at the end/],
    ['that is quantised', (json) => json.replace('"dtype":"float32"}', '"dtype":"uint8"}'), (bin) => bin, /is not stored as float32/],
    ['with a weight of no layer', (json) => json.replace('"name":"painted.conv/bias"', '"name":"painted.conv/other"'), (bin) => bin, /no layer owns painted\.conv\/other/],
  ])('%s is refused by its name', async (what, json, bin, message) => {
    const place = inside(what)
    const one = opened(model('edsr-pytorch.arch', ['width=4', 'blocks=1'], ''))
    await emitLayersModel(one.loaded, place, one.network, {})
    const changed = json(readFileSync(path.join(whole, 'model.json'), 'utf8'))
    writeFileSync(path.join(place, 'model.json'), changed)
    writeFileSync(path.join(place, 'weights.bin'), bin(readFileSync(path.join(whole, 'weights.bin'))))
    const refused = openWeights(place)
    await expect(refused).rejects.toThrow(UserError)
    await expect(refused).rejects.toThrow(message)
    await expect(refused).rejects.toThrow(path.join(place, 'model.json'))
  }) // prettier-ignore
})
