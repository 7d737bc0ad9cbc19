import * as tf from '@tensorflow/tfjs'
import { onTfjs } from '../../compiler/targets/layers/backend.ts'
import type { Graph } from '../../compiler/ir/graph.ts'
import { bestRows } from '../../compiler/ops/match.ts'
import type { Tensor } from '../files/safetensors.ts'
import { createNetwork } from '../network/network.ts'
import { permuted } from '../weights/permute.ts'
import type { ParityCase } from './case.ts'
import { CannotRun, type Checks } from './check.ts'
import { configuredModule, gradientsOf } from './subject.ts'
import { asTf, channelsFirst, channelsLast, compute, fromTf, reshaped, scoped } from './values.ts'

/** Values and gradients of single operations, each written as a module of the language. */

/** How a tensor of the case lies in archc. */
interface Kind {
  in(tensor: Tensor): Tensor
  out(tensor: Tensor, expected: readonly number[]): Tensor
}
const plain: Kind = { in: (tensor) => tensor, out: (tensor) => tensor }
const picture: Kind = { in: channelsLast, out: channelsFirst }
const kernel: Kind = { in: (tensor) => permuted(tensor, [2, 3, 1, 0]), out: (tensor) => permuted(tensor, [3, 2, 0, 1]) }
/** PyTorch's unfold: [B, c k, h w]; archc has [B, h, w, c k]. The cotangent's picture size is the result's. */
const columns = (height: number, width: number): Kind => ({
  in: (tensor) => reshaped(permuted(tensor, [0, 2, 1]), [tensor.shape[0]!, height, width, tensor.shape[1]!]),
  out: (tensor) => permuted(reshaped(tensor, [tensor.shape[0]!, height * width, tensor.shape[3]!]), [0, 2, 1]),
})

/** One operation: the statements of a module, what goes in, what owns weights, what comes out. */
interface Operation {
  readonly lines: readonly string[]
  readonly inputs: Readonly<Record<string, Kind>>
  /** By the case's name: the end of the weight's path. */
  readonly weights?: Readonly<Record<string, readonly [string, Kind]>>
  readonly outputs: Readonly<Record<string, Kind>>
}

/** An operation of a case: its tensors by their names within it. */
interface Given {
  readonly tensors: ReadonlyMap<string, Tensor>
  readonly about: string
  shape(name: string): readonly number[]
}

const ofOne = (expression: string): Operation => ({
  lines: [`return ${expression}`],
  inputs: { x: plain },
  outputs: { y: plain },
})
const ofPicture = (expression: string): Operation => ({
  lines: [`return ${expression}`],
  inputs: { x: picture },
  outputs: { y: picture },
})
const factor = (given: Given): number => given.shape('y')[2]! / given.shape('x')[2]!
const numberIn = (text: string, pattern: RegExp, otherwise: number): number => Number(pattern.exec(text)?.[1] ?? otherwise)
const unit = (name: string): string =>
  `${name} / max(sqrt(sum(${name} * ${name}, axis: ${name === 'x' ? 1 : 2}, keep: true)), 1e-12)`

