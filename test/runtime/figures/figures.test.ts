import path from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, it } from 'vitest'
import { subgraph } from '../../../src/compiler/ir/graph.ts'
import { crop, type Picture } from '../../../src/runtime/data/picture.ts'
import { writePng } from '../../../src/runtime/data/png-writer.ts'
import { readPicture } from '../../../src/runtime/data/read-picture.ts'
import { resize } from '../../../src/runtime/data/pillow.ts'
import { compareFigure } from '../../../src/runtime/figures/compare.ts'
import { decodersFigure } from '../../../src/runtime/figures/decoders.ts'
import { hasFont, toPicture, toSvg } from '../../../src/runtime/figures/draw.ts'
import { readField } from '../../../src/runtime/figures/field.ts'
import { isPicture, type Scene } from '../../../src/runtime/figures/scene.ts'
import { scalesFigure } from '../../../src/runtime/figures/scales.ts'
import { enlargedFigure } from '../../../src/runtime/figures/enlarged.ts'
import { networkFor, openSystems, pairOf, qualityOf, type System } from '../../../src/runtime/figures/systems.ts'
import { texturesFigure } from '../../../src/runtime/figures/textures.ts'
import { findMatches, transferFigure } from '../../../src/runtime/figures/transfer.ts'
import type { Figure } from '../../../src/runtime/figures/write-figure.ts'
import { createNetwork } from '../../../src/runtime/network/network.ts'
import { packNetwork } from '../../../src/runtime/network/open-network.ts'
import { pixelCentre } from '../../../src/runtime/network/coordinates.ts'
import { pictureInput } from '../../../src/runtime/predict/roles.ts'
import { lattice } from '../../../src/runtime/predict/candidates.ts'
import { indicesOf } from '../../../src/runtime/predict/places.ts'
import { normalised } from '../../../src/runtime/network/normalised.ts'
import { lively, model, quietEngine, root, started, temporaryFolder, testField } from '../network/small.ts'

const folder = temporaryFolder()
const inside = (name: string): string => path.join(folder, name)
const field = inside('field.png')
const runs = {
  edsr: 'edsr.arch',
  edsr3: 'edsr.arch',
  iste: 'iste.arch',
  'wo-ltd': 'ablations/wo-ltd.arch',
  based: 'variants/iste-on-bicubic.arch',
  liif: 'liif.arch',
}
const bicubic = path.join(root, 'models', 'bicubic.arch')
const run = (name: keyof typeof runs): string => inside(`${name}.safetensors`)

/** Texts of a figure, in order. */
const texts = ({ scene }: Figure): string[] => scene.marks.flatMap((mark) => (mark.kind === 'text' ? [mark.text] : []))
const pictures = ({ scene }: Figure): Picture[] => scene.marks.filter(isPicture).map(({ picture }) => picture)
const results = ({ data }: Figure): Record<string, unknown>[] => data['results'] as Record<string, unknown>[]
const fieldOf = (at = 32) => readField(field, { at: { x: 4, y: 4, width: at, height: at }, mpp: 0.5 }, 32)

beforeAll(async () => {
  await quietEngine()
  await writePng(crop((await readPicture(testField)).picture, 400, 300, 48, 48), field)
  for (const [name, file] of Object.entries(runs)) {
    const loaded = model(file, name === 'edsr3' ? ['stages=[3]'] : [])
    const network = name === 'based' ? lively(loaded) : started(loaded)
    await packNetwork({ loaded, network, hash: '', source: '' }, inside(`${name}.safetensors`))
  }
})

describe('drawing', () => {
  const dots: Picture = { width: 2, height: 1, data: Uint8Array.of(10, 20, 30, 200, 100, 0) }
  const scene: Scene = {
    width: 8,
    height: 6,
    marks: [
      { kind: 'picture', x: 1, y: 1, width: 3, height: 2, picture: dots },
      { kind: 'box', x: 5, y: 0, width: 2, height: 6, fill: '#0000ff' },
    ],
  }

  it('a PNG has two pixels a unit, and pictures keep their pixels', async () => {
    const { width, height, data } = await toPicture(scene)
    const row = (y: number): string[] =>
      Array.from({ length: width }, (_, x) => [...data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3)].join())
    expect([width, height]).toEqual([16, 12])
    const [white, first, second, box] = ['255,255,255', '10,20,30', '200,100,0', '0,0,255'] as const
    const boxed = [white, white, box, box, box, box, white, white]
    expect(row(0)).toEqual([...Array.from({ length: 8 }, () => white), ...boxed])
    expect(row(2)).toEqual([white, white, first, first, first, second, second, second, ...boxed])
    expect(row(5)).toEqual(row(2))
    expect(row(6)).toEqual(row(0))
  })

  it('an SVG has its pictures inside, as squares', async () => {
    const svg = await toSvg(scene, 'a <b> & c')
    expect(svg).toContain('<title>a &lt;b&gt; &amp; c</title>')
    expect(svg).toMatch(/<image x="1" y="1" width="3" height="2" .*image-rendering:pixelated.*href="data:image\/png;base64,/)
    expect(svg).toContain('<rect x="5" y="0" width="2" height="6" fill="#0000ff"')
    expect(await toSvg(scene, 'a <b> & c')).toBe(svg)
  })

  it('letters are drawn', async () => expect(await hasFont()).toBe(true))
})

