import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { archcRoot } from '../../root.ts'
import { archcVersion } from '../../version.ts'
import type { Picture } from '../data/picture.ts'
import { pngWriter } from '../data/png-writer.ts'
import { activeEngine, cacheFolder } from '../engine/index.ts'
import { writeAtomic } from '../files/atomic.ts'
import { createRandom } from '../files/random.ts'
import { temporaryFolder } from '../files/temporary-folder.ts'
import { loadModel } from '../network/load-model.ts'
import { createNetwork } from '../network/network.ts'
import { fitPace, type Measured } from './fit-pace.ts'
import { createPredictor, type PredictOptions } from './predict.ts'
import { units, type Pace } from './work.ts'
import { held } from '../data/source.ts'

/** Small networks that are computed to see what takes how long: one that moves much, one that multiplies much. */
const probes: readonly { readonly file: string; readonly sets: readonly string[]; readonly side: number; readonly m: number }[] =
  [
    { file: 'liif.arch', sets: ['decoder.hidden=[128, 128]'], side: 64, m: 2 },
    { file: 'edsr.arch', sets: ['width=64'], side: 48, m: 2 },
  ]
/** Each is computed so often: by layers, loaded, and then as it goes on; the least counts, for other work may come in between. */
const rounds = 8
/** Rounds that there are at least: TensorFlow computes by layers, loads a graph, and goes on with it; other engines compute one way. */
const leastRounds = { tensorflow: 3, other: 1 } as const
/** After so many seconds no further round begins. */
const patience = 1

interface Stored {
  readonly pace: Pace
  /** When it was measured, in milliseconds, and whether other work was running. */
  readonly at: number
  readonly isBusy: boolean
}

/** What was measured beside other work is measured again after this (ms). */
const busyFor = 3_600_000

/**
 * How fast this machine computes with the engine that is active. Measured once for each version of archc and kept in the cache
 * folder; where that cannot be written it is measured every time.
 */
export async function machinePace(say: (line: string) => void): Promise<Pace> {
  const file = path.join(cacheFolder(), 'pace', `${identity()}.json`)
  const stored = await readStored(file)
  if (stored) return stored.pace
  say('measuring how fast this machine is, once: a few seconds')
  const isBusy = os.loadavg()[0]! > os.availableParallelism() / 2
  const pace = await measurePace()
  await writeAtomic(file, `${JSON.stringify({ pace, at: Date.now(), isBusy } satisfies Stored)}\n`).catch(() => undefined)
  return pace
}

/** What a pace belongs to: processor, engine and its settings, archc. */
function identity(): string {
  const settings = Object.entries(process.env).filter(([name]) => /^(TF|ONEDNN|DNNL|OMP|KMP)_/.test(name))
  const { description } = activeEngine()!
  const facts = [archcVersion(), description, os.cpus()[0]?.model, os.availableParallelism(), settings.sort()]
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16)
}

async function readStored(file: string): Promise<Stored | undefined> {
  try {
    const stored = JSON.parse(await readFile(file, 'utf8')) as Stored
    const isWhole = units.every((unit) => Number.isFinite(stored.pace[unit]))
    return isWhole && !(stored.isBusy && Date.now() - stored.at > busyFor) ? stored : undefined
  } catch {
    return undefined // none, or half of one
  }
}

/** Computes the probes as pictures are computed, and fits the pace to what their steps take. */
export async function measurePace(): Promise<Pace> {
  const { folder, remove } = temporaryFolder('pace')
  try {
    const measured: Measured[] = []
    for (const probe of probes) measured.push(...(await measureProbe(probe, path.join(folder, 'probe.png'))))
    return fitPace(measured)
  } finally {
    remove()
  }
}

async function measureProbe({ file, sets, side, m }: (typeof probes)[number], png: string): Promise<Measured[]> {
  const { model } = loadModel(path.join(archcRoot, 'models', file), { preset: 'tiny', sets })
  const network = createNetwork([model.graph], activeEngine()!.name === 'tensorflow' ? 'repeated' : 'layers')
  network.initialise(1)
  const predictor = createPredictor(model, network)
  const found = new Map<string, Measured>()
  const options: PredictOptions = {
    extent: { width: side * m, height: side * m },
    m,
    scope: { kind: 'full' },
    writes: true,
    onStep(step, work, seconds) {
      const key = `${step.do} ${JSON.stringify(work)}`
      if (units.some((unit) => work[unit] > 0))
        found.set(key, { work, seconds: Math.min(seconds, found.get(key)?.seconds ?? Infinity) })
    },
  }
  const least = leastRounds[activeEngine()!.name === 'tensorflow' ? 'tensorflow' : 'other']
  const end = performance.now() + 1000 * patience
  for (let round = 0; round < rounds && (round < least || performance.now() < end); round += 1) {
    const writer = await pngWriter(png, side * m, side * m)
    for await (const rows of predictor.rows(held(noise(side)), options)) await writer.write(rows.bytes())
    await writer.close()
  }
  return [...found.values()]
}

function noise(side: number): Picture {
  const random = createRandom(1)
  return { width: side, height: side, data: Uint8Array.from({ length: side * side * 3 }, () => random.uniform(0, 256)) }
}
