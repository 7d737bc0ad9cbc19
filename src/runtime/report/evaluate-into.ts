import path from 'node:path'
import { parameterCount } from '../../compiler/ir/graph.ts'
import { makeFolder, writeAtomic } from '../files/atomic.ts'
import { jsonText } from '../files/json.ts'
import type { OpenedNetwork } from '../network/open-network.ts'
import { middlePanel, panelPicture, writeRunPage } from './run-page.ts'
import type { Panel } from './report.ts'
import { evaluate, evaluationTable, type EvaluateOptions, type Evaluation } from '../evaluate/evaluate.ts'

/** Evaluates and writes `evaluation.json`, `evaluation.txt`, a picture a scale and the page `index.html` into `folder`; gives the page's path. */
export async function evaluateInto(
  folder: string,
  opened: OpenedNetwork,
  options: EvaluateOptions,
): Promise<{ evaluation: Evaluation; page: string }> {
  await makeFolder(folder) // what cannot be written is said before anything is computed
  const panels: Panel[] = []
  const evaluation = await evaluate(opened, {
    ...options,
    onTile: async (pictures) => {
      if (pictures.picture === options.entries[0]?.name && pictures.tile === 0) panels.push(await middlePanel(pictures))
    },
  })
  await writeAtomic(path.join(folder, 'evaluation.json'), `${jsonText(evaluation, 2)}\n`)
  await writeAtomic(path.join(folder, 'evaluation.txt'), `${evaluationTable(evaluation)}\n`)
  for (const panel of panels) await writeAtomic(path.join(folder, `panel-x${panel.scale}.png`), await panelPicture(panel))
  const page = await writeRunPage(folder, opened.run, evaluation, panels, parameterCount(opened.loaded.model.graph))
  return { evaluation, page }
}
