import type { Span } from '../../src/compiler/diagnostics/diagnostic.ts'
import { startCompiler } from './ask.ts'
import { asked } from './dialog.ts'
import { button, element, moveByArrows, part } from './dom.ts'
import { createEditor } from './editor.ts'
import { networkView } from './network-view.ts'
import { planView } from './plan-view.ts'
import { listed, marked, type Remedies } from './problems.ts'
import type { About, Counts, Texts } from './services.ts'
import { choiceOf, hashOf, keepTexts, keptTexts, panels, type Choice } from './state.ts'
import { summaryView } from './summary-view.ts'

/** Milliseconds without a key before a text is checked, and before all of them are. */
const pause = 150
const longPause = 1200

const shipped = JSON.parse(part('texts').textContent!) as Texts
const ask = startCompiler(JSON.parse(part('compiler').textContent!) as string, shipped)
const texts = new Map(Object.entries({ ...shipped, ...keptTexts() }))
const edited = (): Texts => Object.fromEntries([...texts].filter(([file, text]) => shipped[file] !== text))
for (const [file, text] of Object.entries(edited())) void ask('write', file, text)

let choice: Choice = choiceOf(location.hash, [...texts.keys()])
let counts: Counts = {}
let hasErrors = false
/** What the right side shows, until it is chosen anew: answers to older questions are dropped. */
let turn = 0

const remedies: Remedies = {
  goTo,
  apply: ({ edits }) => editor.apply(edits),
  placeOf: ({ file, start }) => `${shortName(file)}:${(texts.get(file) ?? '').slice(0, start).split('\n').length}`,
}
const network = networkView(() => void showPanel())
const editor = createEditor(part('editor'), ask, {
  textOf: (file) => texts.get(file)!,
  changed(file, text) {
    texts.set(file, text)
    void ask('write', file, text)
    void editor.colour()
    later()
  },
  goTo,
  rename: () => void rename(),
  format: () => void format(),
})

let waiting: [number, number] = [0, 0]
function later(): void {
  waiting.forEach(clearTimeout)
  waiting = [setTimeout(() => void look(), pause), setTimeout(() => void countAll(), longPause)]
}

/** Checks the text that is shown, and draws its network. */
async function look(): Promise<void> {
  keepTexts(edited())
  const { file } = choice
  const found = await editor.look(({ diagnostics }, length) => marked(diagnostics, file, length, remedies))
  if (!found) return
  const { diagnostics, presets, milliseconds } = found
  const [errors, warnings] = (['error', 'warning'] as const).map((kind) => diagnostics.filter(({ severity }) => severity === kind).length) as [number, number] // prettier-ignore
  hasErrors = errors > 0
  part('problems').replaceChildren(...listed(diagnostics, remedies))
  part('status').textContent = `${problemsText(errors, warnings)}, checked in ${Math.round(milliseconds)} ms`
  part('status').className = errors > 0 ? 'error' : warnings > 0 ? 'warning' : 'fine'
  const preset = part<HTMLSelectElement>('preset')
  preset.replaceChildren(...['', ...presets].map((name) => element('option', { value: name }, name || 'defaults')))
  preset.value = presets.includes(choice.preset) ? choice.preset : ''
  preset.disabled = presets.length === 0
  await showPanel()
}

async function countAll(): Promise<void> {
  counts = await ask('counts')
  showTabs()
}

