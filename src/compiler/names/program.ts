import { diagnostic } from '../diagnostics/catalogue.ts'
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts'
import { nearest } from '../diagnostics/suggest.ts'
import { parse } from '../syntax/parse.ts'
import type { Declaration, ModuleDeclaration, Record as FieldRecord, SourceFile } from '../syntax/tree.ts'
import type { CompilerHost } from './host.ts'

/** A model with what belongs to it in its file. */
export interface ModelUnit {
  readonly declaration: ModuleDeclaration
  readonly file: FileUnit
  readonly presets: ReadonlyMap<string, { readonly record: FieldRecord; readonly span: Span }>
  readonly train?: { readonly record: FieldRecord; readonly span: Span }
  readonly evaluate?: { readonly record: FieldRecord; readonly span: Span }
}

export interface VariantUnit {
  readonly declaration: Extract<Declaration, { kind: 'variant' }>
  readonly file: FileUnit
  readonly edits: readonly Extract<Declaration, { kind: 'replace' | 'set' }>[]
}

/** A module and the file whose imports its body sees. */
export interface ModuleUnit {
  readonly declaration: ModuleDeclaration
  readonly file: FileUnit
}

export interface FileUnit {
  readonly source: SourceFile
  /** What can be called here: its own modules, imported ones, and imported models. */
  readonly modules: Map<string, ModuleUnit>
  readonly models: Map<string, ModelUnit>
  variant?: VariantUnit
}

/** Each of them is a network of its own that is checked. */
const mostPresets = 200

/** All files that were read, each once. */
export class Program {
  readonly files = new Map<string, FileUnit>()
  readonly diagnostics: Diagnostic[] = []

  constructor(readonly host: CompilerHost) {}

