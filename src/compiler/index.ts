import { isSame } from './compare.ts'
import type { PathRule } from './elaborate/calls/owners.ts'
import { diagnostic, fail, Reported } from './diagnostics/catalogue.ts'
import type { Diagnostic, Span } from './diagnostics/diagnostic.ts'
import { nearest } from './diagnostics/suggest.ts'
import type { Application } from './elaborate/context.ts'
import type { Observer } from './elaborate/evaluate.ts'
import { elaborateModel } from './elaborate/model.ts'
import { fewer, inOrder, placeOf } from './elaborate/places.ts'
import { withoutAllowed } from './lint/allow.ts'
import type { Memory } from './elaborate/calls/recording.ts'
import { lintModel, lintText } from './lint/lint.ts'
import { mentionedIn } from './lint/mentions.ts'
import { lookAlone, uncalled } from './alone.ts'
import type { CompilerHost } from './names/host.ts'
import { Program, type FileUnit, type ModelUnit, type VariantUnit } from './names/program.ts'
import type { CompiledModel } from './plan.ts'
import { parse, parseExpression } from './syntax/parse.ts'
import type { SourceFile } from './syntax/tree.ts'

export type { CompilerHost } from './names/host.ts'
export type { CompiledModel } from './plan.ts'

export interface CompileOptions {
  /** A preset's name; the defaults without one. */
  readonly preset?: string
  /** Variant files that are applied on top; `file` itself may be one. */
  readonly variants?: readonly string[]
  /** `path=value`, as on the command line. */
  readonly sets?: readonly string[]
  readonly paths?: PathRule
}

export interface Compilation {
  /** Undefined when there are errors. */
  readonly model?: CompiledModel
  readonly diagnostics: readonly Diagnostic[]
  /** Texts of all files that took part, for the renderers. */
  readonly sources: ReadonlyMap<string, string>
  /** Texts of `sets`, by what stands for their file in spans. */
  readonly given: ReadonlyMap<string, string>
}

/** Compiles one model with everything applied. `file` may be a model's or a variant's. */
export function compile(file: string, host: CompilerHost, options: CompileOptions = {}): Compilation {
  const session = new Session(host)
  const model = session.attempt(() => {
    const chosen = session.choose(file, options)
    return chosen && session.build(chosen.model, chosen.application)
  })
  return session.finish(model)
}

/** What every expression and every stage of a model gives, in all files that take part; errors end it early, in silence. */
export function observe(file: string, host: CompilerHost, options: CompileOptions, observer: Observer): void {
  const session = new Session(host, observer)
  session.attempt(() => {
    const chosen = session.choose(file, options)
    if (chosen) session.build(chosen.model, chosen.application, false)
  })
}

export interface CheckedFile {
  readonly file: string
  /** What it holds: a model with its presets, a variant, or modules only. */
  readonly kind: 'model' | 'variant' | 'modules' | 'unreadable'
  readonly presets: readonly string[]
  /** Modules that nothing calls, and of which only a caller could tell whether their shapes are right. */
  readonly undecided: readonly string[]
}

/** Checks whole files: every preset of every model, every variant under every preset of its base, lints. */
export function check(files: readonly string[], host: CompilerHost): Compilation & { readonly checked: readonly CheckedFile[] } {
  const session = new Session(host)
  const checked = files.map((file): CheckedFile => {
    const unit = session.load(file)
    if (!unit) return { file, kind: 'unreadable', presets: [], undecided: [] }
    if (session.broken(unit)) return { file, kind: unit.variant ? 'variant' : 'modules', presets: [], undecided: [] }
    if (unit.variant) {
      const base = session.attempt(() => session.base(unit.variant!))
      const presets = base ? presetsOf(base) : []
      session.inspect(presets, (preset) => session.build(base!, { preset, variants: [unit.variant!], sets: [] }, preset === ''))
      return { file, kind: 'variant', presets: presets.filter(Boolean), undecided: [] }
    }
    const models = [...unit.models.values()]
    for (const model of models)
      session.inspect(presetsOf(model), (preset) => session.build(model, { preset, variants: [], sets: [] }))
    return {
      file,
      kind: models.length > 0 ? 'model' : 'modules',
      presets: models.flatMap((model) => [...model.presets.keys()]),
      undecided: [],
    }
  })
  const alone = session.lookAtUncalled(files)
  const sources = session.lint(files)
  const { diagnostics, ...compilation } = session.finish(undefined)
  return {
    ...compilation,
    diagnostics: fewer(withoutAllowed(diagnostics, sources)),
    checked: checked.map((each) => ({ ...each, undecided: alone.get(each.file) ?? [] })),
  }
}

