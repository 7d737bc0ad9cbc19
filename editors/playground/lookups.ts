import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete'
import { EditorState, StateEffect, StateField, type Extension } from '@codemirror/state'
import { hoverTooltip, keymap, showTooltip, ViewPlugin, type EditorView, type Tooltip, type ViewUpdate } from '@codemirror/view'
import type { Completion as Offered } from '../../src/editor/completion.ts'
import type { Signature } from '../../src/editor/signature.ts'
import type { Ask } from './ask.ts'
import { element } from './dom.ts'
import { rendered } from './markdown.ts'

/** CodeMirror's names, which choose the pictures. */
const pictures: Readonly<Record<Offered['kind'], string>> = {
  module: 'class',
  model: 'class',
  op: 'function',
  slot: 'method',
  parameter: 'property',
  attribute: 'property',
  field: 'property',
  preset: 'constant',
  size: 'type',
  scale: 'type',
  input: 'variable',
  output: 'variable',
  let: 'variable',
  weight: 'variable',
  keyword: 'keyword',
  word: 'enum',
  file: 'text',
}

/** Where a list of names opens by itself. */
const opens = /(\w|[.:"/]|->\s?)$/

async function offered(ask: Ask, file: string, { state, pos, explicit }: CompletionContext): Promise<CompletionResult | null> {
  const line = state.doc.lineAt(pos)
  if (!explicit && !opens.test(line.text.slice(0, pos - line.from))) return null
  const found = await ask('complete', file, pos)
  const [first] = found
  if (!first) return null
  const options = found.map(({ label, kind, detail, insert }): Completion => ({
    label,
    type: pictures[kind],
    detail,
    apply: insert,
  }))
  return { from: first.start, options, validFor: /^\w*$/ }
}

function signatureTooltip({ label, documentation, parts, active }: Signature, pos: number): Tooltip {
  const [start, end] = parts[active] ?? [0, 0]
  return {
    pos,
    above: true,
    create: () => ({
      dom: element(
        'div',
        { class: 'signature' },
        element('code', {}, label.slice(0, start), element('b', {}, label.slice(start, end)), label.slice(end)),
        ...(documentation ? [element('p', {}, documentation)] : []),
      ),
    }),
  }
}

/** Shows the call around the cursor from the first key inside of it until Escape or until the cursor leaves it. */
function signatureHelp(ask: Ask, file: string): Extension {
  const show = StateEffect.define<Tooltip | null>()
  const shown = StateField.define<Tooltip | null>({
    create: () => null,
    update: (before, { effects }) => effects.reduce((now, effect) => (effect.is(show) ? effect.value : now), before),
    provide: (field) => showTooltip.from(field),
  })
  const refresh = async (view: EditorView): Promise<void> => {
    const { head } = view.state.selection.main
    const found = await ask('signature', file, head)
    // Another place, or another file.
    if (view.state.selection.main.head !== head || view.state.field(shown, false) === undefined) return
    view.dispatch({ effects: show.of(found ? signatureTooltip(found, head) : null) })
  }
  const follow = ViewPlugin.define((view) => ({
    update({ docChanged, selectionSet, state, transactions }: ViewUpdate) {
      const isTyped = docChanged && transactions.some((each) => each.isUserEvent('input') && !each.isUserEvent('input.complete'))
      // Later, when the compiler has been told of the change.
      if (isTyped || ((docChanged || selectionSet) && state.field(shown))) queueMicrotask(() => void refresh(view))
    },
  }))
  const hide = (view: EditorView): boolean => {
    if (!view.state.field(shown)) return false
    view.dispatch({ effects: show.of(null) })
    return true
  }
  const open = (view: EditorView): boolean => {
    void refresh(view)
    return true
  }
  return [
    shown,
    follow,
    keymap.of([
      { key: 'Escape', run: hide },
      { key: 'Mod-Shift-Space', run: open },
    ]),
  ]
}

/** What is asked at a place of the text: hovers, lists of names, signatures. */
export function lookups(ask: Ask, file: string): Extension {
  // One function for as long as the editor lives: by it CodeMirror knows its own question again.
  const autocomplete = (context: CompletionContext) => offered(ask, file, context)
  return [
    hoverTooltip(
      async (_view, pos) => {
        const found = await ask('hover', file, pos)
        if (!found) return null
        return { pos: found.span.start, end: found.span.end, above: true, create: () => ({ dom: rendered(found.text) }) }
      },
      { hoverTime: 250 },
    ),
    signatureHelp(ask, file),
    EditorState.languageData.of(() => [{ autocomplete, commentTokens: { line: '//' } }]),
  ]
}
