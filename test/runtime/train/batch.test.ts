import path from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import { degrade } from '../../../src/runtime/data/degrade.ts'
import type { Picture } from '../../../src/runtime/data/picture.ts'
import { writePng } from '../../../src/runtime/data/png-writer.ts'
import { readPicture } from '../../../src/runtime/data/read-picture.ts'
import { createRandom } from '../../../src/runtime/files/random.ts'
import { drawOperations } from '../../../src/runtime/network/per-item.ts'
import { checkPlan, makeItem, planItem, stackItems } from '../../../src/runtime/train/batch.ts'
import { model, painted, temporaryFolder } from '../network/small.ts'

const folder = temporaryFolder()
const values = { epoch: 0, epochs: 1 }

/** An item of ISTE from `picture`, and what it was planned with. */
function item(picture: Picture, sets: readonly string[], seed = 1) {
  const { model: compiled } = model('iste.arch', sets)
  const plan = compiled.train!
  const planned = planItem(compiled, plan, createRandom(seed), values)
  return { ...planned, plan, compiled, item: makeItem(compiled, plan, picture, planned) }
}

/** ISTE's pictures go from -1 to 1. */
const byte = (value: number): number => Math.round(((value + 1) / 2) * 255)
const bytes = (all: Float32Array): number[] => Array.from(all, byte)

/** The row or column whose centre a coordinate is. */
const indexOf = (coordinate: number, count: number): number => Math.round(((coordinate + 1) * count - 1) / 2)

