import { readFile, writeFile } from 'node:fs/promises'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { compile } from '../../../src/compiler/index.ts'
import type { Weight } from '../../../src/compiler/ir/graph.ts'
import { compileModule } from '../../../src/compiler/module.ts'
import { UserError } from '../../../src/errors.ts'
import { archcRoot } from '../../../src/root.ts'
import type { Tensor } from '../../../src/runtime/files/safetensors.ts'
import { fileHost } from '../../../src/runtime/host.ts'
import { kinds } from '../../../src/runtime/weights/map-file.ts'
import { planByName, planByPath, readMap, toNames, toPaths } from '../../../src/runtime/weights/map.ts'
import { temporaryFolder } from '../network/small.ts'

const models = path.join(archcRoot, 'models')

/** Every weight of a model, its adversary's too. */
function weightsOf(file: string, sets: readonly string[] = []): Weight[] {
  const { model, diagnostics } = compile(path.join(models, file), fileHost, { sets })
  if (!model) throw new Error(diagnostics[0]?.message)
  const all = [model.graph, ...(model.train?.objectives ?? []).map((objective) => objective.graph)].flatMap(
    (graph) => graph.weights,
  )
  return [...new Map(all.map((weight) => [weight.path, weight])).values()]
}

const moduleWeights = (file: string, name: string, options: Parameters<typeof compileModule>[3]): readonly Weight[] =>
  compileModule(path.join(models, file), name, fileHost, options).graph!.weights

/** A tensor whose elements tell where they were. */
const counted = (shape: readonly number[]): Tensor => ({
  shape,
  dtype: 'F32',
  data: Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, at) => at),
})

const small = ['encoder.depths=[1]', 'encoder.embed=12', 'encoder.heads=2']

const tensorsOf = (weights: readonly Weight[]): Map<string, Tensor> =>
  new Map(weights.map(({ path: name, shape }) => [name, counted(shape)]))

/** Each map with the network that it is for and some names of the official file. */
const maps: readonly (readonly [string, () => readonly Weight[], readonly string[]])[] = [
  [
    'swinir',
    () => moduleWeights('lib/swinir.arch', 'SwinIR', { parameters: { depths: '[2, 1]', embed: '12', heads: '2' } }),
    ['layers.0.residual_group.blocks.1.attn.qkv.weight', 'conv_before_upsample.0.bias', 'patch_embed.norm.weight'],
  ],
  ['edsr-body', () => moduleWeights('edsr.arch', 'EDSRBody', { parameters: { blocks: '3', width: '4' } }), ['head.0.weight', 'body.2.body.2.bias', 'body.3.weight']],
  ['edsr', () => weightsOf('edsr.arch', ['stages=[2, 3]', 'width=4', 'blocks=2']), ['tail.0.0.weight', 'tail.0.2.bias', 'tail.1.weight', 'body.2.bias']],
  ['edsr-pytorch', () => weightsOf('edsr-pytorch.arch', ['width=4', 'blocks=2']), ['head.0.weight', 'tail.0.2.bias', 'tail.1.weight']],
  ['liif', () => weightsOf('liif.arch', small), ['encoder.layers.0.conv.weight', 'encoder.conv_before_upsample.0.weight', 'imnet.layers.6.weight', 'imnet.layers.8.bias']],
  ['lte', () => weightsOf('lte.arch', small), ['coef.weight', 'freq.bias', 'phase.weight', 'imnet.layers.6.bias']],
  ['lmliif', () => weightsOf('lmliif.arch', small), ['hypernet.layers.0.weight', 'hypernet.layers.2.bias', 'imnet.layers.0.weight']],
  ['lmlte', () => weightsOf('lmlte.arch', small), ['coef.weight', 'imphase.weight', 'hypernet.layers.2.bias', 'imnet.layers.2.weight']],
  ['srno', () => weightsOf('srno.arch'), ['conv00.weight', 'conv1.kln.weight', 'conv0.o_proj2.bias', 'fc2.weight']],
  ['rrdbnet', () => weightsOf('zoo/rrdbnet.arch', ['generator.blocks=2']), ['RRDB_trunk.1.RDB3.conv5.weight', 'RRDB_trunk.0.RDB1.conv4.bias', 'upconv2.weight', 'conv_last.bias']],
  ['swinir-classical', () => weightsOf('zoo/swinir.arch', ['stages=[2, 2]']), ['layers.0.conv.weight', 'upsample.2.bias', 'conv_last.weight', 'conv_before_upsample.0.bias']],
  ['nafnet', () => weightsOf('zoo/nafnet.arch', ['encoder=[1, 2, 1]', 'decoder=[2, 1, 1]', 'middle=2']), ['encoders.1.1.sca.1.weight', 'downs.2.weight', 'middle_blks.1.beta', 'ups.2.0.weight', 'decoders.0.1.norm2.bias', 'ending.bias']],
  ['hat', () => weightsOf('zoo/hat.arch'), ['layers.0.residual_group.blocks.1.conv_block.cab.3.attention.3.bias', 'layers.0.residual_group.overlap_attn.relative_position_bias_table', 'upsample.0.weight']],
  ['vgg19', () => moduleWeights('zoo/vgg19.arch', 'VGG19', { parameters: { width: '4' } }), ['features.0.weight', 'features.16.bias', 'features.34.weight']],
  ['iste', () => weightsOf('iste.arch', small), ['freq1.weight', 'liifconv.bias', 'fusionlinear.weight', 'imnet_rgb.layers.6.weight', 'pix_attn.k_linear.bias']],
  ['iste-released', () => weightsOf('variants/iste-released.arch', small), ['pix_attn.qk_linear.weight', 'pix_attn.kv_linear.bias', 'imnet_texture.layers.6.bias']],
  ['lfi', () => moduleWeights('iste.arch', 'LFI', { sizes: { c: 8 } }), ['q_linear.weight', 'v_linear.bias']],
  ['lfi-released', () => moduleWeights('lib/lfi-released.arch', 'LFIReleased', { sizes: { c: 8 } }), ['qk_linear.weight', 'proj.bias']],
  ['li', () => weightsOf('li.arch', ['generator.first=2']), ['down3.skip.conv.weight', 'up3.conv1.bias', 'skip0.act.weight', 'model.6.bias', 'model.9.weight']],
  ['pytorch-fid', () => weightsOf('inception-v3-fid.arch'), ['Mixed_6c.branch7x7dbl_5.conv.weight', 'Mixed_7c.branch3x3dbl_3b.bn.running_var', 'Conv2d_1a_3x3.bn.bias']],
] // prettier-ignore

