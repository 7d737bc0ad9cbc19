import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { compileModule } from '../../../src/compiler/module.ts'
import { UserError } from '../../../src/errors.ts'
import { createRun, runPaths } from '../../../src/runtime/files/run-folder.ts'
import { writeSafetensors, type Tensor } from '../../../src/runtime/files/safetensors.ts'
import { fileHost } from '../../../src/runtime/host.ts'
import { describeModel, type LoadedModel } from '../../../src/runtime/network/load-model.ts'
import { readNetworkFile } from '../../../src/runtime/network/network-file.ts'
import { createNetwork } from '../../../src/runtime/network/network.ts'
import { openNetwork } from '../../../src/runtime/network/open-network.ts'
import { readCase } from '../../../src/runtime/parity/case.ts'
import { queryOf } from '../../../src/runtime/parity/query.ts'
import { channelsFirst, channelsLast, compute, valueAt } from '../../../src/runtime/parity/values.ts'
import { averageWeights } from '../../../src/runtime/weights/average.ts'
import { importWeights, writeImported } from '../../../src/runtime/weights/import.ts'
import { listWeights } from '../../../src/runtime/weights/list.ts'
import { planByPath, readMap, toNames, toPaths } from '../../../src/runtime/weights/map.ts'
import { tensorsIn } from '../../../src/runtime/weights/source.ts'
import { farthest, model, quietEngine, root, started, temporaryFolder } from '../network/small.ts'
import { stateDictFile } from './torch-bytes.ts'

const folder = temporaryFolder()
const inside = (name: string): string => path.join(folder, name)
const fixture = (name: string): string => path.join(root, 'test', 'fixtures', 'weights', name)
const parity = (name: string): string => path.join(root, 'test', 'parity', name)

const liif = (sets: readonly string[] = []): LoadedModel => model('liif.arch', ['encoder.depths=[1]', ...sets])
const isteSets = ['width=8', 'dim=8', 'encoder.embed=12', 'encoder.depths=[1]', 'encoder.heads=2', 'lpd.hidden=[4, 4]', 'ltd.hidden=[4, 4]'] // prettier-ignore

const bytesOf = ({ data }: Tensor): Buffer => Buffer.from(data.buffer, data.byteOffset, data.byteLength)
/** Bits and shapes, so that a difference is shown by its name. */
const bits = (tensors: ReadonlyMap<string, Tensor>): [string, string][] =>
  [...tensors].map(([name, tensor]) => [name, `[${tensor.shape.join()}] ${bytesOf(tensor).toString('base64')}`] as [string, string]).sort() // prettier-ignore

/** What a network of a graph gives with some weights. */
function outputOf(loaded: LoadedModel, tensors: ReadonlyMap<string, Tensor>, inputs: Readonly<Record<string, Tensor>>): Tensor {
  const { graph } = loaded.model
  const network = createNetwork([graph])
  network.assign(tensors)
  return compute(network, graph, new Map([['result', graph.outputs[0]!.value]]), inputs).get('result')!
}

beforeAll(quietEngine)

