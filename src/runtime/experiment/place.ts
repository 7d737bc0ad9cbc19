import { isAlias, isMap, isNode, isScalar, isSeq, type Document, type LineCounter, type Node } from 'yaml'

/** Line and column, both from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** Where a value of a file stands by its path, or its key; where there is none, what would hold it. */
export type PlaceOf = (at: readonly (string | number)[], which?: 'value' | 'key') => Place

/** Finds places in a YAML document. */
export function placesIn(document: Document, lines: LineCounter): PlaceOf {
  const placed = (node: Node | null): Place => {
    const { line, col } = lines.linePos(node?.range?.[0] ?? 0)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  return (at, which = 'value') => {
    let node: Node | null = document.contents as Node | null
    for (const [depth, part] of at.entries()) {
      if (isAlias(node)) node = node.resolve(document) ?? null
      if (isSeq(node)) {
        const item = node.items[Number(part)]
        if (!isNode(item)) return placed(node)
        node = item
      } else if (isMap(node)) {
        const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part))
        if (!pair) return placed(node)
        const isLast = depth === at.length - 1
        if ((isLast && which === 'key') || !isNode(pair.value)) return placed(pair.key as Node)
        node = pair.value
      } else return placed(node)
    }
    return placed(node)
  }
}