describe('the maps of the official repositories', () => {
  test.each(maps)('%s names every weight, and the way back gives the same bits', (name, weights, names) => {
    const map = readMap(name)
    const all = weights()
    const { transfers, leftOver } = planByPath(map, all.map((weight) => weight.path)) // prettier-ignore
    expect(leftOver).toEqual([])
    const tensors = tensorsOf(all)
    const official = toNames(tensors, transfers)
    for (const expected of names) expect([...official.keys()]).toContain(expected)
    const back = toPaths(official, map, all)
    expect({ ...back, tensors: 0 }).toEqual({ tensors: 0, ignored: [], missing: [], leftOver: [], unused: [], misshapen: [] })
    expect([...back.tensors.keys()].sort()).toEqual([...tensors.keys()].sort())
    const bytes = ({ data }: Tensor): Buffer => Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    const changed = [...tensors].filter(([key, tensor]) => !bytes(tensor).equals(bytes(back.tensors.get(key)!)))
    expect(changed.map(([key]) => key)).toEqual([])
  })

  test('every map file is read', () => {
    const parts = new Set([...maps.map(([name]) => name), 'mlp', 'esrgan', 'iste-heads', 'li-generator', 'li-discriminator'])
    const files = readdirSync(path.join(models, 'maps')).map((file) => path.basename(file, '.json'))
    expect(files.filter((file) => !parts.has(file))).toEqual([])
    for (const file of files) expect(readMap(file).entries.length).toBeGreaterThan(0)
  })

  test('and has the form of the schema, as the example of docs/maps.md has, and each has every kind', () => {
    const schema = JSON.parse(readFileSync(path.join(archcRoot, 'docs', 'maps.schema.json'), 'utf8')) as { properties: { modules: { items: { properties: { kind: { enum: string[] } } } } } } // prettier-ignore
    const validate = new Ajv({ strict: true, allowUnionTypes: true }).compile(schema)
    const shipped = readdirSync(path.join(models, 'maps')).map((file) => readFileSync(path.join(models, 'maps', file), 'utf8'))
    const page = readFileSync(path.join(archcRoot, 'docs', 'maps.md'), 'utf8')
    const example = /```json\n(.*?)```/s.exec(page)![1]!
    for (const text of [...shipped, example]) expect([validate(JSON.parse(text)), validate.errors]).toEqual([true, null])
    expect(schema.properties.modules.items.properties.kind.enum).toEqual(Object.keys(kinds))
    for (const kind of Object.keys(kinds)) expect(page).toContain(`\`${kind}\``)
  })

  test('a model that a map names is there', async () => {
    for (const file of readdirSync(path.join(models, 'maps'))) {
      const { model } = readMap(path.basename(file, '.json'))
      if (model) await expect(readFile(path.join(archcRoot, model), 'utf8')).resolves.toMatch(/model|module|variant/)
    }
  })
})

