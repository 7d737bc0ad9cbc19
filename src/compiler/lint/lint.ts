import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import type { FileUnit } from '../names/program.ts'
import type { CompiledModel } from '../plan.ts'
import { axisCoupled } from './axis-coupled.ts'
import { deadSlots } from './dead-slot.ts'
import { largeIntermediates } from './large-intermediate.ts'
import { normsOfOne } from './norm-of-one.ts'
import { unmoved } from './no-gradient.ts'
import { unused } from './unused.ts'
import { unusedParameters } from './unused-parameter.ts'

/** Warnings about one file's own text; `units` are all files that are looked at. */
export const lintText = (unit: FileUnit, units: readonly FileUnit[]): Diagnostic[] => [
  ...unused(unit, units),
  ...unusedParameters(unit, units),
  ...deadSlots(unit),
]

/** Warnings about what a compiled model would do, in training at its sizes. */
export const lintModel = (model: CompiledModel): Diagnostic[] => [
  ...(model.train?.objectives ?? []).flatMap((objective) => [
    ...largeIntermediates(objective.graph, model.train!.sizes),
    ...unmoved(objective),
    ...normsOfOne(objective.graph, model.train!.sizes),
  ]),
  ...axisCoupled(model),
]
