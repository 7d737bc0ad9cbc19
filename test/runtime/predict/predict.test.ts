import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Scope } from '../../../src/compiler/plan.ts'
import { UserError } from '../../../src/errors.ts'
import { resize } from '../../../src/runtime/data/pillow.ts'
import type { Picture } from '../../../src/runtime/data/picture.ts'
import type { LoadedModel } from '../../../src/runtime/network/load-model.ts'
import type { Network } from '../../../src/runtime/network/network.ts'
import { jobs } from '../../../src/runtime/predict/candidates.ts'
import { everywhere as everywhereOf, indicesOf, type Extent } from '../../../src/runtime/predict/places.ts'
import { createPredictor, type PredictOptions } from '../../../src/runtime/predict/predict.ts'
import { farthest, lively, model, painted, quietEngine, started } from '../network/small.ts'
import { held } from '../../../src/runtime/data/source.ts'

beforeAll(quietEngine)

const everywhere = (extent: Extent): Int32Array => indicesOf(everywhereOf(extent), extent.width)
const full: Scope = { kind: 'full' }
const lattice: Scope = { kind: 'lattice', count: 100 }
const enlarged = ({ width, height }: Extent, m: number): Extent => ({
  width: Math.round(width * m),
  height: Math.round(height * m),
})

/** The centre of pixel `index` of `count` in [-1, 1], and the cell 2 / count, written out once more. */
const centre = (index: number, count: number): number => (2 * index + 1) / count - 1

/** The graph as it stands, in one go: these positions and nothing else. Values from 0 to 1. */
function direct(
  { model: compiled }: LoadedModel,
  network: Network,
  picture: Picture,
  extent: Extent,
  positions: Int32Array,
  cells = 1,
): Float32Array {
  return tf.tidy(() => {
    const lr = tf.tensor(
      Float32Array.from(picture.data, (value) => (value / 255) * 2 - 1),
      [1, picture.height, picture.width, 3],
    )
    const at = [...positions].map((position) => [
      centre(Math.floor(position / extent.width), extent.height),
      centre(position % extent.width, extent.width),
    ])
    const cell = [...positions].map(() => [(2 / extent.height) * cells, (2 / extent.width) * cells])
    const outputs = network
      .lower(compiled.graph, 'direct')
      .run({ lr, coord: tf.tensor([at]), cell: tf.tensor([cell]), pixel: tf.tensor([cell[0]!]) })
    return (outputs['rgb']!.dataSync() as Float32Array).map((value) => (value + 1) / 2)
  })
}

const small = ['encoder.window=4']
const networks: [file: string, sets: string[]][] = [
  ['iste.arch', small],
  ['variants/iste-on-bicubic.arch', [...small, 'last=default']],
  ['ablations/wo-lfi.arch', small],
  ['ablations/wo-stf.arch', small],
  ['ablations/wo-ltd.arch', small],
  ['liif.arch', small],
  ['liif-ablations/wo-ensemble.arch', small],
  ['liif-ablations/wo-cell.arch', small],
  ['liif-ablations/wo-unfolding.arch', small],
  ['lte.arch', small],
  ['lmliif.arch', small],
  ['lmlte.arch', small],
]

/** Loaded once: lowering costs more than computing. */
const opened = new Map<string, { loaded: LoadedModel; network: Network; predictor: ReturnType<typeof createPredictor> }>()
function open(file: string, sets: readonly string[]) {
  const key = `${file} ${sets.join(' ')}`
  const known = opened.get(key)
  if (known) return known
  const loaded = model(file, sets)
  const network = lively(loaded)
  const made = { loaded, network, predictor: createPredictor(loaded.model, network) }
  opened.set(key, made)
  return made
}

