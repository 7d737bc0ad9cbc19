import { parse } from '../../src/compiler/syntax/parse.ts'
import { pathText, type Declaration, type Statement } from '../../src/compiler/syntax/tree.ts'

/** A declaration or a statement, with the documentation above it. */
interface Piece {
  /** What it declares; a file or a model has it once. */
  readonly head: string
  readonly text: string
  readonly start: number
  readonly end: number
}

const order = [
  'import', 'module', 'variant', 'replace', 'set', 'model', 'preset', 'train', 'evaluate',
  'scale', 'input', 'output', 'slot', 'weight', 'let', 'return',
] // prettier-ignore
const rank = ({ head }: Piece): number => order.indexOf(head.split(' ')[0]!)

function headOf(node: Declaration | Statement): string {
  switch (node.kind) {
    case 'import':
    case 'module':
    case 'model':
    case 'preset':
    case 'input':
    case 'scale':
    case 'slot':
    case 'weight':
      return `${node.kind} ${node.name.text}`
    case 'output':
      return `output ${node.name?.text ?? ''}`
    case 'let':
      return `let ${node.names.map(({ text }) => text).join(' ')}`
    case 'replace':
      return `replace ${node.slot.text}`
    case 'set':
      return `set ${pathText(node.path)}`
    case 'train':
    case 'evaluate':
    case 'variant':
    case 'return':
      return node.kind
  }
}

function piecesOf(text: string, nodes: readonly (Declaration | Statement)[]): Piece[] {
  return nodes.map((node) => {
    const above = /(?:(?<=^|\n)[ \t]*\/\/\/.*\n)*[ \t]*$/.exec(text.slice(0, node.span.start))?.[0] ?? ''
    const start = node.span.start - above.length
    return { head: headOf(node), text: text.slice(start, node.span.end), start, end: node.span.end }
  })
}

function read(text: string): readonly Declaration[] {
  const { source, diagnostics } = parse('', text)
  if (diagnostics.length > 0) throw new Error(`${diagnostics[0]!.message}\n${text}`)
  return source.declarations
}

const statementsOf = (declarations: readonly Declaration[]): readonly Statement[] =>
  declarations.flatMap((each) => (each.kind === 'model' ? each.body : []))

/**
 * A file with pieces in it, as a reader puts them there: what the file has is replaced, what it has not is added below what it
 * goes with. Pieces are declarations, or statements of the file's model.
 */
export function putInto(file: string, pieces: string): string {
  const isStatements = parse('', pieces).diagnostics.length > 0
  const given = isStatements
    ? piecesOf(`model M {\n${pieces}}`, statementsOf(read(`model M {\n${pieces}}`)))
    : piecesOf(pieces, read(pieces))
  return given.reduce((text, piece) => {
    const declarations = read(text)
    const there = piecesOf(text, isStatements ? statementsOf(declarations) : declarations)
    const same = there.find(({ head }) => head === piece.head)
    if (same) return text.slice(0, same.start) + piece.text + text.slice(same.end)
    const before = there.filter((each) => rank(each) <= rank(piece)).at(-1)
    if (!before) return `${piece.text}\n\n${text}`
    return `${text.slice(0, before.end)}${isStatements ? '\n' : '\n\n'}${piece.text}${text.slice(before.end)}`
  }, file)
}
