import { InvalidArgumentError, Option, type Command } from 'commander'
import type { Scope } from '../../compiler/plan.ts'
import type { FieldOptions } from '../../runtime/figures/field.ts'
import type { Region } from '../../runtime/figures/grid.ts'
import { count, type CommonFlags } from '../common.ts'
import { scopeOption } from '../scope.ts'

export interface PictureFlags extends Pick<CommonFlags, 'engine'>, FieldOptions {
  readonly out: string
  readonly scope?: Scope
}

export interface RunsFlags extends PictureFlags {
  readonly runs?: string[]
  readonly block?: string
  readonly state?: string
}

/** Where a figure goes. */
export const outFlag = (command: Command): Command =>
  command.requiredOption('-o, --out <file>', 'where it goes: .png, .svg and .json are put behind the name')

/** What is shown of a picture, and in which units. */
export const fieldFlags = (command: Command): Command =>
  command
    .option(
      '--at <x,y,size>',
      'what is shown, in pixels of the picture, or of the level of a slide (or x,y,width,height); its middle without it, of a slide where most tissue is',
      region,
    )
    .option('--level <n>', 'slides: the level that is shown; 0, the full size, without it', count)
    .option('--mpp <micrometres>', 'micrometres a pixel, for the scale bar; by the file’s resolution without it', micrometres)

/** How networks compute what is shown. */
export const networkFlags = (command: Command): Command =>
  outFlag(command)
    .option('--scope <scope>', 'what best_match may choose from: full, lattice(n), raster(n), tile(n)', scopeOption)
    .addOption(new Option('--engine <name>', 'force an engine').choices(['tensorflow', 'wasm', 'cpu']))

/** Several networks on one field. */
export const runsFlags = (command: Command): Command =>
  networkFlags(
    fieldFlags(command)
      .option(
        '--run, --runs <run...>',
        'run folders, network files or models that learn nothing, each as RUN, NAME=RUN or, for one scale only, NAME@SCALE=RUN, or the results of an experiment; the carried weights that upscale takes without it',
      )
      .option('--block <name>', 'of the results of an experiment the systems of this block')
      .option(
        '--state <folder>',
        'where the trainings of an experiment are whose results keep no weights; experiments in archc’s cache folder without it',
      )
      .option('--field <x,y,size>', 'what the networks see; 768 x 768 pixels around what is shown without it', region),
  )

/** A part of what is shown, larger. */
export const insetFlag = (command: Command): Command =>
  command.option('--inset <x,y,size>', 'a part of it that is shown larger in a corner', region)

/** Reads `400,300,128` and `400,300,128,96`. */
function region(value: string): Region {
  const numbers = value.split(',').map((part) => (/^\s*\d+\s*$/.test(part) ? Number(part) : NaN))
  const [x, y, width, height = width] = numbers
  if ((numbers.length !== 3 && numbers.length !== 4) || numbers.some(Number.isNaN) || width! < 1 || height! < 1)
    throw new InvalidArgumentError('It takes whole numbers: x,y,size or x,y,width,height.')
  return { x: x!, y: y!, width: width!, height: height! }
}

/** A number of at least 0. */
export function number(value: string): number {
  const read = value.trim() === '' ? NaN : Number(value)
  if (!(read >= 0 && Number.isFinite(read))) throw new InvalidArgumentError('It takes a number of at least 0.')
  return read
}

function micrometres(value: string): number {
  const read = number(value)
  if (read === 0) throw new InvalidArgumentError('It takes a number above 0.')
  return read
}