describe('layouts', () => {
  const weights = (shape: readonly number[]): Weight[] => [
    { path: 'x.kernel', shape, initialiser: { kind: 'zeros' }, fanIn: 1, trainable: true, op: 'conv' },
  ]
  const folder = temporaryFolder()
  const mapOf = async (content: unknown): Promise<string> => {
    const file = path.join(folder, 'own.json')
    await writeFile(file, JSON.stringify(content))
    return file
  }

  test('convolutions O I H W become H W I O, linear maps O I become I O', async () => {
    const conv = readMap(await mapOf({ repository: 'own', modules: [{ kind: 'conv', from: 'x', to: 'x' }] }))
    const kernel = toPaths(new Map([['x.weight', counted([2, 3, 1, 2])]]), conv, weights([1, 2, 3, 2])).tensors.get('x.kernel')!
    expect(kernel.shape).toEqual([1, 2, 3, 2])
    // element (o, i, h, w) is 6 o + 2 i + 2 h + w there
    expect([...kernel.data]).toEqual([0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11])
    const linear = readMap(await mapOf({ repository: 'own', modules: [{ kind: 'linear', from: 'x', to: 'x' }] }))
    const matrix = toPaths(new Map([['x.weight', counted([2, 3])]]), linear, weights([3, 2])).tensors.get('x.kernel')!
    expect([...matrix.data]).toEqual([0, 3, 1, 4, 2, 5])
  })

  test('transposed convolutions I O H W become H W O I, norms have scale and shift', async () => {
    const kinds = { up: 'transposed', group: 'group_norm', instance: 'instance_norm', rms: 'rms_norm' }
    const modules = Object.entries(kinds).map(([name, kind]) => ({ kind, from: name, to: name }))
    const map = readMap(await mapOf({ repository: 'own', modules }))
    const shapes = {
      'up.kernel': [2, 1, 3, 2], 'up.bias': [3], 'group.scale': [4], 'group.shift': [4], 'instance.scale': [4],
      'instance.shift': [4], 'rms.scale': [4],
    } // prettier-ignore
    const all = Object.entries(shapes).map(([name, shape]): Weight => ({ ...weights(shape)[0]!, path: name }))
    const given = new Map([
      ['up.weight', counted([2, 3, 2, 1])],
      ...Object.entries({ 'up.bias': 3, 'group.weight': 4, 'group.bias': 4, 'instance.weight': 4, 'instance.bias': 4, 'rms.weight': 4 })
        .map(([name, length]): [string, Tensor] => [name, counted([length])]),
    ]) // prettier-ignore
    const { tensors, missing, leftOver, misshapen } = toPaths(given, map, all)
    expect([missing, leftOver, misshapen]).toEqual([[], [], []])
    // element (c, o, h, w) is 6 c + 2 o + h + w there, and here h comes first, then o, then c
    expect([...tensors.get('up.kernel')!.data]).toEqual([0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11])
    const back = toNames(tensors, planByName(map, given.keys()).transfers)
    expect(back.get('up.weight')).toEqual(given.get('up.weight'))
  })

  test('two tensors become one along their outputs, and one becomes two', async () => {
    const lfi = readMap('lfi')
    const all = moduleWeights('iste.arch', 'LFI', { sizes: { c: 8 } })
    const parts = new Map([['k_linear.bias', counted([8])], ['v_linear.bias', { ...counted([8]), data: new Float32Array(8).fill(-1) }]] as [string, Tensor][]) // prettier-ignore
    expect([...toPaths(parts, lfi, all).tensors.get('key_value.bias')!.data]).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, -1, -1, -1, -1, -1, -1, -1, -1,
    ])
    const whole = toPaths(new Map([['kv.bias', counted([16])]]), lfi, all).tensors.get('key_value.bias')!
    expect([...whole.data]).toEqual(Array.from({ length: 16 }, (_, at) => at))
    const apart = readMap(await mapOf({ repository: 'own', modules: [{ kind: 'tensor', from: 'qk', to: ['q', 'k'] }] }))
    const twins: Weight[] = ['q', 'k'].map((name) => ({ ...weights([2])[0]!, path: name }))
    const split = toPaths(new Map([['qk', counted([4])]]), apart, twins)
    expect([...split.tensors].map(([name, { data }]) => [name, [...data]])).toEqual([['q', [0, 1]], ['k', [2, 3]]]) // prettier-ignore
    expect([...toNames(split.tensors, planByName(apart, ['qk']).transfers).get('qk')!.data]).toEqual([0, 1, 2, 3])
  })

  test.each([
    ['no JSON', '{', /no JSON/],
    [
      'an unknown kind',
      { repository: 'x', modules: [{ kind: 'magic', from: 'a', to: 'b' }] },
      /modules\[0\]\.kind is "magic", not one of conv, transposed, linear, .*, tensor$/,
    ],
    ['a place that is no number', { repository: 'x', modules: [{ kind: 'tensor', from: '{2i}', to: 'b' }] }, /\{2i\}/],
    ['many to many', { repository: 'x', modules: [{ kind: 'tensor', from: ['a', 'b'], to: ['c', 'd'] }] }, /several/],
    ['no repository', { modules: [] }, /the file needs the field repository$/],
    [
      'a key of the wrong name',
      { repository: 'x', module: [] },
      /the file has no field module; did you mean modules\? It takes \$schema, repository, model/,
    ],
    [
      'a key of a module',
      { repository: 'x', modules: [{ kind: 'conv', from: 'a', to: 'b', afer: 'c' }] },
      /modules\[0\] has no field afer; did you mean after\?/,
    ],
    [
      'no names',
      { repository: 'x', modules: [{ kind: 'conv', from: [], to: 'b' }] },
      /modules\[0\]\.from must NOT have fewer than 1 items/,
    ],
    [
      'a model that is no text',
      { repository: 'x', model: 'edsr' },
      /model is "edsr", which does not have the form of a \.arch file/,
    ],
    ['what is ignored without a reason', { repository: 'x', ignored: [{ name: 'a' }] }, /ignored\[0\] needs the field why/],
  ])('%s in a map of the user is refused with its reason', async (_what, content, reason) => {
    const file = await mapOf(content)
    if (typeof content === 'string') await writeFile(file, content)
    expect(() => readMap(file)).toThrow(UserError)
    expect(() => readMap(file)).toThrow(reason)
  })
})

