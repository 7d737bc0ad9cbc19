import type { PerItem } from './plan.ts'

/** The functions of per-item expressions, draws apart. */
export function computePerItem(name: string, values: readonly number[]): number {
  const [a = 0, b = 0] = values
  switch (name) {
    case 'add':
      return a + b
    case 'subtract':
      return a - b
    case 'multiply':
      return a * b
    case 'divide':
      return a / b
    case 'remainder':
      return a - b * Math.floor(a / b)
    case 'negate':
      return -a
    case 'min':
      return Math.min(a, b)
    case 'max':
      return Math.max(a, b)
    case 'pow':
      return a ** b
    case 'sqrt':
    case 'log2':
    case 'exp':
    case 'sin':
    case 'cos':
    case 'floor':
    case 'ceil':
    case 'round':
    case 'abs':
      return Math[name](a)
    default:
      throw new Error(`no per-item function ${name}`)
  }
}

/**
 * Between which numbers a per-item expression can come out; undefined where that is not told by its ends. The ends of `m`
 * and `epoch` are given.
 */
export function rangeOf(
  expression: PerItem,
  ends: Readonly<Record<string, readonly [number, number]>>,
): readonly [number, number] | undefined {
  const hull = (parts: readonly (readonly [number, number] | undefined)[]): readonly [number, number] | undefined =>
    parts.some((part) => part === undefined) || parts.length === 0
      ? undefined
      : [Math.min(...parts.map((part) => part![0])), Math.max(...parts.map((part) => part![1]))]
  switch (expression.kind) {
    case 'number':
      return [expression.value, expression.value]
    case 'variable':
      return ends[expression.name]
    case 'choice':
      return hull(expression.items.map((item) => rangeOf(item, ends)))
    case 'call': {
      const parts = expression.arguments.map((argument) => rangeOf(argument, ends))
      if (expression.name === 'uniform') return hull(parts)
      // These are furthest where what they are made of is: a product too, and a quotient whose divisor keeps its sign.
      const isPlain = ['add', 'subtract', 'negate', 'multiply', 'min', 'max'].includes(expression.name)
      const isQuotient = expression.name === 'divide' && parts[1] !== undefined && parts[1][0] * parts[1][1] > 0
      if ((!isPlain && !isQuotient) || parts.some((part) => part === undefined)) return undefined
      const [a, b] = parts as [readonly [number, number], readonly [number, number] | undefined]
      const values = a.flatMap((x) => (b ?? [0]).map((y) => computePerItem(expression.name, b ? [x, y] : [x])))
      return [Math.min(...values), Math.max(...values)]
    }
  }
}
