import type { Command } from 'commander'
import { jsonFlag, print, UsageError } from './common.ts'
import { liveLine } from './live-line.ts'
import { stopOnSignals } from './stop-on-signals.ts'
import { isSlideWork } from './upscale-slide.ts'

/** Registers `archc slide join` under `archc slide`. */
export function joinCommand(slide: Command): void {
  jsonFlag(slide.command('join').description('make one slide of the parts that archc upscale --part computed'))
    .argument('<parts...>', 'all of them in any order, as out.tif.part-1-of-8')
    .requiredOption('-o, --out <file>', 'the slide, a .tif or .dcm')
    .addHelpText(
      'after',
      '\nThe file is the same, byte for byte, as that of an undivided run. The parts stay.\n\nExamples:\n  archc upscale slide.svs --scale 2 -o out.tif --part 1/2\n  archc upscale slide.svs --scale 2 -o out.tif --part 2/2\n  archc slide join out.tif.part-*-of-2 -o out.tif',
    )
    .action(async (given: string[], flags: { out: string; json?: boolean }) => {
      if (!isSlideWork(flags.out)) throw new UsageError(`${flags.out} is no .tif or .dcm`, 'parts become a slide: -o out.tif')
      const { joinParts } = await import('../runtime/slides/enlarged-slide.ts')
      // `out.tif.part-*` names the journals too.
      const parts = given.filter((file) => !file.endsWith('.jsonl'))
      const stop = stopOnSignals('stopping; the same command goes on')
      const line = liveLine()
      try {
        const { width, height } = await joinParts(parts, flags.out, stop.signal, (share) =>
          line.show(`${Math.floor(100 * share)} %`),
        )
        line.end()
        print(
          flags.json
            ? JSON.stringify({ output: flags.out, to: [width, height], parts })
            : `${flags.out}: ${width} x ${height}, of ${parts.length} parts`,
        )
      } catch (error) {
        if (!stop.signal.aborted) throw error
      } finally {
        line.end()
        stop.end()
        process.exitCode = stop.exitCode
      }
    })
}
