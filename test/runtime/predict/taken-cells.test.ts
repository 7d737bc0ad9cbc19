import { beforeAll, describe, expect, it } from 'vitest'
import { stages } from '../../../src/compiler/passes/stages.ts'
import { evaluate } from '../../../src/compiler/shapes/size.ts'
import { TakenCells } from '../../../src/runtime/predict/taken-cells.ts'
import { coreOf, stretches, type Stretch } from '../../../src/runtime/predict/tiles.ts'
import { model, painted, quietEngine } from '../network/small.ts'

beforeAll(quietEngine)

const sizes: [width: number, height: number, m: number][] = [
  [53, 33, 1.3],
  [50, 51, 2],
  [37, 64, 3],
  [61, 45, 2.718],
]

describe.each(sizes)('cells of a picture of %i x %i at m = %f', (width, height, m) => {
  const { taken } = stages(model('iste.arch', ['encoder.window=4']).model)!
  const picture = painted(width, height)
  const extent = { width: Math.round(width * m), height: Math.round(height * m) }
  const positions = Int32Array.from({ length: extent.width * extent.height }, (_, at) => at)
  const whole: Stretch[] = [width, height].map((to) => ({ from: 0, to, seenFrom: 0, seenTo: to, coreFrom: 0, coreTo: to }))
  const [wholeX, wholeY] = whole as [Stretch, Stretch]
  const mapWidth = (tile: { x: Stretch; y: Stretch }): number => {
    const { height: h, width: w } = coreOf(tile)
    return evaluate(taken[0]!.node.sizes['map']![1]!, { B: 1, h, w })
  }

  it('are the same in every tile, to the bit', () => {
    expect(taken).toHaveLength(1)
    const cells = new TakenCells(taken, picture, { extent, m, scope: { kind: 'full' }, cellClip: 1.5 })
    const [indexName, ...others] = taken[0]!.names
    const placesOf = (asked: Int32Array) => ({
      rows: asked.map((position) => Math.floor(position / extent.width)),
      columns: asked.map((position) => position % extent.width),
    })
    const all = cells.at({ y: wholeY, x: wholeX }, placesOf(positions))
    const [allIndex, ...allOthers] = [indexName, ...others].map((name) => all[name]!.dataSync())
    let compared = 0
    for (const y of stretches(height, 12, 6, 4))
      for (const x of stretches(width, 16, 6, 4)) {
        const own = positions.filter((position) => {
          const [row, column] = [Math.floor(position / extent.width), position % extent.width]
          const [lowRow, lowColumn] = [((row + 0.5) * height) / extent.height, ((column + 0.5) * width) / extent.width]
          return lowRow >= y.from && lowRow < y.to && lowColumn >= x.from && lowColumn < x.to
        })
        const here = cells.at({ y, x }, placesOf(own))
        const [index, ...rest] = [indexName, ...others].map((name) => here[name]!.dataSync())
        const [tileWidth, allWidth] = [mapWidth({ y, x }), mapWidth({ y: wholeY, x: wholeX })]
        own.forEach((position, at) => {
          for (let corner = 0; corner < 4; corner += 1) {
            const found = index![4 * at + corner]!
            const row = Math.floor(found / tileWidth) + y.coreFrom
            const column = (found % tileWidth) + x.coreFrom
            expect(row * allWidth + column).toBe(allIndex![4 * position + corner])
          }
          rest.forEach((values, which) => {
            const each = values.length / own.length
            expect(values.slice(each * at, each * (at + 1))).toEqual(
              allOthers[which]!.slice(each * position, each * (position + 1)),
            )
          })
          compared += 1
        })
      }
    expect(compared).toBe(positions.length)
  })
})
