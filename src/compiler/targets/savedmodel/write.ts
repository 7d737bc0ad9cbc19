import type { Arena } from '../../kernels/passes/arena.ts'
import { planMemory, type MemoryPlan } from '../../kernels/passes/memory.ts'
import { mixed } from '../../kernels/passes/mixed.ts'
import { simplify } from '../../kernels/passes/simplify.ts'
import { kernels } from '../../kernels/kernels.ts'
import { reachable, type KernelAttribute, type KernelType, type Value, type ValueType } from '../../kernels/value.ts'
import {
  configProto,
  savedModel,
  type AttrValue,
  type FunctionDef,
  type GraphDef,
  type NodeDef,
  type Shape,
  type SignatureDef,
  type TensorInfo,
} from './messages.ts'
import { emptyTable } from '../../../own.ts'

/** A function of a SavedModel: what it is given, what it gives, and what variables are afterwards. */
export interface Signature {
  readonly name: string
  readonly outputs: Readonly<Record<string, Value>>
  /** New values by variable, written before the outputs are given. */
  readonly assigned: ReadonlyMap<string, Value>
  /** Variables that optimisers move, before the outputs are given. */
  readonly moved?: readonly Move[]
  /** XLA must compile what stands between reading and writing variables. */
  readonly xla?: boolean
}

/** An optimiser's kernel on a weight and its state. */
export interface Move {
  /** The optimiser. */
  readonly by: string
  readonly kernel: string
  readonly variables: readonly string[]
  readonly operands: readonly Value[]
}

/** What a signature is for. */
const rootsOf = ({ outputs, assigned, moved = [] }: Signature): Value[] => [
  ...Object.values(outputs),
  ...assigned.values(),
  ...moved.flatMap(({ operands }) => operands),
]

/** The same function of fewer kernels. */
export const simplified = (signature: Signature): Signature => rewritten(signature, simplify(rootsOf(signature)).replaced)

/** The same function with its products and convolutions in bfloat16. */
export const inBfloat16 = (signature: Signature): Signature => rewritten(signature, mixed(rootsOf(signature)))

function rewritten(signature: Signature, replaced: ReadonlyMap<Value, Value>): Signature {
  const now = (value: Value): Value => replaced.get(value)!
  return {
    name: signature.name,
    outputs: Object.fromEntries(Object.entries(signature.outputs).map(([name, value]) => [name, now(value)])),
    assigned: new Map([...signature.assigned].map(([path, value]) => [path, now(value)])),
    ...(signature.xla && { xla: true }),
    moved: (signature.moved ?? []).map((move) => ({ ...move, operands: move.operands.map(now) })),
  }
}

/** Everything that a signature computes, in order. */
const valuesOf = (signature: Signature): Value[] => reachable(rootsOf(signature))

/** What a signature holds at its fullest, in an arena that others may have used before. */
export const memoryOf = (signature: Signature, arena?: Arena): MemoryPlan =>
  planMemory(rootsOf(signature), [...Object.values(signature.outputs), ...signature.assigned.values()], arena)

/** What a signature is given: its placeholders. */
export const inputsOf = (signature: Signature): readonly Value[] =>
  valuesOf(signature).filter(({ kernel }) => kernel === 'Placeholder')

const typeNumbers: Readonly<Record<KernelType | 'resource', number>> = {
  float32: 1,
  int32: 3,
  bool: 10,
  bfloat16: 14,
  resource: 20,
}
/** The GraphDef version of TensorFlow 2.9 and later. */
const producer = 1087

/** The names of nodes by what a signature calls its inputs and outputs. */
export interface Endpoints {
  readonly inputs: ReadonlyMap<string, string>
  readonly outputs: ReadonlyMap<string, string>
}

export interface SavedModelFile {
  readonly bytes: Uint8Array
  /** By signature. */
  readonly endpoints: ReadonlyMap<string, Endpoints>
}

/**
 * `saved_model.pb`: all signatures over one set of resource variables, which live in the session and start unset.
 * Inputs of a signature are the placeholders that it reaches, by their names, and the weights that are not among
 * `variables`. With `start` (a value without inputs for every variable), loading sets them.
 */
