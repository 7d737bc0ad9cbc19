import type { Parser, Printer, SupportLanguage } from 'prettier'
import * as doc from 'prettier/doc'
import { positionAt, source as linesOf } from '../diagnostics/source.ts'
import type { SourceFile } from '../syntax/tree.ts'
import { houseWidth, NotParsedError, printed, sourceFile } from './format.ts'

/** Prettier's plugin for `.arch` files: prettier looks for these four names. */
export const languages: SupportLanguage[] = [{ name: 'arch', parsers: ['arch'], extensions: ['.arch'] }]

export const defaultOptions = { printWidth: houseWidth }

export const parsers: { readonly arch: Parser<SourceFile> } = {
  arch: {
    astFormat: 'arch',
    parse(text, { filepath = 'text.arch' }) {
      try {
        return sourceFile(text, filepath)
      } catch (error) {
        throw error instanceof NotParsedError ? located(error, text) : error
      }
    },
    locStart: () => 0,
    locEnd: ({ text }) => text.length,
  },
}

export const printers: { readonly arch: Printer<SourceFile> } = {
  arch: {
    print: ({ node }, style) => doc.builders.join(doc.builders.hardline, printed(node, style).split('\n')),
  },
}

/** The first error with its place, in the form that prettier shows. */
function located({ diagnostics, message }: NotParsedError, text: string): SyntaxError {
  const { start, end } = diagnostics[0]!.primary.span
  const lines = linesOf(text)
  const from = positionAt(lines, start)
  return Object.assign(new SyntaxError(`${message} (${from.line}:${from.column})`), {
    loc: { start: from, end: positionAt(lines, end) },
  })
}
