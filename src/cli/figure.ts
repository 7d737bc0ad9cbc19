import { realpathSync } from 'node:fs'
import path from 'node:path'
import { InvalidArgumentError, Option, type Command } from 'commander'
import type { Scope } from '../compiler/plan.ts'
import { UserError } from '../errors.ts'
import { makeFolder } from '../runtime/files/atomic.ts'
import type { Field, FieldOptions } from '../runtime/figures/field.ts'
import type { Region } from '../runtime/figures/grid.ts'
import type { System } from '../runtime/figures/systems.ts'
import type { Figure } from '../runtime/figures/write-figure.ts'
import { carriedFile, defaultWeights } from '../runtime/weights/carried.ts'
import { kindOf, networkSource, positive, print, scale, scales, UsageError, type CommonFlags } from './common.ts'
import { liveLine, type LiveLine } from './live-line.ts'
import { openEngine } from './open-engine.ts'
import { scopeOption } from './scope.ts'

interface PictureFlags extends Pick<CommonFlags, 'engine'>, FieldOptions {
  readonly out: string
  readonly scope?: Scope
}

interface RunsFlags extends PictureFlags {
  readonly runs?: string[]
  readonly block?: string
  readonly state?: string
}

/** Registers `archc figure textures | compare | scales | enlarged | decoders | transfer`. */
export function figureCommand(program: Command): void {
  const figure = program
    .command('figure')
    .description('figures for a paper: OUT.png and OUT.svg, with their numbers in OUT.json')
    .addHelpText(
      'after',
      `
Examples:
  archc figure compare field.png --runs runs/iste runs/liif --scales 4,8 --at 400,300,128 -o figure3
  archc figure textures photos/*.png --tissue fields/*.png -o figure1d`,
    )
  texturesCommand(figure)
  compareCommand(figure)
  scalesCommand(figure)
  enlargedCommand(figure)
  decodersCommand(figure)
  transferCommand(figure)
}

const outFlag = (command: Command): Command =>
  command.requiredOption('-o, --out <file>', 'where it goes: .png, .svg and .json are put behind the name')

/** What is shown of a picture, and in which units. */
const fieldFlags = (command: Command): Command =>
  command
    .option('--at <x,y,size>', 'what is shown, in pixels of the picture (or x,y,width,height); its middle without it', region)
    .option('--mpp <micrometres>', 'micrometres a pixel, for the scale bar; by the file’s resolution without it', micrometres)

const networkFlags = (command: Command): Command =>
  outFlag(command)
    .option('--scope <scope>', 'what best_match may choose from: full, lattice(n), raster(n), tile(n)', scopeOption)
    .addOption(new Option('--engine <name>', 'force an engine').choices(['tensorflow', 'wasm', 'cpu']))

const runsFlags = (command: Command): Command =>
  networkFlags(
    fieldFlags(command)
      .option(
        '--run, --runs <run...>',
        'run folders, exported weights files or models that learn nothing, each as RUN, NAME=RUN or, for one scale only, NAME@SCALE=RUN, or the results of an experiment; the carried weights that upscale takes without it',
      )
      .option('--block <name>', 'of the results of an experiment the systems of this block')
      .option(
        '--state <folder>',
        'where the trainings of an experiment are whose results keep no weights; experiments in archc’s cache folder without it',
      )
      .option('--field <x,y,size>', 'what the networks see; 768 x 768 pixels around what is shown without it', region),
  )

function texturesCommand(figure: Command): void {
  const command = figure
    .command('textures')
    .description('edges of natural pictures beside those of tissue, by Canny with one set of parameters')
    .argument('<pictures...>', 'natural pictures')
    .requiredOption('--tissue <pictures...>', 'pictures of tissue')
    .option('--size <pixels>', 'side of what is taken from the middle of each', positive, 256)
    .option('--sigma <pixels>', 'of the Gaussian before', number, 1.4)
    .option('--low <levels>', 'steepness that an edge goes on to, in levels of 255 a pixel', number, 3)
    .option('--high <levels>', 'steepness that an edge begins with', number, 7)
  outFlag(command)
    .addHelpText(
      'after',
      '\nExamples:\n  archc figure textures cat.png rocket.jpg --tissue fields/a.png fields/b.png -o textures\n  archc figure textures cat.png --tissue a.png --size 384 --low 2 --high 5 -o textures',
    )
    .action(
      async (
        natural: string[],
        flags: { tissue: string[]; size: number; sigma: number; low: number; high: number; out: string },
      ) => {
        if (flags.low > flags.high)
          throw new UsageError('--low is above --high', 'edges begin where it is steeper than they go on to')
        await requirePlace(flags.out, [...natural, ...flags.tissue])
        const { texturesFigure } = await import('../runtime/figures/textures.ts')
        await write(await texturesFigure({ natural, ...flags }), flags.out)
      },
    )
}

