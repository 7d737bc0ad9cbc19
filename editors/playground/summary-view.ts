import { element } from './dom.ts'
import type { Summarised } from './services.ts'

/** What `archc compile` prints of a network. */
export function summaryView({ title, summary }: Summarised): HTMLElement {
  const { preset, parameters, apart, multiplyAdds, peakBytes, activationBytes, sizes, inputs, outputs, checks } = summary
  const used = Object.entries(sizes).filter(([name]) =>
    [...inputs, ...outputs].some(({ shape }) => new RegExp(`\\b${name}\\b`).test(shape)),
  )
  const facts: readonly (readonly [string, string, string?])[] = [
    ['parameters', number(parameters)],
    ...Object.entries(apart).map(([slot, count]) => [`of ${slot}`, number(count), 'trained by its own record'] as const),
    ['multiply-adds', number(multiplyAdds), `one forward pass at ${used.map(([name, size]) => `${name} = ${size}`).join(', ')}`],
    ['memory', gib(peakBytes), 'at the peak of that pass'],
    ['activations', gib(activationBytes), 'of that pass in all'],
  ]
  return element(
    'div',
    { class: 'summary' },
    element('h2', {}, title),
    element('p', { class: 'quiet' }, `preset ${preset}`),
    element(
      'dl',
      {},
      ...facts.map(([name, value, about]) =>
        element(
          'div',
          {},
          element('dt', {}, name),
          element('dd', {}, element('b', {}, value), ...(about ? [element('small', {}, about)] : [])),
        ),
      ),
    ),
    ...tensors('inputs', inputs),
    ...tensors('outputs', outputs),
    ...(checks.length > 0
      ? [element('h3', {}, 'every picture'), element('ul', {}, ...checks.map((check) => element('li', {}, check)))]
      : []),
  )
}

const tensors = (title: string, list: Summarised['summary']['inputs']): HTMLElement[] => [
  element('h3', {}, title),
  element(
    'table',
    {},
    element(
      'tbody',
      {},
      ...list.map(({ name, shape, role }) =>
        element(
          'tr',
          {},
          element('th', {}, name),
          element('td', {}, element('code', {}, shape)),
          element('td', { class: 'quiet' }, role),
        ),
      ),
    ),
  ),
]

const number = (value: number): string => value.toLocaleString('en')
const gib = (bytes: number): string =>
  bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(2)} GiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`
