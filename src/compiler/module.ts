import { Consequence, fail, Reported } from './diagnostics/catalogue.ts'
import type { Diagnostic, Span } from './diagnostics/diagnostic.ts'
import { nearest } from './diagnostics/suggest.ts'
import { attempt, bounded, exactly, noMistakes } from './elaborate/attempt.ts'
import { Builder, type BoundaryCheck } from './elaborate/calls/builder.ts'
import { bindParameters, callModule } from './elaborate/calls/call-module.ts'
import { asTensor, type Elaboration, type Observer } from './elaborate/evaluate.ts'
import { factsOf, factual, type Facts } from './elaborate/values/facts.ts'
import { inOrder } from './elaborate/places.ts'
import { nowhere, type Scope } from './elaborate/values/scope.ts'
import { subgraph, type DType, type Graph } from './ir/graph.ts'
import type { CompilerHost } from './names/host.ts'
import { Program, type ModuleUnit } from './names/program.ts'
import { typed } from './ops/op.ts'
import { constant, mod, sub, symbol, type Size } from './shapes/size.ts'
import { parseExpression } from './syntax/parse.ts'
import type { TensorType } from './syntax/tree.ts'
import { own } from '../own.ts'

export interface ModuleOptions {
  /** Numbers of sizes that the text needs to know, such as the channels of an input; all others stay symbols. */
  readonly sizes?: Readonly<Record<string, number>>
  /** Parameters as they are written: `[2, 2]`. */
  readonly parameters?: Readonly<Record<string, string>>
  /** Is told what every expression gives. */
  readonly observe?: Observer
}

export interface ModuleCompilation {
  /** Undefined when there are errors. Its weights are named from the module on: `shallow.kernel`. */
  readonly graph?: Graph
  readonly checks: readonly BoundaryCheck[]
  readonly diagnostics: readonly Diagnostic[]
  readonly sources: ReadonlyMap<string, string>
}

/** Compiles one module of a file alone: its inputs become the graph's, every size name a symbol unless it is given. */
export function compileModule(file: string, name: string, host: CompilerHost, options: ModuleOptions = {}): ModuleCompilation {
  const program = new Program(host)
  const builder = new Builder()
  const extra = new Map<string, string>()
  const problems: Diagnostic[] = []
  const finish = (graph?: Graph): ModuleCompilation => ({
    ...(graph && problems.length === 0 && { graph }),
    checks: builder.checks,
    diagnostics: inOrder([...program.diagnostics, ...problems]),
    sources: new Map([...[...program.files].map(([path, unit]) => [path, unit.source.text] as const), ...extra]),
  })
  try {
    const unit = program.load(file)
    if (!unit || program.diagnostics.some((problem) => problem.severity === 'error')) return finish()
    const module = unit.modules.get(name)
    const accepted = [...unit.modules.keys()]
    if (!module) {
      const start: Span = { file, start: 0, end: 0 }
      return fail('unknown-module', { what: 'module', file, name, near: nearest(name, accepted), accepted }, start)
    }
    const e: Elaboration = {
      builder,
      calls: [],
      memory: new Map(),
      report: (problem) => problem.severity === 'error' && problems.push(problem),
      mistakes: noMistakes(),
      ...(options.observe && { observe: options.observe }),
    }
    const { text, span } = module.declaration.name
    return finish(bounded(e, text, span, () => attempt(e, () => exactly(span, () => elaborated(module, e, options, extra)))))
  } catch (error) {
    if (!(error instanceof Reported)) throw error
    problems.push(error.diagnostic)
    return finish()
  }
}

/** What gives a module that is compiled alone its parameters. */
const alone = 'archc compile --module NAME --set PARAMETER=VALUE gives it one, and so does a default in the text'

function elaborated(module: ModuleUnit, e: Elaboration, options: ModuleOptions, extra: Map<string, string>): Graph {
  const { declaration, file } = module
  const { builder } = e
  const scope: Scope = { file, names: new Map(), sizes: new Map(), missing: new Set() }
  const given = new Map(
    Object.entries(options.parameters ?? {}).map(([parameter, text]) => {
      const source = `parameter ${parameter}`
      extra.set(source, text)
      const { expression, diagnostics } = parseExpression(source, text)
      if (!expression || diagnostics[0]) throw new Reported(diagnostics[0]!)
      const nameSpan: Span = { file: source, start: 0, end: text.length }
      return [parameter, { expression, here: () => ({ scope, place: nowhere, e }), nameSpan }] as const
    }),
  )
  const { span } = declaration.name
  for (const { name, standard } of declaration.parameters)
    if (!standard && !given.has(name.text) && !options.observe)
      attempt(e, () => fail('missing-attribute', { callee: declaration.name.text, name: name.text }, name.span, { help: alone }))
  if (e.mistakes.count > 0 && !options.observe) throw new Consequence()
  const parameters = bindParameters({ owner: declaration.name.text, parameters: declaration.parameters, file, span }, given, e)
  // What is wrong with them is said now, and would be again in the call; who only looks goes on.
  if (e.mistakes.count > 0 && !options.observe) throw new Consequence()
  const facts = factsOf(declaration.body, { ...scope, names: parameters }, e)
  for (const [size, by] of facts)
    if (own(options.sizes ?? {}, size) === undefined) {
      const problem = `${declaration.name.text} asks for ${size} % ${by} == 0`
      builder.check({ size: sub(constant(0), mod(symbol(size), by)), least: 0, problem, span })
    }
  const declared = declaration.body.filter((statement) => statement.kind === 'input')
  const inputs = declared.map((statement) => {
    const dtype = (statement.type.dtype?.text ?? 'f32') as DType
    const value = builder.input(statement.name.text, typed(axes(statement.type, options.sizes ?? {}, facts), dtype))
    return { value, span: statement.name.span }
  })
  const result = callModule({ unit: module, inputs, named: given, path: '', span: declaration.span }, e)
  const outputs =
    result.kind === 'several'
      ? result.items.map((item, at) => ({ name: item.name ?? `output${at}`, value: item.value.id }))
      : [{ name: outputName(module), value: asTensor(result, declaration.name.text, declaration.name.span).id }]
  const whole = builder.graph()
  return subgraph(whole, whole.inputs, outputs)
}

const outputName = ({ declaration }: ModuleUnit): string =>
  declaration.body.find((statement) => statement.kind === 'output')?.name?.text ?? 'output'

/** The axes of a declared input. */
const axes = (type: TensorType, sizes: Readonly<Record<string, number>>, facts: Facts): Size[] =>
  type.axes.map((axis) => {
    const { size } = axis.kind === 'size' ? axis : { size: undefined }
    if (size?.kind === 'number') return constant(Number(size.text))
    if (size?.kind !== 'name')
      return fail(
        'static-value',
        { problem: 'a module that is compiled alone has inputs whose axes are names or numbers' },
        axis.span,
      )
    const known = own(sizes, size.name)
    return known === undefined ? factual(size.name, facts) : constant(known)
  })
