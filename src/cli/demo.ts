import { spawn } from 'node:child_process'
import { existsSync, renameSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import type { Command } from 'commander'
import { parameterCount } from '../compiler/ir/graph.ts'
import { UserError } from '../errors.ts'
import { archcRoot } from '../root.ts'
import { temporaryBeside } from '../runtime/files/atomic.ts'
import type { EngineName } from '../runtime/engine/index.ts'
import { engineFlags, positive, print, remark, scales, type CommonFlags } from './common.ts'
import { duration } from './durations.ts'
import { liveLine } from './live-line.ts'
import { openEngine } from './open-engine.ts'
import { stopOnSignals } from './stop-on-signals.ts'

interface Flags extends CommonFlags {
  readonly out: string
  readonly steps: number
  readonly scales: number[]
}

/** The demo's recipe; `models/weights/README.md` names the same with more steps. */
const recipe = {
  file: path.join(archcRoot, 'models', 'variants', 'iste-on-bicubic.arch'),
  preset: 'small',
  sets: ['train.optimizer=adam(lr: 4e-4)'],
  data: path.join(archcRoot, 'samples', 'train.csv'),
  test: path.join(archcRoot, 'samples', 'test'),
  steps: 500,
} as const

/** Registers `archc demo`: the main job end to end on the samples. */
export function demoCommand(program: Command): void {
  const command = program
    .command('demo')
    .description('enlarge a sample at once, then train, evaluate and show ISTE on bicubic, on the tissue in samples/ (minutes)')
    .option('-o, --out <run>', 'the run folder; resumed where it exists', 'runs/demo')
    .option('--steps <n>', 'training steps', positive, recipe.steps)
    .option('--scales <list>', 'enlargements to evaluate', scales, [2, 3.3, 4])
  engineFlags(command)
    .addHelpText('after', '\nExamples:\n  npm run demo\n  archc demo --steps 1500 --out runs/half-an-hour')
    .action(async (flags: Flags) => {
      const start = Date.now()
      const { loadModel } = await import('../runtime/network/load-model.ts')
      const loaded = loadModel(path.relative(process.cwd(), recipe.file), { preset: recipe.preset, sets: recipe.sets })
      const parameters = parameterCount(loaded.model.graph)
      print(`1 of 5  compiled ${loaded.model.variants[0]} (${recipe.preset}): ${parameters.toLocaleString('en')} parameters`)
      const engine = await openEngine(flags, true)
      const { train } = await import('../runtime/train/train.ts')
      const { listPictures } = await import('../runtime/data/dataset.ts')
      const evaluated = path.join(flags.out, 'evaluation')
      // It stands aside until the run's folder is there.
      let first = existsSync(evaluated) ? undefined : temporaryBeside(path.resolve(flags.out))
      if (first !== undefined) {
        print('2 of 5  enlarging a sample 3.3 times with weights that archc carries')
        await firstPage(first, flags.steps, engine.name)
      }
      print(
        `3 of 5  training ${flags.steps} steps on samples/train.csv. The paper's form (models/iste.arch) needs days on two cores; this variant starts at bicubic`,
      )
      const line = liveLine()
      const stop = stopOnSignals()
      const trained = await train({
        loaded,
        engine,
        data: await listPictures(recipe.data),
        out: flags.out,
        seed: flags.seed,
        steps: flags.steps,
        val: 0,
        resume: existsSync(path.join(flags.out, 'run.json')),
        say: line.say,
        signal: stop.signal,
        onStep: ({ step, steps, loss, secondsLeft }) => {
          if (first !== undefined) {
            renameSync(first, evaluated)
            first = undefined
            line.say(`        a picture to look at meanwhile: ${path.join(evaluated, 'index.html')}`)
            openInBrowser(path.join(evaluated, 'index.html'))
          }
          line.show(`        step ${step} of ${steps}  loss ${loss.toFixed(4)}`, {
            force: step === steps,
            ...(secondsLeft !== undefined && { left: secondsLeft }),
          })
        },
      }).finally(async () => {
        stop.end()
        if (first !== undefined) await rm(first, { recursive: true, force: true })
      })
      line.end()
      if (!trained.finished) {
        remark(`stopped at step ${trained.step}; the same command goes on`)
        process.exitCode = stop.exitCode
        return
      }
      print(`4 of 5  evaluating on samples/test, a field of another slide and laboratory`)
      const { openNetwork } = await import('../runtime/network/open-network.ts')
      const { evaluationTable } = await import('../runtime/evaluate/evaluate.ts')
      const { evaluateInto } = await import('../runtime/report/evaluate-into.ts')
      await loadHere(engine.name)
      const opened = await openNetwork(trained.run.folder)
      const { evaluation, page } = await evaluateInto(evaluated, opened, {
        entries: await listPictures(recipe.test),
        scales: flags.scales,
        onProgress: ({ done, total, what, share, secondsLeft }) =>
          line.show(`        ${done} of ${total} done: ${what}, ${Math.floor(100 * share)} %`, {
            ...(secondsLeft !== undefined && { left: secondsLeft }),
          }),
      })
      line.end()
      print(evaluationTable(evaluation))
      print(`5 of 5  the page, complete: ${page} (${duration((Date.now() - start) / 1000)} in all)`)
      const below = evaluation.scales.filter(({ model, bicubic }) => model.psnr <= bicubic.psnr)
      if (below.length > 0)
        throw new UserError(`not above Bicubic at ${below.map(({ m }) => `x${m}`).join(', ')}`, 'give it more --steps')
    })
}

/** The process that trains leaves TensorFlow to the one that computes; what is enlarged here needs it here. */
async function loadHere(name: EngineName): Promise<void> {
  const { loadEngine } = await import('../runtime/engine/index.ts')
  await loadEngine({ name })
}

/** A page with a picture that the carried weights enlarged, until the evaluation writes its own. */
async function firstPage(folder: string, steps: number, engine: EngineName): Promise<string> {
  await loadHere(engine)
  const { firstLook } = await import('../runtime/report/first-look.ts')
  const { carriedFile, defaultWeights } = await import('../runtime/weights/carried.ts')
  const { listPictures } = await import('../runtime/data/dataset.ts')
  const [field] = await listPictures(recipe.test)
  return firstLook({
    field: field!.path,
    weights: carriedFile(defaultWeights),
    folder,
    scale: 3.3,
    warning: `These weights come with archc. The demo trains its own now, for ${steps} steps, and then this page shows those, with their numbers.`,
  })
}

/** Shows a page where a person sits at a desktop; elsewhere its path stands in the terminal. */
function openInBrowser(page: string): void {
  const isDesktop = process.platform === 'darwin' || process.env['DISPLAY'] || process.env['WAYLAND_DISPLAY']
  if (!process.stdout.isTTY || !isDesktop) return
  const opener = spawn(process.platform === 'darwin' ? 'open' : 'xdg-open', [page], { stdio: 'ignore', detached: true })
  opener.on('error', () => undefined).unref() // no browser is no mistake
}
