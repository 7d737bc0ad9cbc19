/**
 * JSON in which numbers that are not finite keep their meaning: `"infinite"` (the PSNR of a picture that is reproduced exactly) apart from null, which is
 * not measured.
 */
export const jsonText = (value: unknown, space?: number): string =>
  JSON.stringify(
    value,
    (_key, each: unknown) => (each === Infinity ? 'infinite' : each === -Infinity ? '-infinite' : each),
    space,
  )

/** The other way: numbers where `jsonText` wrote words, in fields and in lists of numbers. */
export const parseJson = (text: string): unknown =>
  JSON.parse(text, function (this: unknown, key, each: unknown) {
    if (each !== 'infinite' && each !== '-infinite') return each
    const isText = key === 'name' || key === 'picture' || key === 'path' || (Array.isArray(this) && this.some(isOtherText))
    return isText ? each : each === 'infinite' ? Infinity : -Infinity
  })

const isOtherText = (value: unknown): boolean => typeof value === 'string' && value !== 'infinite' && value !== '-infinite'
