import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, test } from 'vitest'
import { noMistakes } from '../../src/compiler/elaborate/attempt.ts'
import { Builder } from '../../src/compiler/elaborate/calls/builder.ts'
import { evaluate } from '../../src/compiler/elaborate/evaluate.ts'
import { subgraph, type Graph } from '../../src/compiler/ir/graph.ts'
import { verify } from '../../src/compiler/passes/verify.ts'
import { Consequence, Reported } from '../../src/compiler/diagnostics/catalogue.ts'
import { ops, primitives } from '../../src/compiler/ops/registry.ts'
import { f32, isTensor, type Op as Registered, type TensorValue } from '../../src/compiler/ops/op.ts'
import { constant, evaluate as sizeAt, symbol, type Size } from '../../src/compiler/shapes/size.ts'
import { parseExpression } from '../../src/compiler/syntax/parse.ts'
import { gradients } from '../../src/compiler/kernels/gradient.ts'
import { traceGraph } from '../../src/compiler/kernels/trace-graph.ts'
import { Trace } from '../../src/compiler/kernels/trace.ts'
import { reachable, type Value } from '../../src/compiler/kernels/value.ts'
import type { CallOptions } from '../../src/compiler/targets/layers/layer.ts'
import { lowerToLayers, type LayersModel } from '../../src/compiler/targets/layers/lower.ts'
import { createRandom } from '../../src/runtime/files/random.ts'
import { loadEngine } from '../../src/runtime/engine/index.ts'
import { runKernels } from './kernels/run-kernels.ts'

/**
 * Every op runs its own example on the real engine: the symbolic shape of every value that its expansion makes,
 * evaluated, is the real tensor's; and the gradient of a weighted sum of its outputs agrees with central differences in
 * float32, for the inputs and for the op's weights.
 */

/** Ops without a gradient by nature: positions, counts, and what says so of itself. */
const withoutGradient = new Set(['floor', 'sign', 'detach', 'corners', 'nearest'])
/** Ops whose examples fix every axis. */
const fixedSizes = new Set(['range', 'expand'])
/** The fewest positions on each axis where an example asks for a position by its number. */
const leastSize: Readonly<Record<string, number>> = { take: 3, lookup: 3, take_along: 3, ssim: 11 }
const standardStep = 1e-2
const standardTolerance = 2e-3

/** What is run: an op's own example, or one of the further ones. */
interface Op {
  readonly name: string
  readonly example: Registered['example']
  /** Tried as it is after training: what a step turns while it is computed has no gradient through that. */
  readonly isTrained?: true
}

const further = (code: string, x: readonly number[], rest: { step?: number; tolerance?: number } = {}): Op => ({
  name: code,
  example: { inputs: { x }, code, ...rest },
})

const trained = (code: string, x: readonly number[]): Op => ({ ...further(code, x), isTrained: true })

