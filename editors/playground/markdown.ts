import { element } from './dom.ts'

/** What hovers are written in: paragraphs, lists, code in fences and between backticks, and bold words. */
export function rendered(text: string): HTMLElement {
  const page = element('div', { class: 'said' })
  for (const [at, stretch] of text.split('```').entries()) {
    if (at % 2 === 1) {
      page.append(element('pre', {}, stretch.replace(/^\w*\n/, '').trimEnd()))
      continue
    }
    for (const block of stretch.split(/\n{2,}/).filter((each) => each.trim() !== '')) {
      const lines = block.trim().split('\n')
      if (lines.every((line) => line.startsWith('- ')))
        page.append(element('ul', {}, ...lines.map((line) => element('li', {}, ...inline(line.slice(2))))))
      else page.append(element('p', {}, ...inline(lines.join(' '))))
    }
  }
  return page
}

const inline = (text: string): (Node | string)[] =>
  text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((word) => {
    if (word.startsWith('`')) return element('code', {}, word.slice(1, -1))
    return word.startsWith('**') ? element('b', {}, word.slice(2, -2)) : word
  })
