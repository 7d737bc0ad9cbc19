import { rmSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { UserError } from '../src/errors.ts'
import { archcRoot } from '../src/root.ts'
import { childMark, runChild } from './child.ts'
import { measureCheckAll, measureCold, measureCompiler, type CheckTimes, type CompilerTimes, type Task } from './compiler.ts'
import { thisMachine, type Machine } from './machine.ts'
import type { BrokenSlides } from './broken-slides.ts'
import type { Compared } from './compare.ts'
import type { Gain, Recognised } from './compression.ts'
import type { Enlarged } from './enlarge.ts'
import type { Mutations } from './mutations.ts'
import { both, milliseconds, print, row } from './print.ts'
import type { OnnxTimes } from './onnx.ts'
import type { PythonCheck } from './python.ts'
import type { PictureTimes } from './prediction.ts'
import type { ServedRequests } from './serve.ts'
import type { SizeMemory } from './sizes.ts'
import type { SlideTimes } from './slides.ts'
import type { StageTimes } from './stages.ts'
import type { StatedTimes } from './times.ts'
import type { StepTimes } from './training.ts'
import type { ViewTimes } from './view.ts'

/** Everything that one call of the bench found. */
interface Results {
  readonly machine: Machine
  readonly compiler?: readonly CompilerTimes[]
  readonly checkAll?: CheckTimes
  readonly stages?: StageTimes
  readonly training?: readonly StepTimes[]
  readonly pictures?: readonly PictureTimes[]
  readonly stated?: readonly StatedTimes[]
  readonly sizes?: readonly SizeMemory[]
  readonly compared?: readonly Compared[]
  readonly python?: PythonCheck
  readonly mutations?: Mutations
  readonly recognised?: readonly Recognised[]
  readonly gains?: readonly Gain[]
  readonly enlarged?: readonly Enlarged[]
  readonly slides?: readonly SlideTimes[]
  readonly broken?: BrokenSlides
  readonly views?: readonly ViewTimes[]
  readonly served?: ServedRequests
  readonly onnx?: readonly OnnxTimes[]
}

/** Above this load other work shares the cores, and times mean little. */
const quiet = 0.5

/**
 * `words`: `compiler`, presets of ISTE, `predict`; `compiler tiny mini predict` without any. After `compare`, what bench/compare.ts takes: archc
 * beside PyTorch; `mutations`: what becomes of models with one word changed; `python`: a SavedModel of archc's in Python's TensorFlow; `compression`:
 * what the carried weights gain on pictures that were JPEGs (those that are named, samples/judge without), and how surely such pictures are recognised;
 * `times`: what pictures are said to take, and what they take; `sizes`: memory by the size of the picture; `enlarge`:
 * all carried weights on one field: megapixels a second; `slides`, and sides in pixels: slides that are made and enlarged, with memory;
 * `broken-slides`, a number and files: what becomes of slides that were cut off or changed; `view`: how soon the viewer answers movements, in Chromium;
 * `serve`, and a number: what the server makes of random requests; `onnx`: ONNX Runtime beside TensorFlow.
 */
export async function main(words: readonly string[]): Promise<void> {
  try {
    if (words[0] === childMark && words[1] === 'peer') await (await import('./peers/archc-peer.ts')).servePeer(words[2]!)
    else if (words[0] === childMark) process.stdout.write(JSON.stringify(await measure(words[1]!, words[2]!)))
    else await bench(words.length > 0 ? words : ['compiler', 'tiny', 'mini', 'predict'])
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    process.stderr.write(`${error.message}\n${error.help ? `  help: ${error.help}\n` : ''}`)
    process.exitCode = 1
  }
}

/** One measurement, in the process that was started for it. */
async function measure(kind: string, what: string): Promise<unknown> {
  if (kind === 'cold') return measureCold(what as Task)
  if (kind === 'stages') return (await import('./stages.ts')).measureStages(what)
  if (kind === 'stated') return (await import('./times.ts')).measureStated(Number(what))
  if (kind === 'size') {
    const [at, file] = what.split(' ') as [string, string]
    return (await import('./sizes.ts')).measureSize(Number(at), file)
  }
  if (kind === 'make-slide') return (await import('./slides.ts')).makeSlide(Number(what))
  if (kind === 'slide') return (await import('./slides.ts')).measureSlide(Number(what))
  if (kind === 'enlarged') {
    const [name, scale] = what.split(' ') as [string, string]
    return (await import('./enlarge.ts')).measureEnlarged(name, Number(scale))
  }
  if (kind === 'picture') return (await import('./prediction.ts')).measurePicture(Number(what))
  const { measureSteps } = await import('./training.ts') // loads TensorFlow.js, which the compiler does without
  return measureSteps(what)
}

async function bench(words: readonly string[]): Promise<void> {
  const machine = thisMachine()
  print(`archc ${machine.archc}${machine.commit ? ` (${machine.commit})` : ''}, Node ${machine.node}, ${machine.system}`)
  print(
    `${machine.processor}, ${machine.cores} cores, ${(machine.memoryBytes / 1e9).toFixed(0)} GB; load ${machine.load.toFixed(2)} at the start`,
  )
  if (machine.load > quiet) print('note: other work is running, so these times are not to be compared')
  if (words[0] === 'compare') {
    const { compare } = await import('./compare.ts')
    return print(`\n${await write({ machine, compared: await compare(words.slice(1)) })}`)
  }
  if (words[0] === 'mutations') {
    const { measureMutations } = await import('./mutations.ts')
    const mutations = measureMutations(Number(words[1] ?? 2000))
    const { count, caught, same, others } = mutations
    for (const { file, before, after } of others) print(`${file}\n  ${before}\n  ${after}`)
    const share = (part: number): string => `${part} (${((100 * part) / count).toFixed(1)} %)`
    print(
      `\n${count} changes of one word: ${share(caught)} caught, ${share(same)} without effect, ${share(others.length)} another network (above)`,
    )
    print(`of those with an effect ${((100 * caught) / (count - same)).toFixed(1)} % are caught before anything runs`)
    return print(`\n${await write({ machine, mutations })}`)
  }
  if (words[0] === 'compression') {
    const { measureGains, recognise } = await import('./compression.ts')
    const sources = words.length > 1 ? words.slice(1) : [path.join(archcRoot, 'samples', 'judge.csv')]
    const recognised = await recognise(sources)
    const gains = [...(await measureGains(sources, 2)), ...(await measureGains(sources, 4))]
    return print(`\n${await write({ machine, recognised, gains })}`)
  }
  if (words[0] === 'serve') {
    const { measureServe } = await import('./serve.ts')
    const served = await measureServe(Number(words[1] ?? 10_000))
    const { count, seconds, statuses, held } = served
    const answered = Object.entries(statuses).map(([status, times]) => `${times} by ${status}`)
    print(`\n${count} random requests in ${seconds.toFixed(0)} s: ${answered.join(', ')}`)
    print(`held after each tenth, MB: ${held.map((bytes) => (bytes / 1e6).toFixed(0)).join(' ')}`)
    return print(`\n${await write({ machine, served })}`)
  }
  if (words[0] === 'view') {
    const { measureView } = await import('./view.ts')
    const views = await measureView()
    print(`\n${row(['a view of 1024 x 768, after', 'movements', 'first', '95 %', 'whole', '95 %'])}`)
    for (const { movement, count, first, whole } of views)
      print(row([movement, String(count), ...[...first, ...whole].map(milliseconds)]))
    return print(`\n${await write({ machine, views })}`)
  }
  if (words[0] === 'onnx') {
    const { measureOnnx } = await import('./onnx.ts')
    const onnx = await measureOnnx()
    print(`\n${row(['graph', 'TensorFlow', 'median', 'ONNX', 'median'])}`)
    for (const { graph, tensorflow, onnxRuntime } of onnx) print(row([graph, ...both(tensorflow), ...both(onnxRuntime)]))
    return print(`\n${await write({ machine, onnx })}`)
  }
  if (words[0] === 'python') {
    const { checkPython } = await import('./python.ts')
    const python = await checkPython()
    print(`\nTensorFlow ${python.tensorflow} in Python loads the SavedModel of archc: ${python.signatures.join(', ')}`)
    print(
      `five training steps there and here: losses ${python.losses.map((loss) => loss.toFixed(6)).join(' ')}; furthest apart ${python.worst.toExponential(1)} of the loss`,
    )
    return print(`\n${await write({ machine, python })}`)
  }
  if (words[0] === 'times') {
    const { statedCases } = await import('./times.ts')
    print(`\n${row(['enlarged into a file', 'stated', 'took', 'ratio'])}`)
    const stated = [...statedCases.keys()].map((at) => {
      const one = runChild<StatedTimes>('stated', `${at}`)
      print(statedRow(one))
      return one
    })
    return print(`\n${await write({ machine, stated })}`)
  }
  if (words[0] === 'sizes') {
    const { sizes, writeTiles } = await import('./sizes.ts')
    print(`\n${row(['a tiled TIFF enlarged twice', 'took', '', '', '', 'peak'])}`)
    const folder = await mkdtemp(path.join(os.tmpdir(), 'archc-bench-'))
    const found: SizeMemory[] = []
    for (const [at, { side }] of sizes.entries()) {
      const file = path.join(folder, `${side}.tif`)
      await writeTiles(side, file)
      const one = runChild<SizeMemory>('size', `${at} ${file}`)
      print(sizeRow(one))
      found.push(one)
    }
    await rm(folder, { recursive: true })
    return print(`\n${await write({ machine, sizes: found })}`)
  }
  if (words[0] === 'slides') {
    const sides = words.length > 1 ? words.slice(1).map(Number) : [2048, 4096, 8192, 16_384]
    print(`\n${row(['a slide at 20x to 40x by live', 'computed', 'took', 'stated', 'MP/s', 'peak', 'stated'])}`)
    const slides = sides.map((side) => {
      const file = runChild<string>('make-slide', `${side}`)
      const one = runChild<SlideTimes>('slide', `${side}`)
      rmSync(file)
      print(slideRow(one))
      return one
    })
    return print(`\n${await write({ machine, slides })}`)
  }
  if (words[0] === 'broken-slides') {
    const { measureBrokenSlides } = await import('./broken-slides.ts')
    const files = words.length > 2 ? words.slice(2) : [path.join(archcRoot, 'samples', 'slides', 'CMU-1-Small-Region.svs')]
    const broken = await measureBrokenSlides(files, Number(words[1] ?? 400))
    const { count, refused, damaged, read, others, longestSeconds } = broken
    print(
      `\n${count} slides that were cut off or changed: ${refused} refused by name, ${damaged} read with places that are named, ${read} read; ${others.length} anything else (above); at most ${longestSeconds.toFixed(1)} s each`,
    )
    return print(`\n${await write({ machine, broken })}`)
  }
  if (words[0] === 'enlarge') {
    const { enlargements } = await import('./enlarge.ts')
    print(`\n${row(['512 x 512 by carried weights', 'megapixels/s', 'CPU s/MP', 'beside, CPU s/MP', '', 'peak'])}`)
    const enlarged = enlargements.map(({ name, scale }) => {
      const one = runChild<Enlarged>('enlarged', `${name} ${scale}`)
      print(enlargedRow(one))
      return one
    })
    return print(`\n${await write({ machine, enlarged })}`)
  }
  const compiler = words.includes('compiler') ? measureCompiler() : undefined
  const checkAll = compiler && measureCheckAll()
  if (compiler && checkAll) print(`\n${compilerTable(compiler, checkAll)}`)
  const stages = compiler && runChild<StageTimes>('stages', 'paper')
  if (stages) print(`\n${stagesTable(stages)}`)
  const training: StepTimes[] = []
  for (const preset of words.filter((word) => word !== 'compiler' && word !== 'predict')) {
    const times = runChild<StepTimes>('steps', preset)
    if (training.length === 0) print(`\n${trainingHead(times.engine)}`)
    print(trainingRow(times))
    training.push(times)
  }
  const found: PictureTimes[] = []
  if (words.includes('predict')) {
    const { pictures } = await import('./prediction.ts')
    print(`\n${row(['preset mini, x4', 'took', '', '', '', 'peak', 'predicted'])}`)
    for (const at of pictures.keys()) {
      const one = runChild<PictureTimes>('picture', `${at}`)
      print(pictureRow(one))
      found.push(one)
    }
  }
  const compiled = compiler && checkAll && stages && { compiler, checkAll, stages }
  print(`\n${await write({ machine, ...compiled, training, pictures: found })}`)
}

const slideRow = ({ side, megapixels, computed, seconds, statedSeconds, peakBytes, statedBytes }: SlideTimes): string =>
  row([
    `${side} x ${side}`,
    `${megapixels.toFixed(0)} MP, ${(100 * computed).toFixed(0)} %`,
    `${seconds.toFixed(0)} s`,
    `${statedSeconds.toFixed(0)} s`,
    (megapixels / seconds).toFixed(2),
    `${(peakBytes / 1e6).toFixed(0)} MB`,
    `${(statedBytes / 1e6).toFixed(0)} MB`,
  ])

function compilerTable(times: readonly CompilerTimes[], { first, again }: CheckTimes): string {
  const lines = times.flatMap(({ task, cold, fromStart, warm }) => [
    row([`${task}, cold: first call`, ...both(cold), `${cold.count}`]),
    row([`${task}, cold: with process start`, ...both(fromStart), `${fromStart.count}`]),
    row([`${task}, warm`, ...both(warm), `${warm.count}`]),
  ])
  return [
    row(['models/iste.arch', 'minimum', 'median', 'of']),
    ...lines,
    row(['archc check models, whole process', ...both(first), `${first.count}`]),
    row(['the same again', ...both(again), `${again.count}`]),
  ].join('\n')
}

function stagesTable({ preset, stages }: StageTimes): string {
  const all = stages.reduce((total, [, each]) => total + each, 0)
  return [
    row([`ISTE, ${preset}: text to a training step`, 'once']),
    ...stages.map(([name, each]) => row([`  ${name}`, milliseconds(each)])),
    row(['  together', milliseconds(all)]),
  ].join('\n')
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`

const pictureRow = ({ side, scope, milliseconds: took, peakBytes, predictedBytes }: PictureTimes): string =>
  row([`${side} x ${side}, scope ${scope}`, milliseconds(took), '', '', '', megabytes(peakBytes), megabytes(predictedBytes)])

const sizeRow = ({ network, side, milliseconds: took, peakBytes }: SizeMemory): string =>
  row([`${network}, ${side} x ${side}`, milliseconds(took), '', '', '', megabytes(peakBytes)])

/** What is no arithmetic: reading, rounding, the check by making smaller again, writing. */
const besides = ['start', 'read', 'bytes', 'consistency', 'write']

function enlargedRow({ weights, scale, megapixels, seconds, stages, peakBytes }: Enlarged): string {
  const cpu = (which: (stage: string) => boolean): string =>
    (stages.filter(({ stage }) => which(stage)).reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0) / megapixels).toFixed(2)
  return row([
    `${weights}, x${scale}`,
    (megapixels / seconds).toFixed(2),
    cpu(() => true),
    cpu((stage) => besides.includes(stage)),
    '',
    megabytes(peakBytes),
  ])
}

const statedRow = ({ network, picture, stated, took }: StatedTimes): string =>
  row([`${network}, ${picture}`, `${stated.toFixed(2)} s`, `${took.toFixed(2)} s`, (stated / took).toFixed(2)])

const trainingHead = (engine: string): string =>
  [engine, row(['a training step of ISTE', 'minimum', 'median', 'of', 'with data', 'peak', 'predicted'])].join('\n')

function trainingRow({ preset, parameters, sizes, step, loop, peakBytes, predictedBytes }: StepTimes): string {
  const { B, h, w, q } = sizes
  const what = `${preset}: ${B} x ${h} x ${w}, ${q} queries`
  const cells = row([
    what,
    ...both(step),
    `${step.count}`,
    milliseconds(loop.median),
    megabytes(peakBytes),
    megabytes(predictedBytes),
  ])
  return `${cells}  ${parameters.toLocaleString('en')} parameters`
}

/** Writes everything beside the bench and gives the file's path. */
async function write(results: Results): Promise<string> {
  const folder = path.join(archcRoot, 'bench', 'results')
  await mkdir(folder, { recursive: true })
  const file = path.join(folder, `${results.machine.date.replaceAll(':', '-')}.json`)
  await writeFile(file, `${JSON.stringify(results, undefined, 2)}\n`)
  return path.relative(process.cwd(), file)
}
