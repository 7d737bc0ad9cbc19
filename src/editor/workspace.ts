import { observe, type CompilerHost } from '../compiler/index.ts'
import { compileModule } from '../compiler/module.ts'
import { Program, type FileUnit, type ModelUnit } from '../compiler/names/program.ts'
import type { Span } from '../compiler/diagnostics/diagnostic.ts'
import type { Observer } from '../compiler/elaborate/evaluate.ts'
import type { Value } from '../compiler/elaborate/values/values.ts'
import type { TensorValue } from '../compiler/ops/op.ts'
import type { Statement } from '../compiler/syntax/tree.ts'
import { asInteger, compare, symbol, type Size } from '../compiler/shapes/size.ts'

/** The compiler's door, with a view of which files there are. */
export interface WorkspaceHost extends CompilerHost {
  /** All `.arch` files of the project, by the names that `read` takes. */
  list(): readonly string[]
  /** The names of archc's own networks, which every file may import. */
  own(): readonly string[]
}

/** What every expression gives, by where it stands. */
export type Values = ReadonlyMap<string, Value>

export const spanKey = ({ start, end }: Pick<Span, 'start' | 'end'>): string => `${start}:${end}`

/** Texts as they are in the editor, over those on disk, and what is known of them; asked anew after a change. */
export class Workspace implements CompilerHost {
  readonly #open = new Map<string, string>()
  #program: Program | undefined
  readonly #values = new Map<string, Values>()
  /** The preset that shapes are shown for; a model's defaults where it has none of this name. */
  preset = ''

  constructor(readonly host: WorkspaceHost) {}

  open(file: string, text: string): void {
    this.#open.set(file, text)
    this.forget()
  }

  close(file: string): void {
    this.#open.delete(file)
    this.forget()
  }

  /** Files changed on disk. */
  forget(): void {
    this.#program = undefined
    this.#values.clear()
  }

  get openFiles(): readonly string[] {
    return [...this.#open.keys()]
  }

  read(file: string): ReturnType<CompilerHost['read']> {
    const text = this.#open.get(file)
    return text === undefined ? this.host.read(file) : { text }
  }

  resolve(from: string, to: string): string {
    return this.host.resolve(from, to)
  }

  own(): readonly string[] {
    return this.host.own()
  }

  /** All files of the project and those that are open. */
  files(): readonly string[] {
    return [...new Set([...this.#open.keys(), ...this.host.list()])]
  }

  get program(): Program {
    return (this.#program ??= new Program(this))
  }

  unit(file: string): FileUnit | undefined {
    return this.program.load(file)
  }

  /** The model that a file holds or, for a variant, the one that it changes. */
  model(file: string): ModelUnit | undefined {
    const unit = this.unit(file)
    if (!unit?.variant) return unit && [...unit.models.values()][0]
    const { base, from } = unit.variant.declaration
    return this.unit(this.resolve(file, from))?.models.get(base.text)
  }

  /**
   * What the expressions of a file give: as its model or variant has them; in a library as the first model does that is
   * built with it, and where there is none, as a module has them that is compiled alone.
   */
  values(file: string): Values {
    const known = this.#values.get(file)
    if (known) return known
    const found = new Map<string, Value>()
    const spans: Span[] = []
    const observer: Observer = (span, value, sizes) => {
      if (span.file !== file || found.has(spanKey(span))) return
      found.set(spanKey(span), inOwnNames(value, sizes))
      spans.push(span)
    }
    const isSeen = ({ start, end }: Span): boolean => spans.some((span) => span.start >= start && span.end <= end)
    this.#values.set(file, found)
    const unit = this.unit(file)
    if (!unit) return found
    const seen = (each: string): void => {
      const preset = this.model(each)?.presets.has(this.preset) ? this.preset : ''
      observe(each, this, { preset }, observer)
    }
    if (unit.variant || unit.models.size > 0) seen(file)
    else for (const user of this.usersOf(file)) seen(user)
    for (const [name, module] of unit.modules)
      if (module.file === unit && !isSeen(module.declaration.span)) compileModule(file, name, this, { observe: observer })
    return found
  }

  /** What the modules and models of a file do, in order. */
  statements(file: string): Statement[] {
    return (this.unit(file)?.source.declarations ?? []).flatMap((declaration) =>
      declaration.kind === 'module' || declaration.kind === 'model' ? declaration.body : [],
    )
  }

  /** Models and variants of the project that are built with a file. */
  usersOf(file: string): readonly string[] {
    return this.files().filter((each) => {
      const unit = each === file ? undefined : this.unit(each)
      const model = unit && this.model(each)
      return model !== undefined && [unit!, model.file].some((start) => reach(start).has(this.unit(file)!))
    })
  }
}

/** A value with the names that the module around has for its sizes: `[B, H, W, 64]` where H is 8 * ceil(h / 8) of the picture. */
function inOwnNames(value: Value, sizes: ReadonlyMap<string, Size>): Value {
  const named = (tensor: TensorValue): TensorValue => ({
    ...tensor,
    shape: tensor.shape.map((size) => {
      const name = asInteger(size) === undefined ? [...sizes].find(([, each]) => compare(each, size) === 'equal')?.[0] : undefined
      return name === undefined ? size : symbol(name)
    }),
  })
  if (value.kind === 'tensor') return named(value)
  if (value.kind === 'several')
    return { kind: 'several', items: value.items.map((item) => ({ ...item, value: named(item.value) })) }
  return value
}

/** A file and all that it imports. */
function reach(unit: FileUnit): ReadonlySet<FileUnit> {
  const found = new Set([unit])
  for (const file of found) for (const module of file.modules.values()) found.add(module.file)
  return found
}