/** Other attributes than those of the examples, and the operators of the language. */
const others: readonly Op[] = [
  further('conv(x, out: 2, kernel: 3, stride: 2, pad: 1)', [1, 6, 5, 3]),
  further('conv(x, out: 2, kernel: [3, 1], pad: reflect, bias: false)', [1, 4, 5, 3]),
  further('conv(x, out: 4, kernel: 3, dilation: 2, groups: 2)', [1, 6, 7, 4]),
  further('conv(x, out: 2, kernel: 4, stride: 2, pad: 0)', [1, 6, 7, 2]),
  further('conv(x, out: 2, kernel: 1, stride: 2, pad: 0)', [1, 6, 7, 2]),
  further('conv(x, out: 2, kernel: 2, stride: 3, pad: 0)', [1, 7, 8, 2]),
  further('conv(x, out: 2, kernel: [2, 3], pad: [0, 2])', [1, 3, 4, 2]),
  trained('conv(x, out: 3, kernel: 3, groups: 3, pad: 1, stride: 2, norm: spectral)', [1, 4, 5, 3]),
  trained('linear(x, out: 4, norm: spectral, bias: false)', [2, 3]),
  further('softmax(x, axis: 1)', [2, 3, 4]),
  further('mean(x, axis: [0, -1], keep: true)', [2, 3, 4]),
  further('max(x, axis: [1, 2], keep: true)', [2, 3, 4]),
  further('sum(x, axis: -2)', [2, 3, 4]),
  further('min(x, axis: [0, -1])', [2, 3, 4]),
  further('group_norm(x, groups: 3, epsilon: 0.1)', [2, 5, 6]),
  further('group_norm(x, groups: 1)', [2, 4]),
  further('instance_norm(x)', [2, 3, 2, 4]),
  further('l2_normalise(x, axis: [1, 2], epsilon: 0.5)', [2, 3, 4]),
  further('dropout(rearrange(x, "B n -> n B"), rate: 0.4)', [2, 3]),
  further('cumsum(x, axis: -1)', [2, 3, 4]),
  further('pow(x, 2)', [2, 3, 4]),
  further('pow(exp(x), -0.4)', [2, 3, 4]),
  further('softplus(30 * x)', [2, 3, 4], { step: 1e-3, tolerance: 1e-2 }),
  further('silu(8 * x)', [2, 3, 4], { step: 1e-3, tolerance: 1e-2 }),
  further('maximum(x, 0.25) + minimum(x, 0.5)', [2, 3], { step: 1e-3, tolerance: 1e-2 }),
  further('minimum(x, rearrange(range(3) - 1, "n -> 1 n"))', [2, 3], { step: 1e-3, tolerance: 1e-2 }),
  further('interpolate(x, by: 2, kernel: bilinear, align: corners)', [1, 3, 4, 2]),
  further('interpolate(x, to: [7, 5], kernel: nearest)', [2, 3, 4, 2]),
  further('interpolate(x, to: [2, 3], kernel: bicubic, align: corners)', [1, 4, 5, 2]),
  further('sample(x, rearrange(range(4) * 0.6 - 0.9, "(q a) -> 1 q a", a: 2), kernel: bilinear)', [1, 3, 4, 2]),
  further('sample(x, rearrange(range(4) * 0.6 - 0.9, "(q a) -> 1 q a", a: 2), kernel: nearest)', [1, 3, 4, 2]),
  further(
    'sample(sin(0.9 * range(24)) -> rearrange("(B h w c) -> B h w c", B: 1, h: 3, w: 4), 0.7 * x, kernel: bicubic)',
    [1, 3, 2],
  ),
  further('avg_pool(x, kernel: 3, stride: 1, pad: 1, count_pad: false)', [1, 4, 5, 2]),
  further('avg_pool(x, kernel: 2, stride: 2)', [1, 5, 6, 2]),
  further('max_pool(x, kernel: 2, stride: 2)', [1, 5, 6, 2]),
  further('pad(x, bottom: 2, right: 1)', [1, 3, 4, 2]),
  further('pad_to(x, multiple: 4)', [1, 3, 4, 2]),
  further('unfold(x, kernel: 5)', [1, 4, 5, 2]),
  further('unfold(x, kernel: 4, pad: 1)', [1, 4, 5, 2]),
  further('unfold(x, kernel: 5, stride: 3, pad: 1)', [2, 7, 6, 2]),
  further('unfold(x, kernel: 4, stride: 2, pad: [1, 0])', [1, 5, 6, 2]),
  further('unfold(x, kernel: 2, stride: 3, pad: 0)', [1, 6, 9, 2]),
  further('transposed(x, out: 2, kernel: 3, pad: 1)', [1, 3, 4, 3]),
  further('transposed(x, out: 3, kernel: [3, 4], stride: 2, pad: [1, 2], output_pad: 1, bias: false)', [2, 3, 4, 2]),
  further('transposed(x, out: 2, kernel: 2, stride: 3, output_pad: [2, 0])', [1, 3, 2, 2]),
  further('transposed(x, out: 1, kernel: 1, stride: 2)', [1, 3, 2, 2]),
  further('expand(mean(x, axis: 1, keep: true), to: [2, 5, 3])', [2, 4, 3]),
  further('expand(sum(x, axis: 0), to: [2, 4, 3])', [5, 3]),
  further('rearrange(x, "B 1 c -> c B 1")', [2, 1, 4]),
  further('einsum(x, x, "B n d, B n k -> B d k")', [2, 3, 4]),
  further('einsum(x, sum(x, axis: 2), "B n d, B m -> B n")', [2, 3, 4]),
  further('concat(x, -x, x * x, axis: 0)', [2, 3]),
  further('split(x, sizes: [1, 1], axis: 0)', [2, 5]),
  further('take(x, rearrange(range(6), "(B q t) -> B q t", B: 2, q: 3))', [2, 2, 3, 2]),
  further(
    'take_along(concat(x, x, x, axis: 1), rearrange(range(12) % 3, "(B q n) -> B q n", B: 2, q: 2), axis: 1)',
    [2, 4, 3, 3],
  ),
  further('best_match(x, concat(x, x * 0.5 - 1, axis: 1), over: 1).score', [2, 3, 4]),
  further('best_match(x, sin(3 * x) + 1, over: 1).score', [1, 5, 2, 3], { step: 2e-3, tolerance: 1e-2 }),
  further('mse(x, 1)', [2, 3]),
  further('l1(x, 2)', [2, 3]),
  further('x / (2 + abs(x))', [2, 3]),
  further('1 / (x * x + 1) - x % 3', [2, 3]),
  further('max(x, 0.25) + min(x, x * x)', [2, 3], { step: 1e-3, tolerance: 1e-2 }),
  further('x * rearrange(floor(range(6) / 2), "n -> n 1")', [6, 2]),
  further('x * sum(x, axis: 0) + mean(x, axis: 1, keep: true)', [3, 4]),
]

