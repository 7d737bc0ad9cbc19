import { existsSync } from 'node:fs'
import path from 'node:path'
import type { Command } from 'commander'
import { parameterCount } from '../compiler/ir/graph.ts'
import { UserError } from '../errors.ts'
import { archcRoot } from '../root.ts'
import { duration, engineFlags, liveLine, positive, print, remark, scales, type CommonFlags } from './common.ts'
import { openEngine } from './open-engine.ts'
import { stopOnSignals } from './stop-on-signals.ts'

interface Flags extends CommonFlags {
  readonly out: string
  readonly steps: number
  readonly scales: number[]
}

/** The demo's recipe; `models/weights/README.md` names the same with more steps. */
export const recipe = {
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
    .description('compile, train, evaluate and show ISTE on bicubic, on the tissue in samples/ (minutes)')
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
      print(`1 of 4  compiled ${loaded.model.variants[0]} (${recipe.preset}): ${parameters.toLocaleString('en')} parameters`)
      const engine = await openEngine(flags, true)
      const { train } = await import('../runtime/train/train.ts')
      const { listPictures } = await import('../runtime/data/dataset.ts')
      print(
        `2 of 4  training ${flags.steps} steps on samples/train.csv. The paper's form (models/iste.arch) needs days on two cores; this variant starts at bicubic`,
      )
      const line = liveLine(15)
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
        onStep: ({ step, steps, loss, secondsLeft }) =>
          line.show(`        step ${step} of ${steps}  loss ${loss.toFixed(4)}  ${duration(secondsLeft)} left`, step === steps),
      }).finally(stop.end)
      line.end()
      if (!trained.finished) {
        remark(`stopped at step ${trained.step}; the same command goes on`)
        process.exitCode = stop.exitCode
        return
      }
      print(`3 of 4  evaluating on samples/test, a field of another slide and laboratory`)
      const { openNetwork } = await import('../runtime/network/open-network.ts')
      const { evaluationTable } = await import('../runtime/evaluate/evaluate.ts')
      const { evaluateInto } = await import('../runtime/report/evaluate-into.ts')
      const { loadEngine } = await import('../runtime/engine/index.ts')
      await loadEngine({ name: engine.name })
      const opened = await openNetwork(trained.run.folder)
      const { evaluation, page } = await evaluateInto(path.join(trained.run.folder, 'evaluation'), opened, {
        entries: await listPictures(recipe.test),
        scales: flags.scales,
        onProgress: (done, total, what) => remark(`        ${done} of ${total}: ${what}`),
      })
      print(evaluationTable(evaluation))
      print(`4 of 4  the page: ${page} (${duration((Date.now() - start) / 1000)} in all)`)
      const below = evaluation.scales.filter(({ model, bicubic }) => model.psnr <= bicubic.psnr)
      if (below.length > 0)
        throw new UserError(`not above Bicubic at ${below.map(({ m }) => `x${m}`).join(', ')}`, 'give it more --steps')
    })
}
