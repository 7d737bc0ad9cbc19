import { reachable, type KernelAttribute, type Value } from './value.ts'

const attribute = (given: KernelAttribute): string => {
  switch (given.kind) {
    case 'type':
      return given.type
    case 'bool':
      return String(given.bool)
    case 'real':
      return String(given.real)
    case 'ints':
      return `[${given.ints.join(', ')}]`
    case 'text':
      return given.text
  }
}

/** Numbers of a constant, as many as a line can have. */
const numbers = (data: ArrayLike<number>): string =>
  data.length > 8 ? `${data.length} numbers` : Array.from(data, (value) => String(value)).join(', ')

/** The stable text form of a kernel graph: one line a value. Equal graphs have equal texts. */
export function printKernels(roots: Readonly<Record<string, Value>>): string {
  const names = new Map<Value, string>()
  const lines = reachable(Object.values(roots)).map((value) => {
    const name = `%${names.size}`
    names.set(value, name)
    const inside = [
      ...value.inputs.map((input) => names.get(input)!),
      ...(value.name === undefined ? [] : [`@${value.name}`]),
      ...(value.data ? [numbers(value.data)] : []),
      ...Object.entries(value.attributes).map(([key, given]) => `${key}: ${attribute(given)}`),
      ...(value.after ? [`after ${names.get(value.after)!}`] : []),
    ]
    return `${name}: ${value.dtype}[${value.shape.join(', ')}] = ${value.kernel}(${inside.join(', ')})`
  })
  return [...lines, ...Object.entries(roots).map(([key, value]) => `output ${key}: ${names.get(value)!}`), ''].join('\n')
}
