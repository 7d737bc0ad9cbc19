import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import { listPictures } from '../../../src/runtime/data/dataset.ts'
import { writePng } from '../../../src/runtime/data/png-writer.ts'
import type { Engine } from '../../../src/runtime/engine/index.ts'
import { listCheckpoints, openRun } from '../../../src/runtime/files/run-folder.ts'
import { train, type TrainOptions } from '../../../src/runtime/train/train.ts'
import { model, painted, quietEngine, temporaryFolder, tinier } from '../network/small.ts'

const folder = temporaryFolder()
const at = (...names: string[]): string => path.join(folder, ...names)
let engine: Engine
beforeAll(async () => {
  engine = await quietEngine()
  mkdirSync(at('good'))
  for (const seed of [1, 2, 3, 4, 5]) await writePng(painted(64, 64, seed), at('good', `p${seed}.png`))
})

const options = async (data: string, out: string, more: Partial<TrainOptions> = {}): Promise<TrainOptions> => ({
  loaded: model('liif.arch', tinier),
  data: await listPictures(at(data)),
  out: at(out),
  engine,
  seed: 1,
  steps: 8,
  val: 0,
  checkpointEvery: 100,
  say: () => undefined,
  ...more,
})

/** A training whose picture breaks after its data was listed. */
async function stopped(name: string, more: Partial<TrainOptions> = {}): Promise<string> {
  mkdirSync(at(name))
  for (const seed of [1, 2, 3, 4, 5]) copyFileSync(at('good', `p${seed}.png`), at(name, `p${seed}.png`))
  const asked = await options(name, `${name}-run`, more)
  const broken = readFileSync(at('good', 'p3.png'))
  broken.fill(0, 200, 400)
  writeFileSync(at(name, 'p3.png'), broken)
  const error = await train(asked).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(UserError)
  expect((error as UserError).message).toMatch(/^training stopped at step \d: .*p3\.png: the picture cannot be decoded/)
  expect((error as UserError).help).toBe('mend the picture or leave it out, and go on with --resume')
  return name
}

describe('a picture that breaks while it is trained on', () => {
  it('stops the training with what was done saved, and may be mended', async () => {
    const name = await stopped('mended')
    const run = await openRun(at(`${name}-run`))
    const [last] = await listCheckpoints(run)
    await writePng(painted(64, 64, 9), at(name, 'p3.png'))
    const said: string[] = []
    const result = await train(await options(name, `${name}-run`, { resume: true, say: (line) => said.push(line) }))
    expect(result).toMatchObject({ step: 8, finished: true })
    expect(said).toContain('p3.png, which could not be read, is as it is now')
    if (last) expect(said).toContain(`resuming ${at(`${name}-run`)} at step ${last.step}`)
  })

  it('or left out', async () => {
    const name = await stopped('left')
    rmSync(at(name, 'p3.png'))
    const said: string[] = []
    const again = (): Promise<unknown> =>
      options(name, `${name}-run`, { resume: true, say: (line) => said.push(line) }).then((asked) => train(asked))
    expect(await again()).toMatchObject({ step: 8 })
    expect(said).toContain('p3.png, which could not be read, is left out')
    // Others may not be.
    rmSync(at(name, 'p4.png'))
    await expect(again()).rejects.toThrow(/is not what it began with: p4\.png is missing/)
  })

  it('where it is one of those set aside, loses no step', async () => {
    const name = await stopped('aside', { val: 0.99 })
    expect((await listCheckpoints(await openRun(at(`${name}-run`)))).map(({ step }) => step)).toEqual([8])
  })
})

describe('other steps on resuming', () => {
  it('are said with what becomes of the rate, and kept for whoever resumes without them', async () => {
    const said: string[] = []
    const asked = (more: Partial<TrainOptions> = {}) => options('good', 'longer', { say: (line) => said.push(line), ...more })
    await train(await asked())
    await train(await asked({ resume: true, steps: 12, signal: AbortSignal.abort() }))
    expect(said.at(-1)).toMatch(/^from step 8 on it goes to 12 steps instead of 8/)
    expect((await openRun(at('longer'))).record.training).toMatchObject({ steps: 12, before: [{ until: 8, steps: 8 }] })
    const { steps: _steps, ...alone } = await asked({ resume: true })
    expect(await train(alone)).toMatchObject({ step: 12, finished: true })
    const count = said.length
    await train(await asked({ resume: true, steps: 12 }))
    expect(said.slice(count).some((line) => line.startsWith('from step'))).toBe(false)
  })
})
