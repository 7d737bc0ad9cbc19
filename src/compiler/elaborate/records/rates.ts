import { fail, listed } from '../../diagnostics/catalogue.ts'
import type { Span } from '../../diagnostics/diagnostic.ts'
import { nearest } from '../../diagnostics/suggest.ts'
import { beginnings, type Weight } from '../../ir/graph.ts'
import type { Objective } from '../../plan.ts'
import type { Expression } from '../../syntax/tree.ts'
import { isInteger } from '../values/values.ts'
import type { FieldReader } from './reader.ts'

/** The share of the learning rate for the weights below a path: 0 where they are frozen. */
export interface Share {
  readonly path: string
  readonly share: number
  readonly span: Span
}

/** `freeze: [encoder]` and `rate: [0.1 * lfi.query]`, in the order of the text. */
export function readShares(reader: FieldReader): Share[] {
  const shares = [
    ...reader.items('freeze').map((item): Share => ({ path: pathOf(reader, item, 'freeze'), share: 0, span: item.span })),
    ...reader.items('rate').map((item) => readShare(reader, item)),
  ]
  shares.forEach(({ path, span }, at) => {
    const twice = shares.findIndex((other) => other.path === path) < at
    if (twice) fail('duplicate-name', { name: path, what: 'in freeze or rate' }, span)
  })
  return shares
}

function readShare(reader: FieldReader, item: Expression): Share {
  if (item.kind !== 'binary' || item.operator !== '*')
    return fail(
      'attribute-value',
      { name: 'rate', accepted: 'shares of the learning rate, as in [0.1 * encoder]', given: reader.textOf(item) },
      item.span,
    )
  const isBehind = item.right.kind === 'number' && item.left.kind !== 'number'
  const [number, path] = isBehind ? [item.right, item.left] : [item.left, item.right]
  const share = reader.number(number, 'rate')
  if (!(share > 0))
    fail('out-of-range', { name: 'rate', range: 'above 0', given: String(share) }, number.span, {
      help: 'freeze: [..] leaves weights as they are',
    })
  return { path: pathOf(reader, path, 'rate'), share, span: item.span }
}

/** `lfi.query`, `encoder.body[0]`. */
function pathOf(reader: FieldReader, expression: Expression, field: string): string {
  if (expression.kind === 'name') return expression.name
  if (expression.kind === 'member') return `${pathOf(reader, expression.object, field)}.${expression.member.text}`
  if (expression.kind === 'slice') {
    const [entry, second] = expression.entries
    const at = entry?.kind === 'at' && !second ? reader.static(entry.at) : undefined
    if (at && isInteger(at)) return `${pathOf(reader, expression.of, field)}[${at.value}]`
  }
  return fail(
    'attribute-value',
    { name: field, accepted: 'of weight paths, such as encoder.body[0]', given: reader.textOf(expression) },
    expression.span,
  )
}

/** Says to every objective at which share of its rate its weights move, where that is not the whole. */
export function withShares(objectives: readonly Objective[], model: string, shares: readonly Share[]): readonly Objective[] {
  if (shares.length === 0) return objectives
  const paths = objectives.flatMap(({ graph }) => graph.weights.map((weight) => weight.path))
  const known = new Set(paths.flatMap(beginnings))
  for (const { path, span } of shares)
    if (!known.has(path)) {
      const near = nearest(path, known)
      fail('unknown-path', { owner: model, kind: 'weights under', name: path, near }, span, {
        label: near.length > 0 ? `did you mean ${near.join(' or ')}?` : '',
        notes: [`weights of ${model}: ${listed([...new Set(paths.map((each) => beginnings(each)[0]!))].sort())}`],
      })
    }
  const byPath = new Map(shares.map(({ path, share }) => [path, share]))
  const moved = objectives.map((objective) => ({
    ...objective,
    graph: {
      ...objective.graph,
      weights: objective.graph.weights.map((weight): Weight => {
        const nearestAbove = beginnings(weight.path).findLast((beginning) => byPath.has(beginning))
        return nearestAbove === undefined ? weight : { ...weight, rate: byPath.get(nearestAbove)! }
      }),
    },
  }))
  for (const { graph, group } of moved) {
    const own = graph.weights.filter((weight) => weight.trainable && weight.group === group)
    if (own.length > 0 && own.every(({ rate }) => rate === 0))
      fail('all-frozen', { record: group === undefined ? 'train' : `train.${group}`, count: own.length }, shares[0]!.span)
  }
  return moved
}
