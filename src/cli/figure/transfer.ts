import type { Command } from 'commander'
import { networkSource, positive, scale } from '../common.ts'
import { fieldFlags, networkFlags, type PictureFlags } from './flags.ts'
import { opened, write } from './make.ts'

/** Registers `archc figure transfer`. */
export function transferCommand(figure: Command): void {
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
      const { transferFigure } = await import('../../runtime/figures/transfer.ts')
      await write(await transferFigure({ field, system: systems[0]!, m: flags.scale, count: flags.arrows }), flags.out)
    })
}
