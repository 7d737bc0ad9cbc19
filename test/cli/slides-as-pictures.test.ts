import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Evaluation } from '../../src/runtime/evaluate/evaluate.ts'
import { temporaryFolder, tinier } from '../runtime/network/small.ts'
import { writeTissueSlide } from '../runtime/slides/tissue-slide.ts'
import { archc } from './run-archc.ts'

const folder = temporaryFolder()
const inside = (...names: string[]): string => path.join(folder, ...names)
const slide = inside('slides', 'slide.tif')
const bicubic = ['evaluate', 'models/bicubic.arch', '--no-frechet', '--json', '--data']

beforeAll(() => writeTissueSlide(slide))

describe('archc evaluate', () => {
  it('judges fields of a slide, and says which', async () => {
    const { code, stdout, stderr } = await archc([...bicubic, slide, '--fields', '2', '--side', '256', '--scales', '2,4'])
    expect(code, stderr).toBe(0)
    expect(stderr).toMatch(
      /^2 pictures\nslides: 2 of \d+ fields of 256 x 256 pixels of level 0 with at least 50 % tissue, at most 2 a slide, by seed 0\nslide\.tif: 2 of \d+ fields, 0\.25 micrometres a pixel\n/m,
    )
    const { slides, scales, tiles, definitions } = JSON.parse(stdout) as Evaluation
    expect(slides).toMatchObject({ side: 256, most: 2, level: 0, seed: 0, slides: [{ name: 'slide.tif', mpp: 0.25, taken: 2 }] })
    expect(scales.map(({ m, tiles: count }) => [m, count])).toEqual([[2, 2], [4, 2]]) // prettier-ignore
    expect(tiles.map(({ picture }) => picture).every((name) => /^slide\.tif \[\d+,\d+\]$/.test(name))).toBe(true)
    expect(definitions['slides']).toMatch(/^squares of 256 x 256 pixels of level 0, .* chosen by seed 0$/)
  })

  it('judges pairs of its levels', async () => {
    const { code, stdout, stderr } = await archc([...bicubic, slide, '--fields', '2', '--side', '256', '--low-level', '2'])
    expect(code, stderr).toBe(0)
    const { scales, definitions } = JSON.parse(stdout) as Evaluation
    expect(scales.map(({ m, tiles }) => [m, tiles])).toEqual([[4, 2]])
    expect(definitions['degradation']).toBe('none: low-resolution pictures are ready-made')
  })

  it.each<[string, string[], number, RegExp]>([
    ['what is of slides, without one', ['samples/test', '--side', '256'], 2, /--side is of slides, of which there are none here/],
    ['--scales beside levels', [slide, '--low-level', '1', '--scales', '2'], 2, /--scales is for pictures that are made smaller here/],
    ['level 0 as the coarser one', [slide, '--low-level', '0'], 2, /a coarser one has a larger number/],
    ['--low for slides', [slide, '--low', 'samples/test'], 1, /has no picture for 1 of 1:\n {2}slide\.tif/],
    ['fields that it is too small for', [slide, '--side', '1500'], 1, /is smaller than a field of 1500 x 1500 at level 0\n {2}help: Take a smaller --side; it has 0: 2048 x 1024/],
  ])('refuses %s', async (_what, args, expected, message) => {
    const { code, stdout, stderr } = await archc([...bicubic, ...args])
    expect({ code, stdout }).toEqual({ code: expected, stdout: '' })
    expect(stderr).toMatch(message)
  }) // prettier-ignore
})

describe('archc train', () => {
  it('trains on a folder of slides, and evaluate names a slide that was trained on under another name', async () => {
    const run = inside('run')
    const sets = tinier.flatMap((set) => ['--set', set])
    const trained = await archc(['train', 'models/iste.arch', '--preset', 'tiny', ...sets, '--data', inside('slides'), '--fields', '2', '--side', '256', '--steps', '2', '-o', run]) // prettier-ignore
    expect(trained.code, trained.stderr).toBe(0)
    expect(trained.stderr).toMatch(/on 2 pictures of 1 group; none set aside/)
    mkdirSync(inside('elsewhere'))
    const renamed = inside('elsewhere', 'renamed.tif')
    copyFileSync(slide, renamed)
    const judged = await archc(['evaluate', run, '--data', renamed, '--fields', '3', '--side', '256', '--scales', '2', '--no-frechet', '-o', inside('judged')]) // prettier-ignore
    expect(judged.code, judged.stderr).toBe(0)
    expect(judged.stdout).toMatch(/leaks: 2 of 3 pictures were trained on \(run\.json\): renamed\.tif .* as slide\.tif .*; 1 of 3 belong to groups that were trained on \(run\.json\): renamed\.tif \[\d+,\d+\] of slide\.tif/) // prettier-ignore
  })
})

describe('archc figure', () => {
  it('shows a part of a slide, where nothing is said one with tissue', async () => {
    const out = inside('figure')
    const { code, stderr } = await archc([
      'figure',
      'enlarged',
      slide,
      '--runs',
      'models/bicubic.arch',
      '--level',
      '1',
      '-o',
      out,
    ])
    expect(code, stderr).toBe(0)
    const data = JSON.parse(readFileSync(`${out}.json`, 'utf8')) as { field: { x: number; width: number } }
    expect(data).toMatchObject({ picture: 'slide.tif', level: 1, micrometresPerPixel: 0.5 })
    expect([data.field.x, data.field.width]).toEqual([0, 768])
    const named = await archc(['figure', 'textures', 'samples/test/cmu1_x620_y560.png', '--tissue', slide, '-o', inside('edges')])
    expect(named.code, named.stderr).toBe(0)
  })

  it('refuses a level of a picture, and what lies beside the slide', async () => {
    const figure = ['figure', 'enlarged', '--runs', 'models/bicubic.arch', '-o', inside('none')]
    const picture = await archc([...figure, 'samples/test/cmu1_x620_y560.png', '--level', '1'])
    expect([picture.code, picture.stderr]).toEqual([1, expect.stringMatching(/--level is of slides, and samples.* is a picture/)])
    const beside = await archc([...figure, slide, '--at', '2000,0,100'])
    expect([beside.code, beside.stderr]).toEqual([
      1,
      expect.stringMatching(/--at: 100 x 100 at \(2000, 0\) does not lie inside of/),
    ])
  })
})