describe('readField', () => {
  it.each([
    [{ at: { x: 30, y: 0, width: 20, height: 20 } }, '--at: 20 x 20 at (30, 0) does not lie inside of', '48 x 48 at (0, 0)'],
    [
      { at: { x: 0, y: 0, width: 20, height: 20 }, field: { x: 4, y: 4, width: 20, height: 20 } },
      '--at: 20 x 20 at (0, 0) does not lie inside of the --field',
      '20 x 20 at (4, 4)',
    ],
    [
      { at: { x: 0, y: 0, width: 20, height: 20 }, inset: { x: 15, y: 15, width: 6, height: 6 } },
      '--inset: 6 x 6 at (15, 15) does not lie inside of what --at shows',
      '20 x 20 at (0, 0)',
    ],
  ])('%j', async (options, start, end) => {
    const message = await readField(field, options, 32).catch((error: Error) => error.message)
    expect(message).toMatch(start)
    expect(message).toMatch(end)
  })

  it('shows the middle and sees all of a small picture; the resolution of a screen is none', async () => {
    expect(await readField(field, {}, 32)).toMatchObject({
      region: { x: 0, y: 0, width: 48, height: 48 },
      shown: { x: 8, y: 8, width: 32, height: 32 },
    })
    expect((await readField(field, {}, 32)).mpp).toBeUndefined()
  })
})

describe('openSystems', () => {
  it('names networks by their titles or as told', async () => {
    const systems = await openSystems([run('based'), `my=${run('iste')}`, bicubic], undefined)
    expect(systems.map(({ label }) => label)).toEqual(['ISTE on bicubic', 'my', 'Bicubic'])
  })
  it('lets one name stand for networks of one scale each', async () => {
    const systems = await openSystems([`both@2=${run('iste')}`, `both@4=${run('based')}`], undefined)
    expect([2, 3, 4].map((m) => networkFor(systems, 'both', m)?.opened.source)).toEqual([run('iste'), undefined, run('based')])
    await expect(openSystems([`both@2=${run('iste')}`, `both=${run('based')}`], undefined)).rejects.toThrow(
      'two runs are called both',
    )
  })
  it('refuses two of one name', () =>
    expect(openSystems([run('iste'), run('iste')], undefined)).rejects.toThrow('two runs are called ISTE'))
})

it('textures: equal crops, and a density for each', async () => {
  const figure = await texturesFigure({ natural: [testField], tissue: [field, testField], size: 64, sigma: 1.4, low: 3, high: 7 })
  const [all, own] = (figure.data['pictures'] as { edgeDensity: number; region: object }[]).map(({ edgeDensity }) => edgeDensity)
  expect(figure.data['side']).toBe(48)
  expect(pictures(figure)).toHaveLength(6)
  expect(figure.data['meanEdgeDensity']).toEqual({ natural: all, tissue: (own! + all!) / 2 })
  expect(own).toBeGreaterThan(0.05)
})

it('compare: all systems on the same LR picture, errors in one scale', async () => {
  const systems = await openSystems([run('based'), `again=${bicubic}`, run('liif')], undefined)
  const figure = await compareFigure({ field: await fieldOf(), systems, scales: [2, 3] })
  const seen = await fieldOf()
  const { lr, hr } = pairOf(seen.picture, 2, systems)
  const expected = qualityOf(crop(resize(lr, hr.width, hr.height, 'bicubic'), 4, 4, 32, 32), crop(seen.picture, 4, 4, 32, 32))
  expect(results(figure).map(({ scale, system }) => [scale, system])).toEqual([
    [2, 'Bicubic'], [2, 'ISTE on bicubic'], [2, 'again'], [2, 'LIIF'],
    [3, 'Bicubic'], [3, 'ISTE on bicubic'], [3, 'again'], [3, 'LIIF'],
  ]) // prettier-ignore
  expect(results(figure)[0]).toMatchObject(expected)
  expect(results(figure)[2]).toMatchObject(expected)
  expect(figure.data).toMatchObject({ micrometresPerPixel: 0.5, degradedAs: 'ISTE on bicubic' })
  expect(texts(figure)).toContain('5 µm')
  // The overview; LR, four systems and the truth; a key and four errors; twice.
  expect(pictures(figure)).toHaveLength(1 + 2 * (6 + 5))
  expect(await toPicture(figure.scene)).toMatchObject({ width: Math.ceil(2 * figure.scene.width) })
})

