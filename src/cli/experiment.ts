import path from 'node:path'
import { Option, type Command } from 'commander'
import type { Engine, EngineName } from '../runtime/engine/index.ts'
import type { Experiment } from '../runtime/experiment/experiment.ts'
import type { Plan, Training } from '../runtime/experiment/plan.ts'
import type { FeatureExtractor } from '../runtime/frechet/extractor.ts'
import { positive, print, remark } from './common.ts'
import { roughly } from './durations.ts'
import { liveLine } from './live-line.ts'
import { openEngine } from './open-engine.ts'
import { stopOnSignals } from './stop-on-signals.ts'

interface Flags {
  readonly out?: string
  readonly train?: string[]
  readonly test?: string[]
  readonly engine?: EngineName
  readonly fidWeights?: string
}

interface RunFlags extends Flags {
  readonly state?: string
  readonly only?: string[]
  readonly steps?: number
  readonly dryRun?: boolean
}

interface ReportFlags extends Flags {
  readonly evaluate?: boolean
}

/** Registers `archc experiment run` and `archc experiment report`. */
export function experimentCommand(program: Command): void {
  const command = program
    .command('experiment')
    .description('several systems trained and judged alike, by a file: tables, a page, and what cannot be told apart')
    .addHelpText(
      'after',
      '\nExamples:\n  archc experiment run experiments/table1-small.yaml --dry-run\n  archc experiment report experiments/table1-small.yaml',
    )
  runCommand(command)
  reportCommand(command)
}

const commonFlags = (command: Command): Command =>
  command
    .addOption(new Option('--engine <name>', 'force an engine').choices(['tensorflow', 'wasm', 'cpu']))
    .option('--train <where...>', 'train on these pictures instead of the file’s')
    .option('--test <where...>', 'judge on these pictures instead of the file’s')
    .option(
      '--fid-weights <file>',
      'FID by pytorch-fid’s Inception where the file’s metrics name frechet; its stand-in without it',
    )
    .option('-o, --out <folder>', 'the results folder; results/NAME beside the file without it')

function runCommand(experiment: Command): void {
  const command = experiment
    .command('run')
    .description('train what is missing, go on with what was cut off, evaluate, write the results; nothing done is redone')
    .argument('<file>', 'an experiment file')
    .option('--state <folder>', 'where trainings are kept; experiments in archc’s cache folder without it')
    .option('--only <name...>', 'these systems or blocks only')
    .option('--steps <n>', 'steps of each training instead of the file’s budget: for a trial', positive)
    .option('--dry-run', 'check the file and say what would be done')
  commonFlags(command)
    .addHelpText(
      'after',
      `
Stop it when you like: Ctrl-C, a kill or a power cut. The same command goes on. A second one beside it takes other trainings.

Examples:
  archc experiment run experiments/table1-small.yaml
  archc experiment run experiments/table2-small.yaml --only "w/o LFI" --train fields.csv --test others/
  archc experiment run experiments/table1-small.yaml --steps 5 --state /tmp/trial`,
    )
    .action(run)
}

function reportCommand(experiment: Command): void {
  const command = experiment
    .command('report')
    .description('write tables.md and index.html again from results.json, without running anything')
    .argument('<file>', 'an experiment file')
    .option('--evaluate', 'make the numbers again first, from the weights that are kept with the results')
  commonFlags(command)
    .addHelpText(
      'after',
      '\nExamples:\n  archc experiment report experiments/table1-small.yaml\n  archc experiment report experiments/table1-small.yaml --evaluate',
    )
    .action(report)
}

const resultsFolder = ({ folder, name }: Experiment, out: string | undefined, steps?: number): string =>
  out ?? path.join(folder, 'results', steps === undefined ? name : `${name}-${steps}-steps`)

