import type * as tfjs from '@tensorflow/tfjs'
import type { Node, Plain } from '../../ir/graph.ts'
import { learn, type Learning } from '../../ops/learning.ts'
import type { Primitive } from '../../ops/op.ts'
import { primitives } from '../../ops/registry.ts'
import { evaluate, fromJSON, type Size } from '../../shapes/size.ts'
import { onTfjs, type Tfjs } from './backend.ts'

/** Where a symbol's number is read when a picture comes in: axis `axis` of input `input` is `factor` times it. */
export interface Witness {
  readonly symbol: string
  readonly input: number
  readonly axis: number
  readonly factor: number
}

/** What a layer of archc is, as it stands in model.json. */
export interface LayerConfig {
  readonly name: string
  readonly attributes: Readonly<Record<string, Plain>>
  /** Symbolic sizes in the form of `toJSON`. */
  readonly sizes: Readonly<Record<string, readonly unknown[]>>
  /**
   * Which input each operand is; an input that is none only shows its size. The inputs are distinct: TensorFlow.js disposes
   * of a tensor by the number of layers that take it, and a layer that took one twice would count for two. Where it is a
   * number, as in what archc wrote at first, the operands are that many inputs from the first on.
   */
  readonly operands: readonly number[] | number
  readonly witnesses: readonly Witness[]
  /** Does in training too what it does after it. */
  readonly frozen?: true
  readonly outputs: readonly (readonly (number | null)[])[]
  readonly dtypes: readonly ('float32' | 'int32')[]
  readonly owned: readonly {
    readonly path: string
    readonly name: string
    readonly shape: readonly number[]
    readonly trainable: boolean
  }[]
}

/** `kwargs` of `model.apply` that a layer may use. */
export interface CallOptions {
  readonly training?: boolean
  /** Uniform numbers in [0, 1) for the layer of that name. */
  readonly draw?: (count: number, layer: string) => tfjs.Tensor
  /** Takes what training makes of weights that no optimiser moves; the caller disposes of it. */
  readonly learning?: Learning
}

/** A registered layer that owns weights by path. */
export type ArchcLayer = tfjs.layers.Layer & {
  readonly config: LayerConfig
  readonly variables: readonly tfjs.LayerVariable[]
  learn(node: Node, inputs: readonly tfjs.Tensor[], learning: Learning): void
}
export type ArchcLayerClass = new (config: LayerConfig) => ArchcLayer

const classes = new WeakMap<Tfjs, ReadonlyMap<string, ArchcLayerClass>>()

/** The layer classes of all primitives, made and registered once for this TensorFlow.js. */
export function layerClasses(tf: Tfjs): ReadonlyMap<string, ArchcLayerClass> {
  const known = classes.get(tf)
  if (known) return known
  const made = new Map([...primitives.values()].map((primitive) => [primitive.name, layerClass(tf, primitive)]))
  for (const constructor of made.values()) tf.serialization.registerClass(constructor as never)
  classes.set(tf, made)
  return made
}

/**
 * The config in model.json. TensorFlow.js rewrites every key and every string there between camel and snake case, so the
 * config is one text, in which underscores and capitals are escaped.
 */
type SavedConfig = { readonly name: string; readonly archc: string }

const escaped = (letter: string): string => `\\u00${letter.charCodeAt(0).toString(16)}`

/** Without underscores, for the same reason. */
const className = (primitive: string): string =>
  `archc_${primitive}`.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())

type Applied = tfjs.Tensor | tfjs.Tensor[] | tfjs.SymbolicTensor | tfjs.SymbolicTensor[]

function layerClass(tf: Tfjs, primitive: Primitive): ArchcLayerClass {
  class PrimitiveLayer extends tf.layers.Layer {
    static readonly className = className(primitive.name)
    readonly config: LayerConfig
    readonly sizes: Readonly<Record<string, readonly Size[]>>
    variables: tfjs.LayerVariable[] = []

    constructor(given: LayerConfig | SavedConfig) {
      const config = 'archc' in given ? { ...(JSON.parse(given.archc) as LayerConfig), name: given.name } : given
      super({ name: config.name })
      this.config = config
      this.sizes = Object.fromEntries(Object.entries(config.sizes).map(([name, list]) => [name, list.map(fromJSON)]))
    }

    override build(): void {
      this.variables = this.config.owned.map(({ name, shape, trainable }) =>
        this.addWeight(name, [...shape], 'float32', tf.initializers.zeros(), undefined, trainable),
      )
      this.built = true
    }

    override computeOutputShape(): tfjs.Shape | tfjs.Shape[] {
      const shapes = this.config.outputs.map((shape) => [...shape])
      return shapes.length === 1 ? shapes[0]! : shapes
    }

    /** TensorFlow.js takes every symbolic tensor for float32 and would convert indices; this says what they are. */
    override apply(inputs: Applied, options?: CallOptions): Applied {
      const results = super.apply(inputs, options)
      for (const [at, result] of (Array.isArray(results) ? results : [results]).entries())
        if (result instanceof tf.SymbolicTensor) Object.assign(result, { dtype: this.config.dtypes[at] })
      return results
    }

    /** What it computes with: its operands among the inputs, its weights, attributes and sizes. */
    given(all: readonly tfjs.Tensor[]) {
      const { operands, attributes } = this.config
      const known = Object.fromEntries(
        this.config.witnesses.map(({ symbol, input, axis, factor }) => [symbol, all[input]!.shape[axis]! / factor]),
      )
      const sizes = Object.fromEntries(
        Object.entries(this.sizes).map(([name, list]) => [name, list.map((size) => evaluate(size, known))]),
      )
      const given = typeof operands === 'number' ? all.slice(0, operands) : operands.map((input) => all[input]!)
      return { operands: given, weights: this.variables.map((variable) => variable.read()), attributes, sizes }
    }

    override call(inputs: tfjs.Tensor | tfjs.Tensor[], options: CallOptions = {}): tfjs.Tensor | tfjs.Tensor[] {
      const { operands, weights, attributes, sizes } = this.given(Array.isArray(inputs) ? inputs : [inputs])
      const results = onTfjs(tf, (backend) =>
        primitive.compute(backend, operands, weights, {
          attributes,
          sizes,
          training: (options.training ?? false) && !this.config.frozen,
          draw: (count) => options.draw?.(count, this.config.name) ?? tf.randomUniform([count]),
        }),
      )
      return results.length === 1 ? results[0]! : results
    }

    /** Lets `node`, a call of this layer, learn of its inputs. */
    learn(node: Node, inputs: readonly tfjs.Tensor[], learning: Learning): void {
      const { operands, weights, attributes, sizes } = this.given(inputs)
      onTfjs(tf, (backend) => {
        learn(backend, node, operands, weights, { attributes, sizes }, learning, (made) => void tf.keep(made as tfjs.Tensor))
        return []
      })
    }

    override getConfig(): tfjs.serialization.ConfigDict {
      return { ...super.getConfig(), archc: JSON.stringify(this.config).replace(/[_A-Z]/g, escaped) }
    }
  }
  return PrimitiveLayer as unknown as ArchcLayerClass
}