describe('weights that PyTorch saved compute what PyTorch computed', () => {
  test('EDSR: the picture of edsr-result.pt gives its result', async () => {
    const into = model('edsr-pytorch.arch', ['width=4', 'blocks=2', 'stages=[2]'], '')
    const { tensors, map, ignored } = await importWeights({ files: [fixture('edsr.pt')], into })
    expect(map?.name).toBe('edsr-pytorch')
    expect(ignored.map(({ name }) => name).sort()).toEqual([
      'add_mean.bias',
      'add_mean.weight',
      'sub_mean.bias',
      'sub_mean.weight',
    ])
    const stored = await tensorsIn(fixture('edsr-result.pt'))
    const made = channelsFirst(outputOf(into, tensors, { lr: channelsLast(stored.get('picture')!) }))
    const expected = stored.get('result')!
    expect(made.shape).toEqual([1, 3, 12, 18])
    expect(expected.shape).toEqual(made.shape)
    // of values up to 255; float32 gives 24 bits
    expect(farthest(made.data, expected.data)).toBeLessThan(2e-4)
  })

  test('the released local feature interactor: a .pt has the bits of the parity fixture, and its output', async () => {
    const { graph } = compileModule(path.join(root, 'models', 'lib', 'lfi-released.arch'), 'LFIReleased', fileHost, {
      sizes: { c: 64 },
    })
    const map = readMap('lfi-released')
    const saved = toPaths(await tensorsIn(fixture('lfi-released.pt')), map, graph!.weights)
    const data = await readCase(parity('lfi-released'), 'lfi-released')
    const other = toPaths(data.weights, map, graph!.weights)
    expect(saved.ignored).toEqual([{ name: 'depth_conv.weight', why: 'created by the released code and never called' }])
    expect({ ...saved, tensors: bits(saved.tensors), ignored: [] }).toEqual({ ...other, tensors: bits(other.tensors) })
    const network = createNetwork([graph!])
    network.assign(saved.tensors)
    const value = valueAt(graph!, { output: graph!.outputs[0]!.name })!
    const made = compute(network, graph!, new Map([['y', value]]), { x: channelsLast(data.tensors.get('input')!) }).get('y')!
    const expected = data.tensors.get('output')!
    expect(farthest(channelsFirst(made).data, expected.data)).toBeLessThan(data.infos.get('output')!.tolerance!)
  })

  test('ISTE: the weights of the parity fixture, as a .pth and as safetensors, give the output of the published code', async () => {
    const sets = ['dim=48', 'encoder.embed=24', 'encoder.depths=[2, 2]', 'encoder.heads=3', 'lpd.hidden=[48, 48, 48]', 'ltd.hidden=[48, 48, 48]'] // prettier-ignore
    const into = model('iste.arch', sets, '')
    const data = await readCase(parity('iste-micro'), 'iste-micro')
    const file = inside('iste-micro.pth')
    writeFileSync(file, stateDictFile(data.weights))
    const plain = await importWeights({ files: [path.join(parity('iste-micro'), 'weights.safetensors')], into })
    const saved = await importWeights({ files: [file], into })
    expect([saved.form, saved.map?.name, plain.form, plain.map?.name]).toEqual(['PyTorch, zip', 'iste', 'safetensors', 'iste'])
    expect(bits(saved.tensors)).toEqual(bits(plain.tensors))
    const query = queryOf(data, 'random')
    const made = outputOf(into, saved.tensors, { ...query })
    const { tolerance } = data.infos.get('random.output')!
    expect(farthest(made.data, data.tensors.get('random.output')!.data)).toBeLessThan(tolerance!)
  })
})

describe('one part of a file', () => {
  const encoder = ['encoder.embed=24', 'encoder.depths=[2, 2]', 'encoder.heads=3']
  const file = path.join(parity('iste-micro'), 'weights.safetensors')

  test('goes into another network that has it; what is not in the file is named, and starts fresh in training alone', async () => {
    const iste = model('iste.arch', ['dim=48', ...encoder, 'lpd.hidden=[48, 48, 48]', 'ltd.hidden=[48, 48, 48]'], '')
    const whole = await importWeights({ files: [file], into: iste })
    const into = model('liif.arch', encoder, '')
    const asked = { files: [file], into, parts: ['encoder'] }
    const part = await importWeights(asked)
    const own = new Map([...whole.tensors].filter(([name]) => name.startsWith('encoder.')))
    expect(bits(part.tensors)).toEqual(bits(own))
    expect(part.taken).toBeGreaterThan(40)
    expect(part.left.length).toBeGreaterThan(0)
    expect([...part.left, ...own.keys()].sort()).toEqual(into.model.graph.weights.map((weight) => weight.path).sort())
    expect(part.leftOver.length).toBeGreaterThan(0)
    const place = inside('encoder.safetensors')
    await writeImported(place, asked, part)
    expect([...(await readNetworkFile(place)).tensors.keys()].sort()).toEqual([...own.keys()].sort())
    await expect(openNetwork(place)).rejects.toThrow(/missing: decoder\./)
  })

  test('that the model does not have, or that has another shape, is refused by name', async () => {
    const into = model('liif.arch', encoder, '')
    await expect(importWeights({ files: [file], into, parts: ['encodr'] })).rejects.toThrow(
      /the model has no weights under encodr; did you mean encoder\?/,
    )
    const wider = model('liif.arch', [...encoder.slice(1), 'encoder.embed=12'], '')
    await expect(importWeights({ files: [file], into: wider, parts: ['encoder'] })).rejects.toThrow(/another shape/)
  })
})

