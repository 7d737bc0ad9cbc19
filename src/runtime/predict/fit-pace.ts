import { units, usualPace, type Pace, type Unit, type Work } from './work.ts'

/** Work that was done, and how long it took. */
export interface Measured {
  readonly work: Work
  readonly seconds: number
}

/** How much the usual pace counts where measurements say little of a unit; each of them counts one. */
const prior = 0.01
const rounds = 2000

/**
 * The pace, no unit below nothing, with the smallest sum of squared relative errors; what measurements do not tell apart
 * stays in the proportion of the usual pace. By coordinates in turn, each at its best where the others are.
 */
export function fitPace(measured: readonly Measured[]): Pace {
  const rows = measured.map(({ work, seconds }) => units.map((unit) => (work[unit] * usualPace[unit]) / seconds))
  const ratios = rows.map((row) => 1 / row.reduce((total, share) => total + share, 0)).sort((a, b) => a - b)
  const usual = ratios[Math.floor(ratios.length / 2)] ?? 1
  const times = units.map(() => usual)
  const errors = rows.map((row) => 1 - usual * row.reduce((total, share) => total + share, 0))
  for (let round = 0; round < rounds; round += 1)
    units.forEach((_, unit) => {
      const slope = rows.reduce((total, row, at) => total + row[unit]! * errors[at]!, prior * (usual - times[unit]!))
      const curve = rows.reduce((total, row) => total + row[unit]! ** 2, prior)
      const step = Math.max(-times[unit]!, slope / curve)
      times[unit]! += step
      rows.forEach((row, at) => (errors[at]! -= row[unit]! * step))
    })
  return Object.fromEntries(units.map((unit, at) => [unit, usualPace[unit] * times[at]!])) as Record<Unit, number>
}
