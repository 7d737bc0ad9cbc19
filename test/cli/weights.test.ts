import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { crop } from '../../src/runtime/data/picture.ts'
import { writePng } from '../../src/runtime/data/png-writer.ts'
import { readPicture } from '../../src/runtime/data/read-picture.ts'
import { createRun } from '../../src/runtime/files/run-folder.ts'
import { readSafetensors, writeSafetensors, type Tensor } from '../../src/runtime/files/safetensors.ts'
import { describeModel } from '../../src/runtime/network/load-model.ts'
import { model, root, temporaryFolder, testField, tinier } from '../runtime/network/small.ts'
import { dict, global, legacyFile, reduce, storage, tensor, text, zipFile } from '../runtime/weights/torch-bytes.ts'
import { archc, type Outcome } from './run-archc.ts'

const folder = temporaryFolder()
const inside = (name: string): string => path.join(folder, name)
const fixture = (name: string): string => path.join('test', 'fixtures', 'weights', name)
const into = ['--into', 'models/liif.arch', '--preset', 'tiny', '--set', 'encoder.depths=[1]']
const file = inside('liif.safetensors')

/** Hash of every weight's name, shape and bits in a file. */
async function contentOf(place: string): Promise<string> {
  const { tensors } = await readSafetensors(place)
  const hash = createHash('sha256')
  for (const [name, { shape, data }] of [...tensors].sort(([one], [other]) => (one < other ? -1 : 1)))
    hash.update(`${name} ${shape.join()} `).update(Buffer.from(data.buffer, data.byteOffset, data.byteLength))
  return hash.digest('hex')
}

describe('weights of PyTorch become a network file', () => {
  let imported: Outcome
  beforeAll(async () => {
    imported = await archc(['weights', 'import', fixture('liif-zip.pth'), ...into, '-o', file])
  })

  it('says what was taken, by which map, and what was not, by name', () => {
    expect(imported.stdout.split('\n')).toEqual([
      '31 tensors under model.sd (PyTorch, zip) became 31 weights, by the map liif (yinboc/liif (SwinIR encoder: jaewon-lee-b/lte))',
      '  not taken: a buffer: the text computes it',
      '    encoder.layers.0.residual_group.blocks.0.attn.relative_position_index',
      '',
    ])
    expect(imported.stderr).toBe(`written to ${file}\n`)
    expect(imported.code).toBe(0)
  })

  it('whose weights are shown, as are those of the file that it came from', async () => {
    const own = await archc(['weights', 'show', file])
    expect(own.stdout).toMatch(/^decoder\.linear\.kernel {2}\[32, 3\]$/m)
    expect(own.stdout.trim().split('\n')).toHaveLength(31)
    const ofFile = await archc(['weights', 'show', fixture('liif-zip.pth'), '--json'])
    expect(JSON.parse(ofFile.stdout)).toContainEqual({ path: 'imnet.layers.4.weight', shape: [3, 32], key: 'model.sd' })
  })

  it('which evaluate takes, and writes no folder without --out', async () => {
    const before = readdirSync(folder)
    const { stdout, stderr, code } = await archc(['evaluate', file, '--data', path.dirname(testField), '--scales', '4'])
    expect(stdout).toMatch(/x4 +4 +[\d.]+ +[\d.]+/)
    expect(stderr).not.toMatch(/written/)
    expect([code, readdirSync(folder)]).toEqual([0, before])
  })

  it('which upscale takes', async () => {
    const [small, large] = [inside('small.png'), inside('large.png')]
    await writePng(crop((await readPicture(testField)).picture, 300, 300, 16, 16), small)
    const { stderr, code } = await archc(['upscale', small, '--run', file, '-s', '1.5', '-o', large])
    expect([code, existsSync(large)], stderr).toEqual([0, true])
  })

  it('from which a training starts', async () => {
    const { stderr, code } = await archc(['train', ...into.slice(1), ...tinier.flatMap((set) => ['--set', set]), '--data', 'samples/train.csv', '--steps', '1', '--from', file, '--out', inside('trained')]) // prettier-ignore
    expect(stderr).toMatch(/31 of 31 weights from .*liif\.safetensors/)
    expect(code, stderr).toBe(0)
  })

  it.each([
    ['safetensors', 'safetensors.safetensors', /by their own names/],
    ['pytorch-names', 'names.safetensors', /by the map liif/],
    ['tfjs', 'layers', /\(TensorFlow\.js\) .* by their own names/],
  ])('which is exported as %s and comes back with the same bits', async (format, name, how) => {
    const exported = await archc(['weights', 'export', file, '--format', format, '-o', inside(name)])
    expect(exported.stderr).toMatch(/: .*31 weights/)
    expect(exported.code).toBe(0)
    const back = inside(`back from ${format}.safetensors`)
    const again = await archc(['weights', 'import', inside(name), ...into, '-o', back])
    expect(again.stdout).toMatch(how)
    expect(again.code).toBe(0)
    expect(await contentOf(back)).toBe(await contentOf(file))
  })

  it('and names the dead modules of the released ISTE as such', async () => {
    const sets = ['width=8', 'dim=8', 'encoder.embed=12', 'encoder.depths=[1]', 'encoder.heads=2', 'lpd.hidden=[4,4]', 'ltd.hidden=[4,4]'] // prettier-ignore
    const { stdout, code } = await archc([
      ...[
        'weights',
        'import',
        fixture('iste-released.pth'),
        '--into',
        'models/variants/iste-released.arch',
        '-o',
        inside('iste.safetensors'),
      ],
      ...sets.flatMap((set) => ['--set', set]),
    ])
    expect(stdout).toMatch(
      /by the map iste-released[^]*not taken: created by the released code and never called\n {4}imnet_texture/,
    )
    expect(stdout).toMatch(/^ {4}pix_attn\.depth_conv\.weight$/m)
    expect(code).toBe(0)
  })
})