describe('checkpoints of PyTorch', () => {
  test('the zip and the legacy form give the same bits, and the last linear layer is what the file says', async () => {
    const zip = await importWeights({ files: [fixture('liif-zip.pth')], into: liif() })
    const legacy = await importWeights({ files: [fixture('liif-legacy.pth')], into: liif() })
    expect([zip.form, legacy.form]).toEqual(['PyTorch, zip', 'PyTorch, legacy'])
    expect({ ...zip, form: '', tensors: bits(zip.tensors) }).toEqual({ ...legacy, form: '', tensors: bits(legacy.tensors) })
    expect({ key: zip.key, map: zip.map?.name, taken: zip.taken, weights: zip.tensors.size }).toEqual({ key: 'model.sd', map: 'liif', taken: 31, weights: 31 }) // prettier-ignore
    expect(zip.ignored.map(({ name }) => name)).toEqual(['encoder.layers.0.residual_group.blocks.0.attn.relative_position_index'])
    const official = (await tensorsIn(fixture('liif-zip.pth'))).get('imnet.layers.4.weight')!
    const kernel = zip.tensors.get('decoder.linear.kernel')!
    expect([official.shape, kernel.shape]).toEqual([[3, 32], [32, 3]]) // prettier-ignore
    expect(kernel.data[3 * 5 + 2]).toBe(official.data[32 * 2 + 5])
  })

  test('LIIF on EDSR: the same map, the other encoder', async () => {
    const into = model('variants/liif-edsr.arch', ['width=4', 'encoder.blocks=2', 'decoder.hidden=[8]'], '')
    const { map, tensors, ignored } = await importWeights({ files: [fixture('liif-edsr.pth')], into })
    expect([map?.name, tensors.size]).toEqual(['liif', 16])
    expect(ignored.map(({ name }) => name)).toEqual(['encoder.sub_mean.weight', 'encoder.sub_mean.bias'])
  })

  test('ISTE as released: its dead modules are named as such, its interactor is taken as lfi-released', async () => {
    const into = model('variants/iste-released.arch', isteSets, '')
    const { map, tensors, ignored, leftOver } = await importWeights({ files: [fixture('iste-released.pth')], into })
    expect([map?.name, tensors.size, leftOver]).toEqual(['iste-released', into.model.graph.weights.length, []])
    expect(new Set(ignored.map(({ why }) => why))).toEqual(new Set(['created by the released code and never called']))
    expect(new Set(ignored.map(({ name }) => name.replace(/\.(?:layers\.\d\.)?\w+$/, '')))).toEqual(
      new Set(['imnet_texture_auxiliary', 'imnet_query', 'pix_attn.depth_conv']),
    )
    expect(tensors.get('lfi.query_own.kernel')?.shape).toEqual([8, 16])
  })

  test('ISTE as released does not go into the corrected network, and the error says where it goes', async () => {
    const refused = importWeights({ files: [fixture('iste-released.pth')], into: model('iste.arch', isteSets, '') })
    await expect(refused).rejects.toThrow(UserError)
    await expect(refused).rejects.toMatchObject({
      message: expect.stringMatching(
        /missing: lfi\.query\.kernel[^]*too many: pix_attn\.qk_linear\.weight \(lfi\.query_own\.kernel\)/,
      ) as string,
      help: expect.stringContaining('models/variants/iste-released.arch') as string,
    })
  })

  test('a GAN’s two files are taken together; without the adversary’s the weights are whole all the same', async () => {
    const into = model('li.arch', ['generator.first=2'], '')
    const graphs = [into.model.graph, ...into.model.train!.objectives.map(({ graph }) => graph)]
    const network = createNetwork(graphs)
    network.initialise(3)
    const all = network.read()
    const files = (['li-generator', 'li-discriminator'] as const).map((name) => {
      const prefix = name === 'li-generator' ? 'generator.' : 'judge.'
      const own = new Map([...all].flatMap(([at, tensor]) => (at.startsWith(prefix) ? [[at.slice(prefix.length), tensor] as const] : []))) // prettier-ignore
      const file = inside(`${name}.pth`)
      writeFileSync(file, stateDictFile(toNames(own, planByPath(readMap(name), own.keys()).transfers)))
      return file
    })
    const both = await importWeights({ files, into })
    expect(bits(both.tensors)).toEqual(bits(all))
    expect([both.map?.name, both.anew]).toEqual(['li', []])
    const one = await importWeights({ files: [files[0]!], into })
    expect([...one.tensors.keys()].every((name) => name.startsWith('generator.'))).toBe(true)
    expect(one.anew.length).toBe(all.size - one.tensors.size)
    await expect(importWeights({ files: [files[0]!, files[0]!], into })).rejects.toThrow(/both hold a tensor/)
  })
})

