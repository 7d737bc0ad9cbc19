import { expect, test } from 'vitest'
import type { PictureOperation } from '../../../src/compiler/plan.ts'
import { UserError } from '../../../src/errors.ts'
import { createRandom } from '../../../src/runtime/files/random.ts'
import { drawOperations } from '../../../src/runtime/network/per-item.ts'
import { model } from './small.ts'

/** What `train.degrade` of a text draws for item `seed`. */
function drawn(degrade: string, seed: number, shown: 'part' | 'whole' = 'part') {
  const { degrade: operations } = model('iste.arch', [`train.degrade=${degrade}`]).model.train!
  return drawOperations(operations, createRandom(seed), { m: 2, epoch: 0, epochs: 1 }, shown)
}
const seeds = Array.from({ length: 200 }, (_, at) => at)

test('a JPEG has a whole quality, one of the samplings, and blocks that begin anywhere in a part', () => {
  const degrade = '[resize(kernel: [bicubic, bilinear]), jpeg(quality: uniform(80, 83), subsampling: ["4:2:0", "4:4:4"])]'
  const all = seeds.map((seed) => drawn(degrade, seed))
  expect(all).toEqual(seeds.map((seed) => drawn(degrade, seed)))
  const jpegs = all.map(([, jpeg]) => jpeg).filter((op) => op?.op === 'jpeg')
  expect(new Set(jpegs.map(({ quality }) => quality))).toEqual(new Set([80, 81, 82, 83]))
  expect(new Set(jpegs.map(({ subsampling }) => subsampling))).toEqual(new Set(['4:2:0', '4:4:4']))
  expect(new Set(all.map(([resize]) => resize?.op === 'resize' && resize.kernel))).toEqual(new Set(['bicubic', 'bilinear']))
  const phases = jpegs.map(({ phase }) => phase!)
  for (const axis of [0, 1] as const) expect(new Set(phases.map((phase) => phase[axis])).size).toBe(16)
})

test('a whole picture has its blocks in its corner', () => {
  expect(drawn('[resize(kernel: bicubic), jpeg(quality: 70)]', 1, 'whole').slice(1)).toEqual([
    { op: 'jpeg', quality: 70, subsampling: '4:2:0' },
  ])
})

test('one list or the other, noise of a place of its own, and what a parameter draws', () => {
  const degrade =
    '[choose(0.25, [noise(gaussian, sigma: 2), noise(gaussian, sigma: 2)], [choose(0.5, [sharpen(amount: 0.5, radius: uniform(1, 2))])]), resize(kernel: bicubic)]'
  const all = seeds.map((seed) => drawn(degrade, seed).slice(0, -1))
  expect(all).toEqual(seeds.map((seed) => drawn(degrade, seed).slice(0, -1)))
  const count = (length: number): number => all.filter((list) => list.length === length).length
  // Of 200: a quarter, three eighths and three eighths, within four standard deviations.
  expect(Math.abs(count(2) - 50)).toBeLessThan(25)
  expect(Math.abs(count(1) - 75)).toBeLessThan(28)
  expect(count(0) + count(1) + count(2)).toBe(200)
  const noisy = all.filter((list) => list.length === 2)
  const seedsOf = noisy.flatMap((list) => list.map((op) => ('seed' in op ? op.seed.join() : '')))
  expect(new Set(seedsOf).size).toBe(2 * noisy.length)
  for (const op of all.filter((list) => list.length === 1).flat()) expect(op).toMatchObject({ op: 'sharpen', percent: 50 })
})

test('four turns alike, and stains within their bounds', () => {
  const { augment } = model('iste.arch', ['train.augment=[rotate, stain(sigma: 0.1, shift: 0.02)]']).model.train!
  const all = seeds.map((seed) => drawOperations(augment, createRandom(seed), { m: 2, epoch: 0, epochs: 1 }))
  for (const quarters of [0, 1, 2, 3]) {
    const share = all.filter(([turn]) => turn?.op === 'rotate' && turn.quarters === quarters).length
    expect(Math.abs(share - 50)).toBeLessThan(25)
  }
  for (const [, stain] of all) {
    if (stain?.op !== 'stain') throw new Error('no stain')
    for (const gain of stain.gain) expect(Math.abs(gain - 1)).toBeLessThanOrEqual(0.1)
    for (const shift of stain.shift) expect(Math.abs(shift)).toBeLessThanOrEqual(0.02)
  }
})

test('operations that draw nothing take nothing of the generator, so what older texts draw stays', () => {
  const random = createRandom(3)
  const operations: PictureOperation[] = [
    { op: 'blur', sigma: { kind: 'number', value: 1 } },
    { op: 'resize', kernel: 'bicubic' },
  ]
  drawOperations(operations, random, {})
  expect(random.state()).toEqual(createRandom(3).state())
})

test('a number that an operation does not take is said with what to do', () => {
  const mistakes = seeds.flatMap((seed) => {
    try {
      drawn('[resize(kernel: bicubic), jpeg(quality: normal(mean: 98, std: 2))]', seed)
      return []
    } catch (error) {
      return [error as UserError]
    }
  })
  expect(mistakes.length).toBeGreaterThan(10)
  for (const { message, help } of mistakes) {
    expect(message).toMatch(/^jpeg drew a quality of 10\d\.\d+; it is in 1 \.\. 100$/)
    expect(help).toBe('change what is drawn, or cut it off: max(1, min(100, ..))')
  }
})