async function run(file: string, flags: RunFlags): Promise<void> {
  const { readExperiment } = await import('../runtime/experiment/experiment.ts')
  const { dataLines, onlyThose, planExperiment, sharedGroups } = await import('../runtime/experiment/plan.ts')
  const { stateFolder } = await import('../runtime/experiment/state.ts')
  const experiment = readExperiment(file)
  const whole = await planExperiment(experiment, flags)
  dataLines(whole).forEach(remark)
  const shared = sharedGroups(whole)
  if (shared.length > 0)
    remark(
      `of ${shared.length === 1 ? 'the group' : 'the groups'} ${shared.join(', ')} pictures are trained on and others judged; the results say so`,
    )
  const plan = flags.only ? onlyThose(whole, flags.only) : whole
  const state = flags.state ?? stateFolder()
  if (flags.dryRun) return printPlan(plan, state)
  const { openExtractor } = await import('../runtime/frechet/open-extractor.ts')
  const { runExperiment } = await import('../runtime/experiment/run.ts')
  const { gatherResults, writeResults } = await import('../runtime/experiment/results.ts')
  const { writeReports } = await import('../runtime/experiment/report.ts')
  const folder = resultsFolder(experiment, flags.out, flags.steps)

  const stop = stopOnSignals()
  const line = liveLine()
  let engine: Promise<Engine> | undefined
  let extractor: Promise<FeatureExtractor> | undefined
  try {
    const store = async (): Promise<void> => writeResults(folder, await gatherResults(whole, state, folder))
    const outcome = await runExperiment({
      plan,
      state,
      engine: () => (engine ??= openEngine(flags, true)),
      extractor: () => (extractor ??= openExtractor(flags.fidWeights, line.say)),
      say: line.say,
      onStep: (training, { step, steps, loss, secondsLeft }, after) => {
        const each = secondsLeft === undefined ? undefined : (secondsLeft / (steps - step)) * steps
        const all = after > 0 && each !== undefined ? `  ${roughly(secondsLeft! + after * each)} with the ${after} after it,` : ''
        line.show(`${place(plan, training)}  step ${step} of ${steps}  loss ${loss.toFixed(4)}${all}`, {
          force: step === steps,
          ...(secondsLeft !== undefined && { left: secondsLeft }),
        })
      },
      onStored: store,
      signal: stop.signal,
    })
    line.end()
    const results = await gatherResults(whole, state, folder)
    await writeResults(folder, results)
    const page = await writeReports(folder, experiment, results)
    if (stop.signal.aborted) {
      remark('stopped; the same command goes on')
      process.exitCode = stop.exitCode
    } else if (outcome.isFinished) print(`done: ${page}`)
    else {
      remark(`stopped by themselves: ${outcome.failed.map(({ training }) => training.title).join('; ')}`)
      print(`the rest: ${page}`)
      process.exitCode = 1
    }
  } finally {
    line.end()
    stop.end()
  }
}

/** `[3 of 28] ISTE, on bicubic, seed 1` */
const place = ({ trainings }: Plan, training: Training): string =>
  `[${trainings.findIndex(({ key }) => key === training.key) + 1} of ${trainings.length}] ${training.title}`

async function printPlan(plan: Plan, state: string): Promise<void> {
  const { partsOf, readEvaluated, readTrained } = await import('../runtime/experiment/state.ts')
  for (const training of plan.trainings) {
    const trained = await readTrained(state, training)
    const parts = partsOf(training)
    const done = (await Promise.all(parts.map((part) => readEvaluated(state, plan, part)))).filter(Boolean).length
    print(
      `${place(plan, training)}: ${training.parameters.toLocaleString('en')} parameters, ${!training.isTrained ? 'nothing to train' : trained ? 'trained' : 'to be trained'}, ${done} of ${parts.length} evaluations done (${training.key})`,
    )
  }
  print(`${plan.train.entries.length} pictures to train on, ${plan.test.entries.length} to judge on; kept in ${state}`)
}

async function report(file: string, flags: ReportFlags): Promise<void> {
  const { readExperiment } = await import('../runtime/experiment/experiment.ts')
  const { readResults, writeResults } = await import('../runtime/experiment/results.ts')
  const { remake, writeReports } = await import('../runtime/experiment/report.ts')
  const experiment = readExperiment(file)
  const folder = resultsFolder(experiment, flags.out)
  let results = await readResults(folder)
  if (flags.evaluate) {
    const { planExperiment } = await import('../runtime/experiment/plan.ts')
    const { openExtractor } = await import('../runtime/frechet/open-extractor.ts')
    const plan = await planExperiment(experiment, flags)
    const engine = await openEngine(flags)
    const extractor = plan.features && (await openExtractor(flags.fidWeights, remark))
    const remade = await remake(plan, folder, results, engine, extractor, remark)
    results = remade.results
    await writeResults(folder, results)
    const distances = Object.entries(remade.farthest).map(([metric, most]) => `${metric} by ${most.toPrecision(2)}`)
    print(`${remade.count} evaluations made again from weights; no tile differs by more than ${distances.join(', ')}`)
  }
  print(await writeReports(folder, experiment, results))
}
