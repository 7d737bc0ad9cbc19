import path from 'node:path'
import { InvalidArgumentError, Option, type Command } from 'commander'
import type { Scope } from '../compiler/plan.ts'
import { UserError } from '../errors.ts'
import type { EvaluateOptions } from '../runtime/evaluate/evaluate.ts'
import type { FeatureExtractor } from '../runtime/frechet/extractor.ts'
import { jsonText } from '../runtime/files/json.ts'
import {
  compileFlags,
  compileOptions,
  engineFlags,
  networkSource,
  positive,
  print,
  remark,
  scales,
  UsageError,
  type CommonFlags,
} from './common.ts'
import { agree, agreed } from './agree.ts'
import { roughly } from './durations.ts'
import { liveLine } from './live-line.ts'
import { openEngine } from './open-engine.ts'
import { readPictures } from './read-pictures.ts'
import { scopeOption } from './scope.ts'
import { fieldOptions, fieldSettings, type FieldFlags } from './slide-fields.ts'
import { stopOnSignals } from './stop-on-signals.ts'

interface Flags extends CommonFlags, FieldFlags {
  readonly data: string[]
  readonly low?: string
  readonly scales?: number[]
  readonly scope?: Scope
  readonly gaussian?: boolean
  readonly frechet?: boolean
  readonly fidWeights?: string
  readonly frechetPatch: number | 'tile'
  readonly out?: string
  readonly yes?: boolean
}

/** Of slides, where nothing else is said: sixteen fields are 4 megapixels. */
const usualFields = { side: 512, most: 16 } as const

/** Registers `archc evaluate`. */
export function evaluateCommand(program: Command): void {
  const command = program
    .command('evaluate')
    .description('PSNR and SSIM on pictures, Bicubic beside them')
    .argument('<run>', `${networkSource}, or a model file that learns nothing`)
    .requiredOption('--data <where...>', 'a folder of pictures or slides, or a CSV path,group,mpp,low')
    .option('--low <folder>', 'ready-made low-resolution pictures, under the names of the pictures that they belong to')
  fieldOptions(command, usualFields)
    .option('--scales <list>', 'enlargements, such as 2,3.3,4; those of the evaluate block without it', scales)
    .option('--scope <scope>', 'what best_match may choose from: full, lattice(n), raster(n), tile(n)', scopeOption)
    .option('--gaussian', 'also SSIM with an 11 x 11 Gaussian window')
    .option(
      '--fid-weights <file>',
      'also FID, with the weights of pytorch-fid’s Inception: pt_inception-2015-12-05-6726825d.pth, or exported from it',
    )
    .option(
      '--frechet',
      'also the Frechet distance by the Inception of npm’s nsfwjs, which is not FID, where --fid-weights is not given',
    )
    .option('--no-frechet', 'neither, though the text’s metrics name fid')
    .addOption(
      new Option(
        '--frechet-patch <n>',
        'the samples of both: patches of n x n pixels, or tile: whole tiles, as pytorch-fid takes a folder of them',
      )
        .argParser(patch)
        .default(299),
    )
    .option(
      '-o, --out <folder>',
      'where evaluation.json, evaluation.txt and the page index.html go; the run’s evaluation folder without it',
    )
  engineFlags(compileFlags(command))
    .option('--yes', agreed)
    .option('--json', 'print the evaluation as one JSON object')
    .addHelpText(
      'after',
      "\nExamples:\n  archc evaluate runs/first --data fields/ --scales 2,3,4,6,8,6.7\n  archc evaluate bicubic.arch --data fields/ --scales 2\n  archc evaluate runs/first --data slide.svs --fields 32 --scales 2,4\n  archc evaluate runs/first --data slides/ --low-level 1\n  archc evaluate runs/first --data fields/ --set 'evaluate.degrade=[resize(kernel: bicubic), jpeg(quality: 80)]'\n  archc evaluate runs/first --data fields/ --fid-weights pt_inception-2015-12-05-6726825d.pth",
    )
    .action(async (source: string, flags: Flags) => {
      const { evaluateSets } = await import('../runtime/network/load-model.ts')
      const setsOthers = evaluateSets(flags.set).length < (flags.set ?? []).length
      if (!source.endsWith('.arch') && (flags.preset !== undefined || flags.variant || setsOthers))
        throw new UsageError(
          '--preset, --variant and --set of other fields than those of evaluate are for a model file',
          `${source} has what it was trained with: train another run, or leave them out`,
        )
      const pictures = await readPictures(flags, fieldSettings(flags, flags.seed, usualFields))
      const { entries } = pictures
      await openEngine(flags)
      const { openNetwork } = await import('../runtime/network/open-network.ts')
      const { machinePace } = await import('../runtime/predict/pace.ts')
      const { evaluate, evaluationSeconds, evaluationTable } = await import('../runtime/evaluate/evaluate.ts')
      const { evaluateInto } = await import('../runtime/report/evaluate-into.ts')
      const opened = await openNetwork(source, compileOptions(flags))
      const { pairsOf, scalesOf } = await import('../runtime/data/pairs.ts')
      const pairs = await pairsOf(entries, opened.loaded.model)
      requireAllPaired(pairs.size, entries.length, flags)
      const { runLeaks } = await import('../runtime/evaluate/leaks.ts')
      const extractor = await openExtractor(flags, opened.loaded.model.evaluate.metrics.includes('fid'))
      const { createFrechetSets } = await import('../runtime/frechet/frechet-sets.ts')
      const pace = await machinePace(remark)
      const line = liveLine()
      const sizes = entries.map(({ path }) => pictures.looks.get(path)!)
      const options: EvaluateOptions = {
        entries,
        sizes,
        slides: pictures.slides,
        ...(opened.run && { leaks: runLeaks(opened.run, pictures) }),
        pace,
        scales: pairs.size > 0 ? scalesOf(pairs) : (flags.scales ?? opened.loaded.model.evaluate.m),
        ...(pairs.size > 0 && { pairs }),
        ...(flags.scope && { scope: flags.scope }),
        ...(flags.gaussian && { gaussian: true }),
        ...(extractor && { frechet: createFrechetSets({ extractor, patch: flags.frechetPatch }) }),
        onProgress: ({ done, total, what, share, secondsLeft }) =>
          line.show(`${done} of ${total} done: ${what}, ${Math.floor(100 * share)} %`, {
            force: done === total,
            ...(secondsLeft !== undefined && { left: secondsLeft }),
          }),
      }
      const parts = evaluationSeconds(opened, sizes, options)
      const seconds = parts.flat().reduce((total, each) => total + each, 0)
      const count = pairs.size > 0 ? pairs.size : entries.length * options.scales.length
      remark(
        `${count} picture${count === 1 ? '' : 's'} to compute and judge${opened.averaged === undefined ? '' : ', by averaged weights'}: ${roughly(seconds)}${extractor ? ' without the Frechet distance' : ''}`,
      )
      agree(seconds, flags.yes ?? false)
      const folder = flags.out ?? (opened.run?.folder === source ? path.join(source, 'evaluation') : undefined)
      const stop = stopOnSignals('stopping; nothing is written')
      const work = { ...options, seconds: parts, signal: stop.signal }
      const judge = async () => (folder ? (await evaluateInto(folder, opened, work)).evaluation : evaluate(opened, work))
      const evaluation = await judge().catch((error: unknown) => {
        if (!stop.signal.aborted) throw error
      })
      line.end()
      stop.end()
      process.exitCode = stop.exitCode
      if (!evaluation) return
      print(flags.json ? jsonText(evaluation) : evaluationTable(evaluation))
      if (folder) remark(`written to ${folder}`)
    })
}

