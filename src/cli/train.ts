import { existsSync } from 'node:fs'
import { InvalidArgumentError, type Command } from 'commander'
import {
  compileFlags,
  compileOptions,
  colourful,
  engineFlags,
  positive,
  print,
  remark,
  share,
  UsageError,
  type CommonFlags,
} from './common.ts'
import { liveLine } from './live-line.ts'
import { openEngine } from './open-engine.ts'
import { readPictures } from './read-pictures.ts'
import { fieldOptions, fieldSettings, type FieldFlags } from './slide-fields.ts'
import { stopOnSignals } from './stop-on-signals.ts'

interface Flags extends CommonFlags, FieldFlags {
  readonly data: string[]
  readonly low?: string
  readonly out: string
  readonly steps?: number
  readonly resume?: boolean
  readonly val: number
  readonly checkpointEvery?: number
  readonly from?: string
  readonly frozen?: Readonly<Record<string, string>>
  readonly part?: string[]
  readonly layers?: boolean
  readonly memory?: number
  readonly xla?: boolean
}

/** Of slides, where nothing else is said: the fields of fourteen slides are held in memory. */
const usualFields = { side: 1024, most: 32 } as const

/** Registers `archc train`. */
export function trainCommand(program: Command): void {
  const command = program
    .command('train')
    .description('train a model by its train block into a run folder')
    .argument('<file>', 'a model or a variant')
    .requiredOption('--data <where...>', 'a folder of pictures or slides, or a CSV path,group,mpp,low')
    .option('--low <folder>', 'ready-made low-resolution pictures, under the names of the pictures that they belong to')
  fieldOptions(command, usualFields)
    .requiredOption('-o, --out <run>', 'the run folder')
    .option('--steps <n>', 'steps instead of epochs; the schedule is scaled', positive)
    .option('--resume', 'go on where the run stopped')
    .option('--val <share>', 'share of the pictures (or groups) set aside', share, 0.1)
    .option('--checkpoint-every <n>', 'steps between checkpoints', positive)
    .option('--memory <size>', 'what training may hold, such as 4GB; blocks are computed twice where that helps', memorySize)
    .option('--xla', 'compile the step with XLA: faster steps after seconds of compiling; the flat graph where it refuses')
    .option('--layers', 'compute layer by layer instead of one graph a step: slower, the reference')
    .option('--from <weights>', 'start from the weights of a run, a checkpoint or a file, where they fit by name')
    .option('--frozen <slot=weights>', 'the weights of a frozen slot: a file, a run, or fresh; once for each slot', frozenSlot)
    .option('--part <paths...>', 'with --from: takes the weights below these paths alone')
  engineFlags(compileFlags(command))
    .option('--json', 'print one JSON object at the end')
    .addHelpText(
      'after',
      '\nExamples:\n  archc train variants/iste-on-bicubic.arch --preset small --data fields/ --out runs/first --steps 1000\n  archc train iste.arch --preset tiny --data fields.csv --out runs/tiny --resume\n  archc train iste.arch --preset small --data slides/ --fields 64 --out runs/slides --steps 1000',
    )
    .action(async (file: string, flags: Flags) => {
      if (flags.part && flags.from === undefined && !flags.resume)
        throw new UsageError('--part goes with --from', 'name the weights that the part is taken from')
      const { loadModel } = await import('../runtime/network/load-model.ts')
      const loaded = loadModel(file, compileOptions(flags), undefined, colourful(process.stderr))
      if (loaded.warnings) remark(loaded.warnings)
      const pictures = await readPictures(flags, fieldSettings(flags, flags.seed, usualFields))
      // Jobs that are queued again say --resume each time.
      const isNew = flags.resume === true && !existsSync(flags.out)
      if (isNew) remark(`${flags.out} does not exist yet: it begins`)
      const { prepare, train } = await import('../runtime/train/train.ts')
      const line = liveLine()
      const asked = {
        loaded,
        data: pictures.entries,
        pictures,
        out: flags.out,
        seed: flags.seed,
        val: flags.val,
        say: line.say,
        ...(flags.steps !== undefined && { steps: flags.steps }),
        ...(flags.resume && !isNew && { resume: true }),
        ...(flags.checkpointEvery !== undefined && { checkpointEvery: flags.checkpointEvery }),
        ...(flags.from && { from: flags.from }),
        ...(flags.frozen && { frozen: flags.frozen }),
        ...(flags.part && { parts: flags.part }),
        ...(flags.layers && { layers: true }),
        ...(flags.xla && { xla: true }),
        ...(flags.memory !== undefined && { memory: flags.memory }),
      }
      const prepared = await prepare(asked)
      const engine = await openEngine(flags, !flags.layers)
      const stop = stopOnSignals()
      try {
        const result = await train(
          {
            ...asked,
            engine,
            signal: stop.signal,
            onStep: ({ step, steps, loss, rate, milliseconds, secondsLeft }) =>
              line.show(
                `step ${step} of ${steps}  loss ${loss.toFixed(4)}  rate ${rate.toPrecision(2)}  ${Math.round(milliseconds)} ms`,
                { force: step === 1 || step === steps, ...(secondsLeft !== undefined && { left: secondsLeft }) },
              ),
          },
          prepared,
        )
        line.end()
        if (flags.json)
          print(JSON.stringify({ run: result.run.folder, step: result.step, loss: result.loss, finished: result.finished }))
        else
          remark(
            result.finished
              ? `done: ${result.run.folder}, step ${result.step}`
              : `stopped at step ${result.step}; go on with --resume`,
          )
        if (!result.finished) process.exitCode = stop.exitCode
      } finally {
        line.end()
        stop.end()
      }
    })
}

/** The files so far and that of `vgg=FILE`. */
function frozenSlot(text: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const [, slot, file] = /^(\w+)=(.+)$/.exec(text) ?? []
  if (slot === undefined || file === undefined)
    throw new InvalidArgumentError('It takes SLOT=FILE, such as vgg=vgg19.safetensors.')
  return { ...before, [slot]: file }
}

/** Bytes of `4GB` or `800MB`. */
function memorySize(text: string): number {
  const [, amount, unit] = /^([\d.]+) ?([GM])B$/i.exec(text) ?? []
  const bytes = Number(amount) * (unit?.toUpperCase() === 'G' ? 1e9 : 1e6)
  if (!(bytes > 0)) throw new InvalidArgumentError('It takes a size such as 4GB or 800MB.')
  return bytes
}
