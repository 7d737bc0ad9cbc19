import { instance, type Viz } from '@viz-js/viz'
import { compare, editsOf, foldedPaths, type Comparison } from '../../src/compiler/compare.ts'
import type { Diagnostic, Span } from '../../src/compiler/diagnostics/diagnostic.ts'
import { format, NotParsedError } from '../../src/compiler/format/format.ts'
import { toDot } from '../../src/compiler/graph-view/dot.ts'
import { graphView } from '../../src/compiler/graph-view/fold.ts'
import { partPaths } from '../../src/compiler/graph-view/paths.ts'
import { check, compile, type Compilation, type CompiledModel, type CompilerHost } from '../../src/compiler/index.ts'
import { sizesOf, summarise, type Summary } from '../../src/compiler/summary.ts'
import { coloursOf, type Coloured } from '../../src/editor/colours.ts'
import { completionsAt, type Completion } from '../../src/editor/completion.ts'
import { hintsOf, type Hint } from '../../src/editor/hints.ts'
import { hoverAt, type Hover } from '../../src/editor/hover.ts'
import { definitionAt } from '../../src/editor/occurrences.ts'
import { foldsOf } from '../../src/editor/outline.ts'
import { renameAt, renamedAt } from '../../src/editor/rename.ts'
import { signatureAt, type Signature } from '../../src/editor/signature.ts'
import { pathFrom } from '../../src/editor/words.ts'
import { Workspace } from '../../src/editor/workspace.ts'
import { UserError } from '../../src/errors.ts'

/** Texts by the names of their files. */
export type Texts = Readonly<Record<string, string>>

/** What is said of a text after a pause. */
export interface Look {
  readonly diagnostics: readonly Diagnostic[]
  readonly hints: readonly Hint[]
  readonly folds: readonly Span[]
  /** Of the model that the file is about. */
  readonly presets: readonly string[]
  readonly milliseconds: number
}

/** The network that a file is about: its own or, for a library, the first that is built with it. */
export interface About {
  readonly file: string
  /** `ISTE, w/o LFI`. */
  readonly title: string
}

export interface Network extends About {
  readonly svg: string
  /** The part whose inside is drawn; empty for the whole. */
  readonly part: string
  /** Boxes that have an inside, by their ids in the drawing. */
  readonly closed: readonly { readonly id: string; readonly path: string }[]
}

export interface Plan extends About {
  /** What it is held against. */
  readonly base: string
  readonly comparison: Comparison
  readonly removed: readonly string[]
  readonly added: readonly string[]
  readonly replaced: Texts
  readonly set: Texts
  /** Variants of the same model. */
  readonly variants: readonly About[]
}

export interface Summarised extends About {
  readonly summary: Summary
}

interface Built {
  readonly model: CompiledModel
  readonly sources: ReadonlyMap<string, string>
  readonly about: About
}

/** How many problems each file has. */
export type Counts = Readonly<Record<string, { readonly errors: number; readonly warnings: number }>>

export type Services = ReturnType<typeof createServices>