function compareCommand(figure: Command): void {
  const command = figure
    .command('compare')
    .description('LR, Bicubic, every network and the truth side by side, with error maps in one scale of colours')
    .argument('<picture>', 'the true picture: it is degraded, then enlarged again')
    .option('--scales <list>', 'enlargements, a row each', scales, [4, 8])
    .option('--inset <x,y,size>', 'a part of it that is shown larger in a corner', region)
  runsFlags(command)
    .addHelpText(
      'after',
      `
Examples:
  archc figure compare field.png --at 400,300,128 --mpp 0.499 -o compare
  archc figure compare field.png --runs runs/edsr LIIF=runs/liif ISTE=runs/iste --scales 4,8 -o compare
  archc figure compare field.png --runs experiments/results/table1-small --block "on bicubic" -o figure3`,
    )
    .action(async (picture: string, flags: RunsFlags & { scales: number[] }) => {
      const { field, systems, line } = await opened(picture, flags, 128)
      const { compareFigure } = await import('../runtime/figures/compare.ts')
      await write(await compareFigure({ field, systems, scales: flags.scales, onProgress: shown(line) }), flags.out, line)
    })
}

function scalesCommand(figure: Command): void {
  const command = figure
    .command('scales')
    .description('one field brought back from LR pictures of many scales: a column a scale, a row a network')
    .argument('<picture>', 'the true picture')
    .option('--scales <list>', 'any real numbers', scales, [2, 3.3, 4, 6, 8])
    .option('--inset <x,y,size>', 'a part of it that is shown larger in a corner', region)
  runsFlags(command)
    .addHelpText(
      'after',
      `
Examples:
  archc figure scales field.png --scales 2,3.3,4,6,8 --mpp 0.499 -o scales
  archc figure scales field.png --runs LIIF=runs/liif ISTE=runs/iste --scales 6.7 --at 400,300,96 --inset 430,330,32 -o non-integer`,
    )
    .action(async (picture: string, flags: RunsFlags & { scales: number[] }) => {
      const { field, systems, line } = await opened(picture, flags, 128)
      const { scalesFigure } = await import('../runtime/figures/scales.ts')
      await write(await scalesFigure({ field, systems, scales: flags.scales, onProgress: shown(line) }), flags.out, line)
    })
}

function enlargedCommand(figure: Command): void {
  const command = figure
    .command('enlarged')
    .description('a picture as a scanner gave it, not degraded, enlarged by Bicubic and every network')
    .argument('<picture>', 'any picture')
    .option('-s, --scale <factor>', 'the enlargement', scale, 3)
    .option('--inset <x,y,size>', 'a part of it that is shown larger in a corner', region)
  runsFlags(command)
    .addHelpText(
      'after',
      `
Examples:
  archc figure enlarged field.png --at 400,300,64 --mpp 0.499 -o enlarged
  archc figure enlarged field.png --scale 4 --runs blurred=runs/iste plain=runs/iste-plain -o both`,
    )
    .action(async (picture: string, flags: RunsFlags & { scale: number }) => {
      const { field, systems, line } = await opened(picture, flags, 64)
      const { enlargedFigure } = await import('../runtime/figures/enlarged.ts')
      await write(await enlargedFigure({ field, systems, m: flags.scale, onProgress: shown(line) }), flags.out, line)
    })
}

function decodersCommand(figure: Command): void {
  const command = figure
    .command('decoders')
    .description('what the pixel decoder (LPD) and the texture decoder (LTD) paint, each alone and both together')
    .argument('<picture>', 'the true picture')
    .option('-s, --scale <factor>', 'the enlargement', scale, 4)
  runsFlags(command)
    .addHelpText(
      'after',
      `
One network gets its decoders in columns; several get a column each, with LPD, LTD and their sum in rows.

Examples:
  archc figure decoders field.png --run runs/iste --at 400,300,128 -o decoders
  archc figure decoders field.png --runs runs/iste runs/wo-lfi runs/wo-stf runs/wo-ltd -o ablations`,
    )
    .action(async (picture: string, flags: RunsFlags & { scale: number }) => {
      const { field, systems, line } = await opened(picture, flags, 128)
      const { decodersFigure } = await import('../runtime/figures/decoders.ts')
      await write(await decodersFigure({ field, systems, m: flags.scale, onProgress: shown(line) }), flags.out, line)
    })
}

