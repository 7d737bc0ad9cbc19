import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import { listData, listPictures, manifest } from '../../../src/runtime/data/dataset.ts'
import { pairsOf, scaleBetween, scalesOf } from '../../../src/runtime/data/pairs.ts'
import { resize } from '../../../src/runtime/data/pillow.ts'
import { crop, type Picture } from '../../../src/runtime/data/picture.ts'
import { writePng } from '../../../src/runtime/data/png-writer.ts'
import type { Engine } from '../../../src/runtime/engine/index.ts'
import { evaluate } from '../../../src/runtime/evaluate/evaluate.ts'
import { createRandom } from '../../../src/runtime/files/random.ts'
import { loadModel } from '../../../src/runtime/network/load-model.ts'
import { openNetwork } from '../../../src/runtime/network/open-network.ts'
import { makeItem, planItem } from '../../../src/runtime/train/batch.ts'
import { cutPair, movedFrame } from '../../../src/runtime/train/ready-made.ts'
import { prepare, train } from '../../../src/runtime/train/train.ts'
import { archc } from '../../cli/run-archc.ts'
import { painted, quietEngine, root, temporaryFolder } from '../network/small.ts'
import { outcome } from './outcome.ts'

const folder = temporaryFolder()
const at = (...names: string[]): string => path.join(folder, ...names)

let engine: Engine
/** Four pictures of 60 x 48, made smaller by 2 elsewhere. */
beforeAll(async () => {
  engine = await quietEngine()
  for (const name of ['high', 'low', 'odd', 'both']) mkdirSync(at(name))
  for (const [seed, name] of ['a', 'b', 'c', 'd'].entries()) {
    const picture = painted(60, 48, seed + 1)
    await writePng(picture, at('high', `${name}.png`), {})
    await writePng(resize(picture, 30, 24, 'bicubic'), at('low', `${name}.png`), {})
    await writePng(resize(picture, 20, name === 'c' ? 24 : 16, 'bicubic'), at('odd', `${name}.png`), {})
  }
  writeFileSync(at('both', 'a.jpg'), 'a')
  writeFileSync(at('both', 'a.tif'), 'a')
  writeFileSync(at('pairs.csv'), 'path,low\nhigh/a.png,low/a.png\nhigh/b.png,\n')
  writeFileSync(at('lost.csv'), 'path,low\nhigh/a.png,low/z.png\n')
  writeFileSync(
    at('small.arch'),
    `model Small(width: int = 8) {
  scale m = 2
  input lr: [B, h, w, 3] as image
  output sr: [B, m * h, m * w, 3] as image
  return lr -> conv(out: width, kernel: 3) -> relu -> conv(out: 3 * m * m, kernel: 3) -> pixel_shuffle(by: m)
}
train { B: 2, h: 8, w: 8, augment: [flip_x, rotate], loss: l1(sr, target), optimizer: adam(lr: 1e-3) }
`,
  )
})

const said = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'nothing',
    (error: unknown) => (error instanceof UserError ? error.message : String(error)),
  )

describe('low-resolution pictures that were made elsewhere', () => {
  it('stand in a folder under the same names, or in a column of the CSV', async () => {
    const entries = await listPictures(at('high'), at('low'))
    expect(entries.map(({ low }) => low!.name)).toEqual(['a.png', 'b.png', 'c.png', 'd.png'])
    const listed = await listData(at('pairs.csv'))
    expect(listed.map(({ low }) => low?.name)).toEqual(['low/a.png', undefined])
    expect(listed[0]!.low!.sha256).toBe(entries[0]!.low!.sha256)
    // What a set is depends on them, and on nothing new where there are none.
    const without = manifest(await listData(at('high')))
    expect(manifest(entries).digest).not.toBe(without.digest)
    expect(JSON.stringify(manifest(entries))).not.toContain(folder)
  })

  it.each([
    ['a missing folder', () => listData(at('high'), at('none')), /none: there is no such folder$/],
    ['missing pictures', () => listData([at('high'), at('low', 'a.png')].slice(0, 1), at('both')), /both could both|a\.jpg and a\.tif could both belong to a\.png$/],
    ['a column and a folder', () => listData(at('pairs.csv'), at('low')), /^high\/a\.png has a low-resolution picture in the CSV already$/],
    ['a file that is not there', () => listData(at('lost.csv')), /lost\.csv: there is no file low\/z\.png$/],
  ])('%s is said', async (_what, list, message) => {
    expect(await said(list())).toMatch(message)
  }) // prettier-ignore

  it.each<[[number, number], [number, number], number | undefined, number | undefined]>([
    [[60, 48], [30, 24], undefined, 2],
    [[61, 49], [30, 24], undefined, 2],
    [[61, 49], [30, 24], 2, 2],
    [[99, 66], [30, 20], undefined, 3.3],
    [[100, 67], [30, 20], undefined, 100 / 30],
    [[45, 30], [30, 20], 1.5, 1.5],
    [[46, 31], [30, 20], 1.5, 1.5],
    [[60, 48], [20, 24], undefined, undefined],
    [[20, 16], [20, 16], undefined, 1],
  ])('sizes %j and %j (fixed %s) have the scale %s', ([w, h], [lw, lh], fixed, m) => {
    expect(scaleBetween({ width: w, height: h }, { width: lw, height: lh }, fixed)).toBe(m)
  })

  it('sizes that do not fit are named, all at once and before anything is computed', async () => {
    const entries = await listData(at('high'), at('odd'))
    const message = await said(prepare(options('small.arch', entries)))
    expect(message).toBe(
      '4 of 4 pictures do not fit their low-resolution ones:\n  a.png is 60 x 48 and a.png 20 x 16: x3; Small enlarges 2 times\n  b.png is 60 x 48 and b.png 20 x 16: x3; Small enlarges 2 times\n  c.png is 60 x 48 and c.png 20 x 24: no scale leads from one to the other\n  d.png is 60 x 48 and d.png 20 x 16: x3; Small enlarges 2 times',
    )
    const loaded = loadModel(at('small.arch'), { sets: ['train.h=25', 'train.w=25'] })
    expect(await said(prepare({ ...options('small.arch', await listData(at('pairs.csv'))), loaded }))).toMatch(
      /high\/a\.png is 60 x 48 and low\/a\.png 30 x 24: items take 25 x 25 of the small one$/,
    )
  })
})

