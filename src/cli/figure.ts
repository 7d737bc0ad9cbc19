import type { Command } from 'commander'
import { compareCommand } from './figure/compare.ts'
import { decodersCommand } from './figure/decoders.ts'
import { enlargedCommand } from './figure/enlarged.ts'
import { scalesCommand } from './figure/scales.ts'
import { texturesCommand } from './figure/textures.ts'
import { transferCommand } from './figure/transfer.ts'

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
