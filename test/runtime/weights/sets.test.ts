import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import { writeSafetensors, type Tensor } from '../../../src/runtime/files/safetensors.ts'
import { importWeights } from '../../../src/runtime/weights/import.ts'
import { planByPath, readMap, toNames } from '../../../src/runtime/weights/map.ts'
import { model, quietEngine, started, temporaryFolder } from '../network/small.ts'
import { dict, storage, tensor, zipFile } from './torch-bytes.ts'

type Tensors = ReadonlyMap<string, Tensor>

const folder = temporaryFolder()
const into = model('edsr-pytorch.arch', ['width=4', 'blocks=1', 'stages=[2]'], '')
const wide = model('edsr-pytorch.arch', ['width=8', 'blocks=1', 'stages=[2]'], '')

const official = (loaded: typeof into, seed: number): Tensors => {
  const paths = loaded.model.graph.weights.map(({ path: name }) => name)
  return toNames(started(loaded, seed).read(), planByPath(readMap('edsr-pytorch'), paths).transfers)
}

let some: Tensors
let others: Tensors
let wider: Tensors
beforeAll(async () => {
  await quietEngine()
  some = official(into, 1)
  others = official(into, 2)
  wider = official(wide, 3)
})

const under = (prefix: string, tensors: Tensors): Tensors => new Map([...tensors].map(([name, value]) => [prefix + name, value]))
const strange: Tensors = new Map([['features.0.weight', { shape: [2, 2], dtype: 'F32', data: new Float32Array(4) }]])

/** A checkpoint of PyTorch with these sets under their keys. */
function checkpoint(sets: Readonly<Record<string, Tensors>>): string {
  const storages = new Map<string, Uint8Array>()
  const written = Object.entries(sets).map(([key, tensors]) => {
    const items = [...tensors].map(([name, { shape, data }]) => {
      const at = String(storages.size)
      storages.set(at, new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
      return [name, tensor(storage({ key: at, count: data.length }), shape)] as const
    })
    return [key, dict(...items)] as const
  })
  const file = path.join(folder, 'checkpoint.pth')
  const [first] = written
  writeFileSync(file, zipFile(written.length === 1 && first![0] === '' ? first![1] : dict(...written), storages))
  return file
}

const bits = (tensors: Tensors): unknown => [...tensors].map(([name, { data }]) => [name, [...data]]).sort()
const expected = (seed: number): unknown => bits(started(into, seed).read())

describe('what training programs put before names is taken off', () => {
  test.each([
    'module.', '_orig_mod.', 'module._orig_mod.', '_orig_mod.module.', 'module.module.', 'model.', 'net.', 'net_g.', 'netG.', 'network.', 'generator.',
    'sr_model.', 'model.net.', 'model._orig_mod.module.', '_forward_module.model.', '_fsdp_wrapped_module._orig_mod.net_g.module.', 'module.model.module.net.',
  ])('%s', async (prefix) => {
    const file = checkpoint({ '': under(prefix, some) })
    expect(bits((await importWeights({ files: [file], into })).tensors)).toEqual(expected(1))
    const safe = path.join(folder, 'prefixed.safetensors')
    await writeSafetensors(safe, under(prefix, some))
    expect(bits((await importWeights({ files: [safe], into })).tensors)).toEqual(expected(1))
  }) // prettier-ignore

  test('also in the middle, where a part alone was compiled', async () => {
    const inside = new Map([...some].map(([name, value]) => [name.replace(/^(head|body)\./, '$1._orig_mod.'), value]))
    expect(bits((await importWeights({ files: [checkpoint({ '': inside })], into })).tensors)).toEqual(expected(1))
  })
})

describe('of several sets', () => {
  const both = () => new Map([...under('model.', some), ...under('loss.vgg.', strange)])
  test.each([
    ['a generator and a discriminator', () => ({ generator: some, discriminator: strange }), 'generator'],
    ['by a prefix in one set', () => ({ '': new Map([...under('net_d.', strange), ...under('net_g.', some)]) }), 'net_g'],
    ['of Lightning, with the network of a loss', () => ({ state_dict: both(), callbacks: new Map() }), 'state_dict.model'],
    ['compiled, of Lightning', () => ({ state_dict: new Map([...under('model._orig_mod.', some), ...under('loss._orig_mod.vgg.', strange)]) }), 'state_dict.model'],
    ['a wider network of the same names', () => ({ teacher: wider, student: some }), 'student'],
    ['a wider network in the same set', () => ({ '': new Map([...under('teacher.', wider), ...under('student.', some)]) }), 'student'],
    ['the same numbers twice', () => ({ params: some, params_ema: some }), 'params_ema'],
  ])('%s: the one that fits is taken, and the others are named', async (_what, sets, key) => {
    const imported = await importWeights({ files: [checkpoint(sets())], into })
    expect([bits(imported.tensors), imported.key]).toEqual([expected(1), key])
    expect(imported.others).toHaveLength(1)
  }) // prettier-ignore

  test.each([
    ['params and params_ema', () => ({ params: some, params_ema: others }), ['params_ema', 'params']],
    ['prefixes in one set', () => ({ '': new Map([...under('net.', some), ...under('ema.', others)]) }), ['net', 'ema']],
  ])('%s, both fit: they are named, and --key says which', async (_what, sets, keys) => {
    const file = checkpoint(sets())
    const asked = await importWeights({ files: [file], into }).catch((error: unknown) => error)
    expect(asked).toBeInstanceOf(UserError)
    for (const key of keys) expect((asked as UserError).message).toContain(`${key}, ${some.size} tensors`)
    expect((asked as UserError).help).toContain(`--key ${keys[0]}`)
    const seeds = keys[0] === 'params_ema' ? [2, 1] : [1, 2]
    for (const [at, key] of keys.entries())
      expect(bits((await importWeights({ files: [file], into, key })).tensors)).toEqual(expected(seeds[at]!))
  })

  test('a key that there is not names those that there are', async () => {
    const refused = importWeights({ files: [checkpoint({ a: some, b: strange })], into, key: 'c' })
    await expect(refused).rejects.toMatchObject({ message: expect.stringContaining('no tensors under c'), help: expect.stringContaining('b, 1 tensors') as string })
  }) // prettier-ignore

  test('where none fits, the sets are named', async () => {
    const refused = importWeights({ files: [checkpoint({ a: strange, b: strange })], into })
    await expect(refused).rejects.toThrow(/is no weight of the model[^]*the file's sets are a, b/)
  })
})
