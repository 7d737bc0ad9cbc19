/** Bytes per element of each type that archc reads. */
export const bytesPerElement = { F64: 8, I64: 8, F32: 4, I32: 4, F16: 2, BF16: 2, U8: 1 } as const

type Readable = keyof typeof bytesPerElement

export const readableTypes = Object.keys(bytesPerElement)

export function isReadable(dtype: string): dtype is Readable {
  return Object.hasOwn(bytesPerElement, dtype)
}

type Decoded =
  | { readonly dtype: 'F32'; readonly data: Float32Array }
  | { readonly dtype: 'I32'; readonly data: Int32Array }
  | { readonly dtype: 'U8'; readonly data: Uint8Array }

/** IEEE 754 half precision to a number: 1 sign, 5 exponent, 10 fraction bits. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >>> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** Numbers to IEEE 754 half precision, to the nearest, ties to even; what is too large becomes infinite. */
export function toHalf(data: Float32Array): Uint16Array {
  return Uint16Array.from(data, (value) => {
    const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0
    const size = Math.abs(value)
    if (Number.isNaN(size)) return 0x7e00
    if (size >= 65520) return sign | 0x7c00
    const exponent = Math.max(-14, Math.floor(Math.log2(size)))
    const scaled = size / 2 ** (exponent - 10)
    const nearest = Math.round(scaled)
    const even = nearest - scaled === 0.5 && nearest % 2 === 1 ? nearest - 1 : nearest
    // Below 1024 are the subnormal numbers; a carry goes into the exponent, where it belongs.
    return sign | (even < 1024 ? even : ((exponent + 15) << 10) + even - 1024)
  })
}

/**
 * Raw little-endian bytes of type `dtype` (at offset 0 of their buffer, a whole number of elements) as the type that archc computes with.
 * `unfit` is the first 64-bit integer that is outside 32 bits.
 */
export function decode(dtype: Readable, bytes: Uint8Array<ArrayBuffer>): Decoded | { readonly unfit: bigint } {
  const { buffer } = bytes
  switch (dtype) {
    case 'F32':
      return { dtype: 'F32', data: new Float32Array(buffer) }
    case 'F64':
      return { dtype: 'F32', data: Float32Array.from(new Float64Array(buffer)) }
    case 'F16':
      return { dtype: 'F32', data: Float32Array.from(new Uint16Array(buffer), half) }
    case 'BF16': {
      // The upper half of a 32-bit float.
      const data = Uint32Array.from(new Uint16Array(buffer), (bits) => bits << 16)
      return { dtype: 'F32', data: new Float32Array(data.buffer) }
    }
    case 'I32':
      return { dtype: 'I32', data: new Int32Array(buffer) }
    case 'I64': {
      const wide = new BigInt64Array(buffer)
      const unfit = wide.find((value) => BigInt.asIntN(32, value) !== value)
      return unfit === undefined ? { dtype: 'I32', data: Int32Array.from(wide, Number) } : { unfit }
    }
    case 'U8':
      return { dtype: 'U8', data: bytes }
  }
}