it('enlarged: the picture itself, larger, by every network that enlarges so', async () => {
  const systems = await openSystems([run('based'), `again=${bicubic}`, run('edsr')], undefined)
  const figure = await enlargedFigure({ field: await fieldOf(16), systems, m: 2.5 })
  const [asItIs, byBicubic, , again] = pictures(figure)
  expect(asItIs).toMatchObject({ width: 40, height: 40 })
  expect(again).toEqual(byBicubic)
  expect(byBicubic).not.toEqual(asItIs)
  expect(texts(figure).filter((text) => text.startsWith('not '))).toEqual(['not ×2.5'])
  expect(figure.data).toMatchObject({ figure: 'enlarged', scale: 2.5, shown: { width: 16, height: 16 } })
})

it('compare: networks of one scale each share a column, and leave other scales empty', async () => {
  const systems = await openSystems([run('edsr'), run('edsr3')], undefined)
  const figure = await compareFigure({ field: await fieldOf(24), systems, scales: [2, 3, 4] })
  expect(results(figure).map(({ system, psnr }) => [system, psnr !== undefined])).toEqual([
    ['Bicubic', true],
    ['EDSR', true],
    ['Bicubic', true],
    ['EDSR', true],
    ['Bicubic', true],
    ['EDSR', false],
  ])
  expect(texts(figure).filter((text) => text.startsWith('not '))).toEqual(['not ×4'])
})

it('scales: a column a scale, whole or not', async () => {
  const systems = await openSystems([run('iste')], { kind: 'lattice', count: 64 })
  const seen = await readField(
    field,
    {
      at: { x: 4, y: 4, width: 24, height: 24 },
      inset: { x: 6, y: 20, width: 8, height: 8 },
    },
    24,
  )
  const figure = await scalesFigure({ field: seen, systems, scales: [2, 3.3] })
  expect(results(figure).map(({ scale, system }) => [scale, system])).toEqual([
    [2, 'ISTE'],
    [3.3, 'ISTE'],
  ])
  // Two LR pictures, two results, the truth, each with its inset; without a resolution no scale bar.
  expect(pictures(figure).map(({ width }) => width)).toEqual([24, 8, 24, 8, 24, 8, 24, 8, 24, 8])
  expect(pictures(figure)[9]).toEqual(crop(pictures(figure)[8]!, 2, 16, 8, 8))
  expect(texts(figure).join()).not.toContain('µm')
  expect(figure.data['systems']).toMatchObject([{ scope: 'lattice(64)', cellClip: 4, preset: 'tiny' }])
  expect(texts(figure)).toEqual(expect.arrayContaining(['×2', '×3.3', 'ground truth', 'LR', 'ISTE']))
})

describe('decoders', () => {
  it('without a base: LPD and LTD alone, as pictures', async () => {
    const figure = await decodersFigure({ field: await fieldOf(), systems: await openSystems([run('iste')], undefined), m: 2 })
    expect(results(figure)[0]).toMatchObject({ system: 'ISTE', startsAtBase: false })
    expect(texts(figure).slice(0, 4)).toEqual(['LPD alone', 'LTD alone', 'LPD + LTD', 'ground truth'])
  })

  it('with a base: what is added to it', async () => {
    const systems = await openSystems([run('based')], undefined)
    const seen = await fieldOf()
    const figure = await decodersFigure({ field: seen, systems, m: 2 })
    expect(results(figure)[0]).toMatchObject({ startsAtBase: true })
    expect(texts(figure).slice(0, 5)).toEqual(['base', 'base + LPD', 'base + LTD', 'base + LPD + LTD', 'ground truth'])
    // The base of this variant is Bicubic, up to the rounding of 8 bits.
    const { lr, hr } = pairOf(seen.picture, 2, systems)
    const plain = crop(resize(lr, hr.width, hr.height, 'bicubic'), 4, 4, 32, 32)
    const [base] = pictures(figure)
    expect(Math.max(...base!.data.map((value, at) => Math.abs(value - plain.data[at]!)))).toBeLessThanOrEqual(1)
  })

  it('several: one paints no texture', async () => {
    const figure = await decodersFigure({
      field: await fieldOf(),
      systems: await openSystems([run('iste'), run('wo-ltd')], undefined),
      m: 2,
    })
    expect(texts(figure).filter((text) => text === 'paints nothing')).toHaveLength(1)
    expect(results(figure)[1]).toMatchObject({ system: 'w/o LTD', ltd: { mean: 0, deviation: 0 } })
  })

  it('refuses a network without them', async () => {
    const systems = await openSystems([run('liif')], undefined)
    await expect(decodersFigure({ field: await fieldOf(), systems, m: 2 })).rejects.toThrow('LIIF has no output by_lpd')
  })
})