const overlap = (a: Span, b: Span): boolean => a.file === b.file && a.start < b.end && b.start < a.end

/** The defaults, and the presets that change something. */
const presetsOf = (model: ModelUnit): string[] => [
  '',
  ...[...model.presets].filter(([, { record }]) => record.fields.length > 0).map(([name]) => name),
]

/** The presets of a model, or of what a variant stands on; none where the text cannot be read that far. */
export function presetNames(file: string, host: CompilerHost): string[] {
  const session = new Session(host)
  const unit = session.load(file)
  const model = unit?.variant ? session.attempt(() => session.base(unit.variant!)) : [...(unit?.models.values() ?? [])][0]
  return [...(model?.presets.keys() ?? [])]
}

class Session {
  readonly #program: Program
  readonly #found: Diagnostic[] = []
  readonly #given = new Map<string, string>()
  readonly #memory: Memory = new Map()
  /** Bases as their defaults make them: several variants are held against one. */
  readonly #plain = new Map<ModelUnit, CompiledModel>()

  constructor(
    host: CompilerHost,
    readonly observe?: Observer,
  ) {
    this.#program = new Program(host)
  }

  report(...diagnostics: readonly Diagnostic[]): void {
    this.#found.push(...diagnostics)
  }

  /** Warnings about files without errors: a misspelt name leaves another one unused. Gives the files that were looked at. */
  lint(files: readonly string[]): SourceFile[] {
    const units = files.map((file) => this.#program.files.get(file)).filter((unit) => unit !== undefined)
    const wrong = new Set(
      [...this.#program.diagnostics, ...this.#found].flatMap(({ severity, primary, related }) =>
        severity === 'error' ? [primary, ...related].map(({ span }) => span.file) : [],
      ),
    )
    const right = units.filter((unit) => !wrong.has(unit.source.file))
    for (const unit of right) this.report(...lintText(unit, units))
    return right.map((unit) => unit.source)
  }

  /** Modules that no model of these files calls; gives those of each file that only a caller could decide of. */
  lookAtUncalled(files: readonly string[]): Map<string, string[]> {
    const undecided = new Map<string, string[]>()
    const memory: Memory = new Map()
    for (const file of files) {
      const unit = this.#program.files.get(file)
      if (!unit || this.broken(unit)) continue
      const own = [...unit.modules.values()].filter((module) => module.file === unit)
      for (const module of uncalled(
        own,
        (each) => this.#memory.has(each),
        ({ declaration }) => mentionedIn(declaration),
      )) {
        if (memory.has(module)) continue
        const { mistakes, isDecided } = lookAlone(module, memory)
        this.report(...mistakes)
        if (!isDecided) undecided.set(file, [...(undecided.get(file) ?? []), module.declaration.name.text])
      }
    }
    return undecided
  }

  attempt<T>(run: () => T): T | undefined {
    try {
      return run()
    } catch (error) {
      if (!(error instanceof Reported)) throw error
      this.report(error.diagnostic)
      return undefined
    }
  }

  /** Builds a model under each preset and warns about what it would do. A mistake that others meet too is reported once. */
  inspect(presets: readonly string[], build: (preset: string) => CompiledModel | undefined): void {
    const places: Span[] = []
    for (const preset of presets) {
      const before = this.#found.length
      const model = this.attempt(() => build(preset))
      if (model) this.report(...lintModel(model))
      const fresh = this.#found.splice(before).filter((problem) => !places.some((place) => overlap(place, placeOf(problem))))
      this.report(...fresh)
      places.push(...fresh.filter(({ severity }) => severity === 'error').map(placeOf))
    }
  }

  load(file: string): FileUnit | undefined {
    return this.#program.load(file)
  }

  /** Whether this file or one that it reads has errors in its text or imports. */
  broken(unit: FileUnit): boolean {
    // What can be read of a broken file is still looked at.
    if (this.observe) return false
    const reach = new Set<FileUnit>([unit])
    for (const file of reach) for (const module of file.modules.values()) reach.add(module.file)
    const names = new Set([...reach].map((file) => file.source.file))
    return this.#program.diagnostics.some((problem) => names.has(problem.primary.span.file))
  }

  base(variant: VariantUnit): ModelUnit | undefined {
    const { base, from, fromSpan } = variant.declaration
    const name = this.#program.resolve(variant.file.source.file, from, fromSpan)
    const file = name === undefined ? undefined : this.#program.load(name, fromSpan)
    if (!file || this.broken(file)) return undefined
    if (file.variant) fail('variant-of-variant', {}, fromSpan)
    const names = [...file.models.keys()]
    return (
      file.models.get(base.text) ??
      fail(
        'unknown-module',
        { what: 'model', file: from, name: base.text, near: nearest(base.text, names), accepted: names },
        base.span,
      )
    )
  }

  choose(file: string, options: CompileOptions): { model: ModelUnit; application: Application } | undefined {
    const unit = this.load(file)
    if (!unit || this.broken(unit)) return undefined
    const start: Span = { file, start: 0, end: 0 }
    const extra = (options.variants ?? []).flatMap((name) => {
      const variant = this.load(name)
      if (!variant || this.broken(variant)) return []
      return [
        variant.variant ??
          fail(
            'unexpected-token',
            { expected: 'a variant file', found: 'a file without variant ".." of' },
            { file: name, start: 0, end: 0 },
          ),
      ]
    })
    if (extra.length < (options.variants ?? []).length) return undefined
    const variants = [...(unit.variant ? [unit.variant] : []), ...extra]
    const bases = variants.map((variant) => this.base(variant))
    if (bases.some((base) => !base)) return undefined
    const model = unit.variant ? bases[0] : [...unit.models.values()][0]
    if (!model)
      fail('no-model', { problem: `${file} declares no model` }, start, {
        help: 'a file of modules is checked with archc check; a model is what compiles',
      })
    for (const [at, base] of bases.entries())
      if (base !== model)
        fail(
          'unknown-module',
          {
            what: 'model',
            file: variants[at]!.declaration.from,
            name: `${model.declaration.name.text}, the base of what is compiled`,
            near: [],
          },
          variants[at]!.declaration.base.span,
        )
    const sets = (options.sets ?? []).map((text) => this.#set(text))
    return {
      model,
      application: { preset: options.preset ?? '', variants, sets, ...(options.paths && { paths: options.paths }) },
    }
  }

  /** Reads `path=value` through the same parser as a `set` in a file. */
  #set(text: string): Application['sets'][number] {
    const name = `--set ${text}`
    this.#given.set(name, text)
    const at = text.indexOf('=')
    const whole: Span = { file: name, start: 0, end: text.length }
    if (at < 1) fail('unexpected-token', { expected: 'path=value', found: `'${text}'` }, whole)
    const { source, diagnostics } = parse(name, `set ${text.slice(0, at)} = 0`)
    const edit = source.declarations[0]
    if (diagnostics.length > 0 || edit?.kind !== 'set')
      fail(
        'unexpected-token',
        { expected: 'a path such as encoder.embed', found: `'${text.slice(0, at)}'` },
        { ...whole, end: at },
      )
    const path = edit.path.map((part) => ({ ...part, span: { file: name, start: part.span.start - 4, end: part.span.end - 4 } }))
    const value = parseExpression(name, ' '.repeat(at + 1) + text.slice(at + 1))
    const problem = value.diagnostics[0]
    if (problem || !value.expression)
      throw new Reported(problem ?? diagnostic('unexpected-token', { expected: 'a value', found: 'nothing' }, whole))
    return { path, value: value.expression, file: name, text }
  }

  /** `compared`: whether a variant is held against its base. */
  build(model: ModelUnit, application: Application, compared = true): CompiledModel | undefined {
    const errors = (): number => this.#found.filter(({ severity }) => severity === 'error').length
    const before = errors()
    const compiled = elaborateModel(model, application, this.#memory, (problem) => this.report(problem), this.observe)
    if (!compiled || errors() > before) return undefined
    const base = compared && application.variants.length > 0 ? this.#unchanged(model, application) : undefined
    if (base && isSame(base, compiled)) {
      const { declaration } = application.variants[0]!
      this.report(diagnostic('variant-no-effect', { base: model.declaration.name.text }, declaration.span))
      return undefined
    }
    const kept = new Set(compiled.graph.weights.map((weight) => weight.path))
    const removed = (base?.graph.weights ?? []).map((weight) => weight.path).filter((path) => !kept.has(path))
    return { ...compiled, removed }
  }

  /** The base without its variants. */
  #unchanged(model: ModelUnit, application: Application): CompiledModel | undefined {
    const plain = application.preset === '' && application.sets.length === 0
    if (plain && this.#plain.has(model)) return this.#plain.get(model)
    const base = elaborateModel(model, { ...application, variants: [] }, this.#memory, () => undefined)
    if (plain && base) this.#plain.set(model, base)
    return base
  }

  finish(model: CompiledModel | undefined): Compilation {
    const diagnostics = inOrder([...this.#program.diagnostics, ...this.#found])
    const errors = diagnostics.some((problem) => problem.severity === 'error')
    return {
      ...(model && !errors && { model }),
      diagnostics,
      sources: new Map([...[...this.#program.files].map(([name, unit]) => [name, unit.source.text] as const), ...this.#given]),
      given: this.#given,
    }
  }
}
