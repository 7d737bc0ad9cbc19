import { diagnostic } from '../../diagnostics/catalogue.ts'
import type { Diagnostic, Span } from '../../diagnostics/diagnostic.ts'
import { asInteger, compare, format, type Size } from '../../shapes/size.ts'

/**
 * Axes of a pattern that have the name of one size of the module and the length of another, as `h` where columns are. Names in patterns
 * are the pattern's own, and heads may be called `h`: of that nothing is said. Asked while shapes are proved: later the names are gone.
 */
export const shadowedDims = (axes: ReadonlyMap<string, Size>, sizes: ReadonlyMap<string, Size>, pattern: Span): Diagnostic[] =>
  [...axes].flatMap(([name, size]) => {
    const bound = sizes.get(name)
    const isOther = [...sizes].some(([other, each]) => other !== name && compare(each, size) === 'equal')
    return bound && compare(bound, size) !== 'equal' && asInteger(size) === undefined && isOther
      ? [diagnostic('shadowed-dim', { name, size: format(bound), here: format(size) }, pattern)]
      : []
  })