function requireAllPaired(paired: number, all: number, { scales: asked }: Pick<Flags, 'scales'>): void {
  if (paired === 0) return
  if (asked)
    throw new UsageError(
      '--scales is for pictures that are made smaller here',
      'these have low-resolution ones, whose sizes say the scale',
    )
  if (paired < all)
    throw new UserError(`${all - paired} of ${all} pictures have no low-resolution one`, 'give all of them one, or none')
}

/**
 * What the distance's features come from: the user's weights, else the stand-in. Where only the text asks for it and the stand-in cannot
 * be brought, nothing, which is said.
 */
async function openExtractor(
  { frechet, fidWeights }: Pick<Flags, 'frechet' | 'fidWeights'>,
  isNamed: boolean,
): Promise<FeatureExtractor | undefined> {
  if (fidWeights !== undefined && frechet === false)
    throw new UsageError('--fid-weights and --no-frechet exclude each other', 'leave one of them out')
  if (fidWeights === undefined && (frechet === false || (!frechet && !isNamed))) return undefined
  const { openExtractor: open } = await import('../runtime/frechet/open-extractor.ts')
  try {
    return await open(fidWeights, remark)
  } catch (error) {
    if (!(error instanceof UserError) || frechet || fidWeights !== undefined) throw error
    remark(`the text’s metrics name fid, which is left out: ${error.message.split('\n', 1)[0]}`)
    return undefined
  }
}

function patch(value: string): number | 'tile' {
  if (value === 'tile') return value
  const side = positive(value)
  if (side < 32) throw new InvalidArgumentError('It takes a whole number of at least 32, or tile.')
  return side
}
