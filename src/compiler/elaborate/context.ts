import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts'
import type { PathRule } from './calls/owners.ts'
import type { FileUnit, ModelUnit, VariantUnit } from '../names/program.ts'
import type { Origin, Resolved } from '../plan.ts'
import type { Expression, Name, SlotStatement } from '../syntax/tree.ts'
import { attempt, exactly, noMistakes } from './attempt.ts'
import { Builder } from './calls/builder.ts'
import type { Elaboration } from './evaluate.ts'
import type { Scope } from './values/scope.ts'

/** What is applied to a base: variants in order, then values from outside. */
export interface Application {
  readonly preset: string
  readonly variants: readonly VariantUnit[]
  readonly sets: readonly Setting[]
  readonly paths?: PathRule
}

/** `path=value` of the command line: a source of its own, `file` in the spans of what stands in it. */
export interface Setting {
  readonly path: readonly Name[]
  readonly value: Expression
  readonly file: string
  readonly text: string
}

/** A value that stands in place of a default. */
export interface Override {
  readonly expression: Expression
  readonly file: FileUnit
  readonly span: Span
  readonly origin: Origin
}

/** What a slot holds. */
export interface Filler {
  readonly expression: Expression
  /** Whose modules it may call. */
  readonly file: FileUnit
  /** What put it in place of the base's own. */
  readonly replacedBy?: Origin
}

/** One model while it is elaborated: what its parts share. */
export class ModelContext {
  readonly e: Elaboration
  readonly slots = new Map<string, SlotStatement>()
  readonly fillers = new Map<string, Filler>()
  /** By path: `width`, `lfi.heads`, `train.B`, `train.judge.every`. */
  readonly overrides = new Map<string, Override>()
  readonly values: Resolved[] = []
  /** What defaults of fillers, fields and replacements see: parameters, a static scale, sizes. */
  parameters: Scope
  /** What the model's own statements see. */
  scope: Scope

  constructor(
    readonly unit: ModelUnit,
    readonly application: Application,
    around: Elaboration | Pick<Elaboration, 'memory' | 'report' | 'observe'>,
    /** Where it is called; empty for the model that is compiled. */
    readonly path = '',
  ) {
    const { report } = around
    this.e =
      'builder' in around
        ? around
        : {
            ...around,
            builder: new Builder(),
            calls: [],
            mistakes: noMistakes(),
            ...(application.paths && { paths: application.paths }),
            report: (diagnostic) => report(diagnostic.severity === 'error' ? this.#explained(diagnostic) : diagnostic),
          }
    this.parameters = { file: unit.file, names: new Map(), sizes: new Map(), missing: new Set() }
    this.scope = this.parameters
  }

  get name(): string {
    return this.unit.declaration.name.text
  }

  get failed(): boolean {
    return this.e.mistakes.count > 0
  }

  attempt<T>(run: () => T): T | undefined {
    return attempt(this.e, () => exactly(this.unit.declaration.name.span, run))
  }

  /** Says where sizes that nothing relates come from, and of a preset's own mistakes which preset it is. */
  #explained(diagnostic: Diagnostic): Diagnostic {
    const { preset } = this.application
    const given = preset && diagnostic.code !== 'unknown-preset' ? [`with preset ${preset}`] : []
    const names = diagnostic.sizes
    if (!names) return { ...diagnostic, notes: [...diagnostic.notes, ...given] }
    const notes = names.flatMap((name) => {
      const origin = this.e.builder.origins.get(name)
      return origin ? [`${name} comes from ${origin.input} (${this.placeOf(origin.span)})`] : []
    })
    const queries = this.unit.declaration.body.some(
      (statement) =>
        statement.kind === 'input' &&
        statement.role?.name.text === 'coordinates' &&
        names.some((name) => this.e.builder.origins.get(name)?.input === statement.name.text),
    )
    const help = diagnostic.help ?? (queries ? 'declare the output as samples and let the runtime lay them out' : undefined)
    return { ...diagnostic, notes: [...diagnostic.notes, ...notes, ...given], ...(help && { help }) }
  }

  /** The text of an expression, as it is written in one of the files that take part or on the command line. */
  textOf(expression: Expression): string {
    const { file, start, end } = expression.span
    const set = this.application.sets.find((each) => each.file === file)
    const text = set?.text ?? this.#fileNamed(file)?.source.text
    return text?.slice(start, end) ?? 'given'
  }

  /** `models/iste.arch:14`. */
  placeOf(span: Span): string {
    const text = this.#fileNamed(span.file)?.source.text ?? ''
    return `${span.file}:${text.slice(0, span.start).split('\n').length}`
  }

  #fileNamed(name: string): FileUnit | undefined {
    const reach = new Set([this.unit.file, ...this.application.variants.map((variant) => variant.file)])
    for (const file of reach) for (const module of file.modules.values()) reach.add(module.file)
    return [...reach].find((file) => file.source.file === name)
  }
}
