import { Option, type Command } from 'commander'
import { format } from '../compiler/shapes/size.ts'
import { summarise, summariseModule, usualSizes, type Summary } from '../compiler/summary.ts'
import { UserError } from '../errors.ts'
import { loadModel, loadModule, type LoadedModel } from '../runtime/network/load-model.ts'
import {
  collect,
  colourful,
  compileFlags,
  compileOptions,
  engineFlags,
  kindOf,
  meant,
  print,
  remark,
  scales,
  UsageError,
  type CommonFlags,
} from './common.ts'
import { openEngine } from './open-engine.ts'
import { sizeFlag } from './size.ts'

interface Flags extends CommonFlags {
  readonly out?: string
  readonly emit: boolean | string
  readonly passes?: boolean
  readonly explainPasses?: boolean
  readonly target: 'layers' | 'savedmodel' | 'onnx'
  readonly scales?: readonly number[]
  readonly size?: Readonly<Record<string, number>>
  readonly module?: string
  readonly inspect?: readonly string[]
}

/** Registers `archc compile`. */
export function compileCommand(program: Command): void {
  const command = program
    .command('compile')
    .description('check a model, count it, and write it as a TensorFlow.js layers model')
    .argument('<file>', 'a model or a variant, with --module any file; - is standard input')
    .option('-o, --out <folder>', 'where model.json and weights.bin go')
    .addOption(
      new Option(
        '--target <name>',
        'a TensorFlow.js layers model for all sizes, a SavedModel with train_step, loss and predict, or ONNX for all sizes',
      )
        .choices(['layers', 'savedmodel', 'onnx'])
        .default('layers'),
    )
    .option('--scales <list>', 'onnx: whole factors, such as 2,4, that get a file of their own each', scales)
    .option('--no-emit', 'check and count only')
    .addOption(new Option('--emit <what>', 'print the program instead of writing a model').choices(['ir']))
    .option('--passes', 'with --emit ir: also after every pass, down to the kernels of a training step')
    .option('--explain-passes', 'what every pass did, or why it did nothing')
    .option('--module <name>', 'one module alone; its inputs are symbols, but for what --size says; parameters by --set')
    .option('--inspect <path>', 'a let that becomes an output too, such as stf.best.index', collect)
  engineFlags(compileFlags(sizeFlag(command)))
    .option('--json', 'print the summary as one JSON object')
    .addHelpText(
      'after',
      '\nExamples:\n  archc compile iste.arch -o build/iste\n  archc compile ablations/wo-stf.arch --no-emit\n  archc compile iste.arch --preset mini --size B=1 --target savedmodel -o build/iste-tf\n  archc compile live.arch --target onnx --scales 2,4 -o build/live\n  archc compile iste.arch --preset small --no-emit --json --size h=64 --size w=64\n  archc compile lib/swinir.arch --module SwinIR --no-emit\n  archc compile iste.arch --inspect stf.best.index --inspect stf.best.score -o build/matches',
    )
    .action(async (file: string, flags: Flags) => {
      const sizes = flags.size ?? {}
      if (flags.module) {
        if (flags.emit !== false)
          throw new UsageError('a module alone is checked and counted only', 'say --no-emit; a model is what is written')
        const { graph, checks } = loadModule(file, flags.module, sizes, flags.set ?? [], colourful(process.stderr))
        const summary = summariseModule(flags.module, graph, checks, sizes)
        return print(flags.json ? JSON.stringify(summary) : summaryText(summary))
      }
      const loaded = inspecting(loadModel(file, compileOptions(flags), undefined, colourful(process.stderr)), flags.inspect ?? [])
      if (loaded.warnings) remark(loaded.warnings)
      if (flags.emit === true && !flags.explainPasses && !flags.out)
        throw new UsageError('nowhere to write the model', 'name a folder with -o, or say --no-emit')
      requireSizes(loaded, sizes)
      if (flags.scales && flags.target !== 'onnx') throw new UsageError('--scales names files of --target onnx')
      if (flags.emit === 'ir' || flags.explainPasses) return printPasses(loaded, sizes, flags)
      if (flags.out && kindOf(flags.out) === 'file')
        throw new UserError(`cannot write ${flags.out}: it is a file`, 'name a folder with -o')
      const summary = summarise(loaded.model, sizes)
      if (flags.emit !== false) {
        const { emitLayersModel, emitSavedModel } = await import('../runtime/network/emit.ts')
        if (flags.target === 'onnx') {
          const { emitOnnx } = await import('../runtime/network/emit-onnx.ts')
          await emitOnnx(loaded, flags.out!, flags.seed, flags.scales ?? [], summary)
        } else if (flags.target === 'savedmodel') await emitSavedModel(loaded, flags.out!, flags.seed, summary.sizes, summary)
        else {
          await openEngine(flags)
          await emitLayersModel(loaded, flags.out!, flags.seed, summary)
        }
      }
      print(flags.json ? JSON.stringify(summary) : summaryText(summary))
      if (flags.emit !== false) remark(`written to ${flags.out}`)
    })
}

