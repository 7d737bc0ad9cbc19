import type { Command } from 'commander'
import { scale } from '../common.ts'
import { insetFlag, runsFlags, type RunsFlags } from './flags.ts'
import { opened, shown, write } from './make.ts'

/** Registers `archc figure enlarged`. */
export function enlargedCommand(figure: Command): void {
  const command = figure
    .command('enlarged')
    .description('a picture as a scanner gave it, not degraded, enlarged by Bicubic and every network')
    .argument('<picture>', 'any picture')
    .option('-s, --scale <factor>', 'the enlargement', scale, 3)
  runsFlags(insetFlag(command))
    .addHelpText(
      'after',
      `
Examples:
  archc figure enlarged field.png --at 400,300,64 --mpp 0.499 -o enlarged
  archc figure enlarged field.png --scale 4 --runs blurred=runs/iste plain=runs/iste-plain -o both`,
    )
    .action(async (picture: string, flags: RunsFlags & { scale: number }) => {
      const { field, systems, line } = await opened(picture, flags, 64)
      const { enlargedFigure } = await import('../../runtime/figures/enlarged.ts')
      await write(await enlargedFigure({ field, systems, m: flags.scale, onProgress: shown(line) }), flags.out, line)
    })
}
