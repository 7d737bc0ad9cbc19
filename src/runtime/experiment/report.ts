import path from 'node:path'
import { UserError } from '../../errors.ts'
import { archcVersion } from '../../version.ts'
import type { Engine } from '../engine/index.ts'
import type { FeatureExtractor } from '../frechet/extractor.ts'
import { writeAtomic } from '../files/atomic.ts'
import { openNetwork } from '../network/open-network.ts'
import type { Experiment } from './experiment.ts'
import { markdownOf } from './markdown.ts'
import { pageOf } from './page.ts'
import { keyOf, type Plan } from './plan.ts'
import { rowName, tileValues, writePictures, type EvaluationRecord, type PictureRecord, type Results } from './results.ts'
import { evaluatePart } from './run.ts'
import { machine } from './state.ts'

/** Writes `tables.md` and `index.html` beside `results.json`; gives the page's path. Words are the file's, numbers the results'. */
export async function writeReports(folder: string, { text }: Experiment, results: Results): Promise<string> {
  const page = path.join(folder, 'index.html')
  await writeAtomic(path.join(folder, 'tables.md'), markdownOf(text, results))
  await writeAtomic(page, await pageOf(text, results, folder))
  return page
}

export interface Remade {
  readonly results: Results
  /** Evaluations that were made again, and how far their tiles' numbers are from those before, at most, by metric. */
  readonly count: number
  readonly farthest: Readonly<Record<string, number>>
}

/** Evaluates the weights that are kept with the results on the test pictures; what has none stays as it is. */
export async function remake(
  plan: Plan,
  folder: string,
  before: Results,
  engine: Engine,
  extractor: FeatureExtractor | undefined,
  say: (line: string) => void,
): Promise<Remade> {
  if (plan.test.digest !== before.data.test.digest || plan.tile !== before.tile)
    throw new UserError(
      `${folder} was made on other pictures or tiles`,
      'give --test the pictures that it was made on: only their numbers can be made again',
    )
  const definitions = new Map(Object.entries(before.definitions))
  const evaluations: EvaluationRecord[] = [...before.evaluations]
  const farthest: Record<string, number> = {}
  let count = 0
  for (const training of before.trainings) {
    if (training.weights === undefined) continue
    const opened = await openNetwork(path.join(folder, training.weights))
    for (const [at, record] of evaluations.entries()) {
      const { block, system, seed, m } = record
      if (record.training !== training.key || block !== training.block || system !== training.system || seed !== training.seed)
        continue
      const isOwn = (each: PictureRecord): boolean => each.block === block && each.row === rowName(record) && each.m === m
      const isFirst =
        before.trainings.find((each) => each.block === block && each.system === system && each.at === training.at) === training
      const kept = isFirst ? before.pictures.filter(isOwn).map(({ picture }) => picture) : []
      const { evaluation, seconds, shown } = await evaluatePart(
        plan,
        opened,
        { m, scope: record.scope },
        { show: kept, extractor },
      )
      for (const tile of shown) await writePictures(folder, record, tile)
      const values = tileValues(evaluation.tiles, 'model', plan.metrics)
      for (const metric of plan.metrics)
        for (const [tile, value] of values[metric]!.entries())
          farthest[metric] = Math.max(farthest[metric] ?? 0, Math.abs(value - (record.values[metric]?.[tile] ?? Infinity)))
      const id = keyOf(evaluation.definitions)
      definitions.set(id, evaluation.definitions)
      evaluations[at] = {
        ...record,
        values,
        mean: evaluation.scales[0]!.model,
        ...(evaluation.scales[0]!.frechet && { frechet: evaluation.scales[0]!.frechet }),
        definitions: id,
        network: evaluation.hash,
        seconds,
        machine: machine(engine.description, archcVersion()),
      }
      count += 1
      say(`${system}, ${block}, seed ${seed}: evaluated at x${m}`)
    }
  }
  const results: Results = {
    ...before,
    evaluations,
    definitions: Object.fromEntries([...definitions].filter(([id]) => evaluations.some((record) => record.definitions === id))),
  }
  return { results, count, farthest }
}
