import { initialiserText } from '../ir/print.ts'
import { callOf, describe, entered, isForeign, partsIn, type Region } from '../graph-view/describe.ts'
import { partPaths, segments } from '../graph-view/paths.ts'
import { indexText, type TextIndex } from '../graph-view/text.ts'
import { producers, type Graph, type TensorType, type Weight } from '../ir/graph.ts'
import type { CompiledModel, Resolved } from '../plan.ts'
import { format } from '../shapes/size-format.ts'
import type { Statement } from '../syntax/tree.ts'
import { textsOf, type Line, type Texts, type Written } from './written.ts'

/** Where something of a compiled model comes from, by its path. */
export type Explained =
  /** A parameter or a field: what it is, and what it would be without who wrote it, the nearest first. */
  | ({ readonly kind: 'value'; readonly path: string; readonly insteadOf: readonly Written[] } & Written)
  /** A value of the preset that nothing uses: its slot was replaced. */
  | ({ readonly kind: 'dropped' } & Resolved)
  | ({
      readonly kind: 'slot'
      readonly path: string
      readonly contract: string
      readonly insteadOf: readonly Written[]
      readonly parameters: number
      /** Parameters of what it holds. */
      readonly values: readonly Resolved[]
      /** Values of the preset that a replacement made void. */
      readonly dropped: readonly Resolved[]
    } & Written)
  /** `train`, `evaluate`, or the record of a slot. */
  | { readonly kind: 'record'; readonly path: string; readonly values: readonly Resolved[] }
  | {
      readonly kind: 'weight'
      readonly path: string
      readonly shape: string
      readonly parameters: number
      /** How it starts. */
      readonly starts: string
      /** The op that owns it. */
      readonly of: string
      readonly at?: Line
    }
  /** A tensor with a name, or a part of the network. */
  | {
      readonly kind: 'input' | 'output' | 'let' | 'part'
      readonly path: string
      readonly role?: string
      readonly shape?: string
      /** The module that is called, or the ops in order. */
      readonly does?: string
      /** Learned numbers in it. */
      readonly parameters: number
      readonly at?: Line
    }

/** Everything that has a path, for suggestions. */
export const allPaths = (model: CompiledModel, sources: ReadonlyMap<string, string>): string[] => [
  ...new Set([
    ...model.values.map((value) => value.path),
    ...model.values.flatMap(({ path }) => (path.includes('.') ? [path.slice(0, path.lastIndexOf('.'))] : [])),
    ...indexText(sources, model.file, model.name).slots.keys(),
    ...model.outputs.map((output) => output.name),
    ...graphsOf(model).flatMap((graph) => [...graph.lets.keys(), ...graph.weights.map((weight) => weight.path)]),
    ...partPaths(model.graph),
  ]),
]

/** Explains a path; undefined where nothing has it. `sets` are the values of `--set` by their paths. */
export function explainPath(
  model: CompiledModel,
  sources: ReadonlyMap<string, string>,
  resolve: (from: string, to: string) => string,
  sets: Readonly<Record<string, string>>,
  path: string,
): Explained | undefined {
  const texts = textsOf(model, sources, resolve)
  return (
    slotAt(model, texts, path) ??
    valueAt(model, texts, sets, path) ??
    recordAt(model, path) ??
    weightAt(model, texts, path) ??
    tensorAt(model, indexText(sources, model.file, model.name), texts, path)
  )
}

const isDropped = ({ droppedFor }: Resolved): boolean => droppedFor !== undefined

function slotAt(model: CompiledModel, texts: Texts, path: string): Explained | undefined {
  const fillers = texts.fillersOf(path)
  const filler = fillers.at(-1)
  const contract = texts.contractOf(path)
  if (!filler || contract === undefined) return undefined
  const below = model.values.filter((value) => value.path.startsWith(`${path}.`))
  return {
    kind: 'slot',
    path,
    ...filler,
    contract,
    insteadOf: fillers.slice(0, -1).reverse(),
    parameters: parametersBelow(model, path),
    values: below.filter((value) => !isDropped(value)),
    dropped: below.filter(isDropped),
  }
}

function valueAt(
  model: CompiledModel,
  texts: Texts,
  sets: Readonly<Record<string, string>>,
  path: string,
): Explained | undefined {
  const found = model.values.filter((value) => value.path === path)
  const used = found.find((value) => !isDropped(value))
  const [dropped] = found
  if (!used) return dropped && { kind: 'dropped', ...dropped }
  const layers = texts.layersOf(path, sets)
  const { at } = layers.at(-1) ?? {}
  return { kind: 'value', ...used, ...(at !== undefined && { at }), insteadOf: layers.slice(0, -1).reverse() }
}

