import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { crop } from '../../src/runtime/data/picture.ts'
import { writePng } from '../../src/runtime/data/png-writer.ts'
import { readPicture } from '../../src/runtime/data/read-picture.ts'
import { temporaryFolder, testField, tinier } from '../runtime/network/small.ts'
import { archc, type Outcome } from './run-archc.ts'

const folder = temporaryFolder()
const inside = (name: string): string => path.join(folder, name)
const run = inside('run')
const fields = inside('fields')
const empty = inside('empty')
const spoilt = inside('spoilt')
const occupied = inside('occupied')
const file = inside('file')

const trainOn = (data: string, out: string, ...more: string[]): string[] => [
  'train', 'models/iste.arch', '--preset', 'tiny', ...tinier.flatMap((set) => ['--set', set]), '--data', data, '--out', out, ...more,
] // prettier-ignore
const training = (out: string, ...more: string[]): string[] => trainOn('samples/train.csv', out, ...more)

let trained: Outcome
beforeAll(async () => {
  for (const made of [fields, empty, spoilt, occupied]) mkdirSync(made)
  writeFileSync(path.join(occupied, 'note'), 'mine')
  writeFileSync(path.join(spoilt, 'broken.png'), 'no picture')
  writeFileSync(file, 'a file')
  const { picture } = await readPicture(testField)
  await writePng(crop(picture, 100, 100, 72, 60), path.join(fields, 'a.png'))
  await writePng(crop(picture, 400, 300, 60, 72), path.join(fields, 'b.png'))
  trained = await archc(training(run, '--steps', '2', '--val', '0.3', '--json'))
})

/** One error and its help, nothing on standard output, no trace of the program. */
async function refused(args: readonly string[], code: number, message: RegExp): Promise<void> {
  const outcome = await archc(args)
  expect(outcome.stderr).toMatch(message)
  expect(outcome.stderr.match(/^error/gm)).toHaveLength(1)
  expect(outcome).toMatchObject({ code, stdout: '' })
}

describe('archc train', () => {
  it('--json: one object, progress beside it, and a run', () => {
    const { code, stdout, stderr } = trained
    expect(code, stderr).toBe(0)
    expect(JSON.parse(stdout)).toEqual({ run, step: 2, loss: expect.any(Number) as number, finished: true })
    expect(stderr).toMatch(
      /^9 pictures\ntraining ISTE, preset tiny: 36,634 parameters, on 6 pictures of 2 groups; 3 pictures of 1 group \(33 %\) set aside for validation\nengine: TensorFlow.*\nstep 1 of 2 {2}loss \d\.\d{4} .* ms\nstep 2 of 2 {2}loss \d\.\d{4} .* ms\nstep 2: validation loss \d\.\d{4}, the best so far\n$/,
    )
    const files = readdirSync(run)
    for (const name of ['run.json', 'model.arch.txt', 'checkpoints', 'weights.safetensors', 'log.jsonl', 'evaluation'])
      expect(files).toContain(name)
    expect(readFileSync(path.join(run, 'log.jsonl'), 'utf8').trim().split('\n')).toHaveLength(2)
  })

  it.each<[string, () => string[], number, RegExp]>([
    ['a preset that it has not', () => ['train', 'models/iste.arch', '--preset', 'tiyn', '--data', fields, '--out', inside('x')], 1, /^error\[unknown-preset\]: ISTE has no preset tiyn; did you mean tiny\?/],
    ['a misspelt value', () => training(inside('x'), '--set', 'train.repaet=3'), 1, /^error\[unknown-field\]: train has no repaet; did you mean repeat\?[^]*--set train\.repaet=3:1:7/],
    ['no --out', () => ['train', 'models/iste.arch', '--data', fields], 2, /archc train needs --out <run>\n/],
    ['no steps', () => training(inside('x'), '--steps', '0'), 2, /'--steps <n>' argument '0' is invalid\. It takes a whole number of at least 1\./],
    ['a share of more than all', () => training(inside('x'), '--val', '1'), 2, /'--val <share>' argument '1' is invalid\. It takes a number of at least 0 and below 1\./],
    ['no such data', () => trainOn(inside('none'), inside('x')), 1, /error: .*none: there is no such file or folder\n$/],
    ['data without pictures', () => trainOn(empty, inside('x')), 1, /error: .*empty: the folder is empty\n {2}help: Pictures end in/],
    ['a broken picture', () => trainOn(spoilt, inside('broken'), '--val', '0', '--steps', '1'), 1, /error: .*broken\.png: it is not a PNG, JPEG or TIFF file\n/],
    ['a folder with other things', () => training(occupied, '--steps', '1'), 1, /error: cannot write .*occupied: it exists already\n/],
    ['a place below a file', () => training(path.join(file, 'run'), '--steps', '1'), 1, /error: cannot write .*file/],
    ['a run that is there', () => training(run, '--steps', '2'), 1, /error: .*run is a run already\n {2}help: go on with it by --resume, or name another folder/],
    ['resumed with another seed', () => training(run, '--resume', '--seed', '4'), 1, /error: .*run began with --seed 0, not 4\n/],
    ['resumed with another preset', () => [...training(run, '--resume'), '--preset', 'small'], 1, /error: .*run began with preset tiny, not preset small\n/],
    ['a model without a train block', () => ['train', 'models/bicubic.arch', '--data', fields, '--out', inside('x')], 1, /error: models\/bicubic\.arch has no train block\n/],
    ['an engine that cannot train', () => training(inside('x'), '--steps', '1', '--engine', 'wasm'), 1, /error: the engine tfjs WebAssembly .* cannot train\n/],
  ])('%s', async (_what, args, code, message) => {
    await refused(args(), code, message)
    expect(existsSync(inside('x'))).toBe(false)
    expect(readdirSync(occupied)).toEqual(['note'])
  }) // prettier-ignore

  it('begins where there is nothing to resume, as a job does that is queued again and again', async () => {
    const { code, stderr } = await archc(training(inside('begun'), '--resume', '--steps', '1'))
    expect(code).toBe(0)
    expect(stderr).toMatch(/begun does not exist yet: it begins\n/)
    expect(existsSync(path.join(inside('begun'), 'weights.safetensors'))).toBe(true)
  })
})

