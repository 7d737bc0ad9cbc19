import { compile, type CompiledModel, type CompileOptions, type CompilerHost } from '../../compiler/index.ts'
import type { Graph } from '../../compiler/ir/graph.ts'
import { compileModule } from '../../compiler/module.ts'
import { resolvedText } from '../../compiler/plan.ts'
import { renderPretty } from '../../compiler/diagnostics/render-pretty.ts'
import { CompileError } from '../../errors.ts'
import type { RunRecord } from '../files/run-layout.ts'
import type { Run } from '../files/run-folder.ts'
import { fileHost } from '../host.ts'
import { sourcesHost, sourcesText } from './sources.ts'

export interface LoadedModel {
  readonly model: CompiledModel
  readonly options: CompileOptions
  readonly file: string
  /** All sources, as they go into a run. */
  readonly text: string
  /** They, each under its name. */
  readonly sources: ReadonlyMap<string, string>
  /** Warnings, rendered. */
  readonly warnings: string
}

/**
 * Compiles, or leaves with the rendered diagnostics as a UserError. Without a HOST the files are as a person named them: archc's own
 * networks have short names too.
 */
export function loadModel(wanted: string, given: CompileOptions, host?: CompilerHost, color = false): LoadedModel {
  const named = host ? (name: string): string => name : fileHost.named
  const file = named(wanted)
  const options: CompileOptions = { paths: 'level', ...given, ...(given.variants && { variants: given.variants.map(named) }) }
  const { model, diagnostics, sources } = compile(file, host ?? fileHost, options)
  const rendered =
    diagnostics.length > 0
      ? renderPretty(diagnostics, (name) => sources.get(name), { color, width: process.stderr.columns ?? 100 })
      : ''
  if (!model) throw new CompileError(rendered)
  return { model, options, file, text: sourcesText(sources, options), sources, warnings: rendered }
}

/** The values of `path=value` by their paths. */
export const valuesOf = (sets: readonly string[]): Record<string, string> =>
  Object.fromEntries(sets.map((set) => [set.slice(0, set.indexOf('=')), set.slice(set.indexOf('=') + 1)]))

/** Compiles one module alone: its graph and what it asks of sizes. Parameters as `name=value`. */
export function loadModule(
  file: string,
  name: string,
  sizes: Readonly<Record<string, number>>,
  sets: readonly string[],
  color: boolean,
): { graph: Graph; checks: string[] } {
  const { graph, checks, diagnostics, sources } = compileModule(fileHost.named(file), name, fileHost, {
    sizes,
    parameters: valuesOf(sets),
  })
  if (!graph)
    throw new CompileError(
      renderPretty(diagnostics, (source) => sources.get(source), { color, width: process.stderr.columns ?? 100 }),
    )
  return { graph, checks: [...new Set(checks.map((check) => check.problem))] }
}

/** What a run's record says of its model. */
export const describeModel = ({
  model,
  file,
  options,
}: LoadedModel): Pick<RunRecord, 'model' | 'file' | 'variants' | 'preset' | 'options' | 'values'> => ({
  model: model.name,
  file,
  variants: model.variants,
  preset: model.preset || null,
  options,
  values: model.values.map((each) => ({ path: each.path, value: each.value, origin: resolvedText(each) })),
})

/** The model of a run, from the text that the run keeps. */
export function modelOfRun(run: Run, sets: readonly string[] = []): LoadedModel {
  return loadModel(run.record.file, withSets(asStored(run.record.options), sets), sourcesHost(run.text))
}

/** Options as a run or a network file keeps them: of what was made before there were several, weights are called by the first rule. */
export const asStored = (options: CompileOptions): CompileOptions => ({ paths: 'statement', ...options })

/** Of settings those that move no weight: fields of `evaluate`. */
export const evaluateSets = (sets: readonly string[] = []): string[] => sets.filter((set) => set.startsWith('evaluate.'))

/** The same options, and set once more. */
export const withSets = (options: CompileOptions, sets: readonly string[]): CompileOptions =>
  sets.length === 0 ? options : { ...options, sets: [...(options.sets ?? []), ...sets] }
