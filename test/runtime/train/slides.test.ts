import { cpSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { decodeAll, type Decoded } from '../../../src/runtime/data/decoded.ts'
import type { FieldSettings } from '../../../src/runtime/data/slide-part.ts'
import type { Engine } from '../../../src/runtime/engine/index.ts'
import { openRun } from '../../../src/runtime/files/run-folder.ts'
import { findWithSlides } from '../../../src/runtime/slides/find-with-slides.ts'
import { train, type TrainOptions } from '../../../src/runtime/train/train.ts'
import { model, quietEngine, temporaryFolder, tinier } from '../network/small.ts'
import { writeTissueSlide } from '../slides/tissue-slide.ts'
import { outcome } from './outcome.ts'

const folder = temporaryFolder()
const at = (name: string): string => path.join(folder, name)
const settings: FieldSettings = { side: 256, most: 3, level: 0, tissue: 0.5, seed: 1 }
let engine: Engine

const picturesOf = async (more: Partial<FieldSettings> = {}, slides = 'slides'): Promise<Decoded> =>
  decodeAll(await findWithSlides(at(slides), { fields: { ...settings, ...more } }))

const options = (pictures: Decoded, out: string, more: Partial<TrainOptions> = {}): TrainOptions => ({
  loaded: model('iste.arch', tinier),
  data: pictures.entries,
  pictures,
  out: at(out),
  engine,
  seed: 1,
  steps: 6,
  val: 0.5,
  checkpointEvery: 2,
  say: () => undefined,
  ...more,
})

beforeAll(async () => {
  engine = await quietEngine()
  await writeTissueSlide(at('slides/a.tif'))
  await writeTissueSlide(at('slides/b.tif'), { xres: 2000, yres: 2000 })
})

describe('a training on slides', () => {
  it('draws from fields with tissue, each slide on one side, and keeps where they were', async () => {
    const { record } = (await train(options(await picturesOf(), 'whole'))).run
    expect(record.data.map(({ slide, group, split }) => [slide!.path, group, split]).sort()).toEqual(
      ['a', 'b'].flatMap((name) => {
        const { split } = record.data.find(({ group }) => group === name)!
        return Array.from({ length: 3 }, () => [`${name}.tif`, name, split])
      }),
    )
    expect(new Set(record.data.map(({ split }) => split)).size).toBe(2)
    for (const { path: name, slide, pixels } of record.data) {
      expect(slide).toMatchObject({
        level: 0,
        width: 256,
        height: 256,
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      })
      expect([name, typeof pixels]).toEqual([`${slide!.path} [${slide!.x},${slide!.y}]`, 'string'])
    }
    expect(record.read!.slides).toMatchObject(settings)
  })

  it('is the same again, and when it was stopped and resumed', async () => {
    const whole = await outcome(at('whole'))
    await train(options(await picturesOf(), 'again'))
    expect(await outcome(at('again'))).toEqual(whole)
    const stop = new AbortController()
    const onStep = ({ step }: { step: number }) => step === 3 && stop.abort()
    await train(options(await picturesOf(), 'stopped', { signal: stop.signal, onStep }))
    const result = await train(options(await picturesOf(), 'stopped', { resume: true }))
    expect(result.finished).toBe(true)
    expect(await outcome(at('stopped'))).toEqual(whole)
  })

  it('takes low-resolution pictures from a coarser level', async () => {
    const pictures = await picturesOf({ lowLevel: 1 })
    const said: string[] = []
    const loaded = model('iste.arch', tinier)
    await train(options(pictures, 'pairs', { loaded, steps: 2, say: (line) => said.push(line) }))
    expect(said).toContain('low-resolution pictures are ready-made for 6 of 6 pictures, x2: degrade is not applied to these')
    const { record } = await openRun(at('pairs'))
    expect(record.data[0]!.low!.path).toMatch(/^[ab]\.tif \[\d+,\d+\] level 1$/)
  })

  it('stops at a slide that breaks with what was done saved, and goes on without it', async () => {
    cpSync(at('slides'), at('breaking'), { recursive: true })
    const listed = await picturesOf({}, 'breaking')
    writeFileSync(at('breaking/b.tif'), 'no slide')
    await new Promise((done) => setTimeout(done, 1200)) // what was read is closed
    await expect(train(options(listed, 'broken', { val: 0 }))).rejects.toThrow(/^training stopped at step \d: .*b\.tif: /)
    rmSync(at('breaking/b.tif'))
    const said: string[] = []
    const left = await picturesOf({}, 'breaking')
    const result = await train(options(left, 'broken', { val: 0, resume: true, say: (line) => said.push(line) }))
    expect(result).toMatchObject({ step: 6, finished: true })
    expect(said.some((line) => /^b\.tif \[\d+,\d+\], which could not be read, is left out$/.test(line))).toBe(true)
  })

  it.each<[string, Partial<FieldSettings>, RegExp]>([
    ['more fields', { most: 4 }, /whole began with --fields 3, not --fields 4$/],
    ['larger ones', { side: 512 }, /whole began with --side 256, not --side 512$/],
    ['pairs', { lowLevel: 1 }, /whole began with --low-level not said, not --low-level 1$/],
  ])('is not resumed with %s', async (_what, more, message) => {
    await expect(train(options(await picturesOf(more), 'whole', { resume: true }))).rejects.toThrow(message)
  })
})
