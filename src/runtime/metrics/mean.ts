/** The mean of those that are finite; of all where none is, which is then not finite itself. */
export const finiteMean = (values: readonly number[]): number => meanAt(values, finitePlaces([values]))

/** The mean of those at some places. */
export const meanAt = (values: readonly number[], places: readonly number[]): number =>
  places.reduce((sum, at) => sum + values[at]!, 0) / places.length

/** Of several lists, side by side, the places at which all are finite; all places where there is none. */
export function finitePlaces(lists: readonly (readonly number[])[]): number[] {
  const places = (lists[0] ?? []).map((_, at) => at)
  const finite = places.filter((at) => lists.every((list) => Number.isFinite(list[at])))
  return finite.length > 0 ? finite : places
}

/** Decibels as a table has them. */
export const decibels = (value: number): string => (value === Infinity ? 'exact' : value.toFixed(2))

/** A difference of decibels; of two that are exact there is none. */
export const decibelGain = (value: number): string =>
  Number.isNaN(value)
    ? 'none'
    : Math.abs(value) === Infinity
      ? value > 0
        ? 'exact'
        : 'Bicubic is exact'
      : `${value >= 0 ? '+' : ''}${value.toFixed(2)}`
