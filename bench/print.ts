import type { Sample } from './sample.ts'

export const print = (line: string): void => void process.stdout.write(`${line}\n`)
export const milliseconds = (value: number): string => `${value.toFixed(value < 100 ? 1 : 0)} ms`
/** A line of a table: what it is about, then its cells. */
export const row = ([about, ...cells]: readonly string[]): string =>
  `${about!.padEnd(rowStart)}${cells.map((cell) => cell.padStart(12)).join('')}`
export const both = ({ minimum, median }: Sample): string[] => [milliseconds(minimum), milliseconds(median)]

const rowStart = 56