  /** The file that a path means in `from`; undefined, and said, where it is written as Windows writes paths. */
  resolve(from: string, path: string, span: Span): string | undefined {
    if (!path.includes('\\') && !/^[A-Za-z]:\//.test(path)) return this.host.resolve(from, path)
    const written = path.replaceAll('\\', '/')
    const isDrive = /^[A-Za-z]:/.test(path)
    const reason = isDrive ? 'a path has no letter of a drive here' : 'the parts of a path stand between /, on every system'
    const text = `"${written}"`
    this.diagnostics.push(
      diagnostic('import-missing', { path, reason, near: [] }, span, {
        ...(!isDrive && { fixes: [{ title: `write ${text}`, edits: [{ span, text }] }] }),
        help: isDrive ? 'write it from the folder of this file: "../lib/blocks.arch"' : `write ${text}`,
      }),
    )
    return undefined
  }

  /** The unit of `file`, read and parsed with everything that it imports; undefined where it cannot be read. */
  load(file: string, askedAt?: Span, chain: readonly string[] = []): FileUnit | undefined {
    const known = this.files.get(file)
    if (known) return known
    const read = this.host.read(file)
    if ('problem' in read) {
      const { problem: reason, near = [] } = read
      const fixes = near.flatMap((name) => {
        const text = `"${name}"`
        return askedAt ? [{ title: `write ${text}`, edits: [{ span: askedAt, text }] }] : []
      })
      this.diagnostics.push(
        diagnostic('import-missing', { path: file, reason, near }, askedAt ?? { file, start: 0, end: 0 }, { fixes }),
      )
      return undefined
    }
    const { source, diagnostics } = parse(file, read.text)
    this.diagnostics.push(...diagnostics)
    const unit: FileUnit = { source, modules: new Map(), models: new Map() }
    this.files.set(file, unit)
    this.#declare(unit, [...chain, file], diagnostics.length > 0)
    return unit
  }

  /** `isBroken`: a model may stand in the text that could not be read. */
  #declare(unit: FileUnit, chain: readonly string[], isBroken: boolean): void {
    const taken = new Map<string, string>()
    const claim = (name: { text: string; span: Span }, what: string): boolean => {
      const before = taken.get(name.text)
      if (before) this.diagnostics.push(diagnostic('duplicate-name', { name: name.text, what: before }, name.span))
      else taken.set(name.text, what)
      return !before
    }
    for (const declaration of unit.source.declarations)
      if (declaration.kind === 'import' && claim(declaration.name, 'an import')) this.#import(unit, declaration, chain)
    let model:
      | ({ -readonly [K in keyof ModelUnit]: ModelUnit[K] } & { presets: Map<string, { record: FieldRecord; span: Span }> })
      | undefined
    const edits: Extract<Declaration, { kind: 'replace' | 'set' }>[] = []
    for (const declaration of unit.source.declarations) {
      if (declaration.kind === 'module' && claim(declaration.name, 'a module'))
        unit.modules.set(declaration.name.text, { declaration, file: unit })
      else if (declaration.kind === 'model') {
        if (!claim(declaration.name, 'a model')) {
          isBroken = true
          continue
        }
        model = { declaration, file: unit, presets: new Map() }
        unit.models.set(declaration.name.text, model)
      } else if (declaration.kind === 'preset' || declaration.kind === 'train' || declaration.kind === 'evaluate') {
        if (!model && (isBroken || unit.source.declarations.some((other) => other.kind === 'variant'))) continue
        if (!model)
          this.diagnostics.push(
            diagnostic(
              'no-model',
              { problem: `${declaration.kind} stands below the model that it belongs to` },
              declaration.span,
            ),
          )
        else if (declaration.kind === 'preset') {
          if (model.presets.has(declaration.name.text))
            this.diagnostics.push(
              diagnostic('duplicate-name', { name: declaration.name.text, what: 'a preset' }, declaration.name.span),
            )
          else if (model.presets.size === mostPresets)
            this.diagnostics.push(
              diagnostic(
                'too-many',
                { what: `${model.declaration.name.text} has`, limit: mostPresets, of: 'presets' },
                declaration.name.span,
              ),
            )
          else if (model.presets.size < mostPresets)
            model.presets.set(declaration.name.text, { record: declaration.record, span: declaration.name.span })
        } else if (model[declaration.kind])
          this.diagnostics.push(diagnostic('duplicate-name', { name: declaration.kind, what: 'given' }, declaration.span))
        else model[declaration.kind] = { record: declaration.record, span: declaration.span }
      } else if (declaration.kind === 'variant') {
        if (unit.variant)
          this.diagnostics.push(diagnostic('duplicate-name', { name: 'variant', what: 'given' }, declaration.span))
        else unit.variant = { declaration, file: unit, edits }
      } else if (declaration.kind === 'replace' || declaration.kind === 'set') edits.push(declaration)
    }
    if (unit.variant)
      for (const { kind, span } of unit.source.declarations)
        if (!['import', 'variant', 'replace', 'set'].includes(kind))
          this.diagnostics.push(
            diagnostic(
              'unexpected-token',
              { expected: 'replace or set: a variant file holds imports and edits only', found: kind },
              span,
            ),
          )
    if (edits.length > 0 && !unit.variant)
      this.diagnostics.push(
        diagnostic(
          'unexpected-token',
          { expected: 'variant ".." of MODEL from ".." above the edits', found: edits[0]!.kind },
          edits[0]!.span,
        ),
      )
  }

  #import(unit: FileUnit, declaration: Extract<Declaration, { kind: 'import' }>, chain: readonly string[]): void {
    const file = this.resolve(unit.source.file, declaration.from, declaration.fromSpan)
    if (file === undefined) return
    if (chain.includes(file)) {
      this.diagnostics.push(
        diagnostic('import-cycle', { chain: [...chain.slice(chain.indexOf(file)), file] }, declaration.fromSpan),
      )
      return
    }
    const broken = this.diagnostics.length
    const imported = this.load(file, declaration.fromSpan, chain)
    if (!imported) return
    const own = [...imported.modules.values(), ...imported.models.values()].filter(({ file }) => file === imported)
    const module = own.find((candidate) => candidate.declaration.name.text === declaration.name.text)
    if (module) unit.modules.set(declaration.name.text, module)
    else if (this.diagnostics.length === broken) {
      const names = own.map((candidate) => candidate.declaration.name.text)
      this.diagnostics.push(
        diagnostic(
          'unknown-module',
          {
            what: 'module',
            name: declaration.name.text,
            file: declaration.from,
            near: nearest(declaration.name.text, names),
            accepted: names,
          },
          declaration.name.span,
        ),
      )
    }
  }
}