/** The program after every pass, or what the passes did. */
async function printPasses(loaded: LoadedModel, given: Readonly<Record<string, number>>, flags: Flags): Promise<void> {
  const { explainPasses } = await import('../compiler/targets/savedmodel/explain.ts')
  const { model } = loaded
  const sizes = { ...(model.train ? {} : usualSizes), ...model.train?.sizes, ...given }
  const reports = explainPasses(model.graph, model.train?.objectives[0], sizes)
  if (flags.explainPasses) return print(reports.map(({ pass, said }) => `${pass.padEnd(13)} ${said}`).join('\n'))
  if (!flags.passes) return print(reports[0]!.text())
  for (const { pass, said, text } of reports) print(`// ${pass}: ${said}\n${text()}`)
}

/** A size that no input has would change nothing, so it is a slip. */
function requireSizes({ model }: LoadedModel, given: Readonly<Record<string, number>>): void {
  const own = new Set(
    model.inputs.flatMap(
      (input) =>
        input.shape
          .map(format)
          .join(' ')
          .match(/[A-Za-z_]\w*/g) ?? [],
    ),
  )
  const unknown = Object.keys(given).find((name) => !own.has(name))
  if (unknown !== undefined)
    throw new UserError(`no input of ${model.name} has a size ${unknown}`, `its sizes: ${[...own].join(', ')}`)
}

/** The model with more outputs: lets by their paths. */
function inspecting(loaded: LoadedModel, paths: readonly string[]): LoadedModel {
  if (paths.length === 0) return loaded
  const { model } = loaded
  const { lets } = model.graph
  const more = paths.map((path) => {
    const value = lets.get(path)
    if (value === undefined) {
      throw new UserError(
        `${model.name} has no let ${path}${meant(path, lets.keys())}`,
        `its lets: ${[...lets.keys()].filter((name) => !name.includes('[')).join(', ')}`,
      )
    }
    return {
      name: path.replace(/[^A-Za-z0-9_.]/g, '_'),
      role: 'inspect' as const,
      shape: model.graph.values[value]!.shape,
      range: [-1, 1] as const,
      value,
    }
  })
  return {
    ...loaded,
    model: {
      ...model,
      graph: { ...model.graph, outputs: [...model.graph.outputs, ...more.map(({ name, value }) => ({ name, value }))] },
      outputs: [...model.outputs, ...more.map(({ value: _value, ...output }) => output)],
    },
  }
}

function summaryText(summary: Summary): string {
  const number = (value: number): string => value.toLocaleString('en')
  const gib = (bytes: number): string =>
    bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(2)} GiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`
  const used = Object.entries(summary.sizes).filter(([name]) =>
    [...summary.inputs, ...summary.outputs].some(({ shape }) => new RegExp(`\\b${name}\\b`).test(shape)),
  )
  return [
    `${[summary.model, ...summary.variant].join(', ')}, preset ${summary.preset}`,
    `  parameters     ${number(summary.parameters)}`,
    ...Object.entries(summary.apart).map(([slot, count]) => `  of ${slot.padEnd(12)}${number(count)}, trained by its own record`),
    `  multiply-adds  ${number(summary.multiplyAdds)} (one forward pass at ${used.map(([name, size]) => `${name} = ${size}`).join(', ')})`,
    `  memory         ${gib(summary.peakBytes)} at the peak of a forward pass, ${gib(summary.activationBytes)} of activations in all`,
    ...summary.inputs.map(({ name, role, shape }) => `  input          ${name}: ${shape} as ${role}`),
    ...summary.outputs.map(({ name, role, shape }) => `  output         ${name}: ${shape} as ${role}`),
    ...summary.checks.map((check) => `  every picture  ${check}`),
  ].join('\n')
}
