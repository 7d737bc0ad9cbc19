import { lintGutter, nextDiagnostic, setDiagnostics, type Diagnostic as Marked } from '@codemirror/lint'
import { EditorState, type Extension } from '@codemirror/state'
import { EditorView, keymap } from '@codemirror/view'
import { basicSetup } from 'codemirror'
import type { Fix, Span } from '../../src/compiler/diagnostics/diagnostic.ts'
import type { Ask } from './ask.ts'
import { lookups } from './lookups.ts'
import { marks, withColours, withHints } from './marks.ts'
import type { Look } from './services.ts'

interface Hooks {
  textOf(file: string): string
  changed(file: string, text: string): void
  goTo(span: Span): void
  rename(): void
  format(): void
}

/** A key that is taken, and goes to nobody else. */
const taken =
  (run: (view: EditorView) => void) =>
  (view: EditorView): boolean => {
    run(view)
    return true
  }

/** The editor: one file is shown, and each keeps its history. */
export function createEditor(parent: HTMLElement, ask: Ask, hooks: Hooks) {
  const states = new Map<string, EditorState>()
  let file = ''

  const goToDefinition = (offset: number): void => {
    void ask('definition', file, offset).then((target) => target && hooks.goTo(target))
  }
  const extensions = (name: string): Extension => [
    keymap.of([
      { key: 'F12', run: taken(({ state }) => goToDefinition(state.selection.main.head)) },
      { key: 'F2', run: taken(hooks.rename) },
      { key: 'Shift-Alt-f', run: taken(hooks.format) },
      { key: 'F8', run: nextDiagnostic },
    ]),
    basicSetup,
    lintGutter(),
    marks,
    lookups(ask, name),
    EditorView.contentAttributes.of({ 'aria-label': name, spellcheck: 'false' }),
    EditorView.domEventHandlers({
      mousedown(event, view) {
        const offset = view.posAtCoords(event)
        if (offset === null || event.button !== 0 || !(event.ctrlKey || event.metaKey)) return false
        event.preventDefault()
        goToDefinition(offset)
        return true
      },
    }),
    EditorView.updateListener.of(({ docChanged, state }) => {
      if (docChanged) hooks.changed(name, state.doc.toString())
    }),
  ]
  const stateOf = (name: string): EditorState =>
    states.get(name) ?? EditorState.create({ doc: hooks.textOf(name), extensions: extensions(name) })
  const view = new EditorView({ parent })

  /** Says something of the text as it is now, or nothing where it has changed since. */
  const whileSame = async <T>(answer: Promise<T>, say: (value: T) => void): Promise<T | undefined> => {
    const [asked, { doc }] = [file, view.state]
    const value = await answer
    if (file !== asked || view.state.doc !== doc) return undefined
    say(value)
    return value
  }

  return {
    show(name: string): void {
      if (name === file) return
      if (file !== '') states.set(file, view.state)
      file = name
      view.setState(stateOf(name))
    },
    forget(name: string): void {
      states.delete(name)
      if (name === file) file = ''
    },
    focus: (): void => view.focus(),
    get offset(): number {
      return view.state.selection.main.head
    },
    select({ start, end }: Span): void {
      const { length } = view.state.doc
      const selection = { anchor: Math.min(start, length), head: Math.min(end, length) }
      view.dispatch({ selection, effects: EditorView.scrollIntoView(selection.anchor, { y: 'center' }) })
      view.focus()
    },
    /** All together, in the files that they are of. */
    apply(edits: Fix['edits']): void {
      for (const name of new Set(edits.map(({ span }) => span.file))) {
        const changes = edits
          .filter(({ span }) => span.file === name)
          .map(({ span, text }) => ({ from: span.start, to: span.end, insert: text }))
        if (name === file) view.dispatch({ changes })
        else {
          const { state } = stateOf(name).update({ changes })
          states.set(name, state)
          hooks.changed(name, state.doc.toString())
        }
      }
    },
    /** Writes only what is different, so that the cursor stays where it is. */
    replaceAll(text: string): void {
      const before = view.state.doc.toString()
      if (before === text) return
      let from = 0
      while (from < text.length && text[from] === before[from]) from += 1
      let same = 0
      const most = Math.min(text.length, before.length) - from
      while (same < most && text[text.length - 1 - same] === before[before.length - 1 - same]) same += 1
      view.dispatch({ changes: { from, to: before.length - same, insert: text.slice(from, text.length - same) } })
    },
    colour: () => whileSame(ask('colours', file), (colours) => view.dispatch(withColours(colours))),
    look: (marked: (look: Look, length: number) => Marked[]) =>
      whileSame(ask('look', file), (look) => {
        view.dispatch(withHints(look.hints, look.folds))
        view.dispatch(setDiagnostics(view.state, marked(look, view.state.doc.length)))
      }),
  }
}
