import type { Fix, Span } from '../../diagnostics/diagnostic.ts'
import { habitIn, positions } from '../../diagnostics/habits.ts'
import type { FileUnit } from '../../names/program.ts'
import type { Op } from '../../ops/op.ts'
import type { Argument, Call } from '../../syntax/tree.ts'
import type { Value } from '../values/values.ts'

/**
 * A call whose values stand by position, or under PyTorch's names, as it is written here: `Conv2d(3, 64, 3, padding: 1)` is
 * `conv(out: 64, kernel: 3, pad: 1)`. Undefined where it cannot be said.
 */
export function withNames(
  op: Op,
  call: Call,
  valueOf: (argument: Argument) => Value | undefined,
  { source }: FileUnit,
): { readonly written: string; readonly fix: Fix } | undefined {
  if (call.span.file !== source.file) return undefined
  const accepted = Object.keys(op.attributes)
  const isTensors = (value: Value | undefined): boolean =>
    value?.kind === 'list' && value.items.every(({ kind }) => kind === 'tensor')
  const values = call.arguments.filter((argument) => {
    const value = argument.name ? undefined : valueOf(argument)
    return value && isPlain(value) && !isTensors(value)
  })
  const order = (positions[op.name] ?? [accepted]).find((names) => names.length >= values.length)
  if (!order) return undefined
  const textOf = ({ start, end }: Span): string => source.text.slice(start, end)
  const taken = new Set<string>()
  const items: string[] = []
  for (const argument of call.arguments) {
    const given = argument.name?.text
    if (given === undefined && !values.includes(argument)) {
      const text = textOf(argument.span)
      items.push(isTensors(valueOf(argument)) && text.startsWith('[') ? text.slice(1, -1) : text)
      continue
    }
    const known = given === undefined || op.pattern || accepted.includes(given)
    const habit = known ? undefined : habitIn('unknown-attribute', `${op.name}.${given}`, accepted)
    if (!known && !habit) return undefined
    const name = habit ? (habit.near[0] ?? '') : (given ?? order[values.indexOf(argument)]!)
    if (taken.has(name)) return undefined
    if (name === '') continue
    taken.add(name)
    const word = argument.value.kind === 'name' ? habitIn('unknown-name', argument.value.name)?.near[0] : undefined
    items.push(`${name}: ${word ?? textOf(argument.value.span)}`)
  }
  const written = items.length > 0 ? `${op.name}(${items.join(', ')})` : op.name
  return { written, fix: { title: `write ${written}`, edits: [{ span: call.span, text: written }] } }
}

/** What stands under a name where an op takes it. */
export const isPlain = ({ kind }: Value): boolean => kind === 'number' || kind === 'size' || kind === 'boolean' || kind === 'list'
