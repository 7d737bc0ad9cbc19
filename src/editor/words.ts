import type { ModuleDeclaration, Parameter, Statement, TensorType } from '../compiler/syntax/tree.ts'
import type { Span } from '../compiler/diagnostics/diagnostic.ts'
import type { Workspace } from './workspace.ts'

/** How declarations are written in a line, for hovers and completions. */

export const textAt = (workspace: Workspace, { file, start, end }: Span): string =>
  workspace.unit(file)?.source.text.slice(start, end) ?? ''

export const parameterText = (workspace: Workspace, parameter: Parameter): string => textAt(workspace, parameter.span)

export const inputsOf = (body: readonly Statement[]): Extract<Statement, { kind: 'input' }>[] =>
  body.filter((statement) => statement.kind === 'input')

/** Each part of a module's signature. */
export const moduleParts = (workspace: Workspace, { body, parameters }: ModuleDeclaration): string[] => [
  ...inputsOf(body).map(({ name, type }) => `${name.text}: ${typeText(workspace, type)}`),
  ...parameters.map((parameter) => parameterText(workspace, parameter)),
]

export const typeText = (workspace: Workspace, type: TensorType): string => textAt(workspace, type.span)

/** What a module returns: its declared outputs. */
export function outputText(workspace: Workspace, { body }: ModuleDeclaration): string {
  const outputs = body.flatMap((statement) =>
    statement.kind === 'output'
      ? [`${statement.name ? `${statement.name.text}: ` : ''}${typeText(workspace, statement.type)}`]
      : [],
  )
  return outputs.length === 1 ? outputs[0]! : `(${outputs.join(', ')})`
}

/** A file's path as an import in another one writes it. */
export function pathFrom(file: string, other: string): string {
  const parts = file.split('/').slice(0, -1)
  const target = other.split('/')
  let same = 0
  while (same < parts.length && parts[same] === target[same]) same += 1
  const up = parts.length - same
  return `${up === 0 ? './' : '../'.repeat(up)}${target.slice(same).join('/')}`
}