function transferCommand(figure: Command): void {
  const command = figure
    .command('transfer')
    .description('arrows from where STF found a texture to where it added it: the most alike pairs')
    .argument('<picture>', 'the true picture')
    .option('--run <run>', `${networkSource}; the carried weights that upscale takes without it`)
    .option('-s, --scale <factor>', 'the enlargement', scale, 4)
    .option('--arrows <n>', 'so many at most', positive, 40)
  networkFlags(fieldFlags(command))
    .addHelpText(
      'after',
      `
What --at shows is all that the network sees.

Examples:
  archc figure transfer field.png --at 400,300,256 --mpp 0.499 -o transfer
  archc figure transfer field.png --run runs/iste --scale 3.3 --scope "lattice(576)" --arrows 25 -o transfer`,
    )
    .action(async (picture: string, flags: PictureFlags & { run?: string; scale: number; arrows: number }) => {
      const runs = flags.run === undefined ? {} : { runs: [flags.run] }
      const { field, systems } = await opened(picture, { ...flags, ...runs, field: 'shown' }, 256)
      const { transferFigure } = await import('../runtime/figures/transfer.ts')
      await write(await transferFigure({ field, system: systems[0]!, m: flags.scale, count: flags.arrows }), flags.out)
    })
}

interface Opened {
  readonly field: Field
  readonly systems: readonly System[]
  readonly line: LiveLine
}

/** The field and the networks of a figure; what is wrong with the picture is said before an engine is loaded. */
async function opened(picture: string, flags: RunsFlags, wanted: number): Promise<Opened> {
  await requirePlace(flags.out, [picture])
  const { readField } = await import('../runtime/figures/field.ts')
  const field = await readField(picture, flags, wanted)
  await makeFolder(path.dirname(flags.out))
  const runs = await Promise.all((flags.runs ?? [carriedFile(defaultWeights)]).map((run) => runsOf(run, flags)))
  await openEngine(flags)
  const { openSystems } = await import('../runtime/figures/systems.ts')
  const line = liveLine()
  line.show('computing')
  return { field, systems: await openSystems(runs.flat(), flags.scope), line }
}

/** Of the results of an experiment all systems of a block. */
async function runsOf(run: string, { block, state }: RunsFlags): Promise<string[]> {
  const { hasResults, weightsOfBlock } = await import('../runtime/experiment/results.ts')
  if (!hasResults(run)) return [run]
  const { stateFolder } = await import('../runtime/experiment/state.ts')
  return weightsOfBlock(run, state ?? stateFolder(), block)
}

/** No picture is written over: said before anything is computed. */
async function requirePlace(out: string, pictures: readonly string[]): Promise<void> {
  const { figureFiles } = await import('../runtime/figures/write-figure.ts')
  const inputs = new Set(pictures.filter((picture) => kindOf(picture)).map((picture) => realpathSync(picture)))
  for (const file of Object.values(figureFiles(out)))
    if (kindOf(file) && inputs.has(realpathSync(file)))
      throw new UserError(`${file} is a picture of this figure: it is not written over`, 'choose another name with -o')
}

const shown =
  (line: Opened['line']) =>
  (done: number, total: number, what: string): void =>
    line.show(`${done} of ${total}: ${what}`, { force: done === total })

async function write(figure: Figure, out: string, line?: Opened['line']): Promise<void> {
  line?.end()
  const { writeFigure } = await import('../runtime/figures/write-figure.ts')
  for (const file of await writeFigure(figure, out)) print(file)
}

/** Reads `400,300,128` and `400,300,128,96`. */
function region(value: string): Region {
  const numbers = value.split(',').map((part) => (/^\s*\d+\s*$/.test(part) ? Number(part) : NaN))
  const [x, y, width, height = width] = numbers
  if ((numbers.length !== 3 && numbers.length !== 4) || numbers.some(Number.isNaN) || width! < 1 || height! < 1)
    throw new InvalidArgumentError('It takes whole numbers: x,y,size or x,y,width,height.')
  return { x: x!, y: y!, width: width!, height: height! }
}

function number(value: string): number {
  const read = value.trim() === '' ? NaN : Number(value)
  if (!(read >= 0 && Number.isFinite(read))) throw new InvalidArgumentError('It takes a number of at least 0.')
  return read
}

function micrometres(value: string): number {
  const read = number(value)
  if (read === 0) throw new InvalidArgumentError('It takes a number above 0.')
  return read
}