const options = (file: string, data: Awaited<ReturnType<typeof listData>>, out = 'run') => ({
  loaded: loadModel(at(file), {}),
  data,
  out: at(out),
  seed: 3,
  steps: 6,
  val: 0.25,
  checkpointEvery: 2,
  say: () => undefined,
})

describe('a part of both', () => {
  it('shows the same of both at whole scales, moved or not', () => {
    const { model } = loadModel(at('small.arch'), {})
    const high = painted(60, 48, 1)
    const low = resize(high, 30, 24, 'nearest')
    for (let seed = 0; seed < 20; seed += 1) {
      const planned = planItem(model, model.train!, createRandom(seed), { epoch: 0, epochs: 1 }, 2)
      const item = makeItem(model, model.train!, high, planned, { picture: low, strength: 0 })
      const bytes = (values: Float32Array): number[] => Array.from(values, (value) => Math.round(((value + 1) / 2) * 255))
      const target: Picture = { width: 16, height: 16, data: Uint8Array.from(bytes(item['target']!)) }
      // Nearest takes the lower right of four pixels, wherever that was moved to: one of four places, the same for all.
      const shown = bytes(item['lr']!)
      const places = [0, 1].flatMap((y) => [0, 1].map((x) => ({ x, y })))
      const agrees = places.some(({ x, y }) =>
        shown.every((value, k) => {
          const [row, column] = [Math.floor(k / 24), Math.floor(k / 3) % 8]
          return value === target.data[3 * ((2 * row + y) * 16 + 2 * column + x) + (k % 3)]
        }),
      )
      expect(agrees, `seed ${seed}`).toBe(true)
    }
  })

  it('at any scale has coordinates that lead to the low-resolution pixels', () => {
    // Levels that grow evenly: what a position shows is its place.
    const ramp = (width: number, height: number): Picture => ({
      width,
      height,
      data: Uint8Array.from({ length: 3 * width * height }, (_, k) => {
        const [row, column] = [Math.floor(k / (3 * width)), Math.floor(k / 3) % width]
        return Math.round(k % 3 === 0 ? (250 * (column + 0.5)) / width : (250 * (row + 0.5)) / height)
      }),
    })
    const [high, low] = [ramp(132, 99), ramp(40, 30)]
    for (let seed = 0; seed < 30; seed += 1) {
      const pair = cutPair(high, low, 3.3, { width: 9, height: 7 }, true, createRandom(seed))
      const moves = ([[], [{ op: 'flip_x' }], [{ op: 'transpose' }, { op: 'flip_y' }], [{ op: 'rotate', quarters: 1 }], [{ op: 'rotate', quarters: 3 }]] as const)[seed % 5]! // prettier-ignore
      const frame = movedFrame(pair.frame, moves, pair.high)
      const still = pair.frame
      // Levels of the part at its left and right end, by its outermost pixels.
      const level = (picture: Picture, x: number, y: number, channel: number): number =>
        picture.data[3 * (y * picture.width + x) + channel]!
      for (const x of [0, 11, pair.high.width - 1]) {
        const place = ((still.x.start + still.x.step * x + 1) / 2) * 9 - 0.5
        const [left, right] = [level(pair.low, 0, 0, 0), level(pair.low, 8, 0, 0)]
        expect(Math.abs(left + ((right - left) * place) / 8 - level(pair.high, x, 0, 0))).toBeLessThan(1.6)
      }
      for (const axis of ['x', 'y'] as const) expect(frame[axis].start + 1).toBeGreaterThan(-1e-12)
      const ends = [frame.x.start, frame.x.start + frame.x.step * ((seed % 5 < 2 ? pair.high.width : pair.high.height) - 1)]
      // A centre may lie just on the border.
      expect(Math.max(...ends.map(Math.abs))).toBeLessThanOrEqual(1 + 1e-12)
    }
    const whole = cutPair(painted(60, 48), painted(30, 24), 2, { width: 8, height: 8 }, true, createRandom(1))
    expect(whole.high.width).toBe(16)
    expect(whole.frame.x.start).toBeCloseTo(-1 + 1 / 16, 12)
    expect(movedFrame(whole.frame, [{ op: 'rotate', quarters: 1 }, { op: 'flip_x' }], whole.high).y.start).toBeCloseTo(
      -1 + 1 / 16,
      12,
    )
  })

  it('begins where pixels of both begin together, where a whole picture comes out', () => {
    for (let seed = 0; seed < 10; seed += 1) {
      const { high, low } = cutPair(painted(45, 30), painted(30, 20), 1.5, { width: 8, height: 8 }, false, createRandom(seed))
      expect([high.width, high.height, low.width, low.height]).toEqual([12, 12, 8, 8])
    }
  })
})