function recordAt(model: CompiledModel, path: string): Explained | undefined {
  const values = model.values.filter((value) => value.path.startsWith(`${path}.`))
  return values.length > 0 ? { kind: 'record', path, values } : undefined
}

/** The model's graph, and those of its losses, which have what no output reaches. */
const graphsOf = ({ graph, train }: CompiledModel): Graph[] => [graph, ...(train?.objectives ?? []).map((each) => each.graph)]

const numbersIn = ({ shape }: Weight): number => shape.reduce((product, size) => product * size, 1)

/** Learned numbers of a part of the network. */
function parametersBelow(model: CompiledModel, path: string): number {
  const weights = new Map(graphsOf(model).flatMap((graph) => graph.weights.map((weight) => [weight.path, weight] as const)))
  return [...weights.values()]
    .filter((weight) => weight.trainable && ['.', '['].some((end) => weight.path.startsWith(path + end)))
    .reduce((sum, weight) => sum + numbersIn(weight), 0)
}

function weightAt(model: CompiledModel, texts: Texts, path: string): Explained | undefined {
  for (const graph of graphsOf(model)) {
    const weight = graph.weights.find((each) => each.path === path)
    if (!weight) continue
    const span = graph.nodes.find((node) => node.weights.includes(path))?.span
    return {
      kind: 'weight',
      path,
      shape: `[${weight.shape.join(', ')}]`,
      parameters: weight.trainable ? numbersIn(weight) : 0,
      starts: startOf(weight),
      of: weight.op,
      ...(span && { at: texts.lineOf(span) }),
    }
  }
  return undefined
}

/** `default` is told as what it does. */
const startOf = ({ initialiser, fanIn }: Weight): string =>
  initialiser.kind === 'default' ? `default: uniform(bound: 1 / sqrt(${fanIn}))` : initialiserText(initialiser)

const shapeText = ({ shape, dtype }: TensorType): string => `${dtype === 'f32' ? '' : dtype}[${shape.map(format).join(', ')}]`

/** A part of the network on a path, and the statement that it is written in. */
interface Place {
  readonly region?: Region
  readonly statement?: Statement
  /** Whether the statement names the last part of the path, and not one around it. */
  readonly isOwn: boolean
}

function placeAt(graph: Graph, text: TextIndex, path: string): Place {
  let around: Region = { at: [], nodes: graph.nodes, context: text.model }
  let place: Place = { isOwn: false }
  for (const name of segments(path)) {
    const statement = around.context?.body.find((each) => isNamed(each, name))
    const region = partsIn(around, text).get(name)
    place = {
      ...(region && { region }),
      ...((statement ?? place.statement) && { statement: (statement ?? place.statement)! }),
      isOwn: statement !== undefined || (name.startsWith('[') && place.isOwn),
    }
    // A name of several results has no part of its own, and nothing inside.
    if (!region) break
    around = entered(region, text)
  }
  return place
}

function isNamed(statement: Statement, name: string): boolean {
  switch (statement.kind) {
    case 'let':
      return [...statement.names.map((each) => each.text), statement.names.map((each) => each.text).join('_')].includes(name)
    case 'input':
    case 'output':
    case 'weight':
    case 'slot':
      return statement.name?.text === name
    case 'scale':
    case 'return':
      return false
  }
}

function tensorAt(model: CompiledModel, text: TextIndex, texts: Texts, path: string): Explained | undefined {
  const { graph } = model
  const input = model.inputs.find(({ name }) => name === path)
  const output = model.outputs.find(({ name }) => name === path)
  const value = output ? graph.outputs.find(({ name }) => name === path)?.value : graph.lets.get(path)
  const { region, statement, isOwn } = placeAt(graph, text, path)
  if (value === undefined && !region) return undefined
  const made = value === undefined ? undefined : producers(graph).get(value)
  const does = region ? describe(region, text).does : made && callOf(made, text)
  const own = region?.nodes.find((node) => !isForeign(node, region, text))
  const span = (isOwn ? statement : (own ?? made ?? statement))?.span
  const role = (input ?? output)?.role
  return {
    kind: input ? 'input' : output ? 'output' : value === undefined ? 'part' : 'let',
    path,
    ...(role && { role }),
    ...(value !== undefined && { shape: shapeText(graph.values[value]!) }),
    ...(does && { does }),
    parameters: parametersBelow(model, path),
    ...(span && { at: texts.lineOf(span) }),
  }
}