/** One tensor in both places: without a gradient that could be compared, and so tried for their values alone. */
const equal: readonly Op[] = [
  ...[
    'x + x',
    'x - x',
    'x / x',
    'x % x',
    'max(x, x)',
    'min(x, x)',
    'minimum(x, x)',
    'maximum(x, x)',
    'l1(x, x)',
    'mse(x, x)',
  ].map((code) => further(code, [2, 3])),
  further('concat(x, x, x, axis: 0)', [2, 3]),
  further('best_match(x, x, over: 1)', [1, 4, 3]),
  further('corners(rearrange(x, "B h w c -> B (h w) c"), rearrange(x, "B h w c -> B (h w) c"), x, x)', [1, 4, 5, 2]),
]

type Random = ReturnType<typeof createRandom>

interface Example {
  readonly graph: Graph
  /** Sizes that the example leaves open, each with its number in the example. */
  readonly open: ReadonlyMap<string, number>
  fits(sizes: Readonly<Record<string, number>>): boolean
}

/** The tensors that a piece of code makes of `x`. */
function tensorsOf(name: string, code: string, x: TensorValue, builder: Builder): readonly TensorValue[] {
  const { expression, diagnostics } = parseExpression(name, code)
  if (!expression) throw new Error(`${name}: ${diagnostics[0]?.message}`)
  const file = { source: { file: name, text: code, declarations: [], remarks: [] }, modules: new Map(), models: new Map() }
  const scope = { file, names: new Map([['x', x]]), sizes: new Map<string, Size>(), missing: new Set<string>() }
  const value = evaluate(expression, {
    scope,
    place: { scope: '', name: 'it', labels: new Map() },
    e: { builder, calls: [], memory: new Map(), report: () => undefined, mistakes: noMistakes() },
  })
  return isTensor(value) ? [value] : value.kind === 'several' ? value.items.map((item) => item.value).filter(isTensor) : []
}

/**
 * Elaborates an example on an input of the given axes; undefined when they do not fit. Where its tensor is used `again`,
 * that is no input of the graph but a value in it, which a further output needs once the example is computed.
 */
function elaborate(op: Op, shape: readonly Size[], again = false): { graph: Graph; builder: Builder } | undefined {
  const builder = new Builder()
  const input = builder.input('x', f32(shape))
  try {
    const x = again ? tensorsOf(op.name, '-x', input, builder)[0]! : input
    const items = tensorsOf(op.name, op.example.code, x, builder)
    const all = [...items, ...(again ? tensorsOf(op.name, 'abs(x) + 0.5', x, builder) : [])]
    const graph = builder.graph()
    const outputs = all.map((item, at) => ({ name: `out${at}`, value: item.id }))
    return { graph: subgraph(graph, graph.inputs, outputs), builder }
  } catch (error) {
    if (error instanceof Reported || error instanceof Consequence) return undefined
    throw error
  }
}