describe('a map of the user', () => {
  const into = liif()
  const file = inside('renamed.pth')
  const map = inside('own.json')

  beforeAll(() => {
    const { transfers } = planByPath(readMap('liif'), into.model.graph.weights.map((weight) => weight.path)) // prettier-ignore
    const official = toNames(started(into).read(), transfers)
    const renamed = new Map(
      [...official].map(([name, tensor]) => [`net.${name.replace('imnet.', 'mlp.').replace('encoder.', 'enc.')}`, tensor]),
    )
    writeFileSync(
      file,
      stateDictFile(new Map([...renamed, ['net.step', { shape: [], dtype: 'F32', data: new Float32Array(1) }]])),
    )
    const written = {
      repository: 'mine',
      include: [{ map: 'swinir', from: 'net.enc.', to: 'encoder.' }, { map: 'mlp', from: 'net.mlp.', to: 'decoder.' }], // prettier-ignore
      ignored: [{ name: 'net.step', why: 'a counter' }],
    }
    writeFileSync(map, JSON.stringify(written))
  })

  test('is needed where no map of archc’s knows the names', async () => {
    await expect(importWeights({ files: [file], into })).rejects.toThrow(
      /none of the 32 tensors of .*renamed\.pth is a weight of the model, by its own names or by any of archc’s maps/,
    )
  })

  test('takes the weights', async () => {
    const imported = await importWeights({ files: [file], into, map })
    expect(bits(imported.tensors)).toEqual(bits(started(into).read()))
    expect([imported.map?.repository, imported.ignored]).toEqual(['mine', [{ name: 'net.step', why: 'a counter' }]])
  })

  test.each([
    ['of no such name', 'nomap', /archc brings no name map nomap/],
    ['that is not there', inside('none.json'), /none\.json: there is no such file/],
    ['that knows other names', 'pytorch-fid', /by the map pytorch-fid/],
  ])('%s is refused', async (_what, other, message) => {
    const refused = importWeights({ files: [file], into, map: other })
    await expect(refused).rejects.toThrow(UserError)
    await expect(refused).rejects.toThrow(message)
  })
})

