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
