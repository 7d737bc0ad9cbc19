import { Consequence, fail } from '../../diagnostics/catalogue.ts'
import type { EvaluatePlan, PictureOperation, Scale, Scope } from '../../plan.ts'
import { attempt, whole } from '../attempt.ts'
import { isInteger, show } from '../values/values.ts'
import { metrics } from './fields.ts'
import type { FieldReader } from './reader.ts'
import { limits, rangeText } from './scale.ts'

/** What the text of a model says of its evaluation, with the defaults of what it does not say. */
export function readEvaluate(
  reader: FieldReader,
  scale: Scale | undefined,
  degrade: readonly PictureOperation[],
  m?: readonly number[],
): EvaluatePlan {
  const read = <T>(field: () => T): T | undefined => attempt(reader.context.e, field)
  const cellClip = read(() => readCellClip(reader))
  const shave = read(() => (reader.has('shave') ? reader.int('shave', 0) : undefined))
  const plan = whole<EvaluatePlan>({
    m: m ?? read(() => readScales(reader, scale)),
    metrics: read(() => reader.words('metrics', metrics)),
    scope: read(() => readScope(reader)),
    saysScope: reader.has('scope'),
    backProjection: read(() => reader.int('back_projection', 0)),
    tile: read(() => reader.int('tile')),
    degrade,
  })
  return { ...plan, ...(cellClip !== undefined && { cellClip }), ...(shave !== undefined && { shave }) }
}

/** What is measured of a model that says nothing of its evaluation: those of x2, x3 and x4 that it enlarges by. */
export function usualScales(scale: Scale | undefined): readonly number[] {
  const [least, most] = limits(scale)
  const usual = [2, 3, 4].filter((m) => least <= m && m <= most)
  return usual.length > 0 ? usual : [least]
}

/** Where `m` does not stand, the static scale. */
function readScales(reader: FieldReader, scale: Scale | undefined): number[] {
  if (!reader.has('m') && !scale) throw new Consequence()
  if (!reader.has('m') && scale?.kind === 'fixed') return [scale.value]
  const items = reader.items('m')
  const m = items.map((item) => reader.number(item, 'm'))
  reader.once('m', m, items)
  const [least, most] = limits(scale)
  for (const [at, value] of m.entries())
    if (value < least || value > most)
      fail('out-of-range', { name: 'm', range: rangeText(least, most), given: String(value) }, items[at]!.span)
  return m
}

function readScope(reader: FieldReader): Scope {
  const expression = reader.expression('scope')
  if (expression.kind === 'name' && expression.name === 'full') return { kind: 'full' }
  const kinds = ['lattice', 'raster', 'tile'] as const
  if (expression.kind === 'call') {
    const kind = kinds.find((name) => name === expression.callee.text)
    const [count] = expression.arguments
    if (kind && count && expression.arguments.length === 1 && !count.name) {
      const value = reader.static(count.value)
      if (!isInteger(value) || value.value < 1)
        fail('attribute-type', { name: kind, takes: 'a positive int', given: show(value) }, count.span)
      return { kind, count: value.value }
    }
  }
  return fail(
    'attribute-value',
    { name: 'scope', accepted: 'full, lattice(n), raster(n) or tile(n)', given: reader.textOf(expression) },
    expression.span,
  )
}

function readCellClip(reader: FieldReader): number | undefined {
  const clip = reader.expression('cell_clip')
  if (clip.kind === 'name' && clip.name === 'none') return undefined
  const value = reader.number(clip, 'cell_clip')
  if (value < 1)
    fail('attribute-value', { name: 'cell_clip', accepted: 'a scale of at least 1, or none', given: String(value) }, clip.span)
  return value
}