describe.each(networks)('%s in stages', (file, sets) => {
  const picture = painted(17, 14)
  const extent = enlarged(picture, 1.3)

  it('computes what its graph computes for all positions at once', async () => {
    const { loaded, network, predictor } = open(file, sets)
    const expected = direct(loaded, network, picture, extent, everywhere(extent))
    const result = await predictor.whole(held(picture), { extent, m: 1.3, scope: full })
    expect(Math.max(...expected) - Math.min(...expected)).toBeGreaterThan(0.1)
    expect(farthest(result, expected)).toBeLessThan(1e-4 * Math.max(1, Math.max(...expected) - Math.min(...expected)))
  })

  it('gives the same in tiles, for a picture whose sizes are no multiples of the window', async () => {
    const { predictor } = open(file, sets)
    const large = painted(53, 33, 2)
    const options: PredictOptions = { extent: enlarged(large, 1.3), m: 1.3, scope: lattice }
    const whole = await predictor.whole(held(large), options)
    expect(predictor.estimate(large, { ...options, tile: 16 }).tiles).toBeGreaterThanOrEqual(4)
    const span = Math.max(...whole) - Math.min(...whole)
    expect(farthest(await predictor.whole(held(large), { ...options, tile: 16 }), whole)).toBeLessThan(1e-4 * Math.max(1, span))
  })
})

describe('tiles', () => {
  const large = painted(53, 33, 2)
  const base = { extent: enlarged(large, 1.3), m: 1.3 }

  // Best matches amplify rounding: where two candidates are nearly alike, the last bit decides which texture is taken.
  it.each<[string, Scope, number]>(
    [1, 2, 3, 4].flatMap((seed): [string, Scope, number][] => [
      ['full', full, seed],
      ['lattice', lattice, seed],
    ]),
  )('do not show in a result of scope %s: ISTE cut in both directions', async (_name, scope, seed) => {
    const { predictor } = open('iste.arch', small)
    const tall = painted(50, 51, seed)
    const options: PredictOptions = { extent: enlarged(tall, 1.1), m: 1.1, scope }
    const tiled = { ...options, tile: 16 }
    expect(predictor.estimate(tall, tiled).tiles).toBe(16)
    const whole = await predictor.whole(held(tall), options)
    expect(farthest(await predictor.whole(held(tall), tiled), whole)).toBeLessThan(1e-5)
  })

  it.each([
    ['iste.arch', 3],
    ['liif.arch', 3],
    ['liif-ablations/wo-ensemble.arch', 1.5],
  ])('of %s at m = %f, where output centres lie on centres or borders of pixels, ask the same corners', async (file, m) => {
    const { predictor } = open(file, small)
    const wide = painted(53, 12, 3)
    const options: PredictOptions = { extent: enlarged(wide, m), m, scope: lattice }
    expect(
      farthest(await predictor.whole(held(wide), { ...options, tile: 16 }), await predictor.whole(held(wide), options)),
    ).toBeLessThan(1e-4)
  })

  it('need the whole reach: with less the result deviates, and the less the more', async () => {
    const { predictor } = open('liif.arch', small)
    const options: PredictOptions = { ...base, scope: lattice, tile: 16 }
    const whole = await predictor.whole(held(large), { ...base, scope: lattice })
    const { reach, overlap } = predictor.estimate(large, options)
    expect(overlap).toBeGreaterThan(reach!)
    const deviation: number[] = []
    for (const less of [0, 4, 10, overlap])
      deviation.push(farthest(await predictor.whole(held(large), { ...options, overlap: less }), whole))
    expect(deviation[0]).toBeGreaterThan(0.1)
    expect(deviation[1]).toBeGreaterThan(0.01)
    expect(deviation[2]).toBeLessThan(0.005)
    expect(deviation[3]).toBeLessThan(1e-4)
    expect(deviation).toEqual(deviation.toSorted((a, b) => b - a))
  })

  it.each<[string, PredictOptions['scope'], number | undefined]>([
    ['full', full, undefined],
    ['lattice', lattice, undefined],
    ['lattice, feathered', lattice, 4],
    ['raster', { kind: 'raster', count: 1000 }, undefined],
    ['tile', { kind: 'tile', count: 900 }, undefined],
    ['tile, feathered', { kind: 'tile', count: 900 }, 4],
  ])('of scope %s cover every pixel once: an even picture stays even', async (_name, scope, overlap) => {
    // The variant's last layers start at zero: what comes out is the picture, enlarged.
    const loaded = model('variants/iste-on-bicubic.arch', small)
    const predictor = createPredictor(loaded.model, started(loaded))
    const even: Picture = { width: large.width, height: large.height, data: new Uint8Array(large.data.length).fill(200) }
    const result = await predictor.whole(held(even), { ...base, scope, tile: 16, ...(overlap !== undefined && { overlap }) })
    expect(Math.max(...result)).toBeCloseTo(200 / 255, 5)
    expect(Math.min(...result)).toBeCloseTo(200 / 255, 5)
  })

  it('come as rows from top to bottom, with a progress that ends at 1', async () => {
    const { predictor } = open('iste.arch', small)
    for (const scope of [lattice, { kind: 'raster', count: 700 }, { kind: 'tile', count: 300 }] as const) {
      const shares: number[] = []
      let next = 0
      let bands = 0
      for await (const rows of predictor.rows(held(large), {
        ...base,
        scope,
        tile: 16,
        onProgress: ({ share }) => shares.push(share),
      })) {
        expect(rows.from).toBe(next)
        expect(rows.values()).toHaveLength((rows.to - rows.from) * base.extent.width * 3)
        next = rows.to
        bands += 1
      }
      expect(next).toBe(base.extent.height)
      if (scope.kind !== 'lattice') expect(bands).toBeGreaterThan(2)
      expect(shares.at(-1)).toBe(1)
      expect(shares).toEqual(shares.toSorted((a, b) => a - b))
    }
  })

  it('leave no tensor behind, even when the reader stops in the middle', async () => {
    const { predictor } = open('iste.arch', small)
    const options: PredictOptions = { ...base, scope: { kind: 'tile', count: 900 }, tile: 16 }
    await predictor.whole(held(large), options)
    await predictor.whole(held(large), { ...options, scope: lattice })
    const before = tf.memory().numTensors
    await predictor.whole(held(large), options)
    await predictor.whole(held(large), { ...options, scope: lattice })
    for await (const _rows of predictor.rows(held(large), options)) break
    expect(tf.memory().numTensors).toBe(before)
  })
})