/** The example with every axis open that the op leaves open: conv needs its channels, split the axis that it cuts. */
function openExample(op: Op, again = false): Example {
  const given = op.example.inputs['x']!
  let shape: Size[] = given.map(constant)
  const open = new Map<string, number>()
  given.forEach((length, axis) => {
    const name = `n${axis}`
    const wider = shape.with(axis, symbol(name))
    if (elaborate(op, wider, again)) {
      shape = wider
      open.set(name, length)
    }
  })
  const made = elaborate(op, shape, again)
  if (!made) throw new Error(`the example of ${op.name} does not compile`)
  return {
    graph: made.graph,
    open,
    fits: (sizes) => made.builder.checks.every(({ size, least }) => sizeAt(size, sizes) >= least),
  }
}

const lengthOf = (graph: Graph, sizes: Readonly<Record<string, number>>): number[] =>
  graph.values[graph.inputs[0]!.value]!.shape.map((size) => sizeAt(size, sizes))

/** Distinct values of both signs, kept away from the places where relu, abs clamp(-0.5, 0.5) and max(x, 0.25) have no derivative. */
function spread(count: number, random: Random, step: number): Float32Array {
  const order = Array.from({ length: count }, (_, at) => at)
  for (let at = count - 1; at > 0; at -= 1) {
    const other = Math.floor(random.uniform(0, at + 1))
    ;[order[at], order[other]] = [order[other]!, order[at]!]
  }
  return Float32Array.from(order, (at) => {
    const value = ((at + 0.5) / count) * 2.4 - 1.2
    const kink = [-0.5, 0, 0.25, 0.5, 1].find((place) => Math.abs(value - place) < 2 * step)
    return kink === undefined ? value : kink + Math.sign(value - kink || 1) * 2.5 * step
  })
}

function lowered(graph: Graph, name: string, random: Random): LayersModel {
  const model = lowerToLayers(tf, graph, name.replace(/\W+/g, '_'))
  for (const weight of graph.weights) {
    const count = weight.shape.reduce((product, size) => product * size, 1)
    // Stored variances are positive; everything else may have either sign.
    const values = Float32Array.from({ length: count }, () =>
      weight.path.endsWith('variance') ? random.uniform(0.5, 1.5) : random.uniform(-1, 1),
    )
    tf.tidy(() => void model.variables.get(weight.path)!.write(tf.tensor(values, [...weight.shape])))
  }
  return model
}

/** The second IR computes the same outputs and, by rules of its own, the same gradients as TensorFlow.js. */
async function agreesWithKernels(
  graph: Graph,
  sizes: Readonly<Record<string, number>>,
  x: tf.Variable,
  model: LayersModel,
  factors: ReadonlyMap<string, tf.Tensor>,
  reference: Readonly<Record<string, tf.Tensor>>,
  options: CallOptions,
): Promise<void> {
  const trace = new Trace()
  const draw = (count: number): Value => trace.tensor(Array.from({ length: count }, (_, at) => (at % 2 ? 0.95 : 0.5)))
  const outputs = traceGraph(trace, graph, sizes, {}, { training: options.training!, draw })
  const sums = [...factors].map(([name, factor]) =>
    trace.sum(trace.mul(outputs[name]!, trace.tensor(factor.dataSync() as Float32Array, factor.shape))),
  )
  const trained = graph.weights.filter((weight) => weight.trainable)
  const leaves = [trace.placeholder('x', x.shape), ...trained.map(({ path, shape }) => trace.variable(path, shape))]
  const found = gradients(
    trace,
    sums.reduce((sum, each) => trace.add(sum, each)),
    leaves,
  )
  const variables = new Map<string, tf.Tensor>(graph.weights.map(({ path }) => [path, model.variables.get(path)!.read()]))
  const expected: Record<string, tf.Tensor> = model.run({ x }, options)
  const wanted: Record<string, Value> = { ...outputs }
  found.forEach((gradient, at) => {
    const { name } = at === 0 ? x : (variables.get(trained[at - 1]!.path) as tf.Variable)
    wanted[`gradient ${at}`] = trace.broadcastTo(gradient ?? trace.scalar(0), leaves[at]!.shape)
    expected[`gradient ${at}`] = reference[name]!
  })
  const computed = await runKernels(wanted, reachable(Object.values(wanted)).includes(leaves[0]!) ? { x } : {}, variables)
  for (const name of Object.keys(wanted)) expectSame(name, computed[name]!, expected[name]!)
}

