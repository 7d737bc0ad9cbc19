import * as doc from 'prettier/doc'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import { parse } from '../syntax/parse.ts'
import type { SourceFile } from '../syntax/tree.ts'
import { layout } from './declarations.ts'
import { alignRemarks } from './remarks.ts'
import { wordsOf, type Doc } from './words.ts'

/** Prettier's options of these names; the house's, where one is not given. */
export interface Style {
  readonly printWidth?: number
  readonly tabWidth?: number
  readonly useTabs?: boolean
}

export const houseWidth = 130

/** A text that has errors of syntax and so is not formatted. */
export class NotParsedError extends Error {
  override readonly name = 'NotParsedError'
  constructor(readonly diagnostics: readonly Diagnostic[]) {
    super(diagnostics[0]!.message)
  }
}

/**
 * The text of a file in the house's form: the same tree and the same remarks. What is formatted already stays as it is.
 * @throws NotParsedError
 */
export function format(text: string, file: string, style: Style = {}): string {
  const source = sourceFile(text, file)
  return printed(text.includes('\r') ? sourceFile(text.replace(/\r\n?/g, '\n'), file) : source, style)
}

/**
 * The tree of a text.
 * @throws NotParsedError
 */
export function sourceFile(text: string, file: string): SourceFile {
  const { source, diagnostics } = parse(file, text)
  if (diagnostics.length > 0) throw new NotParsedError(diagnostics)
  return source
}

/** A file whose lines end with `\n`, formatted. */
export function printed({ text, declarations }: SourceFile, style: Style): string {
  const { printWidth = houseWidth, tabWidth = 2, useTabs = false } = style
  const print = (given: Doc, width: number): string =>
    doc.printer.printDocToString(given, { printWidth: width, tabWidth, useTabs }).formatted
  const page = {
    bodyWidth: printWidth - tabWidth,
    widthOf(given: Doc) {
      const flat = print(doc.builders.group(given), Infinity)
      return flat.includes('\n') ? Infinity : flat.length
    },
  }
  const lines = print(layout(declarations, wordsOf(text), page), printWidth).trim()
  return lines && `${alignRemarks(lines)}\n`
}
