/** 0 and 255 become the ends of the range. */
export function normalised(data: Uint8Array, [from, to]: readonly [number, number]): Float32Array {
  const values = new Float32Array(data.length)
  for (let at = 0; at < data.length; at += 1) values[at] = (data[at]! / 255) * (to - from) + from
  return values
}
