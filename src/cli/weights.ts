import { Option, type Command } from 'commander'
import { foldedPaths } from '../compiler/compare.ts'
import { summarise } from '../compiler/summary.ts'
import type { Imported } from '../runtime/weights/import.ts'
import {
  colourful,
  compileFlags,
  compileOptions,
  engineFlags,
  jsonFlag,
  networkSource,
  print,
  remark,
  scales,
  type CommonFlags,
  setOption,
} from './common.ts'
import { openEngine } from './open-engine.ts'

interface ImportFlags extends CommonFlags {
  readonly into: string
  readonly out: string
  readonly map?: string
  readonly key?: string
  readonly part?: string[]
}

interface ExportFlags extends CommonFlags {
  readonly out: string
  readonly format: 'safetensors' | 'pytorch-names' | 'tfjs' | 'onnx'
  readonly scales?: readonly number[]
  readonly map?: string
  readonly set?: string[]
}

interface CardFlags {
  readonly runs: string[]
  readonly evaluations: string[]
  readonly about: string
  readonly out: string
}

/** Registers `archc weights show | import | export | average | card`. */
export function weightsCommand(program: Command): void {
  const weights = program
    .command('weights')
    .description('look at weights, take them from where people have them, write them for others')

  jsonFlag(
    weights
      .command('show')
      .description('names and shapes, as they are in the file')
      .argument(
        '<file>',
        'a run, a network file, or what weights import takes: PyTorch (.pth, .pt), safetensors, a model.json that archc wrote',
      ),
  )
    .addHelpText('after', '\nExamples:\n  archc weights show runs/first\n  archc weights show epoch-last.pth')
    .action(async (file: string, flags: { json?: boolean }) => {
      const { listWeights } = await import('../runtime/weights/list.ts')
      const { form, dicts } = await listWeights(file)
      if (flags.json)
        return print(JSON.stringify(dicts.flatMap(({ key, shapes }) => shapes.map((one) => ({ ...one, ...(key && { key }) })))))
      for (const { key, shapes } of dicts) {
        if (key) print(`${key}, ${shapes.length} tensors (${form}):`)
        for (const { path, shape } of shapes) print(`${key && '  '}${path}  [${shape.join(', ')}]`)
      }
    })

  compileFlags(
    weights
      .command('import')
      .description('weights from a file of others, with their text in a network file that evaluate and upscale take'),
  )
    .argument(
      '<file...>',
      'PyTorch (.pth, .pt), safetensors, or a model.json that archc wrote; several when each holds a network',
    )
    .requiredOption('--into <model>', 'the model or variant that they are for')
    .requiredOption('-o, --out <file>', 'the network file to write, a .safetensors')
    .option('--map <map>', 'one of models/maps by its name, or a .json of your own; the one that fits best without it')
    .option('--key <keys>', 'where the tensors are in a checkpoint, such as model.sd; found without it')
    .option('--part <paths...>', 'takes the weights below these paths alone, for train --from, which starts the others fresh')
    .addHelpText(
      'after',
      '\nNo code of a PyTorch file is run: what is no tensor is refused by its name.\n\nExamples:\n  archc weights import epoch-last.pth --into liif.arch -o liif.safetensors\n  archc weights import iste.pth --into variants/iste-released.arch -o iste.safetensors\n  archc weights import mine.pth --into mine.arch --map names.json -o mine.safetensors\n  archc weights import lte.pth --into iste.arch --part encoder -o encoder.safetensors',
    )
    .action(async (files: string[], flags: ImportFlags) => {
      const { loadModel } = await import('../runtime/network/load-model.ts')
      const { importWeights, writeImported } = await import('../runtime/weights/import.ts')
      const into = loadModel(flags.into, compileOptions(flags), undefined, colourful(process.stderr))
      if (into.warnings) remark(into.warnings)
      const options = {
        files,
        into,
        ...(flags.map !== undefined && { map: flags.map }),
        ...(flags.key !== undefined && { key: flags.key }),
        ...(flags.part && { parts: flags.part }),
      }
      const imported = await importWeights(options)
      await writeImported(flags.out, options, imported)
      print(importText(imported))
      remark(`written to ${flags.out}`)
    })

  engineFlags(
    weights
      .command('export')
      .description('weights of a network for archc elsewhere, for PyTorch, for TensorFlow.js, for ONNX Runtime')
      .argument('<run>', networkSource),
  )
    .addOption(
      new Option('--format <format>', 'a network file; official names and layouts; a layers model; ONNX')
        .choices(['safetensors', 'pytorch-names', 'tfjs', 'onnx'])
        .default('safetensors'),
    )
    .requiredOption('-o, --out <path>', 'a .safetensors file; for tfjs and onnx a folder')
    .option('--scales <list>', 'onnx: whole factors, such as 2,4, that get a file of their own each', scales)
    .option(
      ...setOption('set a parameter that changes no weight, or a field of evaluate, in the text that goes with the weights'),
    )
    .option('--map <map>', 'for pytorch-names: one of models/maps by its name, or a .json of your own; the model’s without it')
    .addHelpText(
      'after',
      '\nExamples:\n  archc weights export runs/first -o first.safetensors\n  archc weights export runs/first --set evaluate.back_projection=2 -o first.safetensors\n  archc weights export runs/first --format pytorch-names -o for-pytorch.safetensors\n  archc weights export runs/first --format tfjs -o build/first\n  archc weights export runs/first --format onnx --scales 2,4 -o build/first-onnx',
    )
    .action(async (run: string, flags: ExportFlags) => {
      await openEngine(flags)
      const { averagedText, openNetwork, packNetwork } = await import('../runtime/network/open-network.ts')
      const opened = await openNetwork(run, flags.set ? { sets: flags.set } : {})
      const count = `${opened.network.weights.length}${averagedText(opened)} weights (${opened.hash})`
      switch (flags.format) {
        case 'safetensors':
          await packNetwork(opened, flags.out)
          return remark(`${flags.out}: ${count}`)
        case 'pytorch-names': {
          const { exportNamed } = await import('../runtime/weights/export.ts')
          const { tensors, map } = await exportNamed(opened, flags.out, flags.map)
          return remark(
            `${flags.out}: ${count} as ${tensors.size} tensors, ${map.name === 'pytorch-paths' ? 'by their own paths: no shipped map has a name for each' : `named as in ${map.repository}`}`,
          )
        }
        case 'onnx': {
          const { emitOnnx } = await import('../runtime/network/emit-onnx.ts')
          const files = await emitOnnx(
            opened.loaded,
            flags.out,
            opened.network,
            flags.scales ?? [],
            summarise(opened.loaded.model, {}),
          )
          return remark(`${flags.out}: ${files.join(', ')} and README.md, ${count}`)
        }
        case 'tfjs': {
          const { emitLayersModel } = await import('../runtime/network/emit.ts')
          await emitLayersModel(opened.loaded, flags.out, opened.network, summarise(opened.loaded.model, {}))
          return remark(`${flags.out}: model.json and weights.bin, ${count}`)
        }
      }
    })

  engineFlags(
    weights
      .command('average')
      .description(
        'the mean of several weights of one network, such as the last checkpoints of a training: often better than each',
      )
      .argument('<run...>', 'run folders, checkpoints in them, network files; the text is that of the first'),
  )
    .requiredOption('-o, --out <file>', 'the network file to write, a .safetensors')
    .addHelpText(
      'after',
      '\nExamples:\n  archc weights average runs/first/checkpoints/* -o first.safetensors\n  archc weights average runs/first runs/second -o both.safetensors',
    )
    .action(async (runs: string[], flags: CommonFlags & { out: string }) => {
      await openEngine(flags)
      const { openNetwork, packNetwork } = await import('../runtime/network/open-network.ts')
      const { averageWeights } = await import('../runtime/weights/average.ts')
      const opened = await Promise.all(runs.map((run) => openNetwork(run)))
      averageWeights(opened)
      await packNetwork(opened[0]!, flags.out)
      remark(`${flags.out}: ${opened[0]!.network.weights.length} weights, the mean of ${runs.length}`)
    })

  weights
    .command('card')
    .description('a model card: recipe, curve and scores from what archc kept, the rest from a text of yours')
    .argument('<file>', 'a network file that weights export wrote')
    .requiredOption('--runs <run...>', 'the run folders that led to it, in order, each from the weights of the one before')
    .requiredOption('--evaluations <folder...>', 'what archc evaluate wrote, each as FOLDER or TITLE=FOLDER')
    .requiredOption('--about <file>', 'Markdown: licences of the data, what it is for, what is known to fail')
    .requiredOption('-o, --out <file>', 'where it goes, a .md; the curve of the loss goes beside it as .svg')
    .addHelpText(
      'after',
      '\nExamples:\n  archc weights card first.safetensors --runs runs/first --evaluations "Other slides"=runs/first/evaluation --about about.md -o first.md',
    )
    .action(async (file: string, flags: CardFlags) => {
      const { writeCard } = await import('../runtime/report/write-card.ts')
      for (const written of await writeCard({ ...flags, file })) print(written)
    })
}

