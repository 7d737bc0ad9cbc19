import { foldService } from '@codemirror/language'
import { RangeSetBuilder, StateEffect, StateField, type EditorState, type Extension, type Text } from '@codemirror/state'
import { Decoration, EditorView, WidgetType, type DecorationSet } from '@codemirror/view'
import type { Coloured } from '../../src/editor/colours.ts'
import type { Hint } from '../../src/editor/hints.ts'

/** What the compiler says of stretches of the text, drawn into it. It keeps its place while the text changes, until it is said anew. */

const setColours = StateEffect.define<readonly Coloured[]>()
const setHints = StateEffect.define<readonly Hint[]>()
const setFolds = StateEffect.define<readonly { readonly start: number; readonly end: number }[]>()

class Shape extends WidgetType {
  constructor(readonly text: string) {
    super()
  }
  override eq(other: Shape): boolean {
    return other.text === this.text
  }
  toDOM(): HTMLElement {
    const shown = document.createElement('span')
    shown.className = this.text.startsWith(':') ? 'shape' : 'shape of-stage'
    shown.textContent = this.text
    return shown
  }
}

function coloured(colours: readonly Coloured[], { length }: Text): DecorationSet {
  const builder = new RangeSetBuilder<Decoration>()
  for (const { span, colour, isDeclaration } of colours)
    if (span.end <= length && span.start < span.end)
      builder.add(span.start, span.end, Decoration.mark({ class: `is-${colour}${isDeclaration ? ' is-declared' : ''}` }))
  return builder.finish()
}

const hinted = (hints: readonly Hint[], { length }: Text): DecorationSet =>
  Decoration.set(
    hints
      .filter(({ offset }) => offset <= length)
      .map(({ offset, text }) => Decoration.widget({ widget: new Shape(text), side: 1 }).range(offset)),
    true,
  )

/** Decorations that an effect makes, and that move with the text. */
const drawn = <T>(effect: ReturnType<typeof StateEffect.define<T>>, draw: (value: T, text: Text) => DecorationSet) =>
  StateField.define<DecorationSet>({
    create: () => Decoration.none,
    update: (before, { changes, effects, newDoc }) =>
      effects.reduce((now, each) => (each.is(effect) ? draw(each.value, newDoc) : now), before.map(changes)),
    provide: (field) => EditorView.decorations.from(field),
  })

const folds = StateField.define<readonly { readonly start: number; readonly end: number }[]>({
  create: () => [],
  update: (before, { changes, docChanged, effects }) => {
    const moved = docChanged
      ? before.map(({ start, end }) => ({ start: changes.mapPos(start), end: changes.mapPos(end) }))
      : before
    return effects.reduce((now, each) => (each.is(setFolds) ? each.value : now), moved)
  },
})

/** Folds from the end of the first line to the last bracket. */
function foldAt(state: EditorState, lineStart: number, lineEnd: number): { from: number; to: number } | null {
  const found = state.field(folds).find(({ start, end }) => start >= lineStart && start <= lineEnd && end > lineEnd)
  if (!found || found.end > state.doc.length) return null
  const isBraced = state.doc.sliceString(found.end - 1, found.end) === '}'
  return { from: lineEnd, to: isBraced ? found.end - 1 : found.end }
}

export const marks: Extension = [drawn(setColours, coloured), drawn(setHints, hinted), folds, foldService.of(foldAt)]

export const withColours = (colours: readonly Coloured[]) => ({ effects: setColours.of(colours) })
export const withHints = (hints: readonly Hint[], found: readonly { readonly start: number; readonly end: number }[]) => ({
  effects: [setHints.of(hints), setFolds.of(found)],
})