describe('what does not fit is refused, listed in full', () => {
  const into = liif()
  const whole = async (): Promise<Map<string, Tensor>> => tensorsIn(fixture('liif-zip.pth'))
  const changed = async (change: (tensors: Map<string, Tensor>) => void): Promise<string> => {
    const tensors = await whole()
    change(tensors)
    const file = inside('changed.pth')
    writeFileSync(file, stateDictFile(tensors))
    return file
  }
  const ones = (shape: readonly number[]): Tensor => ({
    shape,
    dtype: 'F32',
    data: new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(1),
  })

  test('missing and misshapen tensors, every one', async () => {
    const file = await changed((tensors) => {
      tensors.delete('encoder.conv_first.bias')
      tensors.delete('imnet.layers.4.weight')
      tensors.set('imnet.layers.0.weight', ones([31, 148]))
      tensors.set('encoder.conv_first.weight', ones([12, 3, 1, 1]))
    })
    const refused = importWeights({ files: [file], into })
    await expect(refused).rejects.toThrow(UserError)
    const { message } = (await refused.catch((error: unknown) => error)) as UserError
    expect(message.split('\n').map((line) => line.trim())).toEqual([
      `${file}, by the map liif, does not fit the model's 31 weights, nothing was written:`,
      'missing: encoder.shallow.bias (encoder.conv_first.bias)',
      'missing: decoder.linear.kernel (imnet.layers.4.weight)',
      'another shape: encoder.conv_first.weight: [12, 3, 1, 1] in the file, encoder.shallow.kernel needs [12, 3, 3, 3]',
      'another shape: imnet.layers.0.weight: [31, 148] in the file, decoder.body[0].kernel needs [32, 148]',
      'no weight: encoder.layers.0.residual_group.blocks.0.attn.relative_position_index (a buffer: the text computes it)',
    ])
  })

  test('layers that the model does not have: it would compute something else', async () => {
    const deeper = liif(['decoder.hidden=[32, 32, 32]'])
    const file = inside('deeper.pth')
    const { transfers } = planByPath(readMap('liif'), deeper.model.graph.weights.map((weight) => weight.path)) // prettier-ignore
    writeFileSync(file, stateDictFile(toNames(started(deeper).read(), transfers)))
    await expect(importWeights({ files: [file], into })).rejects.toThrow(
      /too many: imnet\.layers\.4\.weight \(decoder\.body\[2\]\.kernel\)\n {2}too many: imnet\.layers\.4\.bias/,
    )
  })

  test('a tensor that nothing is known of is left over, and the rest is taken', async () => {
    const file = await changed((tensors) => tensors.set('stranger.weight', ones([2])))
    const { leftOver, tensors, taken } = await importWeights({ files: [file], into })
    expect([leftOver, tensors.size, taken]).toEqual([['stranger.weight'], 31, 31])
  })

  test('where nothing fits, the error speaks of the likeliest tensors, not of the fewest', async () => {
    const refused = importWeights({ files: [fixture('types-zip.pt')], into })
    await expect(refused).rejects.toThrow(
      /none of the 17 tensors of .*types-zip\.pt \(state_dict\)[^]*the file has float, same, /,
    )
  })

  test.each([
    ['keys that lead nowhere', { key: 'model.sdd' }, /liif-zip\.pth has no tensors under model\.sdd/],
    ['the map of another network', { map: 'edsr' }, /by the map edsr/],
  ])('%s', async (_what, options, message) => {
    const refused = importWeights({ files: [fixture('liif-zip.pth')], into, ...options })
    await expect(refused).rejects.toThrow(UserError)
    await expect(refused).rejects.toThrow(message)
  })
})