/** Operations by the letters that their names begin with. */
const operations: Readonly<Record<string, (given: Given) => Operation>> = {
  gelu: () => ofOne('gelu(x)'),
  sine: () => ofOne('sin(x)'),
  sigmoid: () => ofOne('sigmoid(x)'),
  softmax: () => ofOne('softmax(x, axis: -1)'),
  leaky_relu: (given) => ofOne(`leaky_relu(x, slope: ${numberIn(given.about, /slope ([\d.]+)/, 0.01)})`),
  normalize_zero: () => ofOne(unit('x')),
  layer_norm: (given) => ({
    ...ofOne(`layer_norm(x, epsilon: ${numberIn(given.about, /eps ([\d.e-]+)/, 1e-5)})`),
    weights: { weight: ['.scale', plain], bias: ['.shift', plain] },
  }),
  prelu: () => ({ ...ofOne('prelu(x)'), weights: { weight: ['.slope', plain] } }),
  l1: () => ({ lines: ['return abs(x - target)'], inputs: { x: plain, target: plain }, outputs: { y: plain } }),
  pixel_shuffle: (given) => ofPicture(`pixel_shuffle(x, by: ${factor(given)})`),
  upsample: (given) => ofPicture(`interpolate(x, by: ${factor(given)}, kernel: bilinear, align: corners)`),
  reflect_pad: (given) => {
    const [rows, right] = [2, 3].map((axis) => given.shape('y')[axis]! - given.shape('x')[axis]!) as [number, number]
    const sides = /bottom/.test(given.about)
      ? `bottom: ${rows}, right: ${right}`
      : `top: ${rows / 2}, bottom: ${rows / 2}, left: ${right / 2}, right: ${right / 2}`
    return ofPicture(`pad(x, ${sides}, mode: reflect)`)
  },
  conv: (given) => {
    const [out, , rows, across] = given.shape('weight') as [number, number, number, number]
    const [stride, pad] = [numberIn(given.about, /stride (\d+)/, 1), numberIn(given.about, /padding (\d+)/, 0)]
    const bias = given.tensors.has('bias')
    return {
      ...ofPicture(`conv(x, out: ${out}, kernel: [${rows}, ${across}], stride: ${stride}, pad: ${pad}, bias: ${String(bias)})`),
      weights: { weight: ['.kernel', kernel], ...(bias && { bias: ['.bias', plain] as const }) },
    }
  },
  unfold: (given) => {
    const [, channels, height, width] = given.shape('x') as [number, number, number, number]
    const side = Math.sqrt(given.shape('y')[1]! / channels)
    const lines = [`return x -> unfold(kernel: ${side}, pad: zero) -> rearrange("B h w k c -> B h w (c k)")`]
    return { lines, inputs: { x: picture }, outputs: { y: columns(height, width) } }
  },
  grid_nearest: () => ({
    lines: ['let at = nearest(coord, coord, x, x)', 'return x -> take(at.index) -> rearrange("B q 1 c -> B q c")'],
    inputs: { x: picture, coord: plain },
    outputs: { y: plain },
  }),
  grid_bilinear: () => ({
    lines: ['return sample(x, coord, kernel: bilinear)'],
    inputs: { x: picture, coord: plain },
    outputs: { y: plain },
  }),
  cosine: () => ({
    lines: [`let unit_k = ${unit('k')}`, `let unit_q = ${unit('q')}`, 'return einsum(unit_k, unit_q, "B i d, B j d -> B i j")'],
    inputs: { k: plain, q: plain },
    outputs: { y: plain },
  }),
  max_gather: () => ({
    lines: [
      'let best = best_match(q, k, over: 1, by: cosine)',
      'return best.score, best.index, take_along(v, best.index, axis: 1)',
    ],
    inputs: { k: plain, q: plain, v: plain },
    outputs: { s: plain, t: plain, a: plain },
  }),
  max_ties: () => ({ lines: ['return max(x, axis: 1)'], inputs: { x: plain }, outputs: { s: plain } }),
  window: (given) => {
    const [shift, side] = [numberIn(given.about, /roll by -(\d+)/, 4), Math.sqrt(given.shape('windows')[1]!)]
    const [batch, height] = given.shape('x') as [number, number]
    return {
      lines: [
        `let windows = x -> roll(by: [-${shift}, -${shift}], axes: [1, 2])`,
        `               -> rearrange("B (u i) (v j) c -> (B u v) (i j) c", i: ${side}, j: ${side})`,
        `let back = (windows * windows) -> rearrange("(B u v) (i j) c -> B (u i) (v j) c", B: ${batch}, u: ${height / side}, i: ${side})`,
        `               -> roll(by: [${shift}, ${shift}], axes: [1, 2])`,
        'return windows, back',
      ],
      inputs: { x: plain },
      outputs: { windows: plain, back: plain },
    }
  },
}

