import { Consequence, fail } from '../diagnostics/catalogue.ts'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import { subgraph, type GraphOutput } from '../ir/graph.ts'
import type { ModelUnit } from '../names/program.ts'
import type { TensorValue } from '../ops/op.ts'
import type { CompiledModel, ModelInput, ModelOutput, Scale } from '../plan.ts'
import type { Statement } from '../syntax/tree.ts'
import { bindParameters, elaborateStatement, returned } from './calls/call-module.ts'
import { ModelContext, type Application } from './context.ts'
import { applyEdits, overridesOf } from './edits.ts'
import type { Observer } from './evaluate.ts'
import { factsOf } from './values/facts.ts'
import type { Memory } from './calls/recording.ts'
import { declareSlots, readScale, scopeOf } from './inside-model.ts'
import { checkRoles, declareInput, declareOutput } from './roles.ts'
import { evaluatePlan, trainPlan, type Body } from './records/train.ts'
import { forgive } from './values/scope.ts'
import { show } from './values/values.ts'
import { bounded, exactly } from './attempt.ts'

/** Elaborates one model with everything applied. Problems go to `report`; undefined when there are errors. */
export function elaborateModel(
  unit: ModelUnit,
  application: Application,
  memory: Memory,
  report: (diagnostic: Diagnostic) => void,
  observe?: Observer,
): CompiledModel | undefined {
  const context = new ModelContext(unit, application, { memory, report, ...(observe && { observe }) })
  const { name } = unit.declaration
  return bounded(context.e, name.text, name.span, () => context.attempt(() => elaborate(context)))
}

/** Each part is looked at whatever became of those before it, so that all that is wrong is said at once. */
function elaborate(context: ModelContext): CompiledModel {
  const { unit, application, e } = context
  declareSlots(context)
  applyEdits(context)
  bindOwnParameters(context)
  const scale = context.attempt(() => readScale(context))
  const body = elaborateBody(context, scale)
  // What only losses need is a matter of training's sizes.
  const pictureChecks = [...e.builder.checks]
  const train = context.attempt(() => trainPlan(context, body))
  const evaluation = context.attempt(() => evaluatePlan(context, body, train))
  if (context.failed || !scale) throw new Consequence()
  return {
    name: context.name,
    file: unit.file.source.file,
    variants: application.variants.map((variant) => variant.declaration.title),
    preset: application.preset,
    scale,
    inputs: body.inputs,
    outputs: body.outputs,
    graph: body.graph,
    ...(train && { train }),
    evaluate: evaluation!,
    checks: pictureChecks.map(({ size, least, problem, span }) => ({ size, least, problem, at: context.placeOf(span) })),
    values: context.values,
    removed: [],
  }
}

function bindOwnParameters(context: ModelContext): void {
  const { declaration, file } = context.unit
  const { parameters, name } = declaration
  const bound = bindParameters(
    { owner: name.text, parameters, file, span: name.span },
    overridesOf(context, parameters, ''),
    context.e,
  )
  for (const [path, value] of bound)
    context.values.push({
      path,
      value: show(value, { items: Infinity }),
      origin: context.overrides.get(path)?.origin ?? { by: 'default' },
    })
  context.parameters = { ...context.parameters, names: bound }
}

/** Elaborates the statements; what one of them gets wrong is not reported again where its names are used. */
function elaborateBody(context: ModelContext, scale: Scale | undefined): Body {
  const { unit, e } = context
  const { body: statements, name } = unit.declaration
  context.scope = scopeOf(context)
  const facts = factsOf(statements, context.parameters, e)
  const inputs: ModelInput[] = []
  const outputs: ModelOutput[] = []
  let given: readonly TensorValue[] = []
  const asked = statements.filter((statement) => statement.kind === 'input')
  const declared = statements.filter((statement) => statement.kind === 'output')
  const returns = statements.filter((statement) => statement.kind === 'return')
  for (const statement of statements) {
    if (statement.kind === 'scale' && !scale) forgive(context.scope, statement, statements)
    const isRight = context.attempt(() =>
      exactly(statement.span, () => {
        if (statement.kind === 'input') inputs.push(declareInput(context, statement, facts))
        else if (statement.kind === 'return') {
          const result = returned(statement, { outputs: declared, owner: context.name, path: '' }, context.scope, e)
          given = result.kind === 'several' ? result.items.map((item) => item.value) : [result as TensorValue]
        } else elaborateStatement(statement, '', context.scope, e)
        return true
      }),
    )
    if (!isRight) forgive(context.scope, statement, statements)
  }
  const values = given.map((value, at): GraphOutput => ({ name: declared[at]?.name?.text ?? 'output', value: value.id }))
  for (const [at, output] of declared.entries()) context.attempt(() => outputs.push(declareOutput(context, output, given[at])))
  context.attempt(() => checkStructure(context, declared, returns, name.span))
  const isWhole = inputs.length === asked.length && outputs.length === declared.length && values.length === declared.length
  if (isWhole) context.attempt(() => checkRoles(context, inputs, outputs))
  const all = e.builder.graph()
  return { inputs, outputs, values, scale, isWhole, graph: subgraph(all, all.inputs, values) }
}

type Of<K extends Statement['kind']> = Extract<Statement, { kind: K }>

function checkStructure(
  context: ModelContext,
  declared: readonly Of<'output'>[],
  returns: readonly Of<'return'>[],
  span: Of<'return'>['span'],
): void {
  const [, second] = returns
  if (returns.length === 0) fail('return-missing', { name: context.name }, span)
  if (second) fail('duplicate-name', { name: 'return', what: 'given' }, second.span)
  const seen = new Set<string>()
  for (const { name } of declared) {
    if (name && seen.has(name.text)) fail('duplicate-name', { name: name.text, what: 'an output' }, name.span)
    if (name) seen.add(name.text)
  }
}