describe('the network file of imported weights', () => {
  const into = liif()
  const options = { files: [fixture('liif-zip.pth')], into }

  test('opens with the bits of the file, by any name, and says where they came from', async () => {
    const imported = await importWeights(options)
    for (const name of ['new/folder/liif.safetensors', 'other', 'weights.txt', 'weights.json']) {
      const file = inside(name)
      await writeImported(file, options, imported)
      const { network, run } = await openNetwork(file)
      expect([bits(network.read()), run]).toEqual([bits(imported.tensors), undefined])
      expect((await listWeights(file)).dicts[0]!.shapes.length).toBe(31)
      expect((await readNetworkFile(file)).imported).toEqual({
        files: [fixture('liif-zip.pth')],
        form: 'PyTorch, zip',
        key: 'model.sd',
        map: 'liif',
      })
    }
  })

  test('has the adversary of a GAN, which the opened network does without', async () => {
    const [own, both] = [inside('li-own.pth'), inside('li.safetensors')]
    const gan = model('li.arch', ['generator.first=2'], '')
    const network = createNetwork([gan.model.graph, ...gan.model.train!.objectives.map(({ graph }) => graph)])
    network.initialise(3)
    const all = network.read()
    writeFileSync(own, stateDictFile(all))
    const given = { files: [own], into: gan }
    await writeImported(both, given, await importWeights(given))
    expect(bits((await readNetworkFile(both)).tensors)).toEqual(bits(all))
    const opened = await openNetwork(both)
    expect(opened.network.weights.length).toBe(gan.model.graph.weights.length)
    expect(opened.network.weights.length).toBeLessThan(all.size)
    const again = await importWeights({ files: [both], into: gan })
    expect([bits(again.tensors), again.anew]).toEqual([bits(all), []])
  })

  test('appears whole or not at all', async () => {
    const imported = await importWeights(options)
    const broken = { ...imported, tensors: new Map<string, Tensor>([['a', { shape: [3], dtype: 'F32', data: new Float32Array(2) }]]) } // prettier-ignore
    const place = inside('whole')
    mkdirSync(place)
    await expect(writeImported(path.join(place, 'liif.safetensors'), options, broken)).rejects.toThrow(/do not fill/)
    expect(readdirSync(place)).toEqual([])
  })

  test('replaces no folder, no text and not what was read', async () => {
    const imported = await importWeights(options)
    const taken = inside('taken')
    mkdirSync(taken)
    const refused = writeImported(taken, options, imported)
    await expect(refused).rejects.toThrow(`cannot write ${taken}: it is a folder`)
    await expect(refused).rejects.toMatchObject({ help: `a network file is one file: name ${taken}/liif.safetensors` })
    expect(readdirSync(taken)).toEqual([])
    await expect(writeImported(inside('liif.arch'), options, imported)).rejects.toThrow(/what ends in \.arch is a text/)
    expect(existsSync(inside('liif.arch'))).toBe(false)
    const own = inside('own.pth')
    copyFileSync(fixture('liif-zip.pth'), own)
    await expect(writeImported(own, { files: [own], into }, imported)).rejects.toThrow(/own\.pth: the weights are read from it/)
    expect(readFileSync(own)).toEqual(readFileSync(fixture('liif-zip.pth')))
  })

  test('is the network that earlier versions made a run of, which opens as before', async () => {
    const imported = await importWeights(options)
    const [folderOfRun, file] = [inside('earlier'), inside('now.safetensors')]
    const record = { ...describeModel(into), seed: 0, versions: {}, engine: {}, data: [] }
    await createRun(folderOfRun, record, into.text)
    const origin = JSON.stringify({ files: options.files, form: 'PyTorch, zip', key: 'model.sd', map: 'liif' })
    await writeSafetensors(runPaths(folderOfRun).weights, imported.tensors, { imported: origin })
    await writeImported(file, options, imported)
    const [earlier, now] = [await openNetwork(folderOfRun), await openNetwork(file)]
    expect(earlier.run?.folder).toBe(folderOfRun)
    expect(now.hash).toBe(earlier.hash)
    expect(bits(earlier.network.read())).toEqual(bits(imported.tensors))
    expect(await listWeights(folderOfRun)).toEqual(await listWeights(file))
    averageWeights([earlier, now])
    expect(bits(earlier.network.read())).toEqual(bits(imported.tensors))
  })
})