/** Every operation of the case. */
export function checkOperations(data: ParityCase, checks: Checks): void {
  const names = [...new Set([...data.infos.keys()].map((name) => name.split('.')[0]!))]
  for (const name of names) {
    const prefix = `${name}.`
    const own = [...data.infos].filter(([key]) => key.startsWith(prefix))
    const compared = own.filter(([, info]) => !info.input).map(([key]) => key)
    const tensors = new Map(own.map(([key]) => [key.slice(prefix.length), data.tensors.get(key)!]))
    const given: Given = {
      tensors,
      about: own.map(([, info]) => info.meaning).join('; '),
      shape: (key) => tensors.get(key)?.shape ?? [],
    }
    checks.part(compared, () => {
      const kind = Object.keys(operations)
        .filter((key) => name.startsWith(key))
        .sort((a, b) => b.length - a.length)[0]
      if (kind === undefined) throw new CannotRun(`archc knows no operation ${name}`)
      checkOperation(data, checks, prefix, given, operations[kind]!(given))
      if (kind === 'window') checkWindowAttention(data, checks, prefix, given)
      if (kind === 'max_ties') checkFirstOfTies(data, checks, prefix, given)
    })
  }
}

function checkOperation(data: ParityCase, checks: Checks, prefix: string, given: Given, operation: Operation): void {
  const inputs = Object.entries(operation.inputs).map(([name, kind]) => [name, kind.in(given.tensors.get(name)!)] as const)
  const outputs = Object.entries(operation.outputs).map(([name, kind]) => {
    const tensor = given.tensors.get(name)!
    return { name, kind, tensor, inside: kind.in(tensor) }
  })
  const type = (tensor: Tensor): string => `${tensor.dtype === 'I32' ? 'i32' : ''}[${tensor.shape.join(', ')}]`
  const text = [
    'module Operation {',
    ...inputs.map(([name, tensor]) => `  input ${name}: ${type(tensor)}`),
    ...outputs.map(({ name, inside }) => `  output ${name}: ${type(inside)}`),
    ...operation.lines,
    '}',
  ].join('\n')
  const graph = configuredModule({ text }, 'Operation', {})
  const network = createNetwork([graph], checks.execution)
  const weights = Object.entries(operation.weights ?? {}).map(([name, [end, kind]]) => {
    const weight = graph.weights.find(({ path }) => path.endsWith(end))
    if (!weight) throw new Error(`${prefix}${name} has no weight`)
    return { name, kind, path: weight.path }
  })
  network.assign(new Map(weights.map(({ name, kind, path }) => [path, kind.in(given.tensors.get(name)!)])))
  const model = network.lower(graph, 'operation')
  const variables = new Map([
    ...inputs.map(([name, tensor]) => [name, tf.variable(asTf(tensor))] as const),
    ...weights.map(({ name, path }) => [name, network.variable(path).read() as tf.Variable] as const),
  ])
  const named = Object.fromEntries(inputs.map(([name]) => [name, variables.get(name)!]))
  try {
    scoped(() => {
      const made = model.run(named)
      for (const [at, { name, kind, tensor }] of outputs.entries())
        checks.tensor(`${prefix}${name}`, kind.out(fromTf(made[graph.outputs[at]!.name]!), tensor.shape))
    })
    const wanted = [...data.infos.keys()]
      .filter((name) => name.startsWith(`${prefix}grad_`))
      .map((name) => name.slice(prefix.length + 'grad_'.length))
    if (wanted.length > 0) checkGradients(checks, prefix, given, operation, graph, model, variables, named, wanted, weights)
  } finally {
    tf.dispose(inputs.map(([name]) => variables.get(name)!))
    weights.forEach(({ path }) => network.variable(path).dispose())
  }
}

