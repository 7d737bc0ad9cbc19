import { diagnostic } from '../../diagnostics/catalogue.ts'
import type { Diagnostic, Span } from '../../diagnostics/diagnostic.ts'
import { compare, format, type Size } from '../../shapes/size.ts'

/** Axes of a pattern that have the name of a size of the module and another length. Asked while shapes are proved: later the names are gone. */
export const shadowedDims = (axes: ReadonlyMap<string, Size>, sizes: ReadonlyMap<string, Size>, pattern: Span): Diagnostic[] =>
  [...axes].flatMap(([name, size]) => {
    const bound = sizes.get(name)
    return bound && compare(bound, size) !== 'equal'
      ? [diagnostic('shadowed-dim', { name, size: format(bound), here: format(size) }, pattern)]
      : []
  })
