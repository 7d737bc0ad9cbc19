import { Choice, Diagram, NonTerminal, OneOrMore, Optional, Sequence, Terminal, type Part as Drawn } from 'railroad-diagrams'
import type { Part } from './grammar-page.ts'

/** Solid boxes with white text and grey lines: they are read as well on a dark page as on a light one. */
const style = 'path{fill:none;stroke:#888;stroke-width:2}rect{fill:#2563a8}rect[rx]{fill:#2d7a3e}text{fill:#fff;font:bold 13px monospace;text-anchor:middle}' // prettier-ignore

/** A rule of the grammar as a railroad diagram: words of the language round and green, rules square and blue. */
export function railroad(part: Part): string {
  const diagram = Diagram(...(part.kind === 'sequence' ? part.parts.map(draw) : [draw(part)]))
  diagram.attrs['xmlns'] = 'http://www.w3.org/2000/svg'
  const text = diagram.format(4).toString()
  return text.replace('>', `><style>${style}</style>`).replace(/\n+/g, '\n')
}

function draw(part: Part): Drawn {
  switch (part.kind) {
    case 'literal':
      return Terminal(part.text)
    case 'token':
      return Terminal(part.name)
    case 'rule':
      return NonTerminal(part.name)
    case 'sequence':
      return Sequence(...part.parts.map(draw))
    case 'choice':
      return Choice(0, ...part.parts.map(draw))
    case 'optional':
      return Optional(draw(part.part))
    case 'many': {
      const list = OneOrMore(draw(part.part), part.between && draw(part.between))
      return part.atLeast === 0 ? Optional(list) : list
    }
  }
}
