import { beforeAll, describe, expect, it } from 'vitest'
import type { Graph } from '../../../src/compiler/ir/graph.ts'
import type { Scope } from '../../../src/compiler/plan.ts'
import { evaluate } from '../../../src/compiler/shapes/size.ts'
import { createNetwork, type Network } from '../../../src/runtime/network/network.ts'
import { lattice } from '../../../src/runtime/predict/candidates.ts'
import { countOf, placesOf } from '../../../src/runtime/predict/places.ts'
import { createPredictor, type PredictOptions, type Predictor } from '../../../src/runtime/predict/predict.ts'
import { lowPosition, sharesOf, type Stretch } from '../../../src/runtime/predict/tiles.ts'
import { model, painted, quietEngine } from '../network/small.ts'
import { held } from '../../../src/runtime/data/source.ts'

const low = painted(43, 33)
const extent = { width: 65, height: 50 }
const scopes: Scope[] = [
  { kind: 'full' },
  { kind: 'lattice', count: 100 },
  { kind: 'raster', count: 700 },
  { kind: 'tile', count: 300 },
]
const cuts: Partial<PredictOptions>[] = [{}, { tile: 16 }, { tile: 16, overlap: 6 }, { tile: 16, keyMemory: 20_000 }]
const cases = scopes.flatMap((scope) => cuts.map((cut): [Scope, Partial<PredictOptions>] => [scope, cut]))

/** A graph and the shapes of what it was given. */
type Made = readonly [graph: Graph, shapes: string]

/** ISTE, and every call of its graphs that was made. */
interface Subject {
  readonly predictor: Predictor
  readonly network: Network
  readonly made: Made[]
}
let iste: Subject

beforeAll(async () => {
  await quietEngine()
  const compiled = model('iste.arch', ['encoder.window=4']).model
  const made: Made[] = []
  const network = createNetwork([compiled.graph], 'repeated')
  network.initialise(1)
  const spying: Network = {
    ...network,
    lower(graph, name) {
      const layers = network.lower(graph, name)
      return {
        ...layers,
        run(inputs, options) {
          made.push([graph, shapesOf(graph, (input) => inputs[input]!.shape)])
          return layers.run(inputs, options)
        },
      }
    },
  }
  iste = { predictor: createPredictor(compiled, spying), network, made }
})

const shapesOf = (graph: Graph, shapeOf: (name: string, value: number) => readonly number[]): string =>
  graph.inputs.map(({ name, value }) => `${name} ${shapeOf(name, value).join('x')}`).join()

describe.each(cases)('the schedule of scope %j, %j', (scope, cut) => {
  const options: PredictOptions = { extent, m: 1.5, scope, ...cut }
  const schedule = () => iste.predictor.schedule(low, options)

  it('decodes every position with weights that sum to 1, and gives rows away from top to bottom', () => {
    const { steps, tiles } = schedule()
    const shareOf = (all: readonly Stretch[], at: number, from: number, to: number, own: number): number =>
      sharesOf(all, lowPosition(at, from, to), tiles.feather).find(({ stretch }) => stretch === own)!.weight
    const sums = new Float64Array(extent.height * extent.width)
    let whole = 0
    for (const step of steps) {
      if (step.do === 'rows') {
        expect(step.from).toBe(whole)
        whole = step.to
        for (const sum of sums.subarray(0, whole * extent.width)) expect(sum).toBeCloseTo(1, 9)
      }
      if (step.do !== 'decode') continue
      const { rows, columns } = placesOf(step.asked.pieces, step.asked.from, step.asked.to)
      const across = tiles.columns.length
      rows.forEach((row, at) => {
        const [column, tile] = [columns[at]!, step.asked.tile]
        expect(row).toBeGreaterThanOrEqual(whole)
        sums[row * extent.width + column]! +=
          shareOf(tiles.rows, row, low.height, extent.height, Math.floor(tile / across)) *
          shareOf(tiles.columns, column, low.width, extent.width, tile % across)
      })
    }
    expect(whole).toBe(extent.height)
  })

  it('has in memory what a step takes, and as many keys as there are candidates', () => {
    const kept = new Set<string>()
    let made = 0
    for (const step of schedule().steps) {
      const tile = 'asked' in step ? step.asked.tile : 'tile' in step ? step.tile : undefined
      if (step.do === 'keys') made += step.asked.to - step.asked.from
      if (step.do === 'keys' || step.do === 'match' || step.do === 'decode') expect(kept).toContain(`features ${tile}`)
      if (step.do === 'match' || (step.do === 'decode' && step.match)) expect(kept).toContain('keys')
      if (step.do === 'decode' && !step.match) expect(kept).toContain(`matches ${tile}`)
      if ('kept' in step) kept.add(step.kept.name)
      if (step.do === 'forget') expect(kept.delete(step.name)).toBe(true)
    }
    expect(made).toBe(scope.kind === 'lattice' ? countOf(lattice(extent, scope.count)) : extent.width * extent.height)
  })

  it('is what is computed: the same graphs in the same order, at the sizes that it says', async () => {
    iste.made.length = 0
    await iste.predictor.whole(held(low), options)
    const expected = [...schedule().steps].flatMap((step) =>
      'call' in step ? [...(step.do === 'decode' && step.match ? [step.match] : []), step.call] : [],
    )
    expect(iste.made).toHaveLength(expected.length)
    iste.made.forEach(([graph, shapes], at) => {
      const { graph: wanted, sizes } = expected[at]!
      expect(graph).toBe(wanted)
      const said = shapesOf(graph, (_name, value) => graph.values[value]!.shape.map((size) => evaluate(size, sizes)))
      // How many different rows of a map some positions take is known when they are taken.
      if (!shapes.includes('rows') || scope.kind === 'full' || scope.kind === 'lattice') expect(shapes).toBe(said)
    })
  })
})

it('a rehearsal foresees how calls are computed: by layers first, then as graphs that are loaded once', async () => {
  const compiled = model('liif.arch', ['encoder.window=4']).model
  const network = createNetwork([compiled.graph], 'repeated')
  network.initialise(1)
  const predictor = createPredictor(compiled, network)
  const options: PredictOptions = { extent: { width: 60, height: 60 }, m: 3, scope: { kind: 'full' } }
  const picture = painted(20, 20)
  const ways = (): string[] => {
    const rehearsal = network.rehearsal()
    return [...predictor.schedule(picture, options).steps].flatMap((step) =>
      'call' in step ? [`${step.do} ${rehearsal.call(step.call.graph, step.call.sizes).way}`] : [],
    )
  }
  expect(ways()).toEqual(['encode layers', 'decode layers'])
  await predictor.whole(held(picture), options)
  expect(ways()).toEqual(['encode loading', 'decode loading'])
  await predictor.whole(held(picture), options)
  expect(ways()).toEqual(['encode loaded', 'decode loaded'])
})
