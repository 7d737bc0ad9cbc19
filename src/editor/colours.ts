import type { Span } from '../compiler/diagnostics/diagnostic.ts'
import * as t from '../../grammar/tokens.ts'
import { occurrences, type Kind } from './occurrences.ts'
import type { Workspace } from './workspace.ts'

/** What a stretch of text is, for an editor's colours. */
export const colours = ['keyword', 'class', 'function', 'method', 'parameter', 'variable', 'property', 'type', 'number', 'string', 'comment', 'operator'] as const // prettier-ignore
export type Colour = (typeof colours)[number]

export interface Coloured {
  readonly span: Span
  readonly colour: Colour
  /** The place where the name is declared. */
  readonly isDeclaration: boolean
}

const ofKind: Readonly<Record<Kind, Colour>> = {
  module: 'class',
  model: 'class',
  op: 'function',
  slot: 'method',
  parameter: 'parameter',
  attribute: 'property',
  field: 'property',
  preset: 'property',
  size: 'type',
  scale: 'type',
  input: 'variable',
  output: 'variable',
  let: 'variable',
  weight: 'variable',
}

/** Every word of a file with its colour, in order. Keywords are told from names by where they stand. */
export function coloursOf(workspace: Workspace, file: string): readonly Coloured[] {
  const read = workspace.read(file)
  if ('problem' in read) return []
  const { tokens, groups } = t.lexer.tokenize(read.text)
  const names = new Map(occurrences(workspace, file).map((each) => [each.span.start, each]))
  const found: Coloured[] = []
  const add = (start: number, end: number, colour: Colour, isDeclaration = false): void =>
    void found.push({ span: { file, start, end }, colour, isDeclaration })
  for (const [at, { tokenType, startOffset: start, image }] of tokens.entries()) {
    const name = names.get(start)
    const end = start + image.length
    if (name) add(start, end, ofKind[name.kind], name.target?.start === start && name.target.file === file)
    else if (tokenType === t.Num) add(start, end, 'number')
    else if (tokenType === t.Text) add(start, end, 'string')
    else if (tokenType === t.Arrow || tokenType === t.FatArrow) add(start, end, 'operator')
    // `at.weight`: a result may be called as a keyword is.
    else if (/^[a-z]/.test(image) && tokenType !== t.Identifier && tokens[at - 1]?.tokenType !== t.Dot) add(start, end, 'keyword')
  }
  for (const { startOffset: start, image } of [...(groups['documentation'] ?? []), ...(groups['remarks'] ?? [])])
    add(start, start + image.length, 'comment')
  return found.sort((a, b) => a.span.start - b.span.start)
}