describe('one item', () => {
  // At m = 2 a 24 x 32 picture is the whole crop of a 12 x 16 item, and every pixel of it is asked for.
  const picture = painted(32, 24)
  const whole = [
    'train.h=12',
    'train.w=16',
    'train.m=2',
    'train.augment=[]',
    'train.degrade=[resize(kernel: bicubic)]',
    `train.q=${24 * 32}`,
  ]

  it('asks at pixel centres in float32, each once, in a random order', () => {
    const { coord } = item(picture, whole).item as { coord: Float32Array }
    const seen: number[] = []
    for (let at = 0; at < 24 * 32; at += 1) {
      const [y, x] = [coord[2 * at]!, coord[2 * at + 1]!]
      const [row, column] = [indexOf(y, 24), indexOf(x, 32)]
      expect(Math.abs(y - (-1 + (2 * row + 1) / 24))).toBeLessThan(1e-7)
      expect(Math.abs(x - (-1 + (2 * column + 1) / 32))).toBeLessThan(1e-7)
      seen.push(row * 32 + column)
    }
    expect(new Set(seen).size).toBe(24 * 32)
    expect(seen).not.toEqual(seen.toSorted((a, b) => a - b))
  })

  it('has the cell 2 / size, height first, and the high-resolution pixel at every coordinate as its target', () => {
    const { coord, cell, target } = item(picture, whole).item as Record<string, Float32Array>
    for (let at = 0; at < 24 * 32; at += 1) {
      expect(cell![2 * at]).toBe(Math.fround(2 / 24))
      expect(cell![2 * at + 1]).toBe(Math.fround(2 / 32))
      const position = indexOf(coord![2 * at]!, 24) * 32 + indexOf(coord![2 * at + 1]!, 32)
      expect(bytes(target!.slice(3 * at, 3 * at + 3))).toEqual([...picture.data.slice(3 * position, 3 * position + 3)])
    }
  })

  it('shows the degraded picture: blurred by (m - 1) / 2 first, then resized', () => {
    const { lr } = item(
      picture,
      whole.filter((set) => !set.startsWith('train.degrade')),
    ).item as { lr: Float32Array }
    const expected = degrade(
      picture,
      [
        { op: 'blur', sigma: 0.5 },
        { op: 'resize', kernel: 'bicubic' },
      ],
      16,
      12,
    )
    expect(bytes(lr)).toEqual([...expected.data])
    const wrong = degrade(
      picture,
      [
        { op: 'resize', kernel: 'bicubic' },
        { op: 'blur', sigma: 0.5 },
      ],
      16,
      12,
    )
    expect(bytes(lr)).not.toEqual([...wrong.data])
  })

  it('is stained before it is degraded, and turned afterwards', () => {
    const sets = [...whole.filter((set) => !set.startsWith('train.augment')), 'train.augment=[stain(sigma: 0.2, shift: 0.05)]']
    const { lr } = item(picture, sets).item as { lr: Float32Array }
    const { plan, values: itemValues } = item(picture, sets)
    // The crop is the whole picture and the degradation draws nothing, so stains are what is drawn first.
    const random = createRandom(1)
    random.int(1)
    random.int(1)
    const stains = drawOperations(plan.augment, random, itemValues)
    const stained = degrade(picture, stains, 32, 24)
    expect(stained).not.toEqual(picture)
    expect(bytes(lr)).toEqual([...degrade(stained, [{ op: 'resize', kernel: 'bicubic' }], 16, 12).data])
  })

  it('moves low and high resolution alike, in all eight ways', () => {
    const square = painted(24, 24, 3)
    const sets = ['train.h=12', 'train.w=12', 'train.m=2', 'train.q=576', 'train.degrade=[resize(kernel: bicubic)]']
    const moves = (['flip_x', 'flip_y', 'transpose'] as const).reduce<('flip_x' | 'flip_y' | 'transpose')[][]>(
      (all, move) => [...all, ...all.map((some) => [...some, move])],
      [[]],
    )
    const met = new Set<number>()
    for (let seed = 0; seed < 40; seed += 1) {
      const { lr, coord, target } = item(square, sets, seed).item as Record<string, Float32Array>
      const shown = new Uint8Array(24 * 24 * 3)
      for (let at = 0; at < 576; at += 1)
        shown.set(
          bytes(target!.slice(3 * at, 3 * at + 3)),
          3 * (indexOf(coord![2 * at]!, 24) * 24 + indexOf(coord![2 * at + 1]!, 24)),
        )
      const move = moves.findIndex(
        (some) =>
          Buffer.compare(
            degrade(
              square,
              some.map((op) => ({ op })),
              24,
              24,
            ).data,
            shown,
          ) === 0,
      )
      expect(move, `the way of seed ${seed}`).toBeGreaterThanOrEqual(0)
      const small = degrade(square, [{ op: 'resize', kernel: 'bicubic' }], 12, 12)
      expect(bytes(lr!)).toEqual([
        ...degrade(
          small,
          moves[move]!.map((op) => ({ op })),
          12,
          12,
        ).data,
      ])
      met.add(move)
    }
    expect(met.size).toBe(8)
  })

  it('draws its own m inside of the range that the text gives', () => {
    const { model: compiled } = model('iste.arch')
    const drawn = Array.from({ length: 300 }, (_, at) => planItem(compiled, compiled.train!, createRandom(at), values).m)
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(1)
    expect(Math.max(...drawn)).toBeLessThan(4)
    expect(Math.min(...drawn)).toBeLessThan(1.1)
    expect(Math.max(...drawn)).toBeGreaterThan(3.9)
    expect(new Set(drawn).size).toBe(300)
  })

  it('is cut anywhere from a larger picture, and is round(h m) high', () => {
    const large = painted(64, 50)
    const sets = [
      'train.h=10',
      'train.w=10',
      'train.m=2.75',
      'train.augment=[]',
      'train.degrade=[resize(kernel: bicubic)]',
      'train.q=784',
    ]
    const places = new Set<string>()
    for (let seed = 0; seed < 30; seed += 1) {
      const { coord, target, cell } = item(large, sets, seed).item as Record<string, Float32Array>
      expect(cell![0]).toBe(Math.fround(2 / 28)) // 27.5 rounded
      const first = Array.from({ length: 784 }, (_, at) => at).find(
        (at) => indexOf(coord![2 * at]!, 28) === 0 && indexOf(coord![2 * at + 1]!, 28) === 0,
      )!
      const colour = bytes(target!.slice(3 * first, 3 * first + 3)).join()
      places.add(colour)
    }
    expect(places.size).toBeGreaterThan(20)
  })

  it('of the same generator is the same, of another another', () => {
    const large = painted(64, 64)
    expect(item(large, ['train.q=64'], 5).item).toEqual(item(large, ['train.q=64'], 5).item)
    expect(item(large, ['train.q=64'], 5).item).not.toEqual(item(large, ['train.q=64'], 6).item)
  })

  it.each([
    [1, 1],
    [5, 3],
    [200, 2],
  ])('of a picture of %i x %i pixels continues it by mirroring', (width, height) => {
    const tiny = painted(width, height)
    const { lr, target } = item(tiny, [
      'train.q=64',
      'train.h=8',
      'train.w=8',
      'train.m=2',
      'train.degrade=[resize(kernel: bicubic)]',
    ]).item as Record<string, Float32Array>
    expect(lr!.every((value) => value >= -1 && value <= 1)).toBe(true)
    const colours = new Set(Array.from({ length: width * height }, (_, at) => [...tiny.data.slice(3 * at, 3 * at + 3)].join()))
    for (let at = 0; at < 64; at += 1) expect(colours).toContain(bytes(target!.slice(3 * at, 3 * at + 3)).join())
  })

  it.each<[string, (file: string) => Promise<unknown>]>([
    [
      'grey',
      (file) =>
        sharp(Buffer.from(painted(40, 40).data.filter((_, at) => at % 3 === 0)), { raw: { width: 40, height: 40, channels: 1 } })
          .png()
          .toFile(file),
    ],
    [
      'RGBA',
      (file) =>
        sharp(Buffer.from(painted(40, 40).data), { raw: { width: 40, height: 40, channels: 3 } })
          .ensureAlpha(0.5)
          .png()
          .toFile(file),
    ],
    ['RGB', (file) => writePng(painted(40, 40), file)],
  ])('of a %s file is three channels of 8 bits', async (kind, write) => {
    const file = path.join(folder, `${kind}.png`)
    await write(file)
    const { picture } = await readPicture(file)
    const { lr, target } = item(picture, ['train.q=64', 'train.h=16', 'train.w=16']).item as Record<string, Float32Array>
    expect(lr).toHaveLength(16 * 16 * 3)
    expect(target).toHaveLength(64 * 3)
    const isGrey = bytes(target!).every((value, at, all) => value === all[at - (at % 3)])
    expect(isGrey).toBe(kind === 'grey')
  })

  it('with more queries than its crop has pixels is refused with both numbers', () => {
    expect(() => item(painted(64, 64), ['train.q=1000', 'train.h=16', 'train.w=16', 'train.m=1.5'])).toThrow(
      /train\.q.*1000.*24 x 24.*576/s,
    )
  })

  it('transposes squares only: other sizes are refused before anything is trained', () => {
    const { model: compiled } = model('iste.arch', ['train.w=32'])
    expect(() => checkPlan(compiled.train!, compiled)).toThrow(UserError)
    expect(() => checkPlan(compiled.train!, compiled)).toThrow(/transpose.*24 x 32/)
    const { model: flipped } = model('iste.arch', ['train.w=32', 'train.augment=[flip_x]'])
    checkPlan(flipped.train!, flipped)
  })
})