describe('scopes', () => {
  const picture = painted(17, 14)
  const extent = enlarged(picture, 1.5)

  it.each<[string, Scope]>([
    ['raster(100)', { kind: 'raster', count: 100 }],
    ['raster(77)', { kind: 'raster', count: 77 }],
    ['tile(100)', { kind: 'tile', count: 100 }],
  ])('%s is the graph run chunk by chunk', async (_name, scope) => {
    const { loaded, network, predictor } = open('iste.arch', small)
    const expected = new Float32Array(extent.height * extent.width * 3)
    for (const { area } of jobs(scope, extent, [], [])) {
      const positions = indicesOf(area, extent.width)
      const values = direct(loaded, network, picture, extent, positions)
      positions.forEach((position, at) => expected.set(values.subarray(3 * at, 3 * at + 3), 3 * position))
    }
    const result = await predictor.whole(held(picture), { extent, m: 1.5, scope })
    expect(farthest(result, expected)).toBeLessThan(1e-4 * Math.max(1, Math.max(...expected) - Math.min(...expected)))
    const whole = await predictor.whole(held(picture), { extent, m: 1.5, scope: full })
    expect(farthest(result, whole)).toBeGreaterThan(1e-2) // the scope matters
  })

  it('raster of all positions, and a lattice of all, are full', async () => {
    const { predictor } = open('iste.arch', small)
    const whole = await predictor.whole(held(picture), { extent, m: 1.5, scope: full })
    for (const scope of [
      { kind: 'raster', count: 10_000 },
      { kind: 'lattice', count: 10_000 },
      { kind: 'tile', count: 10_000 },
    ] as const)
      expect(farthest(await predictor.whole(held(picture), { extent, m: 1.5, scope }), whole)).toBeLessThan(1e-4)
  })

  it('full with keys that are streamed in blocks, in tiles or not, is full', async () => {
    const { predictor } = open('iste.arch', small)
    const whole = await predictor.whole(held(picture), { extent, m: 1.5, scope: full })
    for (const tile of [undefined, 8]) {
      const options = { extent, m: 1.5, scope: full, keyMemory: 20_000, ...(tile && { tile }) }
      expect(farthest(await predictor.whole(held(picture), options), whole)).toBeLessThan(1e-4)
    }
  })

  it('do not matter to a network that matches nothing', async () => {
    const { predictor } = open('liif.arch', small)
    const whole = await predictor.whole(held(picture), { extent, m: 1.5, scope: full })
    for (const scope of [lattice, { kind: 'raster', count: 50 }, { kind: 'tile', count: 50 }] as const)
      expect(farthest(await predictor.whole(held(picture), { extent, m: 1.5, scope }), whole)).toBeLessThan(1e-5)
  })
})

