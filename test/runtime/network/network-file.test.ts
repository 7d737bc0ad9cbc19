import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { writeSafetensors, type Tensor } from '../../../src/runtime/files/safetensors.ts'
import { modelOfFile, readNetworkFile, writeNetworkFile, type NetworkFile } from '../../../src/runtime/network/network-file.ts'
import { openNetwork } from '../../../src/runtime/network/open-network.ts'
import { archcRoot } from '../../../src/root.ts'
import { model, quietEngine, started, temporaryFolder } from './small.ts'

const folder = temporaryFolder()
const inside = (name: string): string => path.join(folder, name)

beforeAll(quietEngine)

const small = (): NetworkFile => {
  const loaded = model('edsr-pytorch.arch', ['width=4', 'blocks=1'], '')
  return { text: loaded.text, file: loaded.file, options: loaded.options, tensors: started(loaded).read() }
}

describe('a network file', () => {
  it.each<[string, Partial<NetworkFile>]>([
    ['with nothing about where it came from', {}],
    ['of an import', { imported: { files: ['a.pth', 'b.pth'], form: 'PyTorch, zip', key: 'model.sd', map: null } }],
    ['of an experiment', { training: 'a key' }],
  ])('%s comes back as it was', async (what, more) => {
    const network = { ...small(), ...more }
    await writeNetworkFile(inside(what), network)
    const back = await readNetworkFile(inside(what))
    expect({ ...back, tensors: [...back.tensors].sort() }).toEqual({ ...network, tensors: [...network.tensors].sort() })
    expect(modelOfFile(back).text).toBe(network.text)
  })

  it('in half precision has the same names and shapes', async () => {
    const network = small()
    await writeNetworkFile(inside('half'), network, { half: true })
    const { tensors } = await readNetworkFile(inside('half'))
    expect(new Map([...tensors].map(([name, { shape }]) => [name, shape]))).toEqual(
      new Map([...network.tensors].map(([name, { shape }]) => [name, shape])),
    )
    const distance = ([name, { data }]: [string, Tensor]): number =>
      Math.max(...network.tensors.get(name)!.data.map((value, at) => Math.abs(value - data[at]!)))
    const worst = Math.max(...[...tensors].map(distance))
    expect(worst).toBeGreaterThan(0)
    expect(worst).toBeLessThan(1e-3)
  })

  it.each<[string, Readonly<Record<string, string>>, RegExp]>([
    ['bare weights', {}, /bare weights holds weights without their text/],
    ['a text without its options', { text: 'model M {}' }, /holds weights without their text/],
    ['a note that is no record', { text: 'model M {}', archc: 'null' }, /archc is no record/],
    ['no file', { text: 'model M {}', archc: '{"file": 3, "options": {}}' }, /archc has no file that archc could have written/],
    ['no options', { text: 'model M {}', archc: '{"file": "m.arch"}' }, /archc has no options/],
    [
      'options of another kind',
      { text: 'model M {}', archc: '{"file": "m.arch", "options": {"sets": "a=1"}}' },
      /archc has no options/,
    ],
    [
      'an origin of another kind',
      { text: 'model M {}', archc: '{"file": "m.arch", "options": {}}', imported: '["a.pth"]' },
      /imported is no record/,
    ],
    [
      'a share that is none',
      { text: 'model M {}', archc: '{"file": "m.arch", "options": {}}', averaged: 'often' },
      /averaged is "often", not a share/,
    ],
    ['options that are no JSON', { text: 'model M {}', archc: '{' }, /the metadata of .*options that are no JSON are damaged/],
  ])('%s is refused by its name', async (name, metadata, message) => {
    await writeSafetensors(inside(name), new Map(), metadata)
    await expect(readNetworkFile(inside(name))).rejects.toThrow(message)
    await expect(openNetwork(inside(name))).rejects.toThrow(message)
  })

  it.each([
    ['models/weights/iste-on-bicubic-small-plain.safetensors', '6f57ccbaff1bf293'],
    ['models/weights/iste-on-bicubic-small.safetensors', '46eaded289b80d92'],
  ])('%s, written before, opens with the same hash', async (file, hash) => {
    expect((await openNetwork(path.join(archcRoot, file))).hash).toBe(hash)
  })
})
