import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { CompiledModel } from '../src/compiler/plan.ts'
import { UserError } from '../src/errors.ts'
import { archcRoot } from '../src/root.ts'
import { crop, type Picture } from '../src/runtime/data/picture.ts'
import { readPicture } from '../src/runtime/data/read-picture.ts'
import { createRandom } from '../src/runtime/files/random.ts'
import { readSafetensors, writeSafetensors, type Tensor } from '../src/runtime/files/safetensors.ts'
import { loadModel } from '../src/runtime/network/load-model.ts'
import { initialWeights } from '../src/runtime/network/network.ts'
import { normalised } from '../src/runtime/network/normalised.ts'
import { pictureInput } from '../src/runtime/predict/roles.ts'
import { makeItem, planItem, stackItems } from '../src/runtime/train/batch.ts'
import { planByPath, readMap, toNames } from '../src/runtime/weights/map.ts'
import { randomLayers } from './peers/archc-peer.ts'
import { archcKinds, startPeer, TooSlow, torchKinds, torchVersion, type Kind, type Peer } from './peers/peer.ts'
import type { Answer, Subject } from './peers/protocol.ts'
import { both, print, row } from './print.ts'
import { summarise, type Sample } from './sample.ts'

/** One kind at one task. */
export interface Measured {
  readonly kind: string
  readonly name: string
  /** Milliseconds; absent where it did not get that far. */
  readonly time?: Sample
  readonly peakBytes?: number
  /** How far its results were from those of archc's graph: of the loss and of all gradients, or of the pixels. */
  readonly apart?: Readonly<Record<string, number>>
  /** Why there is no time. */
  readonly problem?: string
}

export interface Compared {
  readonly task: string
  readonly measured: readonly Measured[]
}

/** What of the comparison is asked for. */
const parts = ['steps', 'predict', 'growth'] as const
const presets = ['micro', 'mini']

/** Random scales, but none at which a picture's edge falls on the centres of pixels, where the released weights are rounding. */
const fixed = ['train.m=uniform(2, 4)']
const rate = 1e-4
/** Rounds before and while measuring. A picture that took a peer so many seconds is enough; a peer that is longer silent is ended. */
const warmUp = 2
const rounds = 10
const enough = 45
const patience = 200
/** How far apart results may be: relative, the loss and the gradients of all weights together; pixels of 0 .. 1 on average. */
const allowed = { loss: 1e-5, gradients: 1e-3, pixels: 1e-4 }

/**
 * Compares what `words` name: presets, `steps`, `predict`, `growth`, `batch=1,4` of steps and `chunk=8192,0` of pictures (0: all at
 * once). Without any of a sort, all but the growth.
 */