describe('a mean of weights', () => {
  const weightsOf = async (file: string) => (await readSafetensors(file)).tensors

  const run = inside('run')

  // What weights import made at first: a run that never ran.
  beforeAll(async () => {
    const loaded = model('liif.arch', ['encoder.depths=[1]'])
    await createRun(run, { ...describeModel(loaded), seed: 0, versions: {}, engine: {}, data: [] }, loaded.text)
    await writeSafetensors(path.join(run, 'weights.safetensors'), await weightsOf(file), { imported: '{}' })
  })

  it('is that of a network file and of a run', async () => {
    const out = inside('of-both.safetensors')
    const { stderr, code } = await archc(['weights', 'average', file, run, '-o', out])
    expect(stderr).toMatch(/of-both\.safetensors: 31 weights, the mean of 2\n$/)
    expect([code, await contentOf(out)]).toEqual([0, await contentOf(file)])
  })

  it('is that of a run and of a checkpoint in it, weight by weight', async () => {
    const tensors = await weightsOf(path.join(run, 'weights.safetensors'))
    const tripled = new Map(
      [...tensors].map(([name, { shape, data }]): [string, Tensor] => [
        name,
        { shape, dtype: 'F32', data: Float32Array.from(data, (value) => 3 * value) },
      ]),
    )
    const checkpoint = path.join(run, 'checkpoints/step-000007')
    mkdirSync(checkpoint, { recursive: true })
    await writeSafetensors(path.join(checkpoint, 'weights.safetensors'), tripled)
    const out = inside('mean.safetensors')
    const { stderr, code } = await archc(['weights', 'average', run, checkpoint, '-o', out])
    const judged = await archc(['evaluate', checkpoint, '--data', path.dirname(testField), '--scales', '4'])
    rmSync(checkpoint, { recursive: true })
    expect(judged.stdout).toMatch(/step-000007 .*\n[^]*x4 +4 /)
    expect(judged.stderr, 'it is not the evaluation of the run').not.toMatch(/written/)
    expect(stderr).toMatch(/mean\.safetensors: 31 weights, the mean of 2\n$/)
    expect(code).toBe(0)
    const mean = await weightsOf(out)
    for (const [name, { data }] of tensors) expect(mean.get(name)!.data).toEqual(data.map((value) => 2 * value))
  })

  it('and a run in a folder called checkpoints is a run', async () => {
    const moved = inside('checkpoints/run')
    cpSync(run, moved, { recursive: true })
    const { code } = await archc(['weights', 'average', moved, run, '-o', inside('same.safetensors')])
    expect(code).toBe(0)
  })

  it.each([
    ['one network', () => [run], /a mean needs two sets of weights/],
    [
      'another network',
      () => [run, inside('iste.safetensors')],
      /iste\.safetensors does not fit the network \(\d+ of 31 weights\):\n {2}missing: /,
    ],
    ['a checkpoint that is gone', () => [run, path.join(run, 'checkpoints/step-000008')], /step-000008.*there is no such file/],
  ])('is refused of %s', async (_what, given, message) => {
    const out = inside('refused.safetensors')
    const { stderr, code } = await archc(['weights', 'average', ...given(), '-o', out])
    expect(stderr).toMatch(message)
    expect([code, existsSync(out)]).toEqual([1, false])
  })
})