export function writeSavedModel(
  signatures: readonly Signature[],
  variables: ReadonlyMap<string, readonly number[]>,
  start?: ReadonlyMap<string, Value>,
): SavedModelFile {
  const graph = new Nodes()
  const handles = new Map<string, string>()
  for (const [path, shape] of variables) {
    const name = graph.named('variables', path)
    graph.add(name, 'VarHandleOp', [], {
      dtype: attribute({ kind: 'type', type: 'float32' }),
      shape: shapeAttribute(shape),
      shared_name: attribute({ kind: 'text', text: path }),
      container: attribute({ kind: 'text', text: '' }),
    })
    handles.set(path, name)
  }
  const definitions: Record<string, SignatureDef> = {}
  const endpoints = new Map<string, Endpoints>()
  for (const signature of signatures) {
    const { definition, inputs, outputs } = writeSignature(graph, handles, signature)
    definitions[signature.name] = definition
    endpoints.set(signature.name, { inputs, outputs })
  }
  if (start) definitions[initKey] = writeInitialisation(graph, handles, start)
  const meta = { info: { tags: ['serve'] }, graph: graph.def(), signatures: definitions }
  return { bytes: savedModel.encode({ schemaVersion: 1, metaGraphs: [meta] }), endpoints }
}

/** Where loaders look for what they run first. */
const initKey = '__saved_model_init_op'

function writeInitialisation(
  graph: Nodes,
  handles: ReadonlyMap<string, string>,
  start: ReadonlyMap<string, Value>,
): SignatureDef {
  const { definition, assignments } = writeSignature(graph, handles, { name: 'initial', outputs: {}, assigned: start })
  const name = graph.named('initial', 'done')
  graph.add(name, 'NoOp', assignments, {})
  return { ...definition, outputs: { [initKey]: { name } } }
}

/** The nodes of a GraphDef, under names that TensorFlow allows. */
class Nodes {
  readonly #nodes: NodeDef[] = []
  readonly #functions: FunctionDef[] = []
  readonly #taken = new Set<string>()