const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`
function problemsText(errors: number, warnings: number): string {
  if (errors + warnings === 0) return 'No problems'
  return [...(errors ? [plural(errors, 'error')] : []), ...(warnings ? [plural(warnings, 'warning')] : [])].join(', ')
}

/** `iste.arch`. */
const shortName = (file: string): string => file.split('/').at(-1)!

function showTabs(): void {
  const tabs = [...texts.keys()].map((file) => {
    const { errors, warnings } = counts[file] ?? { errors: 0, warnings: 0 }
    const isChosen = file === choice.file
    const tab = button(shortName(file).replace(/\.arch$/, ''), () => choose({ file }), {
      role: 'tab',
      title: errors + warnings > 0 ? `${file}: ${problemsText(errors, warnings)}` : file,
      'aria-selected': String(isChosen),
      tabindex: isChosen ? '0' : '-1',
      class: `${errors > 0 ? 'error' : warnings > 0 ? 'warning' : ''} ${shipped[file] === texts.get(file) ? '' : 'edited'}`,
    })
    if (!isChosen || file in shipped) return tab
    const remove = button('×', () => void removeFile(file), { 'aria-label': `remove ${file}`, class: 'remove' })
    return element('span', { role: 'presentation' }, tab, remove)
  })
  part('files').replaceChildren(...tabs)
  part('files').querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
}

function show(): void {
  editor.show(choice.file)
  showTabs()
  for (const name of panels) {
    const tab = part(`tab-${name}`)
    tab.setAttribute('aria-selected', String(name === choice.panel))
    tab.tabIndex = name === choice.panel ? 0 : -1
  }
  part('panel').setAttribute('aria-labelledby', `tab-${choice.panel}`)
  void editor.colour()
  void look()
}

function choose(next: Partial<Choice>): void {
  take({ ...choice, ...next })
  location.hash = hashOf(choice)
}

function take(next: Choice): void {
  if (next.file !== choice.file) network.reset()
  if (next.preset !== choice.preset) void ask('choosePreset', next.preset)
  choice = next
  show()
}

function goTo(span: Span): void {
  if (!texts.has(span.file)) return
  if (span.file !== choice.file) choose({ file: span.file })
  editor.select(span)
}

/** Draws the chosen view; where the text has errors the one before them stays, and says so. */
async function showPanel(): Promise<void> {
  const own = (turn += 1)
  const { file, panel } = choice
  const answer = await viewOf(panel)
  if (own !== turn) return
  const page = part('panel')
  page.classList.toggle('stale', !answer)
  if (!answer && page.dataset['of'] !== `${file} ${panel}`) page.replaceChildren()
  // What stands there already keeps its place, and the focus.
  if (answer && page.firstElementChild !== answer.page) page.replaceChildren(answer.page)
  answer?.show()
  page.dataset['of'] = `${file} ${panel}`
  part('remark').textContent = remarkOn(file, answer?.about, page.childElementCount > 0)
}

interface View {
  readonly page: HTMLElement
  readonly about: About
  /** What is done once it stands in the page. */
  show(): void
}

async function viewOf(panel: Choice['panel']): Promise<View | undefined> {
  const { file } = choice
  const shown = (page: HTMLElement, about: About): View => ({ page, about, show: () => undefined })
  switch (panel) {
    case 'network': {
      const { part: inside, depth } = network.wanted
      const drawn = await ask('network', file, depth, inside)
      return drawn && { page: network.page, about: drawn, show: () => network.show(drawn) }
    }
    case 'plan': {
      const plan = await ask('plan', file)
      const opened = (other: string): void => choose({ file: other })
      return plan && shown(planView(plan, opened), plan)
    }
    case 'summary': {
      const summary = await ask('summary', file)
      return summary && shown(summaryView(summary), summary)
    }
  }
}

function remarkOn(file: string, about: About | undefined, isShown: boolean): string {
  if (about && about.file !== file) return `${shortName(file)} holds modules. This is ${about.title}, which is built with them.`
  if (about) return ''
  if (isShown) return 'The text has errors. This is from before them.'
  return hasErrors ? 'The text has errors, so there is no network yet.' : 'No model here is built with these modules.'
}

async function rename(): Promise<void> {
  const { file } = choice
  const { offset } = editor
  const found = await ask('renamed', file, offset)
  if (!found) {
    part('status').textContent = 'Nothing here can be renamed'
    return
  }
  let places: readonly Span[] = []
  const name = await asked(
    { title: `Rename ${found.text}`, about: 'In all files, wherever it means the same.', verb: 'Rename', value: found.text },
    async (word) => {
      const answer = await ask('rename', file, offset, word)
      if ('problem' in answer) return answer.problem
      places = answer.places
      return ''
    },
  )
  if (name !== undefined && name !== found.text) editor.apply(places.map((span) => ({ span, text: name })))
  editor.focus()
}

async function format(): Promise<void> {
  const text = await ask('format', choice.file)
  if (text === undefined) part('status').textContent = 'A text that does not parse is not formatted'
  else editor.replaceAll(text)
  editor.focus()
}

/** A new file begins as a variant of the network that is shown. */
async function newFile(): Promise<void> {
  const file = await asked(
    {
      title: 'New file',
      about: 'Its name, with folders as imports see them.',
      verb: 'Make',
      value: 'models/ablations/mine.arch',
    },
    (word) => {
      if (!/^[\w-]+(\/[\w-]+)*\.arch$/.test(word)) return 'letters, digits, - and _ with / between folders, and .arch at the end'
      return texts.has(word) ? `${word} is there already` : ''
    },
  )
  if (file === undefined) return
  const text = await ask('variantText', choice.file, file)
  texts.set(file, text)
  void ask('write', file, text)
  choose({ file, panel: 'plan' })
  editor.select({ file, start: text.length, end: text.length })
  void countAll()
}

async function removeFile(file: string): Promise<void> {
  const isMeant = await asked({ title: `Remove ${shortName(file)}?`, about: 'Its text is lost.', verb: 'Remove' })
  if (isMeant === undefined) return
  texts.delete(file)
  editor.forget(file)
  void ask('remove', file)
  keepTexts(edited())
  choose({ file: [...texts.keys()][0]! })
  void countAll()
}

async function reset(): Promise<void> {
  const isMeant = await asked({
    title: 'Reset?',
    about: 'All texts become what they were at first. New files are lost.',
    verb: 'Reset',
  })
  if (isMeant === undefined) return
  for (const file of Object.keys(edited())) texts.delete(file)
  keepTexts({})
  // An address without a # is read anew.
  location.assign(location.href.replace(/#.*/, ''))
}

part('format').addEventListener('click', () => void format())
part('new').addEventListener('click', () => void newFile())
part('reset').addEventListener('click', () => void reset())
part('shapes').addEventListener('change', () => part('editor').classList.toggle('without-shapes'))
part('preset').addEventListener('change', () => choose({ preset: part<HTMLSelectElement>('preset').value }))
for (const panel of panels) part(`tab-${panel}`).addEventListener('click', () => choose({ panel }))
moveByArrows(part('files'))
moveByArrows(part('panels'))
addEventListener('hashchange', () => {
  const given = choiceOf(location.hash, [...texts.keys()])
  if (hashOf(given) !== hashOf(choice)) take(given)
})
addEventListener('unhandledrejection', ({ reason }) => {
  part('status').textContent = `This page has a bug: ${reason instanceof Error ? reason.message : String(reason)}`
  part('status').className = 'error'
})
if (choice.preset) void ask('choosePreset', choice.preset)
show()
void countAll()