/** Gradients of the sum of outputs times their cotangents. */
function checkGradients(
  checks: Checks,
  prefix: string,
  given: Given,
  operation: Operation,
  graph: Graph,
  model: ReturnType<ReturnType<typeof createNetwork>['lower']>,
  variables: ReadonlyMap<string, tf.Variable>,
  inputs: Readonly<Record<string, tf.Tensor>>,
  wanted: readonly string[],
  weights: readonly { readonly name: string; readonly kind: Kind }[],
): void {
  const cotangents = Object.entries(operation.outputs).flatMap(([name, kind], at) => {
    const tensor = given.tensors.get(`cot_${name}`)
    return tensor ? [{ output: graph.outputs[at]!.name, tensor: asTf(kind.in(tensor)) }] : []
  })
  const chosen = new Map([...variables].filter(([name]) => wanted.includes(name)))
  const { gradients } = gradientsOf(chosen, () => {
    const made = model.run(inputs)
    return tf.addN(cotangents.map(({ output, tensor }) => tf.sum(tf.mul(made[output]!, tensor))))
  })
  const kinds = new Map([...Object.entries(operation.inputs), ...weights.map(({ name, kind }) => [name, kind] as const)])
  for (const name of wanted) {
    const gradient = gradients.get(name)
    const full = `${prefix}grad_${name}`
    if (gradient) checks.tensor(full, kinds.get(name)!.out(fromTf(gradient), given.shape(`grad_${name}`)))
    else checks.claim(full, false, 'no gradient reaches it')
  }
  tf.dispose([...gradients.values(), ...cotangents.map(({ tensor }) => tensor)])
}

/** The mask and the index of relative positions, as the text of SwinIR makes them. */
function checkWindowAttention(data: ParityCase, checks: Checks, prefix: string, given: Given): void {
  const names = ['mask', 'relative_position_index'].filter((name) => given.tensors.has(name))
  checks.part(
    names.map((name) => `${prefix}${name}`),
    () => {
      const x = given.tensors.get('x')!
      const [side, shift] = [Math.sqrt(given.shape('windows')[1]!), numberIn(given.about, /roll by -(\d+)/, 4)]
      const [batch, height, width, channels] = x.shape as [number, number, number, number]
      const graph = configuredModule({ file: 'lib/swinir.arch' }, 'WindowAttention', {
        sizes: { B: batch, H: height, W: width, c: channels },
        parameters: { heads: '1', window: String(side), shift: String(shift) },
      })
      const lookup = graph.nodes.find((node) => node.op === 'lookup')!
      const wanted = new Map([
        ['mask', graph.lets.get('mask')!],
        ['relative_position_index', lookup.inputs[1]!],
      ])
      const network = createNetwork([graph], checks.execution)
      const made = compute(network, graph, wanted, { x })
      graph.weights.forEach(({ path }) => network.variable(path).dispose())
      for (const name of names) {
        const { data: values } = made.get(name)!
        const shape = given.shape(name)
        if (name === 'mask')
          checks.tensor(`${prefix}${name}`, {
            shape,
            dtype: 'U8',
            data: Uint8Array.from(values, (value) => (value === -100 ? 1 : 0)),
          })
        else checks.tensor(`${prefix}${name}`, { shape, dtype: 'I32', data: Int32Array.from(values) })
      }
    },
  )
}

/** The position of the largest element along axis 1, the first of several, as `best_match` finds it: by products with unit vectors. */
function checkFirstOfTies(data: ParityCase, checks: Checks, prefix: string, given: Given): void {
  const expected = given.tensors.get('t')
  if (!expected) return
  checks.tensor(`${prefix}t`, scoped(() => {
    const x = asTf(given.tensors.get('x')!)
    const [batch, , channels] = x.shape as [number, number, number]
    const units = tf.tile(tf.eye(channels).expandDims(0), [batch, 1, 1])
    return fromTf(onTfjs(tf, (on) => bestRows(on, units, x).index))
  })) // prettier-ignore
}
