import path from 'node:path'
import type { Command } from 'commander'
import type { Scope } from '../compiler/plan.ts'
import {
  compileFlags,
  compileOptions,
  engineFlags,
  liveLine,
  openEngine,
  print,
  remark,
  scales,
  UsageError,
  type CommonFlags,
} from './common.ts'
import { scopeOption } from './scope.ts'

interface Flags extends CommonFlags {
  readonly data: string[]
  readonly scales?: number[]
  readonly scope?: Scope
  readonly gaussian?: boolean
  readonly out?: string
}

/** Registers `archc evaluate`. */
export function evaluateCommand(program: Command): void {
  const command = program
    .command('evaluate')
    .description('PSNR and SSIM on pictures, Bicubic beside them')
    .argument('<run>', 'a run folder, an exported weights file, or a model file that learns nothing')
    .requiredOption('--data <where...>', 'a folder of pictures, or a CSV path,group,mpp')
    .option('--scales <list>', 'enlargements, such as 2,3.3,4; those of the evaluate block without it', scales)
    .option('--scope <scope>', 'what best_match may choose from: full, lattice(n), raster(n), tile(n)', scopeOption)
    .option('--gaussian', 'also SSIM with an 11 x 11 Gaussian window')
    .option(
      '-o, --out <folder>',
      'where evaluation.json, evaluation.txt and the page index.html go; the run’s evaluation folder without it',
    )
  engineFlags(compileFlags(command))
    .option('--json', 'print the evaluation as one JSON object')
    .addHelpText(
      'after',
      '\nExamples:\n  archc evaluate runs/first --data fields/ --scales 2,3,4,6,8,6.7\n  archc evaluate models/bicubic.arch --data fields/ --scales 2',
    )
    .action(async (source: string, flags: Flags) => {
      if (!source.endsWith('.arch') && (flags.preset !== undefined || flags.variant || flags.set))
        throw new UsageError(
          '--preset, --variant and --set are for a model file',
          `${source} has what it was trained with: train another run, or leave them out`,
        )
      const { listData } = await import('../runtime/data/dataset.ts')
      const entries = await listData(flags.data)
      await openEngine(flags)
      const { openNetwork } = await import('../runtime/network/open-network.ts')
      const { evaluate, evaluationTable } = await import('../runtime/evaluate/evaluate.ts')
      const { evaluateInto } = await import('../runtime/evaluate/write.ts')
      const opened = await openNetwork(source, compileOptions(flags))
      const line = liveLine(5)
      const options = {
        entries,
        scales: flags.scales ?? opened.loaded.model.evaluate?.m ?? [2, 3, 4],
        ...(flags.scope && { scope: flags.scope }),
        ...(flags.gaussian && { gaussian: true }),
        onProgress: (done: number, total: number, what: string) => line.show(`${done} of ${total}: ${what}`, done === total),
      }
      const folder = flags.out ?? (opened.run ? path.join(opened.run.folder, 'evaluation') : undefined)
      const evaluation = folder ? (await evaluateInto(folder, opened, options)).evaluation : await evaluate(opened, options)
      line.end()
      print(flags.json ? JSON.stringify(evaluation) : evaluationTable(evaluation))
      if (folder) remark(`written to ${folder}`)
    })
}