describe('cells', () => {
  it('beyond the clip are enlarged by m / clip, below it they stay', async () => {
    const { loaded, network, predictor } = open('iste.arch', small)
    const picture = painted(9, 8)
    const extent = enlarged(picture, 6)
    const [clipped, plain] = [
      direct(loaded, network, picture, extent, everywhere(extent), 1.5),
      direct(loaded, network, picture, extent, everywhere(extent)),
    ]
    expect(farthest(await predictor.whole(held(picture), { extent, m: 6, scope: full, cellClip: 4 }), clipped)).toBeLessThan(1e-4)
    expect(farthest(await predictor.whole(held(picture), { extent, m: 6, scope: full, cellClip: 8 }), plain)).toBeLessThan(1e-4)
    expect(farthest(clipped, plain)).toBeGreaterThan(1e-3)
  })

  it('are clipped alike in tiles', async () => {
    const { predictor } = open('iste.arch', small)
    const picture = painted(61, 9)
    const options: PredictOptions = { extent: enlarged(picture, 6), m: 6, scope: lattice, cellClip: 4 }
    expect(predictor.estimate(picture, { ...options, tile: 16 }).tiles).toBe(4)
    expect(
      farthest(await predictor.whole(held(picture), { ...options, tile: 16 }), await predictor.whole(held(picture), options)),
    ).toBeLessThan(1e-4)
  })
})

describe('sizes', () => {
  it.each([
    [1, 1],
    [1, 40],
    [40, 1],
    [3, 40],
    [40, 2],
  ])('%i x %i is too small to be mirrored to a whole window, which is said', async (width, height) => {
    const { predictor } = open('iste.arch', [])
    const picture = painted(width, height)
    const result = predictor.whole(held(picture), { extent: enlarged(picture, 2), m: 2, scope: lattice })
    await expect(result).rejects.toThrow(UserError)
    await expect(result).rejects.toThrow(
      new RegExp(`a picture of ${width} x ${height} pixels is too small for ISTE: .*needs [hw] larger than what is added`),
    )
  })

  it.each([
    [5, 5],
    [8, 8],
    [9, 16],
    [5, 23],
  ])('%i x %i is enlarged', async (width, height) => {
    const { predictor } = open('iste.arch', [])
    const picture = painted(width, height)
    const result = await predictor.whole(held(picture), { extent: enlarged(picture, 2.7), m: 2.7, scope: lattice })
    expect(result.every(Number.isFinite)).toBe(true)
  })
})

