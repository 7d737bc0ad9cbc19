import type { Rehearsal, Rehearsed } from '../network/rehearsal.ts'
import { partOf } from './places.ts'
import type { PredictOptions } from './predict.ts'
import type { Call, Step } from './schedule.ts'

/** What takes time. */
export const units = [
  /** A node of a graph that is computed layer by layer. */
  'layer',
  /** A graph that is made into one of TensorFlow and loaded, and each node of it. */
  'graph',
  'graphNode',
  /** A node of a loaded graph. */
  'node',
  'multiplyAdd',
  /** A byte that is written on the way. */
  'byte',
  /** A byte of memory that was not used before, as layers take it for every value and a graph in its first call. */
  'firstByte',
  /** A position of the result that is asked for and put in its place. */
  'position',
  /** A value that is rounded, packed and written to a file. */
  'sample',
] as const
export type Unit = (typeof units)[number]
export type Work = Readonly<Record<Unit, number>>
/** Seconds that a machine takes for one of each. */
export type Pace = Readonly<Record<Unit, number>>

export const noWork: Work = Object.fromEntries(units.map((unit) => [unit, 0])) as Record<Unit, number>

/** Two cores of 2023: the shares of a progress go by these where nothing was measured. */
export const usualPace: Pace = {
  layer: 5e-4,
  graph: 0.08,
  graphNode: 1.5e-3,
  node: 3e-5,
  multiplyAdd: 1.1e-11,
  byte: 5e-11,
  firstByte: 1e-10,
  position: 1.5e-6,
  sample: 1e-7,
}

export const secondsOf = (work: Work, pace: Pace): number => units.reduce((total, unit) => total + work[unit] * pace[unit], 0)

/** What a step takes, and the calls of graphs in it. */
export function workOf(
  step: Step,
  rehearsal: Rehearsal,
  options: PredictOptions,
): { readonly work: Work; readonly calls: readonly Rehearsed[] } {
  switch (step.do) {
    case 'encode':
    case 'match':
    case 'picture':
      return called([step.call], 0, rehearsal)
    case 'keys':
      return called([step.call], step.asked.to - step.asked.from, rehearsal)
    case 'decode':
      return called([...(step.match ? [step.match] : []), step.call], step.asked.to - step.asked.from, rehearsal)
    case 'paint':
      return { work: { ...noWork, multiplyAdd: step.multiplyAdds, byte: 2 * step.bytes }, calls: [] }
    case 'join':
      return { work: { ...noWork, byte: 2 * step.kept.bytes }, calls: [] }
    case 'rows': {
      const { left, right } = partOf(options)
      return { work: { ...noWork, sample: options.writes ? 3 * (right - left) * (step.to - step.from) : 0 }, calls: [] }
    }
    case 'project':
    case 'read':
    case 'forget':
      return { work: noWork, calls: [] }
  }
}

function called(list: readonly Call[], position: number, rehearsal: Rehearsal) {
  const calls = list.map(({ graph, sizes }) => rehearsal.call(graph, sizes))
  return { work: calls.reduce((total, call) => plus(total, callWork(call)), { ...noWork, position }), calls }
}

const callWork = ({ way, nodes, cost }: Rehearsed): Work => ({
  ...noWork,
  layer: way === 'layers' ? nodes : 0,
  graph: way === 'loading' ? 1 : 0,
  graphNode: way === 'loading' ? nodes : 0,
  node: way === 'layers' ? 0 : nodes,
  multiplyAdd: cost.multiplyAdds,
  byte: cost.movedBytes,
  firstByte: { layers: cost.movedBytes, loading: cost.peakBytes, loaded: 0 }[way],
})

export const plus = (a: Work, b: Work): Work =>
  Object.fromEntries(units.map((unit) => [unit, a[unit] + b[unit]])) as Record<Unit, number>