/** Equal but for rounding. */
function expectSame(name: string, computed: tf.Tensor, expected: tf.Tensor): void {
  const [got, right] = [computed, expected].map((tensor) => Array.from(tensor.dataSync()))
  const largest = right!.reduce((most, value) => Math.max(most, Math.abs(value)), 1)
  expect(computed.shape).toEqual(expected.shape)
  expect(got!.every((value, at) => Math.abs(value - right![at]!) <= 1e-5 * largest), `${name}: ${[...got!.slice(0, 8)].join(' ')}, not ${[...right!.slice(0, 8)].join(' ')}`).toBe(true) // prettier-ignore
}

beforeAll(() => loadEngine({ name: 'tensorflow' }))

describe.each([...ops.values(), ...others].map((op: Op) => [op.name, op] as const))('%s', (name, op) => {
  const example = openExample(op)
  const { graph, open } = example
  const random = createRandom(7).split(name)

  test('its example is a legal graph', () => {
    expect(verify(graph)).toEqual([])
    expect(open.size > 0 || fixedSizes.has(name)).toBe(true)
  })

  test('every value has the shape that the rule says', () => {
    const least = leastSize[/^\w+/.exec(name)?.[0] ?? ''] ?? 1
    const every = {
      ...graph,
      outputs: graph.nodes.flatMap((node) => node.results.map((value) => ({ name: String(value), value }))),
    }
    const model = lowered(every, `${name}_shapes`, random)
    for (let turn = 0; turn < 5; turn += 1) {
      let sizes: Record<string, number>
      do
        sizes = Object.fromEntries(
          [...open].map(([size, length]) => [
            size,
            turn === 0 ? length : Math.floor(random.uniform(least, Math.max(10, least + 3))),
          ]),
        )
      while (!example.fits(sizes))
      tf.tidy(() => {
        const shape = lengthOf(graph, sizes)
        const x = tf.tensor(
          spread(
            shape.reduce((a, b) => a * b, 1),
            random,
            0.01,
          ),
          shape,
        )
        const results = model.run({ x })
        for (const { name: value } of every.outputs) {
          const type = graph.values[Number(value)]!
          expect({ sizes, shape: results[value]!.shape }).toEqual({ sizes, shape: type.shape.map((size) => sizeAt(size, sizes)) })
          expect(results[value]!.dtype).toBe(type.dtype === 'i32' ? 'int32' : 'float32')
        }
      })
    }
  })

  test(
    withoutGradient.has(name)
      ? 'no gradient flows'
      : 'its gradient agrees with central differences, and with that of its kernels',
    async () => {
      const { step = standardStep, tolerance = standardTolerance } = op.example
      const sizes = Object.fromEntries(open)
      const model = lowered(graph, `${name}_gradient`, random)
      const shape = lengthOf(graph, sizes)
      const floats = graph.outputs.filter((output) => graph.values[output.value]!.dtype === 'f32')
      const factors = new Map(
        floats.map((output) => {
          const lengths = graph.values[output.value]!.shape.map((size) => sizeAt(size, sizes))
          return [
            output.name,
            tf.tensor(
              Float32Array.from({ length: lengths.reduce((a, b) => a * b, 1) }, () => random.uniform(0.5, 1.5)),
              lengths,
            ),
          ]
        }),
      )
      // One half of the samples is dropped, always the same one.
      const options = {
        training: !op.isTrained,
        draw: (count: number) => tf.tensor1d(Array.from({ length: count }, (_, at) => (at % 2 ? 0.95 : 0.5))),
      }
      const x = tf.variable(
        tf.tensor(
          spread(
            shape.reduce((a, b) => a * b, 1),
            random,
            step,
          ),
          shape,
        ),
        true,
        undefined,
        'float32',
      )
      const trained = graph.weights
        .filter((weight) => weight.trainable)
        .map((weight) => (model.variables.get(weight.path) as unknown as { val: tf.Variable }).val)
      const leaves = [x, ...trained]
      const total = (): tf.Scalar => {
        const results = model.run({ x }, options)
        const sums = floats.map((output) => tf.sum(tf.mul(results[output.name]!, factors.get(output.name)!)))
        // The zero keeps a path to x where an op lets no gradient through.
        return tf.addN([tf.mul(tf.sum(x), 0), ...sums.map((sum) => sum.reshape([]))]).asScalar()
      }
      /** In double precision from the outputs on: only the op itself rounds. */
      const loss = (): number =>
        tf.tidy(() => {
          const results = model.run({ x }, options)
          return floats.reduce((sum, output) => {
            const [values, weights] = [results[output.name]!, factors.get(output.name)!].map((tensor) =>
              Float64Array.from(tensor.dataSync()),
            ) as [Float64Array, Float64Array]
            return values.reduce((partial, value, at) => partial + value * weights[at]!, sum)
          }, 0)
        })
      const grads = tf.variableGrads(total, leaves).grads
      await agreesWithKernels(graph, sizes, x, model, factors, grads, options)
      for (const leaf of leaves) {
        const gradient = grads[leaf.name]!.dataSync()
        if (withoutGradient.has(name)) {
          expect(Math.max(...gradient.map(Math.abs))).toBe(0)
          continue
        }
        const start = leaf.dataSync().slice()
        const chosen =
          start.length <= 40 ? [...start.keys()] : Array.from({ length: 40 }, () => Math.floor(random.uniform(0, start.length)))
        for (const at of chosen) {
          const moved = (by: number): number => {
            const values = start.slice()
            values[at] = values[at]! + by
            tf.tidy(() => leaf.assign(tf.tensor(values, leaf.shape)))
            return loss()
          }
          const difference = (moved(step) - moved(-step)) / (2 * step)
          expect(
            Math.abs(gradient[at]! - difference) / Math.max(1, Math.abs(difference)),
            `${leaf.name}[${at}]: gradient ${gradient[at]}, difference ${difference}`,
          ).toBeLessThan(tolerance)
        }
        tf.tidy(() => leaf.assign(tf.tensor(start, leaf.shape)))
      }
      expect(withoutGradient.has(name) || leaves.some((leaf) => grads[leaf.name]!.dataSync().some((value) => value !== 0))).toBe(
        true,
      )
      tf.dispose([grads, x, ...factors.values()])
    },
  )
})

