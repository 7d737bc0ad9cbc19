import { InvalidArgumentError, Option } from 'commander'
import { carriedWeights, defaultWeights, type CarriedWeights } from '../runtime/weights/carried.ts'
import { kindOf, meant } from './common.ts'

const names = carriedWeights.map(({ name }) => name)
const list = carriedWeights.map(({ name, about }) => `${name} (${about})`).join(', ')

/** `--weights NAME`, instead of `--run`: weights that archc carries. Completion offers the names. */
export const carriedOption = (): Option =>
  new Option('--weights <name>', `weights that archc carries: ${list}; ${defaultWeights.name} without it`)
    .choices(names)
    .argParser(carried)
    .conflicts('run')

function carried(value: string): CarriedWeights {
  const found = carriedWeights.find(({ name }) => name === value)
  if (found) return found
  throw new InvalidArgumentError(
    kindOf(value)
      ? 'It takes a name; a run folder or a network file is given by --run.'
      : `None that archc carries is called so${meant(value, names) || '.'} There are ${list}.`,
  )
}