describe('transfer', () => {
  const scope = { kind: 'lattice', count: 60 } as const
  const small = () => readField(field, { at: { x: 0, y: 0, width: 24, height: 24 }, field: 'shown' }, 24)

  it('finds for every query and corner the texture with the largest cosine', async () => {
    const [system] = await openSystems([run('based')], scope)
    const found = findMatches(system!, await small(), 2)
    const positions = indicesOf(lattice({ width: 24, height: 24 }, 60), 24)
    const { pixel, texture } = await features(system!, positions)
    expect(found).toHaveLength(positions.length * 4)
    const place = (at: number) => ({ x: positions[at]! % 24, y: Math.floor(positions[at]! / 24) })
    found.forEach(({ from, to, score, corner }, at) => {
      const query = Math.floor(at / 4)
      expect({ to, corner }).toEqual({ to: place(query), corner: at % 4 })
      const cosines = Array.from(positions, (_, key) => cosine(pixel(query, corner), texture(key, corner)))
      expect(score).toBeCloseTo(Math.max(...cosines), 4)
      const key = positions.findIndex((_, candidate) => place(candidate).x === from.x && place(candidate).y === from.y)
      expect(cosines[key]).toBeCloseTo(score, 4)
    })
  })

  it('chunks of a raster choose among themselves', async () => {
    const [system] = await openSystems([run('based')], { kind: 'raster', count: 240 })
    const found = findMatches(system!, await small(), 2)
    expect(found).toHaveLength(24 * 24 * 4)
    expect(found.every(({ from, to }) => Math.floor(from.y / 10) === Math.floor(to.y / 10))).toBe(true)
  })

  it('draws the most alike', async () => {
    const [system] = await openSystems([run('based')], scope)
    const figure = await transferFigure({ field: await small(), system: system!, m: 2, count: 3 })
    const arrows = figure.data['arrows'] as { score: number }[]
    expect(arrows.length).toBeGreaterThan(0)
    expect(arrows.length).toBeLessThanOrEqual(3)
    const { threeQuarters } = figure.data['scores'] as { threeQuarters: number }
    expect(arrows.every(({ score }) => score >= threeQuarters)).toBe(true)
    expect(figure.data).toMatchObject({ matches: 240, scale: 2 })
    expect(await toSvg(figure.scene, '')).toContain('best matches at ×2')
  })

  it('refuses a network that matches nothing', async () => {
    const [system] = await openSystems([run('liif')], undefined)
    await expect(transferFigure({ field: await small(), system: system!, m: 2, count: 3 })).rejects.toThrow(
      'LIIF has no stf.best.score',
    )
  })

  const cosine = (a: Float32Array, b: Float32Array): number => {
    const dot = (x: Float32Array, y: Float32Array): number => x.reduce((total, value, at) => total + value * y[at]!, 0)
    return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))
  }

  /** What STF compares at these positions, by layers of their own. */
  async function features({ opened }: System, positions: Int32Array) {
    const { graph, evaluate } = opened.loaded.model
    expect(evaluate.cellClip).toBe(4)
    const outputs = ['pixel', 'texture'].map((name) => ({ name, value: graph.lets.get(name)! }))
    const part = subgraph(graph, graph.inputs, outputs)
    const { lr } = pairOf((await small()).picture, 2, [{ opened, label: '', scope }])
    const coord = [...positions].flatMap((position) => [
      pixelCentre(Math.floor(position / 24), 24),
      pixelCentre(position % 24, 24),
    ])
    const found = createCopy(opened).lower(part, 'features').run({
      lr: tf.tensor(normalised(lr.data, pictureInput(opened.loaded.model)), [1, 12, 12, 3]),
      coord: tf.tensor(coord, [1, positions.length, 2]),
      cell: tf.fill([1, positions.length, 2], 2 / 24),
    }) // prettier-ignore
    const row = (name: string) => {
      const [, , corners, width] = found[name]!.shape as [number, number, number, number]
      const data = found[name]!.dataSync() as Float32Array
      return (at: number, corner: number): Float32Array =>
        data.subarray((at * corners + corner) * width, (at * corners + corner + 1) * width)
    }
    return { pixel: row('pixel'), texture: row('texture') }
  }

  function createCopy({ loaded, network }: System['opened']) {
    const copy = createNetwork([loaded.model.graph])
    copy.assign(network.read())
    return copy
  }
})
