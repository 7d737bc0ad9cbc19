import type { Code } from './catalogue.ts'

/** A stretch of a source text: UTF-16 offsets, `end` exclusive. `file` is the name that the host knows it by. */
export interface Span {
  readonly file: string
  readonly start: number
  readonly end: number
}

/** A span with what there is to say about it. */
export interface Label {
  readonly span: Span
  readonly label: string
  /** Of a mistake in a module: the place inside it, or the call of it. */
  readonly role?: 'inside' | 'call'
}

/** A correction as data: all edits together, none overlapping. */
export interface Fix {
  readonly title: string
  readonly edits: readonly { readonly span: Span; readonly text: string }[]
}

export type Severity = 'error' | 'warning'

/** What archc has to say about a text. Renderers read this record and nothing else. */
export interface Diagnostic {
  readonly code: Code
  readonly severity: Severity
  readonly message: string
  readonly primary: Label
  readonly related: readonly Label[]
  /** Lines that begin with `=`: the arithmetic behind the message. */
  readonly notes: readonly string[]
  readonly help?: string
  readonly fixes: readonly Fix[]
  /** Names of the sizes that are not known to be equal, or to divide. */
  readonly sizes?: readonly string[]
}