  named(scope: string, wish: string): string {
    const base = `${scope}/${wish.replace(/\[(\d+)\]/g, '.$1').replace(/[^A-Za-z0-9_.\-/]/g, '_')}`
    let name = base
    for (let count = 2; this.#taken.has(name); count += 1) name = `${base}_${count}`
    this.#taken.add(name)
    return name
  }

  add(name: string, op: string, inputs: readonly string[], attr: Readonly<Record<string, AttrValue>>): void {
    this.#nodes.push({ name, op, input: inputs, attr })
  }

  define(definition: FunctionDef): void {
    this.#functions.push(definition)
  }

  def(): GraphDef {
    const library = this.#functions.length > 0 ? { functions: this.#functions } : undefined
    return { nodes: this.#nodes, versions: { producer }, library }
  }
}

function writeSignature(graph: Nodes, handles: ReadonlyMap<string, string>, written: Signature) {
  const { name: scope, outputs, assigned, moved = [] } = written
  const inputInfo = emptyTable<TensorInfo>()
  const outputInfo = emptyTable<TensorInfo>()
  const given = new Map<string, string>()
  const made = new Map<string, string>()
  const names = new Map<Value, string>()
  const values = valuesOf(written)
  for (const value of values.filter(isSource)) {
    const name = graph.named(scope, value.name!)
    names.set(value, name)
    const dtype = attribute({ kind: 'type', type: value.dtype })
    if (value.kernel === 'ReadVariableOp' && handles.has(value.name!))
      graph.add(name, 'ReadVariableOp', [handles.get(value.name!)!], { dtype })
    else {
      graph.add(name, 'Placeholder', [], { dtype, shape: shapeAttribute(value.shape) })
      inputInfo[value.name!] = tensorInfo(name, value)
      given.set(value.name!, name)
    }
  }
  callFunction(graph, written, values, names)
  const assignments = [...assigned].map(([path, value]) => {
    const name = graph.named(scope, `assign/${path}`)
    // Each variable is read by one node, which its new value depends on: no other order is needed.
    graph.add(name, 'AssignVariableOp', [handles.get(path)!, names.get(value)!], {
      dtype: attribute({ kind: 'type', type: 'float32' }),
    })
    return `^${name}`
  })
  for (const { by, kernel, variables, operands } of moved) {
    const name = graph.named(scope, `${by}/${variables[0]}`)
    const inputs = [...variables.map((path) => handles.get(path)!), ...operands.map((value) => names.get(value)!)]
    graph.add(name, kernel, inputs, { T: attribute({ kind: 'type', type: 'float32' }) })
    assignments.push(`^${name}`)
  }
  for (const [key, value] of Object.entries(outputs)) {
    const name = graph.named(scope, `output/${key}`)
    graph.add(name, 'Identity', [names.get(value)!, ...assignments], { T: attribute({ kind: 'type', type: value.dtype }) })
    outputInfo[key] = tensorInfo(name, value)
    made.set(key, name)
  }
  const definition: SignatureDef = { inputs: inputInfo, outputs: outputInfo, method: 'tensorflow/serving/predict' }
  return { definition, assignments, inputs: given, outputs: made }
}

/** What is given, not computed. */
const isSource = ({ kernel }: Value): boolean => kernel === 'Placeholder' || kernel === 'ReadVariableOp'

/** The configuration of a function that TensorFlow's optimiser leaves as it is. */
const asItIs: AttrValue = { s: configProto.encode({ graphOptions: { rewriteOptions: { disableMetaOptimizer: true } } }) }

/**
 * Puts everything that a signature computes into one function and calls it: `names` gets the call's results for what the
 * signature is for. The function is compiled by XLA, or run as it is written: TensorFlow's own optimiser would gather sums
 * into AddN, which adds in another order whenever it may overwrite another input, and take seconds to find little that the
 * passes here left.
 */
function callFunction(graph: Nodes, signature: Signature, values: readonly Value[], names: Map<Value, string>): void {
  const { name: scope, xla = false } = signature
  const sources = values.filter(isSource)
  const results = [...new Set(rootsOf(signature))].filter((value) => !isSource(value))
  const name = `${scope}_function`
  const argument = (letter: string) => ({ dtype }: ValueType, at: number) => ({ name: `${letter}${at}`, type: typeNumbers[dtype] }) // prettier-ignore
  const { nodes, places } = bodyOf(values)
  const yes = attribute({ kind: 'bool', bool: true })
  // Functions of tf.data are those that the session's optimiser does not look into.
  const keys = xla ? ['_XlaMustCompile'] : ['_noinline', '_tf_data_function']
  graph.define({
    signature: { name, inputs: sources.map(argument('a')), outputs: results.map(argument('r')) },
    attr: Object.fromEntries(keys.map((key) => [key, yes])),
    nodes,
    ret: Object.fromEntries(results.map((value, at) => [`r${at}`, places.get(value)!])),
  })
  const node = graph.named(scope, 'call')
  graph.add(
    node,
    'StatefulPartitionedCall',
    sources.map((value) => names.get(value)!),
    {
      Tin: typesAttribute(sources),
      Tout: typesAttribute(results),
      f: { func: { name } },
      ...(xla ? { _XlaMustCompile: yes } : { config_proto: asItIs }),
    },
  )
  results.forEach((value, at) => names.set(value, `${node}:${at}`))
}

/** The nodes of a function whose arguments are the sources among `values`, and where in it each value is. */
function bodyOf(values: readonly Value[]): { readonly nodes: NodeDef[]; readonly places: ReadonlyMap<Value, string> } {
  const places = new Map(values.filter(isSource).map((value, at) => [value, `a${at}`]))
  const nodes = values
    .filter((value) => !isSource(value))
    .map((value, at) => {
      const { kernel, dtype } = value
      const name = `${kernel}_${at}`
      places.set(value, `${name}:${kernels.get(kernel)?.result ?? 'output'}:0`)
      const inputs = value.inputs.map((input) => places.get(input)!)
      if (value.after) inputs.push(`^${places.get(value.after)!.split(':')[0]!}`)
      const attr =
        kernel === 'Const'
          ? { dtype: attribute({ kind: 'type', type: dtype }), value: tensorAttribute(value) }
          : attributesOf(value)
      return { name, op: kernel, input: inputs, attr }
    })
  return { nodes, places }
}

const typesAttribute = (values: readonly ValueType[]): AttrValue => ({
  list: { type: values.map(({ dtype }) => typeNumbers[dtype]) },
})

function attributesOf(value: Value): Record<string, AttrValue> {
  const { types = { T: 0 }, variadic } = kernels.get(value.kernel)!
  const made = Object.fromEntries(Object.entries(value.attributes).map(([key, given]) => [key, attribute(given)]))
  for (const [key, at] of Object.entries(types)) made[key] = attribute({ kind: 'type', type: value.inputs.at(at)!.dtype })
  if (variadic) made['N'] = { i: value.inputs.length - variadic.behind }
  return made
}

function attribute(given: KernelAttribute): AttrValue {
  switch (given.kind) {
    case 'type':
      return { type: typeNumbers[given.type] }
    case 'bool':
      return { b: given.bool }
    case 'real':
      return { f: given.real }
    case 'text':
      return { s: new TextEncoder().encode(given.text) }
    case 'ints':
      return { list: { i: given.ints } }
  }
}

const shapeOf = (lengths: readonly number[]): Shape => ({ dim: lengths.map((size) => ({ size })) })

const shapeAttribute = (lengths: readonly number[]): AttrValue => ({ shape: shapeOf(lengths) })

function tensorAttribute({ data, shape, dtype }: Value): AttrValue {
  const content = new Uint8Array(data!.buffer, data!.byteOffset, data!.byteLength)
  return { tensor: { dtype: typeNumbers[dtype], shape: shapeOf(shape), content } }
}

const tensorInfo = (name: string, { shape, dtype }: ValueType): TensorInfo => ({
  name: `${name}:0`,
  dtype: typeNumbers[dtype],
  shape: shapeOf(shape),
})
