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
  expect(drawn('[jpeg(quality: 70)]', 1, 'whole')).toEqual([{ op: 'jpeg', quality: 70, subsampling: '4:2:0' }])
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
      drawn('[jpeg(quality: normal(mean: 98, std: 2))]', seed)
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
