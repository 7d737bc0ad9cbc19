import type { Command } from 'commander'
import { positive, remark, UsageError } from '../common.ts'
import { number, outFlag } from './flags.ts'
import { requirePlace, write } from './make.ts'

/** Registers `archc figure textures`. */
export function texturesCommand(figure: Command): void {
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
        const { texturesFigure } = await import('../../runtime/figures/textures.ts')
        await write(await texturesFigure({ natural, ...flags, say: remark }), flags.out)
      },
    )
}