describe('what does not fit', () => {
  test('is listed in full: missing, left over, misshapen, and what the map knows to be dead', () => {
    const all = weightsOf('iste.arch', small)
    const map = readMap('iste')
    const official = toNames(tensorsOf(all), planByPath(map, all.map((weight) => weight.path)).transfers) // prettier-ignore
    official.delete('coef.bias')
    official.delete('pix_attn.k_linear.weight')
    official.set('phase.weight', counted([7, 2]))
    official.set('stranger.weight', counted([1]))
    official.set('imnet_texture_auxiliary.layers.0.weight', counted([1]))
    official.set('encoder.layers.0.residual_group.blocks.1.attn_mask', counted([1]))
    const { missing, leftOver, misshapen, ignored } = toPaths(official, map, all)
    expect([...missing].sort()).toEqual(['lfi.key_value.kernel', 'texture.amplitude.bias'])
    expect([...leftOver].sort()).toEqual(['pix_attn.v_linear.weight', 'stranger.weight'])
    expect(misshapen).toEqual(['phase.weight: [7, 2] in the file, texture.phase.kernel needs [256, 2]'])
    expect(ignored.map(({ name }) => name)).toEqual([
      'imnet_texture_auxiliary.layers.0.weight',
      'encoder.layers.0.residual_group.blocks.1.attn_mask',
    ])
    expect(ignored[0]!.why).toMatch(/never called/)
  })

  test('a deeper decoder in the file is not taken for the last layer', () => {
    const all = weightsOf('liif.arch', [...small, 'decoder.hidden=[256, 256]'])
    const deep = weightsOf('liif.arch', small)
    const map = readMap('liif')
    const official = toNames(tensorsOf(deep), planByPath(map, deep.map((weight) => weight.path)).transfers) // prettier-ignore
    const { leftOver, unused, misshapen, missing } = toPaths(official, map, all)
    expect({ missing, misshapen }).toEqual({ missing: [], misshapen: [] })
    expect(unused).toEqual([
      { name: 'imnet.layers.4.weight', path: 'decoder.body[2].kernel' },
      { name: 'imnet.layers.4.bias', path: 'decoder.body[2].bias' },
      { name: 'imnet.layers.6.weight', path: 'decoder.body[3].kernel' },
      { name: 'imnet.layers.6.bias', path: 'decoder.body[3].bias' },
    ])
    expect(leftOver).toEqual(unused.map(({ name }) => name))
  })
})
