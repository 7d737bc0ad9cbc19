import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { commandSpec, withCommands } from '../../src/cli/completion/commands.ts'
import { createProgram } from '../../src/cli/main.ts'
import { crop } from '../../src/runtime/data/picture.ts'
import { writePng } from '../../src/runtime/data/png-writer.ts'
import { readPicture } from '../../src/runtime/data/read-picture.ts'
import { root, temporaryFolder, testField, tinier } from '../runtime/network/small.ts'
import { smear, writePyramid } from '../runtime/data-recipes/synthetic.ts'
import { archc } from './run-archc.ts'

const folder = temporaryFolder()
const inside = (...names: string[]): string => path.join(folder, ...names)
const fromHere = (name: string): string => path.relative(folder, path.join(root, name))
/** Where a command of the table writes: in folders of its own that are not there. */
const madeBy = (command: string, out: string): string => inside(command.replaceAll(' ', '-'), 'not', 'there', out)
const [field, fields, slide, experiment] = ['field.png', 'fields', 'slide.tif', 'e.yaml'].map((name) => inside(name)) as [
  string,
  string,
  string,
  string,
]
const run = madeBy('train', 'run')
const train = ['models/iste.arch', '--preset', 'tiny', ...tinier.flatMap((set) => ['--set', set]), '--data', 'samples/train.csv']
const fixture = path.join('test', 'fixtures', 'weights', 'liif-zip.pth')
const into = ['--into', 'models/liif.arch', '--preset', 'tiny', '--set', 'encoder.depths=[1]']
const card = ['--runs', run, '--evaluations', madeBy('evaluate', 'evaluation'), '--about', inside('about.md')]

/** A command, what it is given beside -o, where that goes, and a file that stands there then. */
const cases: readonly (readonly [command: string, args: readonly string[], out: string, file: string])[] = [
  ['check', ['models/iste.arch', '--format', 'json'], 'check.json', ''],
  ['compile', ['models/iste.arch', '--preset', 'tiny'], 'compile', 'model.json'],
  ['graph', ['models/iste.arch', '--preset', 'tiny'], 'graph.svg', ''],
  ['train', [...train, '--steps', '1'], 'run', 'run.json'],
  ['evaluate', ['models/bicubic.arch', '--data', fields, '--scales', '2'], 'evaluation', 'evaluation.json'],
  ['experiment run', [experiment, '--state', inside('state')], 'experiment', 'results.json'],
  ['experiment report', [experiment], '../../../experiment-run/not/there/experiment', 'index.html'],
  ['figure textures', [field, '--tissue', field, '--size', '32'], 'textures', ''],
  ['figure compare', [field, '--scales', '2', '--runs', 'models/bicubic.arch'], 'compare', ''],
  ['figure scales', [field, '--scales', '2', '--runs', 'models/bicubic.arch'], 'scales', ''],
  ['figure enlarged', [field, '--scale', '2', '--runs', 'models/bicubic.arch'], 'enlarged', ''],
  ['figure decoders', [field, '--run', run], 'decoders', ''],
  ['figure transfer', [field, '--run', run], 'transfer', ''],
  ['data prepare tma', [fields, '--split', '1/1/0'], 'tma', 'manifest.json'],
  ['data prepare tcga', [slide, '--side', '64', '--tile', '32', '--split', '3/1/1'], 'tcga', 'manifest.json'],
  ['data prepare fields', [fields, '--split', '1/1/0', '--group-by', '^.'], 'fields', 'manifest.json'],
  ['upscale', [field, '-s', '1.5', '--run', 'models/bicubic.arch'], 'upscale.png', ''],
  ['slide join', [inside('whole.tif.part-1-of-1')], 'whole.tif', ''],
  ['weights import', [fixture, ...into], 'import.safetensors', ''],
  ['weights export', [run], 'export.safetensors', ''],
  ['weights average', [run, run], 'average.safetensors', ''],
  ['weights card', [madeBy('weights export', 'export.safetensors'), ...card], 'card.md', ''],
]

beforeAll(async () => {
  mkdirSync(fields)
  await writePng(crop((await readPicture(testField)).picture, 400, 300, 64, 64), field)
  copyFileSync(field, path.join(fields, 'a.png'))
  await writePng(crop((await readPicture(testField)).picture, 300, 300, 64, 64), path.join(fields, 'b.png'))
  await writePyramid(smear(260, 200, 130), slide)
  const part = ['upscale', slide, '-s', '1.5', '--everything', '--part', '1/1', '--weights', 'live', '-o', inside('whole.tif')]
  expect((await archc(part)).code).toBe(0)
  writeFileSync(inside('about.md'), 'About.\n')
  writeFileSync(
    experiment,
    `title: One small network
data: { train: ${fromHere('samples/train.csv')}, test: fields, split: none, leaks: none }
scales: { in: [2] }
budget: { steps: 1 }
metrics: [psnr]
concludes: Nothing.
blocks:
  - name: alone
    systems: [{ name: ISTE, model: ${fromHere('models/iste.arch')}, preset: tiny, set: [${tinier.join(', ')}] }]
`,
  )
})

describe('-o makes the folders that are missing', () => {
  it('all commands that have it are in the table', () => {
    const known = withCommands(commandSpec(createProgram())).filter(({ options }) =>
      options.some(({ names }) => names.includes('-o')),
    )
    // The demo has a test of its own, demo.test.ts, which writes into such a folder too.
    expect([...cases.map(([command]) => command), 'demo'].sort()).toEqual(known.map(({ path: words }) => words.join(' ')).sort())
  })

  it.each(cases)('archc %s', async (command, args, out, file) => {
    const place = madeBy(command, out)
    const { stderr } = await archc([...command.split(' '), ...args, '-o', place])
    const written = command.startsWith('figure') ? `${place}.png` : path.join(place, file)
    expect(existsSync(written), stderr).toBe(true)
  })
})