interface Evaluated {
  readonly scales: readonly { m: number; tiles: number; shave: number; model: Values; bicubic: Values }[]
  readonly tiles: readonly { picture: string; m: number }[]
  readonly definitions: Readonly<Record<string, string>>
}
interface Values {
  readonly psnr: number
  readonly ssim: number
}

describe('archc evaluate', () => {
  it('a table, its definitions, Bicubic beside; JSON, text and page in the run', async () => {
    const { code, stdout, stderr } = await archc(['evaluate', run, '--data', fields, '--scales', '2,3.3'])
    expect(code, stderr).toBe(0)
    const lines = stdout.trimEnd().split('\n')
    expect(lines[0]).toMatch(/^ISTE, preset tiny, .*run \([0-9a-f]{16}\)$/)
    expect(lines[1]!.trim().split(/\s+/)).toEqual(['scale', 'tiles', 'PSNR', 'Bicubic', 'gain', 'SSIM', 'Bicubic'])
    const written = JSON.parse(readFileSync(path.join(run, 'evaluation', 'evaluation.json'), 'utf8')) as Evaluated
    expect(written.scales.map(({ m, tiles, shave }) => [m, tiles, shave])).toEqual([
      [2, 2, 8],
      [3.3, 2, 10],
    ])
    for (const [at, { m, model, bicubic }] of written.scales.entries())
      expect(lines[2 + at]!.trim().split(/\s+/)).toEqual([
        `x${m}`,
        '2',
        model.psnr.toFixed(2),
        bicubic.psnr.toFixed(2),
        `${model.psnr >= bicubic.psnr ? '+' : ''}${(model.psnr - bicubic.psnr).toFixed(2)}`,
        model.ssim.toFixed(4),
        bicubic.ssim.toFixed(4),
      ])
    expect(stdout).toMatch(
      /^psnr: PSNR: RGB in \[0, 1\], float, clamped, one mean over three channels, border of ceil\(m\) \+ 6 px left out$/m,
    )
    expect(stdout).toMatch(/^ssim: SSIM: 8-bit RGB, 7 x 7 uniform window, sample covariance/m)
    expect(readFileSync(path.join(run, 'evaluation', 'evaluation.txt'), 'utf8')).toBe(stdout)
    expect(readFileSync(path.join(run, 'evaluation', 'index.html'), 'utf8')).toContain('<html')
    expect(stderr).toMatch(/written to .*evaluation\n$/)
  })

  it('--json: one object, the one that is written; -o, --gaussian and --scope are taken', async () => {
    const out = inside('elsewhere')
    const { code, stdout } = await archc(['evaluate', run, '--data', fields, '--scales', '2', '--json', '--gaussian', '--scope', 'full', '-o', out]) // prettier-ignore
    expect(code).toBe(0)
    const printed = JSON.parse(stdout) as Evaluated
    expect(printed).toEqual(JSON.parse(readFileSync(path.join(out, 'evaluation.json'), 'utf8')))
    expect(printed.tiles.map(({ picture, m }) => [picture, m])).toEqual([
      ['a.png', 2],
      ['b.png', 2],
    ])
    expect(printed.definitions).toMatchObject({
      ssim_gaussian: expect.stringMatching(/11 x 11 window of sigma 1\.5/) as string,
      scope: 'best_match chooses from full',
    })
    expect(printed.scales[0]!.model).toHaveProperty('ssim_gaussian')
  })

  it('on pictures made otherwise than the run says, and keeps that in an exported file', async () => {
    const degrade = 'evaluate.degrade=[resize(kernel: bicubic), jpeg(quality: 30)]'
    const args = ['--data', fields, '--scales', '2', '--json', '-o', inside('otherwise')]
    const [usual, otherwise] = await Promise.all([archc(['evaluate', run, ...args]), archc(['evaluate', run, ...args.slice(0, -1), inside('other'), '--set', degrade])]) // prettier-ignore
    const psnr = ({ stdout }: Outcome): number => (JSON.parse(stdout) as Evaluated).scales[0]!.bicubic.psnr
    expect(psnr(usual!)).toBeGreaterThan(psnr(otherwise!) + 0.5)
    const file = inside('otherwise.safetensors')
    expect(await archc(['weights', 'export', run, '--set', degrade, '-o', file])).toMatchObject({ code: 0 })
    const exported = await archc(['evaluate', file, ...args])
    expect((JSON.parse(exported.stdout) as Evaluated).scales).toEqual((JSON.parse(otherwise!.stdout) as Evaluated).scales)
  })

  it('a file that learns nothing is its own run, and writes nothing without -o', async () => {
    const { code, stdout, stderr } = await archc(['evaluate', 'models/bicubic.arch', '--data', fields, '--scales', '2', '--json'])
    expect(code).toBe(0)
    const [scale] = (JSON.parse(stdout) as Evaluated).scales
    expect(scale!.model.psnr).toBeCloseTo(scale!.bicubic.psnr, 4)
    expect(scale!.model.ssim).toBe(scale!.bicubic.ssim)
    expect(stderr).not.toMatch(/written/)
  })

  it.each<[string, () => string[], number, RegExp]>([
    ['no such data', () => [run, '--data', inside('none')], 1, /^error: .*none: there is no such file or folder\n$/],
    ['no data', () => [run], 2, /archc evaluate needs --data <where\.\.\.>\n/],
    ['a broken picture', () => [run, '--data', spoilt, '-o', inside('e')], 1, /error: .*broken\.png: it is not a PNG, JPEG or TIFF file\n/],
    ['no scale', () => [run, '--data', fields, '--scales', '2,,3'], 2, /'--scales <list>' argument '2,,3' is invalid\. A scale is a number from 1 to 64\./],
    ['a scale too large', () => [run, '--data', fields, '--scales', '65'], 2, /A scale is a number from 1 to 64\./],
    ['a word', () => [run, '--data', fields, '--scales', 'two'], 2, /A scale is a number from 1 to 64\./],
    ['no run', () => [empty, '--data', fields], 1, /error: .*empty is no run: it has no run\.json and no model\.arch\.txt\n {2}help: name the folder that archc train --out made\n$/],
    ['no such run', () => [inside('none'), '--data', fields], 1, /error: .*none is no run: it does not exist\n/],
    ['a file of something else', () => [path.join(run, 'run.json'), '--data', fields], 1, /error: .*run\.json is not a whole safetensors file/],
    ['a model without weights', () => ['models/iste.arch', '--data', fields], 1, /error: models\/iste\.arch has 522 weights and none are given\n/],
    ['another preset than the run has', () => [run, '--data', fields, '--preset', 'small'], 2, /^error: --preset, --variant and --set of other fields than those of evaluate are for a model file\n/],
    ['no scope', () => [run, '--data', fields, '--scope', 'lattice'], 2, /A scope is full, lattice\(2304\), raster\(30000\) or tile\(4096\)\./],
  ])('%s', async (_what, args, code, message) => {
    await refused(['evaluate', ...args()], code, message)
  }) // prettier-ignore
})