describe('what is refused leaves nothing behind', () => {
  const ran = inside('ran')
  const call = reduce(global('os', 'system'), text(`touch ${ran}`))
  const good = tensor(storage({ key: '0', count: 2 }), [2])
  const numbers = new Map([['0', new Uint8Array(8)]])
  const fileOf = (name: string, content: Uint8Array): string => {
    writeFileSync(inside(name), content)
    return inside(name)
  }
  const kept = (name: string, length: number): Buffer => readFileSync(path.join(root, fixture(name))).subarray(0, length)
  const cases: readonly (readonly [string, () => string[], RegExp])[] = [
    ['a call in a zip', () => [fileOf('zip.pth', zipFile(dict(['a', good], ['b', call]), numbers)), ...into], /zip\.pth .*asks for os\.system/],
    ['a call in a legacy file', () => [fileOf('legacy.pth', legacyFile(dict(['a', good], ['b', dict(['c', call])]), numbers)), ...into], /legacy\.pth .*asks for os\.system/],
    ['an opcode', () => [fileOf('opcode.pth', zipFile(Buffer.from([0x82, 1]))), ...into], /opcode\.pth .*opcode EXT1/],
    ['a zip that is cut short', () => [fileOf('cut.pth', kept('liif-zip.pth', 40_000)), ...into], /cut\.pth .*damaged or cut short/],
    ['a tensor of another shape', () => [fixture('liif-zip.pth'), ...into, '--set', 'decoder.hidden=[32,31]'], /imnet\.layers\.2\.weight: \[32, 32\] in the file, decoder\.body\[1\]\.kernel needs \[31, 32\]/],
    ['missing tensors', () => [fixture('liif-zip.pth'), '--into', 'models/liif.arch', '--preset', 'tiny'], /missing: encoder\.body\[0\]\.body\[1\]\.mlp\.Dense\.linear\.kernel \(encoder\.layers\.0\.residual_group\.blocks\.1\.mlp\.fc1\.weight\)/],
    ['a model file that is wrong', () => [fixture('liif-zip.pth'), '--into', 'models/none.arch'], /none\.arch/],
    ['a map that there is not', () => [fixture('liif-zip.pth'), ...into, '--map', 'lif'], /no name map lif/],
  ] // prettier-ignore

  it.each(cases)('%s', async (_what, args, message) => {
    const given = args()
    const before = readdirSync(folder)
    const { stdout, stderr, code } = await archc(['weights', 'import', ...given, '-o', inside('refused/liif.safetensors')])
    expect(stderr).toMatch(message)
    expect(stderr).not.toMatch(/bug in archc/)
    expect([stdout, code]).toEqual(['', 1])
    expect(readdirSync(folder)).toEqual(before)
    expect(existsSync(ran)).toBe(false)
  })

  it('a folder that is there already', async () => {
    const taken = inside('taken')
    mkdirSync(taken)
    const { stderr, code } = await archc(['weights', 'import', fixture('liif-legacy.pth'), ...into, '-o', taken])
    expect(stderr).toMatch(/taken: it is a folder\n {2}help: .*taken\/liif\.safetensors/)
    expect([code, readdirSync(taken)]).toEqual([1, []])
  })

  it('an export of names that the map does not have', async () => {
    const out = inside('none.safetensors')
    const { stderr, code } = await archc(['weights', 'export', file, '--format', 'pytorch-names', '--map', 'edsr', '-o', out])
    expect(stderr).toMatch(/the map edsr has no name for \d+ of 31 weights:\n {2}\S/)
    expect([code, existsSync(out)]).toEqual([1, false])
  })
})