/** What was taken and what was not, by name. */
function importText({ tensors, form, key, map, taken, ignored, leftOver, anew, left, others }: Imported): string {
  const names = map ? `the map ${map.name} (${map.repository})` : 'their own names'
  const reasons = [...new Set(ignored.map(({ why }) => why))]
  return [
    `${taken} tensors${key && ` under ${key}`} (${form}) became ${tensors.size} weights, by ${names}`,
    ...reasons.flatMap((why) => [
      `  not taken: ${why}`,
      ...ignored.filter((one) => one.why === why).map(({ name }) => `    ${name}`),
    ]),
    ...(leftOver.length > 0
      ? [
          `  left over: ${left.length > 0 ? 'no weight that is asked for' : 'the model has no weight for them'}`,
          ...leftOver.map((name) => `    ${name}`),
        ]
      : []),
    ...(left.length > 0
      ? ['  not in the file: train --from starts them fresh', ...foldedPaths(left).map((name) => `    ${name}`)]
      : []),
    ...(others.length > 0
      ? [
          '  not taken: other tensors of the file',
          ...others.map(({ key: other, count }) => `    ${other || '(the whole file)'}, ${count}`),
        ]
      : []),
    ...(anew.length > 0 ? ['  not given, for training alone', ...anew.map((name) => `    ${name}`)] : []),
  ].join('\n')
}