describe('models of whole pictures', () => {
  it('get the enlarged picture (EDSR: the small one) and the whole target', () => {
    const { model: compiled } = model('edsr.arch', ['train.h=12', 'train.w=12', 'train.augment=[]'], '')
    const plan = compiled.train!
    const m = compiled.scale.kind === 'fixed' ? compiled.scale.value : 2
    const picture = painted(12 * m, 12 * m)
    const made = makeItem(compiled, plan, picture, planItem(compiled, plan, createRandom(1), values))
    expect(made['target']).toHaveLength((12 * m) ** 2 * 3)
    const output = compiled.outputs.find((each) => each.role === 'image')!
    const unit = Array.from(made['target']!, (value) =>
      Math.round(((value - output.range[0]) / (output.range[1] - output.range[0])) * 255),
    )
    expect(unit).toEqual([...picture.data])
  })
})

describe('a batch', () => {
  it('stacks items in their order under the names of the inputs, with the target beside them', () => {
    const picture = painted(80, 80)
    const sets = ['train.q=64', 'train.h=16', 'train.w=16', 'train.B=2']
    const [a, b] = [item(picture, sets, 1), item(picture, sets, 2)]
    const stacked = stackItems(a.compiled, a.plan, [a.item, b.item])
    expect(Object.keys(stacked).sort()).toEqual(['cell', 'coord', 'lr', 'target'])
    expect(stacked['lr']!.shape).toEqual([2, 16, 16, 3])
    expect(stacked['coord']!.shape).toEqual([2, 64, 2])
    expect(stacked['target']!.shape).toEqual([2, 64, 3])
    for (const [name, tensor] of Object.entries(stacked)) {
      expect(Array.from(tensor.data)).toEqual([...a.item[name]!, ...b.item[name]!])
    }
    expect(a.item['cell']).not.toEqual(b.item['cell']) // each its own m
  })
})
