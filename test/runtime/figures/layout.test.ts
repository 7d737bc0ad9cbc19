import { describe, expect, it } from 'vitest'
import { freeCorner, layGrid, zoomOf } from '../../../src/runtime/figures/grid.ts'
import { barLength, micrometres, scaleBar } from '../../../src/runtime/figures/scale-bar.ts'
import { fitted, wrapped } from '../../../src/runtime/figures/scene.ts'
import { centred, separated } from '../../../src/runtime/figures/decoders.ts'
import { bestOf } from '../../../src/runtime/figures/compare.ts'
import { colourAt } from '../../../src/runtime/report/colour-map.ts'
import { signedMap, suggestSignedMax } from '../../../src/runtime/figures/signed-map.ts'
import { figureFiles } from '../../../src/runtime/figures/write-figure.ts'

describe('layGrid', () => {
  const cell = { width: 100, height: 80 }
  it('rows and columns with notes below the first row', () => {
    expect(layGrid({ cell, columns: 3, hasNotes: [true, false] })).toEqual({
      x: [24, 129, 234],
      y: [25, 124],
      headY: 20,
      groupY: 20,
      labelX: 19,
      right: 334,
      bottom: 204,
    })
  })
  it('groups are wider apart and have heads of their own', () => {
    const { x, y, headY, right } = layGrid({
      cell,
      columns: 3,
      hasNotes: [false],
      groupStarts: [2],
      hasGroupHeads: true,
      left: 50,
    })
    expect({ x, y, headY, right }).toEqual({ x: [74, 179, 301], y: [41], headY: 36, right: 401 })
  })
})

describe('what sizes are chosen', () => {
  it.each([
    [{ width: 96, height: 96 }, 3],
    [{ width: 128, height: 64 }, 2],
    [{ width: 768, height: 768 }, 1],
    [{ width: 1, height: 1 }, 300],
  ])('zoom of %j', (size, zoom) => expect(zoomOf(size)).toBe(zoom))

  it.each([
    [
      { x: 0, y: 0 },
      { right: true, low: true },
    ],
    [
      { x: 90, y: 0 },
      { right: false, low: true },
    ],
    [
      { x: 0, y: 90 },
      { right: true, low: false },
    ],
    [
      { x: 90, y: 90 },
      { right: false, low: false },
    ],
  ])('the corner away from %j', (at, corner) =>
    expect(freeCorner({ ...at, width: 10, height: 10 }, { width: 100, height: 100 })).toEqual(corner),
  )

  it.each([
    [19, 10],
    [20, 20],
    [49.9, 20],
    [50, 50],
    [100, 100],
    [0.7, 0.5],
  ])('a bar in %d', (most, length) => expect(barLength(most)).toBe(length))

  it.each([
    [50_800, 0.5],
    [2540, 10],
    [300, undefined],
    [undefined, undefined],
  ])('a file of %s pixels an inch: %s micrometres a pixel', (density, mpp) => expect(micrometres(density)).toBe(mpp))

  it('a bar of 20 µm over 80 pixels of 0.5 µm in a box of 160 units', () => {
    const box = { x: 10, y: 10, width: 160, height: 160 }
    expect(scaleBar(box, 80, undefined)).toEqual([])
    expect(scaleBar(box, 80, 0.5)).toMatchObject([
      { x: 16, y: 160, width: 40 },
      { text: '10 µm', x: 36 },
    ])
    expect(scaleBar(box, 80, 0.5, true)).toMatchObject([{ x: 124, width: 40 }, { text: '10 µm' }])
  })
})

describe('text', () => {
  it.each([
    ['short', 100, 'short'],
    ['a name that is too long', 55, 'a name th…'],
  ])('%s in %d units', (text, width, expected) => expect(fitted(text, 10, width)).toBe(expected))
  it('is broken between words', () => {
    expect(wrapped('one two three four', 10, 50)).toEqual(['one two', 'three four'])
    expect(wrapped('incomprehensibilities', 10, 50)).toEqual(['incomprehensibilities'])
  })
})

describe('signed maps', () => {
  it.each([
    [-8, [0, 60, 100]],
    [-99, [0, 60, 100]],
    [0, [247, 247, 247]],
    [8, [125, 45, 0]],
    [NaN, [247, 247, 247]],
  ])('%d of 8', (value, colour) =>
    expect([...signedMap(Float32Array.of(Number.isNaN(value) ? 0 : value), 1, 1, 8).data]).toEqual(colour),
  )
  it.each([
    [[0.2, -0.9], 1],
    [[0.2, -3], 4],
    [[9, 1], 16],
    [[], 1],
  ])('%j up to %d', (values, max) => expect(suggestSignedMax(Float32Array.from(values))).toBe(max))
  it('colours lie between those of the map', () =>
    expect(
      colourAt(
        [
          [0, 0, 0],
          [100, 50, 0],
        ],
        0.5,
      ),
    ).toEqual([50, 25, 0]))
})

describe('decoders', () => {
  const three = (value: number): Float32Array => new Float32Array(3).fill(value)
  it('what neither painted is the base', () => {
    const { base, hasBase } = separated('', three(30), three(10), three(5), 127.5)
    expect({ base: [...base], hasBase }).toEqual({ base: [142.5, 142.5, 142.5], hasBase: true })
  })
  it('where both paint all there is no base', () => {
    const { base, hasBase } = separated('', three(15), three(10), three(5), 127.5)
    expect({ base: [...base], hasBase }).toEqual({ base: [127.5, 127.5, 127.5], hasBase: false })
  })
  it('a signed map is the mean of the channels around its own mean', () =>
    expect([...centred(Float32Array.of(0, 3, 6, 6, 9, 12))]).toEqual([-3, 3]))
})

it.each([
  [[{ psnr: 20 }, { psnr: 22 }, { psnr: 22 }], 1],
  [[undefined, { psnr: 20 }], 1],
  [[undefined], -1],
])('the best of %j is at %d', (qualities, at) => expect(bestOf(qualities)).toBe(at))

it.each(['a/b', 'a/b.png', 'a/b.SVG', 'a/b.json'])('%s goes to three files', (out) =>
  expect(figureFiles(out)).toEqual({ png: 'a/b.png', svg: 'a/b.svg', json: 'a/b.json' }),
)
