import type { Changed } from '../../src/compiler/compare.ts'
import { button, element } from './dom.ts'
import type { About, Plan, Texts } from './services.ts'

/** What a variant changes of its base, as `archc diff` says it. `open` opens a file. */
export function planView(plan: Plan, open: (file: string) => void): HTMLElement {
  const { title, base, comparison, removed, added, replaced, set, variants } = plan
  if (comparison.isEqual)
    return element(
      'div',
      { class: 'plan' },
      element('h2', {}, title),
      element('p', {}, 'The network that this page came with. Change the text and its plan stands here, or open a variant:'),
      element('ul', {}, ...variants.map(({ file, title: name }) => element('li', {}, link(name, file, open)))),
    )
  const { weights, reshaped, shapes, records, parameters, multiplyAdds } = comparison
  return element(
    'div',
    { class: 'plan' },
    element('h2', {}, title),
    element('p', { class: 'quiet' }, `held against ${base}`),
    element(
      'table',
      { class: 'counts' },
      element('thead', {}, row('th', '', base, title, '')),
      element('tbody', {}, count('parameters', parameters), count('multiply-adds', multiplyAdds)),
    ),
    ...section('slots replaced', entries(replaced, 'with')),
    ...section('values set', entries(set, '=')),
    ...section(`weights removed (${weights.removed.length})`, removed.map((path) => item('removed', code(path)))),
    ...section(`weights added (${weights.added.length})`, added.map((path) => item('added', code(path)))),
    ...section('weights of another shape', reshaped.map(change)),
    element('h3', {}, `weights kept (${weights.kept.toLocaleString('en')})`),
    ...section('tensors of another shape', shapes.map(change)),
    ...section('training and evaluation', records.map(change)),
    ...others(plan, variants, open),
  ) // prettier-ignore
}

const code = (text: string): HTMLElement => element('code', {}, text)
const item = (kind: string, ...children: (Node | string)[]): HTMLElement => element('li', { class: kind }, ...children)
const link = (text: string, file: string, open: (file: string) => void): HTMLElement =>
  button(text, () => open(file), { class: 'link' })

const entries = (texts: Texts, between: string): HTMLElement[] =>
  Object.entries(texts).map(([name, text]) => item('changed', code(name), ` ${between} `, code(text)))
const change = ({ name, before, after }: Changed): HTMLElement =>
  item('changed', code(name), ': ', code(before), ' becomes ', code(after))

const section = (title: string, items: readonly HTMLElement[]): HTMLElement[] =>
  items.length > 0 ? [element('h3', {}, title), element('ul', {}, ...items)] : []

const row = (tag: 'td' | 'th', ...cells: string[]): HTMLElement =>
  element('tr', {}, ...cells.map((cell, at) => element(at === 0 ? 'th' : tag, {}, cell)))

function count(name: string, [before, after]: readonly [number, number]): HTMLElement {
  const percent = before > 0 ? (100 * (after - before)) / before : 0
  const difference = after === before ? 'the same' : `${percent > 0 ? '+' : ''}${percent.toFixed(1)} %`
  return row('td', name, before.toLocaleString('en'), after.toLocaleString('en'), difference)
}

const others = ({ file }: Plan, variants: readonly About[], open: (file: string) => void): HTMLElement[] =>
  section(
    'other variants',
    variants.filter((other) => other.file !== file).map(({ file: other, title }) => element('li', {}, link(title, other, open))),
  )
