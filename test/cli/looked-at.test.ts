import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { smear, writePyramid } from '../runtime/data-recipes/synthetic.ts'
import { root, temporaryFolder, testField } from '../runtime/network/small.ts'
import { archc } from './run-archc.ts'

const folder = temporaryFolder()
const inside = (name: string): string => path.join(folder, name)
const [slide, pyramid, set, experiment] = ['a.svs', 'b.tif', 'set', 'e.yaml'].map(inside) as [string, string, string, string]
const out = inside('out')

beforeAll(async () => {
  writeFileSync(slide, 'a slide')
  await writePyramid(smear(260, 200, 130), pyramid)
  mkdirSync(set)
  for (const name of ['b.png', 'c.png']) writeFileSync(path.join(set, name), 'no picture')
  writeFileSync(
    experiment,
    `title: One small network
data: { train: ${path.relative(folder, testField)}, test: set, split: none, leaks: none }
scales: { in: [2] }
budget: { steps: 1 }
metrics: [psnr]
concludes: Nothing.
blocks:
  - name: alone
    systems: [{ name: ISTE, model: ${path.relative(folder, path.join(root, 'models/iste.arch'))}, preset: tiny }]
`,
  )
})

const helps = (file: string): RegExp =>
  new RegExp(`help: cut pictures with tissue out of it \\(archc data prepare tcga '${file}' -o FOLDER\\), or export`)
const all = /2 of 2 pictures cannot be read:\n {2}.*b\.png: it is not a PNG, JPEG or TIFF file\n {2}.*c\.png: it is not/

describe('a file is looked at before an engine is brought', () => {
  it.each<[string, string[], RegExp]>([
    ['a slide', ['upscale', slide, '-s', '2', '-o', `${out}.png`], helps(slide)],
    ['a slide by its pages', ['upscale', pyramid, '-s', '2', '-o', `${out}.png`], helps(pyramid)],
    ['a folder without a picture that can be read', ['upscale', set, '-s', '2', '-o', out], /2 of 2 files not enlarged:\n {2}.*b\.png: it is/],
    ['pictures to evaluate on', ['evaluate', 'models/bicubic.arch', '--data', set], all],
    ['pictures to train on', ['train', 'models/iste.arch', '--preset', 'tiny', '--data', set, '-o', out], all],
    ['pictures of an experiment', ['experiment', 'run', experiment], /e\.yaml:2:\d+: 2 of 2 pictures cannot be read:/],
    ['the picture of a figure', ['figure', 'enlarged', path.join(set, 'b.png'), '-o', out], /b\.png: it is not a PNG, JPEG or TIFF file/],
    ['a slide to evaluate on', ['evaluate', 'models/bicubic.arch', '--data', pyramid, '--side', '999'], /b\.tif is smaller than a field of 999 x 999/],
    ['the slide of a figure', ['figure', 'enlarged', pyramid, '--level', '9', '-o', out], /b\.tif has no level 9/],
    ['pictures of a set', ['data', 'prepare', 'fields', set, '-o', out], all],
  ])('%s', async (_what, args, message) => {
    const { code, stdout, stderr } = await archc(args, { env: { ARCHC_CACHE: inside('cache'), PIP_INDEX_URL: 'http://127.0.0.1:9/' } })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(message)
    expect(stderr).not.toMatch(/TensorFlow|engine/)
    expect(readdirSync(folder).filter((name) => name.startsWith('out'))).toEqual([])
  }) // prettier-ignore
})