/** The host of texts that are at hand; names are joined as paths are. */
const textHost = (texts: Texts): CompilerHost => ({
  read: (file) => (Object.hasOwn(texts, file) ? { text: texts[file]! } : { problem: 'there is no such file' }),
  resolve(from, to) {
    const own = to.replace(/^archc\//, 'models/')
    if (own !== to && Object.hasOwn(texts, own)) return own
    const path: string[] = []
    for (const part of [...(to.startsWith('/') ? [] : from.split('/').slice(0, -1)), ...to.split('/')])
      if (part === '..' && path.length > 0) path.pop()
      else if (part !== '.') path.push(part)
    return path.join('/')
  },
})

/** All that the page asks of the compiler, over texts that it tells of. Offsets are UTF-16, as in the editor. */
export function createServices(shipped: Texts) {
  const shippedHost = textHost(shipped)
  const workspace = new Workspace({
    ...shippedHost,
    list: () => Object.keys(shipped),
    own: () => Object.keys(shipped).map((file) => file.replace(/^models\//, 'archc/')),
  })
  const known = new Map<string, Compilation>()
  let viz: Promise<Viz> | undefined

  /** The file of the model or the variant that a file is about. */
  const subjectOf = (file: string): string | undefined => {
    const unit = workspace.unit(file)
    return unit && (unit.variant || unit.models.size > 0) ? file : workspace.usersOf(file)[0]
  }
  const modelOf = (file: string) => {
    const subject = subjectOf(file)
    return subject === undefined ? undefined : workspace.model(subject)
  }
  const compiled = (file: string, host: CompilerHost = workspace): Compilation => {
    const preset = modelOf(file)?.presets.has(workspace.preset) ? workspace.preset : ''
    const key = `${host === workspace ? 'as written' : 'as shipped'} ${preset} ${file}`
    const found = known.get(key) ?? compile(file, host, { preset })
    known.set(key, found)
    return found
  }
  /** The model that a file is about; none where it has errors. */
  const built = (file: string): Built | undefined => {
    const subject = subjectOf(file)
    const compilation = subject === undefined ? undefined : compiled(subject)
    const model = compilation?.model
    return model && { model, sources: compilation.sources, about: { file: subject!, title: titleOf(model) } }
  }
  const variantsOf = (file: string): About[] =>
    workspace.files().flatMap((other) => {
      const variant = workspace.unit(other)?.variant
      return variant && workspace.model(other) === workspace.model(file)
        ? [{ file: other, title: variant.declaration.title }]
        : []
    })

  return {
    write(file: string, text: string): void {
      workspace.open(file, text)
      known.clear()
    },
    remove(file: string): void {
      workspace.close(file)
      known.clear()
    },
    choosePreset(preset: string): void {
      workspace.preset = preset
      workspace.forget()
    },

    colours: (file: string): readonly Coloured[] => coloursOf(workspace, file),
    look(file: string): Look {
      const start = performance.now()
      const { diagnostics } = check([file], workspace)
      return {
        milliseconds: performance.now() - start,
        diagnostics,
        hints: hintsOf(workspace, file),
        folds: foldsOf(workspace, file),
        presets: [...(modelOf(file)?.presets.keys() ?? [])],
      }
    },
    counts(): Counts {
      const counts = Object.fromEntries(workspace.files().map((file) => [file, { errors: 0, warnings: 0 }]))
      for (const { severity, primary } of check(workspace.files(), workspace).diagnostics) {
        const count = counts[primary.span.file]
        if (count) count[severity === 'error' ? 'errors' : 'warnings'] += 1
      }
      return counts
    },

    hover: (file: string, offset: number): Hover | undefined => hoverAt(workspace, file, offset),
    complete: (file: string, offset: number): readonly Completion[] => completionsAt(workspace, file, offset),
    signature: (file: string, offset: number): Signature | undefined => signatureAt(workspace, file, offset),
    definition: (file: string, offset: number): Span | undefined => definitionAt(workspace, file, offset),
    renamed: (file: string, offset: number) => renamedAt(workspace, file, offset),
    rename(file: string, offset: number, name: string): { readonly places: readonly Span[] } | { readonly problem: string } {
      try {
        return { places: renameAt(workspace, file, offset, name) }
      } catch (error) {
        if (!(error instanceof UserError)) throw error
        return { problem: error.help === undefined ? error.message : `${error.message}: ${error.help}` }
      }
    },
    /** What a new file begins with: a variant of the model that another file is about. */
    variantText(file: string, name: string): string {
      const model = modelOf(file)
      if (!model) return ''
      const title = /([^/]+)\.arch$/.exec(name)![1]!
      const from = pathFrom(name, model.file.source.file)
      return `/// What is different, and why.\nvariant "${title}" of ${model.declaration.name.text} from "${from}"\n`
    },
    /** The text as archc fmt writes it; none where it does not parse. */
    format(file: string): string | undefined {
      const read = workspace.read(file)
      if ('problem' in read) return undefined
      try {
        return format(read.text, file)
      } catch (error) {
        if (error instanceof NotParsedError) return undefined
        throw error
      }
    },

    async network(file: string, depth: number, wanted: string): Promise<Network | undefined> {
      const found = built(file)
      if (!found) return undefined
      const { model, sources, about } = found
      const part = partPaths(model.graph).includes(wanted) ? wanted : ''
      const view = graphView(model, sources, { depth, module: part })
      viz ??= instance()
      const svg = (await viz).renderString(toDot(view), { format: 'svg', engine: 'dot' })
      const closed = view.boxes.flatMap((box) =>
        box.kind === 'part' && box.isFolded && box.name !== '' ? [{ id: box.id, path: box.path }] : [],
      )
      return { ...about, svg, part, closed }
    },
    /** A variant is held against its base, a model against what this page came with. */
    plan(file: string): Plan | undefined {
      const found = built(file)
      if (!found) return undefined
      const { model, sources, about } = found
      const isVariant = model.variants.length > 0
      const base = isVariant
        ? compiled(model.file).model
        : Object.hasOwn(shipped, about.file)
          ? compiled(about.file, shippedHost).model
          : model
      if (!base) return undefined
      const comparison = compare(base, model, sizesOf(base, {}))
      const { replaced, set } = isVariant ? editsOf(about.file, sources.get(about.file) ?? '') : { replaced: {}, set: {} }
      return {
        ...about,
        base: isVariant ? base.name : `${base.name} as shipped`,
        comparison,
        removed: foldedPaths(comparison.weights.removed),
        added: foldedPaths(comparison.weights.added),
        replaced,
        set,
        variants: variantsOf(about.file),
      }
    },
    summary(file: string): Summarised | undefined {
      const found = built(file)
      return found && { ...found.about, summary: summarise(found.model, {}) }
    },
  }
}

const titleOf = ({ name, variants }: { readonly name: string; readonly variants: readonly string[] }): string =>
  [name, ...variants].join(', ')