it('a training on them says so, keeps them in its record, and resumes bit for bit', async () => {
  const data = await listPictures(at('high'), at('low'))
  const lines: string[] = []
  await train({ ...options('small.arch', data, 'whole'), engine, say: (line) => lines.push(line) })
  expect(lines).toContain('low-resolution pictures are ready-made for 4 of 4 pictures, x2: degrade is not applied to these')
  const stop = new AbortController()
  await train({
    ...options('small.arch', data, 'cut'),
    engine,
    signal: stop.signal,
    onStep: ({ step }) => step === 3 && stop.abort(),
  })
  expect(await said(prepare({ ...options('small.arch', await listPictures(at('high')), 'cut'), resume: true }))).toMatch(
    /the data of .*cut is not what it began with: \w\.png has changed$/,
  )
  await train({ ...options('small.arch', data, 'cut'), engine, resume: true })
  expect(await outcome(at('cut'))).toEqual(await outcome(at('whole')))
})

describe('an evaluation on them', () => {
  it('is that of pictures that are made smaller in the same way', async () => {
    const opened = await openNetwork(path.join(root, 'models', 'bicubic.arch'))
    const made = await evaluate(opened, { entries: await listData(at('high')), scales: [2] })
    const entries = await listPictures(at('high'), at('low'))
    const pairs = await pairsOf(entries, opened.loaded.model)
    const ready = await evaluate(opened, { entries, scales: scalesOf(pairs), pairs })
    expect(ready.tiles).toEqual(made.tiles)
    expect(ready.scales).toEqual(made.scales)
    expect(ready.definitions['degradation']).toBe('none: low-resolution pictures are ready-made')
  })

  it('cuts off what has no low-resolution pixel, and takes other scales than the text’s', async () => {
    mkdirSync(at('cut-high'))
    mkdirSync(at('cut-low'))
    await writePng(painted(61, 50, 1), at('cut-high', 'a.png'), {})
    await writePng(resize(crop(painted(61, 50, 1), 0, 0, 60, 50), 12, 10, 'bicubic'), at('cut-low', 'a.png'), {})
    const { code, stdout, stderr } = await archc([
      'evaluate',
      'models/bicubic.arch',
      '--data',
      at('cut-high'),
      '--low',
      at('cut-low'),
      '--json',
    ])
    expect(code, stderr).toBe(0)
    const { tiles } = JSON.parse(stdout) as { tiles: object[] }
    expect(tiles).toMatchObject([{ m: 5, width: 60, height: 50 }])
    const scales = await archc([
      'evaluate',
      'models/bicubic.arch',
      '--data',
      at('cut-high'),
      '--low',
      at('cut-low'),
      '--scales',
      '2',
    ])
    expect([scales.code, scales.stderr]).toEqual([
      2,
      expect.stringContaining('--scales is for pictures that are made smaller here'),
    ])
    const some = await archc(['evaluate', 'models/bicubic.arch', '--data', at('pairs.csv')])
    expect([some.code, some.stderr]).toEqual([1, expect.stringContaining('1 of 2 pictures have no low-resolution one')])
  })
})
