import path from 'node:path'
import { parameterCount } from '../../compiler/ir/graph.ts'
import { UserError } from '../../errors.ts'
import type { Evaluation } from '../evaluate/evaluate.ts'
import { writeAtomic } from '../files/atomic.ts'
import { parseJson } from '../files/json.ts'
import { checksum } from '../files/checksum.ts'
import { openRun } from '../files/run-folder.ts'
import { readText } from '../files/text.ts'
import { modelOfRun } from '../network/load-model.ts'
import { modelCard } from './model-card.ts'

export interface CardOptions {
  readonly file: string
  readonly runs: readonly string[]
  /** Folders with an `evaluation.json`, each as FOLDER or TITLE=FOLDER. */
  readonly evaluations: readonly string[]
  readonly about: string
  /** A `.md`; the curve goes beside it. */
  readonly out: string
}

/** Writes the card of a weights file and its curve; gives their paths. @throws UserError naming what cannot be read. */
export async function writeCard({ file, runs, evaluations, about, out }: CardOptions): Promise<string[]> {
  if (!out.endsWith('.md')) throw new UserError(`${out} is not called .md`, 'a model card is Markdown')
  const opened = await Promise.all(runs.map(openRun))
  const curve = out.replace(/\.md$/, '.svg')
  const { model } = modelOfRun(opened.at(-1)!)
  const { markdown, svg } = await modelCard(
    {
      file,
      sha256: (await checksum(file)).sha256,
      parameters: parameterCount(model.graph),
      ...(model.train?.ema !== undefined && { averaged: model.train.ema }),
      runs: opened,
      evaluations: await Promise.all(evaluations.map(readEvaluation)),
      about: readText(about),
    },
    path.basename(curve),
  )
  await writeAtomic(out, markdown)
  if (svg === undefined) return [out]
  await writeAtomic(curve, svg)
  return [out, curve]
}

async function readEvaluation(named: string): Promise<{ title: string; evaluation: Evaluation }> {
  const [, title, folder] = /^([^=]+)=(.+)$/.exec(named) ?? [named, path.basename(named), named]
  const file = path.join(folder!, 'evaluation.json')
  try {
    return { title: title!, evaluation: parseJson(readText(file)) as Evaluation }
  } catch (error) {
    if (error instanceof UserError) throw error
    throw new UserError(`${file} is not what archc evaluate writes`, 'evaluate again with --out')
  }
}
