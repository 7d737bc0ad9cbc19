/** Several measurements of one thing, in the unit they were taken in. */
export interface Sample {
  readonly minimum: number
  readonly median: number
  readonly count: number
}

/** The least and the middle value; of an even number of values the mean of the two in the middle. */
export function summarise(values: readonly number[]): Sample {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  const median = (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2
  return { minimum: sorted[0]!, median, count: sorted.length }
}