describe('layers dispose of a value when the last that takes it is computed', () => {
  const examples = [...ops.values(), ...others, ...equal].map((op) => [op.name, openExample(op, true)] as const)

  test.each(examples)('%s, and its tensor is used again', async (name, { graph, open }) => {
    const sizes = Object.fromEntries(open)
    const random = createRandom(7).split(name)
    const model = lowered(graph, `${name}_again`, random)
    const shape = lengthOf(graph, sizes)
    const x = tf.tensor(spread(shape.reduce((a, b) => a * b, 1), random, 0.01), shape) // prettier-ignore
    const trace = new Trace()
    const outputs = traceGraph(trace, graph, sizes, {}, { training: false, draw: () => trace.tensor([]) })
    const variables = new Map(graph.weights.map(({ path }) => [path, model.variables.get(path)!.read()]))
    const expected = await runKernels(outputs, { x }, variables)
    const computed = tf.tidy(() => model.run({ x }))
    for (const output of Object.keys(outputs)) expectSame(output, computed[output]!, expected[output]!)
    tf.dispose([x, computed, expected])
  })

  test('among them every primitive that takes several tensors of one kind takes one twice', () => {
    const nodes = examples.flatMap(([, { graph }]) => graph.nodes).filter(({ inputs }) => inputs.length > 1)
    const twice = new Set(nodes.filter(({ inputs }) => new Set(inputs).size < inputs.length).map(({ op }) => op))
    const never = new Set(nodes.map(({ op }) => op).filter((op) => !twice.has(op)))
    // A picture and the kernel that it goes through; a picture or table and where to read it: another rank or dtype.
    expect([...never].sort()).toEqual(['conv_by', 'linear_by', 'lookup', 'sample', 'take', 'take_along'])
  })
})

test('together they reach every primitive', () => {
  const reached = new Set([...ops.values(), ...others].flatMap((op) => openExample(op).graph.nodes.map((node) => node.op)))
  // Statements and the numbers that a slot spreads over its contract: the corpus has them.
  expect([...primitives.keys()].filter((primitive) => !reached.has(primitive))).toEqual(['fill', 'weight'])
})