export async function compare(words: readonly string[]): Promise<readonly Compared[]> {
  for (const word of words)
    if (!presets.includes(word) && !(parts as readonly string[]).includes(word) && !/^(batch|chunk)=\d+(,\d+)*$/.test(word))
      throw new UserError(`compare has no ${word}`, `it takes ${[...presets, ...parts].join(', ')}, batch=1,4 and chunk=8192,0`)
  const numbers = (name: string, otherwise: readonly number[]): readonly number[] =>
    words
      .find((word) => word.startsWith(`${name}=`))
      ?.slice(name.length + 1)
      .split(',')
      .map(Number) ?? otherwise
  const some = <T extends string>(all: readonly T[], otherwise: readonly T[]): readonly T[] => {
    const named = all.filter((each) => words.includes(each))
    return named.length > 0 ? named : otherwise
  }
  const asked = some(parts, ['steps', 'predict'])
  const found = torchVersion()
  if ('version' in found) print(`PyTorch ${found.version}`)
  else
    print(
      `PyTorch was not found, so archc runs alone: ${found.problem}\n  ARCHC_PYTHON names another Python, PYTHONPATH where its packages are`,
    )
  const kinds = [...archcKinds, ...('version' in found ? torchKinds : [])]
  const compared: Compared[] = []
  const folder = await mkdtemp(path.join(os.tmpdir(), 'archc-compare-'))
  const say = async (task: string, measuring: Promise<readonly Measured[]>): Promise<void> => {
    const measured = await measuring
    compared.push({ task, measured })
    print(`\n${table(task, measured)}`)
  }
  try {
    for (const preset of some(presets, presets)) {
      if (asked.includes('steps'))
        for (const batch of numbers('batch', [1, 4])) {
          const subject = { preset, sets: [...fixed, `train.B=${batch}`] }
          await say(`${preset}, a training step, batch ${batch}`, compareSteps(folder, subject, kinds))
        }
      if (asked.includes('predict'))
        for (const chunk of numbers('chunk', [2304, 8192, 30000, 0])) {
          const task = `${preset}, 64 x 64 to 256 x 256, ${chunk ? `${chunk} queries at a time` : 'all at once'}`
          await say(task, comparePictures(folder, { preset, sets: fixed }, kinds, 256, chunk))
        }
    }
    if (asked.includes('growth')) await growth(folder, kinds.filter(({ key }) => !slowToStart.includes(key)), say) // prettier-ignore
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return compared
}

/** Left out where every row starts anew: they compile for each size. */
const slowToStart = ['archc-layers', 'archc-xla', 'torch-released-compile', 'torch-algebra-compile']

/** Time and memory of `mini` against each size, the others as in training. Each in a process of its own. */
async function growth(
  folder: string,
  kinds: readonly Kind[],
  say: (task: string, measuring: Promise<readonly Measured[]>) => Promise<void>,
): Promise<void> {
  const subject = (sets: readonly string[]): Subject => ({ preset: 'mini', sets: [...fixed, ...sets] })
  const steps = (sets: readonly string[]) => compareSteps(folder, subject(sets), kinds)
  for (const batch of [1, 2, 4, 8]) await say(`mini, a training step, batch ${batch}`, steps([`train.B=${batch}`]))
  for (const side of [32, 48, 64, 96])
    await say(`mini, a training step, LR ${side} x ${side}`, steps(['train.B=1', `train.h=${side}`, `train.w=${side}`]))
  for (const count of [576, 2304, 4608, 9216])
    await say(`mini, a training step, ${count} queries`, steps(['train.B=1', `train.q=${count}`]))
  for (const side of [128, 256, 512, 1024])
    await say(`mini, 64 x 64 to ${side} x ${side}, 8192 queries at a time`, comparePictures(folder, subject([]), kinds, side, 8192)) // prettier-ignore
}

interface Files {
  readonly archc: string
  readonly torch: string
}

/** Equal weights for all, under the names of each. */
async function writeWeights(folder: string, model: CompiledModel): Promise<Files> {
  const weights = initialWeights(model.graph.weights, 1)
  const files = { archc: path.join(folder, 'weights.safetensors'), torch: path.join(folder, 'weights-torch.safetensors') }
  await writeSafetensors(files.archc, weights)
  await writeSafetensors(files.torch, toNames(weights, planByPath(readMap('iste'), weights.keys()).transfers))
  return files
}

const field = async (name: string): Promise<Picture> =>
  (await readPicture(path.join(archcRoot, 'samples', 'train', `brecahad_${name}.jpg`))).picture

/** One batch of crops of tissue, with the uniform numbers of everything that acts at random. */
async function writeBatch(folder: string, model: CompiledModel): Promise<string> {
  const plan = model.train!
  const picture = await field('10011')
  const count = plan.sizes['B']!
  const items = Array.from({ length: count }, (_, at) => {
    const random = createRandom(7).split(`item ${at}`)
    return makeItem(model, plan, picture, planItem(model, plan, random, { epoch: 0, epochs: plan.epochs }))
  })
  const stacked = stackItems(model, plan, items)
  const layers = randomLayers(model)
  const random = createRandom(8)
  const draws = Float32Array.from({ length: layers.length * count }, () => random.uniform())
  const tensors = Object.entries({ ...stacked, draws: { shape: [layers.length, count], data: draws } }).map(
    ([name, { shape, data }]) => [name, { shape, dtype: 'F32', data: data as Float32Array }] as const,
  )
  const file = path.join(folder, 'batch.safetensors')
  await writeSafetensors(file, new Map<string, Tensor>(tensors))
  return file
}

const load = ({ preset, sets }: Subject): CompiledModel =>
  loadModel(path.join(archcRoot, 'models', 'iste.arch'), { preset, sets }).model

/** Training steps on equal weights and batches, in turns; losses and gradients first. */
async function compareSteps(folder: string, subject: Subject, kinds: readonly Kind[]): Promise<readonly Measured[]> {
  const model = load(subject)
  const weights = await writeWeights(folder, model)
  const batch = await writeBatch(folder, model)
  const graded: { loss: number; gradients: ReadonlyMap<string, Tensor> }[] = []
  return inTurns(kinds, {
    async open(peer) {
      await peer.ask({ do: 'open', model: subject, weights: weights[peer.kind.of], rate }, patience)
      await peer.ask({ do: 'batch', file: batch }, patience)
    },
    async check(peer) {
      const file = path.join(folder, 'gradients.safetensors')
      const { loss } = await peer.ask({ do: 'gradients', file }, patience)
      graded.push({ loss: loss!, gradients: (await readSafetensors(file)).tensors })
      const [first, own] = [graded[0]!, graded.at(-1)!]
      return {
        loss: Math.abs(own.loss - first.loss) / Math.abs(first.loss),
        gradients: distance(own.gradients, first.gradients),
      }
    },
    once: (peer) => peer.ask({ do: 'step' }, patience),
    isCheckedApart: true,
  })
}

/** Enlarging one picture, in turns; the results first. */
async function comparePictures(
  folder: string,
  subject: Subject,
  kinds: readonly Kind[],
  side: number,
  chunk: number,
): Promise<readonly Measured[]> {
  const model = load(subject)
  const weights = await writeWeights(folder, model)
  const shown = crop(await field('10014'), 100, 100, 64, 64)
  const picture = path.join(folder, 'picture.safetensors')
  const lr: Tensor = { shape: [1, 64, 64, 3], dtype: 'F32', data: normalised(shown.data, pictureInput(model)) }
  await writeSafetensors(picture, new Map([['lr', lr]]))
  const results: Float32Array[] = []
  const queries = side * side
  // XLA compiles training steps only.
  return inTurns(
    kinds.filter(({ key }) => key !== 'archc-xla'),
    {
      refuse({ key }) {
        const bytes = 2 * 4 * Math.min(chunk || queries, queries) ** 2
        const fits = !key.startsWith('torch-released') || bytes < 0.6 * os.freemem()
        return fits ? undefined : `two matrices of ${(bytes / 1e9).toFixed(0)} GB do not fit`
      },
      async open(peer) {
        await peer.ask({ do: 'open', model: subject, weights: weights[peer.kind.of], rate }, patience)
      },
      async check(peer) {
        const file = path.join(folder, 'rgb.safetensors')
        await peer.ask({ do: 'predict', picture, side, chunk, file }, patience)
        results.push((await readSafetensors(file)).tensors.get('rgb')!.data as Float32Array)
        const [first, own] = [results[0]!, results.at(-1)!]
        return { pixels: own.reduce((sum, value, at) => sum + Math.abs(value - first[at]!), 0) / own.length }
      },
      once: (peer) => peer.ask({ do: 'predict', picture, side, chunk }, patience),
      enough,
    },
  )
}

/** What a task is, for one peer. */
interface Task {
  /** Why this kind cannot do it. */
  readonly refuse?: (kind: Kind) => string | undefined
  readonly open: (peer: Peer) => Promise<void>
  /** How far its results are from the first peer's. */
  readonly check: (peer: Peer) => Promise<Readonly<Record<string, number>>>
  readonly once: (peer: Peer) => Promise<Answer>
  /** Seconds after which a peer sits the other rounds out. Its minimum is then of fewer calls; without it all take part in all. */
  readonly enough?: number
  /** The check holds more than the task does, so a process of its own is checked, and a fresh one measured. */
  readonly isCheckedApart?: boolean
}

/** Starts every kind, compares, and then measures one call of each after the other, round by round. */
async function inTurns(
  kinds: readonly Kind[],
  { refuse, open, check, once, enough: most = Infinity, isCheckedApart = false }: Task,
): Promise<readonly Measured[]> {
  const measured: Measured[] = []
  const running: { peer: Peer; apart: Readonly<Record<string, number>>; times: number[]; peakBytes: number; spent: number }[] = []
  const failed = new Map<Kind, string>()
  try {
    for (const kind of kinds) {
      const problem = refuse?.(kind)
      if (problem !== undefined) {
        failed.set(kind, problem)
        continue
      }
      if (process.stderr.isTTY) process.stderr.write(`  ${kind.name} ..\n`)
      let peer = startPeer(kind)
      try {
        await open(peer)
        const apart = await check(peer)
        for (const [what, value] of Object.entries(apart))
          if (!(value <= allowed[what as keyof typeof allowed]))
            throw new UserError(`${kind.name} computes something else: ${what} are ${value.toExponential(1)} apart, so there is nothing to compare`) // prettier-ignore
        if (isCheckedApart) {
          await peer.close()
          peer = startPeer(kind)
          await open(peer)
        }
        running.push({ peer, apart, times: [], peakBytes: 0, spent: 0 })
      } catch (error) {
        await peer.close()
        if (!(error instanceof TooSlow)) throw error
        failed.set(kind, error.message)
      }
    }
    for (let round = -warmUp; round < rounds; round += 1)
      for (const each of running) {
        if (failed.has(each.peer.kind) || (each.spent > 1000 * most && each.times.length > 0)) continue
        const answer = await once(each.peer).catch((error: unknown) => {
          if (!(error instanceof TooSlow)) throw error
          failed.set(each.peer.kind, error.message)
          return undefined
        })
        if (!answer) continue
        const { milliseconds, peakBytes } = answer
        each.spent += milliseconds!
        each.peakBytes = peakBytes!
        if (round >= 0 || each.spent > 1000 * most) each.times.push(milliseconds!)
      }
  } finally {
    for (const { peer } of running) await peer.close()
  }
  for (const kind of kinds) {
    const ran = running.find(({ peer }) => peer.kind === kind)
    const { key, name } = kind
    measured.push(
      ran && ran.times.length > 0
        ? { kind: key, name, time: summarise(ran.times), peakBytes: ran.peakBytes, apart: ran.apart }
        : { kind: key, name, problem: failed.get(kind)! },
    )
  }
  return measured
}

/** The length of the difference of all tensors, by the length of the second. */
function distance(own: ReadonlyMap<string, Tensor>, first: ReadonlyMap<string, Tensor>): number {
  let apart = 0
  let whole = 0
  for (const [name, { data }] of first) {
    const other = own.get(name)
    if (!other) throw new UserError(`a peer has no gradient of ${name}`)
    data.forEach((value, at) => {
      apart += (value - other.data[at]!) ** 2
      whole += value ** 2
    })
  }
  return Math.sqrt(apart / whole)
}

function table(task: string, measured: readonly Measured[]): string {
  const least = measured[0]?.time?.minimum
  const lines = measured.map(({ name, time, peakBytes, problem }) =>
    time
      ? row([
          name,
          ...both(time),
          `${time.count}`,
          `${(peakBytes! / 1e6).toFixed(0)} MB`,
          least === undefined ? '' : (least / time.minimum).toFixed(2),
        ])
      : `${row([name])}  ${problem}`,
  )
  return [row([task, 'minimum', 'median', 'of', 'peak', 'archc / it']), ...lines].join('\n')
}
