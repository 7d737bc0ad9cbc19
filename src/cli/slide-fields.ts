import { InvalidArgumentError, type Command } from 'commander'
import type { FieldSettings } from '../runtime/data/slide-part.ts'
import { count, positive, share, UsageError } from './common.ts'

/** Which parts of slides are taken. */
export interface FieldFlags {
  readonly side?: number
  readonly fields?: number
  readonly level?: number
  readonly lowLevel?: number
  readonly tissue?: number
}

type Usual = Pick<FieldSettings, 'side' | 'most'>

/** `--side`, `--fields`, `--level`, `--low-level`, `--tissue`: of slides alone. */
export const fieldOptions = (command: Command, { side, most }: Usual): Command =>
  command
    .option('--fields <n>', `slides: at most so many fields of each; ${most} without it`, positive)
    .option('--side <n>', `slides: side of the fields in pixels of the level; ${side} without it`, positive)
    .option('--level <n>', 'slides: the level that fields are taken of; 0, the full size, without it', count)
    .option('--low-level <n>', 'slides: low-resolution pictures from this coarser level, whose scale it is', coarser)
    .option('--tissue <share>', 'slides: the least share of tissue in a field; 0.5 without it', share)

export const fieldSettings = (
  { side, fields, level, lowLevel, tissue }: FieldFlags,
  seed: number,
  usual: Usual,
): FieldSettings => ({
  side: side ?? usual.side,
  most: fields ?? usual.most,
  level: level ?? 0,
  ...(lowLevel !== undefined && { lowLevel }),
  tissue: tissue ?? 0.5,
  seed,
})

/** @throws UsageError where something was said of slides, and there are none. */
export function requireSlides({ side, fields, level, lowLevel, tissue }: FieldFlags): void {
  const said = Object.entries({ fields, side, level, 'low-level': lowLevel, tissue }).find(([, value]) => value !== undefined)
  if (said)
    throw new UsageError(`--${said[0]} is of slides, of which there are none here`, 'leave it out, or name slides with --data')
}

function coarser(value: string): number {
  const level = count(value)
  if (level === 0) throw new InvalidArgumentError('Level 0 is the full size: a coarser one has a larger number.')
  return level
}