describe('whole pictures', () => {
  it.each([1, 2, 3.3, 7.1])('Bicubic at x%f is Pillow’s, from 1 x 1 pixel on, without weights', async (m) => {
    const loaded = model('bicubic.arch', [], '')
    const network = started(loaded)
    expect(network.weights).toEqual([])
    const predictor = createPredictor(loaded.model, network)
    for (const picture of [painted(31, 22), painted(1, 1), painted(50, 1)]) {
      const extent = enlarged(picture, m)
      const result = await predictor.whole(held(picture), { extent, m, scope: full })
      expect(Array.from(result, (value) => Math.round(value * 255))).toEqual([
        ...resize(picture, extent.width, extent.height, 'bicubic').data,
      ])
      expect(predictor.estimate(picture, { extent, m, scope: full })).toMatchObject({ tiles: 1, matching: 0 })
    }
  })

  it('of a network for one scale come out at that scale, others are refused', async () => {
    const loaded = model('edsr.arch', ['width=8', 'blocks=1'], '')
    const predictor = createPredictor(loaded.model, lively(loaded))
    const m = loaded.model.scale.kind === 'fixed' ? loaded.model.scale.value : 0
    const picture = painted(9, 7)
    const result = await predictor.whole(held(picture), { extent: enlarged(picture, m), m, scope: full })
    expect(new Set(result).size).toBeGreaterThan(100)
    await expect(predictor.whole(held(picture), { extent: enlarged(picture, m + 1), m: m + 1, scope: full })).rejects.toThrow(
      `${loaded.model.name} enlarges ${m} times`,
    )
  })

  it('have outputs by name; another name lists them', async () => {
    const { predictor } = open('iste.arch', small)
    const picture = painted(9, 8)
    const options: PredictOptions = { extent: enlarged(picture, 2), m: 2, scope: full }
    const [sum, pixels, textures] = await Promise.all(
      [undefined, 'by_lpd', 'by_ltd'].map((output) => predictor.whole(held(picture), { ...options, ...(output && { output }) })),
    )
    // Values of -1 to 1 add up: in units of 0 to 1 a half is counted twice.
    expect(
      farthest(
        sum!,
        pixels!.map((value, at) => value + textures![at]! - 0.5),
      ),
    ).toBeLessThan(1e-5)
    await expect(predictor.whole(held(picture), { ...options, output: 'rbg' })).rejects.toThrow('ISTE has no output rbg')
  })
})

describe('estimates', () => {
  const picture = { width: 61, height: 45 }
  const estimate = (file: string, options: Partial<PredictOptions> = {}, low: Extent = picture) => {
    const { loaded, predictor } = open(file, small)
    return { loaded, ...predictor.estimate(low, { extent: enlarged(low, 2), m: 2, scope: lattice, ...options }) }
  }

  it.each(networks.map(([file]) => file))('of %s are positive and whole', (file) => {
    const { multiplyAdds, bytes, matching, tiles } = estimate(file)
    expect(multiplyAdds).toBeGreaterThan(1e6)
    expect(bytes).toBeGreaterThan(1e5)
    expect(tiles).toBe(1)
    if (/liif|lte|wo-stf/.test(file)) expect(matching).toBe(0)
    else expect(matching).toBeGreaterThan(0)
    expect(matching).toBeLessThan(multiplyAdds)
  })

  it.each([
    [16, 61, 45, 4 * 1],
    [16, 61, 61, 4 * 4],
    [8, 61, 45, 8 * 6],
    [128, 61, 45, 1],
    [16, 48, 48, 1],
    [16, 49, 48, 4],
  ])('count the tiles that are computed: %i for %i x %i is %i', async (tile, width, height, tiles) => {
    const low = painted(width, height)
    expect(estimate('liif.arch', { tile }, low).tiles).toBe(tiles)
    const { loaded, network } = open('liif.arch', small)
    let encoded = 0
    const counting: Network = {
      ...network,
      lower: (graph, name) => {
        if (name.endsWith('_features')) encoded += 1
        return network.lower(graph, name)
      },
    }
    await createPredictor(loaded.model, counting).whole(held(low), { extent: enlarged(low, 1), m: 1, scope: lattice, tile })
    expect(encoded).toBe(tiles)
  })

  it('grow with the scope, the size and the tiles', () => {
    const work = (options: Partial<PredictOptions>, low?: Extent): number => estimate('iste.arch', options, low).multiplyAdds
    expect(work({ scope: full })).toBeGreaterThan(work({ scope: lattice }))
    expect(work({}, { width: 122, height: 90 })).toBeGreaterThan(3 * work({}))
    expect(work({ tile: 16 })).toBeGreaterThan(work({}))
    expect(estimate('iste.arch', { scope: full }).bytes).toBeGreaterThan(estimate('iste.arch').bytes)
  })

  it('a scope that would need too much memory is refused before anything is computed', async () => {
    const { predictor } = open('iste.arch', small)
    const even: Picture = { width: 8000, height: 6000, data: new Uint8Array(8000 * 6000 * 3) }
    await expect(predictor.whole(held(even), { extent: { width: 16000, height: 12000 }, m: 2, scope: full })).rejects.toThrow(
      /scope full keeps .* GB of texture features/,
    )
  })
})
