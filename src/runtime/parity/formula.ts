import type { Tensor } from '../files/safetensors.ts'

/** FNV-1a over the UTF-8 bytes, 32 bit. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) value = Math.imul(value ^ byte, 0x01000193)
  return value >>> 0
}

/** By rule, from a uniform number in [0, 1) and the tensor's shape to the weight. */
function valueOf(rule: string, shape: readonly number[]): (u: number) => number {
  const fan = Math.sqrt(3 / shape.slice(1).reduce((product, size) => product * size, 1))
  switch (rule) {
    case 'fan':
      return (u) => (2 * u - 1) * fan
    case 'tenth':
      return (u) => 0.1 * (2 * u - 1) * fan
    case 'shift':
      return (u) => 0.1 * (2 * u - 1)
    case 'gain':
      return (u) => 1 + 0.2 * (2 * u - 1)
    case 'slope':
      return (u) => 0.25 + 0.1 * (2 * u - 1)
    case 'table':
      return (u) => 0.5 * (2 * u - 1)
    case 'running_var':
      return (u) => 0.75 + 0.5 * u
    default:
      throw new Error(`no rule is called ${rule}`)
  }
}

/**
 * The tensor that a name stands for: a function of salt, name, shape and rule alone, so that whole networks are checked
 * without a file of weights. In double precision, then rounded to float32.
 */
export function tensorByFormula(salt: string, name: string, shape: readonly number[], rule: string): Tensor {
  const start = hash(salt + name)
  const value = valueOf(rule, shape)
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1))
  for (let i = 0; i < data.length; i += 1) {
    let x = (start + Math.imul(i, 0x9e3779b1)) >>> 0
    x ^= x >>> 16
    x = Math.imul(x, 0x85ebca6b)
    x ^= x >>> 13
    x = Math.imul(x, 0xc2b2ae35)
    x ^= x >>> 16
    data[i] = value((x >>> 0) / 2 ** 32)
  }
  return { shape, dtype: 'F32', data }
}
