import { element } from './dom.ts'

interface Asked {
  readonly title: string
  readonly about: string
  /** What the button says. */
  readonly verb: string
  /** The text that stands there first; nothing is typed where there is none. */
  readonly value?: string
}

/** Asks for a word (or for a yes) and gives it, undefined where somebody thinks better of it. `accept` says what is wrong with the word. */
export function asked(
  { title, about, verb, value }: Asked,
  accept: (word: string) => Promise<string> | string = () => '',
): Promise<string | undefined> {
  const input = element('input', {
    type: 'text',
    spellcheck: 'false',
    autocomplete: 'off',
    'aria-label': title,
    value: value ?? '',
  })
  const problem = element('p', { class: 'problem', role: 'alert' })
  const cancel = element('button', { type: 'button' }, 'Cancel')
  const form = element(
    'form',
    { method: 'dialog' },
    element('h2', {}, title),
    element('p', {}, about),
    ...(value === undefined ? [] : [input]),
    problem,
    element('div', { class: 'buttons' }, cancel, element('button', { class: 'main' }, verb)),
  )
  const dialog = element('dialog', { 'aria-label': title }, form)
  document.body.append(dialog)
  dialog.showModal()
  input.select()
  return new Promise((resolve) => {
    let word: string | undefined
    cancel.addEventListener('click', () => dialog.close())
    form.addEventListener('submit', async (event) => {
      event.preventDefault()
      const typed = input.value.trim()
      problem.textContent = await accept(typed)
      if (problem.textContent !== '') return input.focus()
      word = typed
      dialog.close()
    })
    dialog.addEventListener('close', () => {
      dialog.remove()
      resolve(word)
    })
  })
}
