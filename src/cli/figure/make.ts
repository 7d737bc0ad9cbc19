import { realpathSync } from 'node:fs'
import path from 'node:path'
import { UserError } from '../../errors.ts'
import { makeFolder } from '../../runtime/files/atomic.ts'
import type { Field } from '../../runtime/figures/field.ts'
import type { System } from '../../runtime/figures/systems.ts'
import type { Figure } from '../../runtime/figures/write-figure.ts'
import { carriedFile, plainWeights } from '../../runtime/weights/carried.ts'
import { kindOf, print, remark } from '../common.ts'
import { liveLine, type LiveLine } from '../live-line.ts'
import { openEngine } from '../open-engine.ts'
import type { RunsFlags } from './flags.ts'

interface Opened {
  readonly field: Field
  readonly systems: readonly System[]
  readonly line: LiveLine
}

/** The field and the networks of a figure; what is wrong with the picture is said before an engine is loaded. */
export async function opened(picture: string, flags: RunsFlags, wanted: number): Promise<Opened> {
  await requirePlace(flags.out, [picture])
  const { readField } = await import('../../runtime/figures/field.ts')
  const field = await readField(picture, { ...flags, say: remark }, wanted)
  await makeFolder(path.dirname(flags.out))
  const runs = await Promise.all((flags.runs ?? [carriedFile(plainWeights)]).map((run) => runsOf(run, flags)))
  await openEngine(flags)
  const { openSystems } = await import('../../runtime/figures/systems.ts')
  const line = liveLine()
  line.show('computing')
  return { field, systems: await openSystems(runs.flat(), flags.scope), line }
}

/** Of the results of an experiment all systems of a block. */
async function runsOf(run: string, { block, state }: RunsFlags): Promise<string[]> {
  const { hasResults, weightsOfBlock } = await import('../../runtime/experiment/results.ts')
  if (!hasResults(run)) return [run]
  const { stateFolder } = await import('../../runtime/experiment/state.ts')
  return weightsOfBlock(run, state ?? stateFolder(), block)
}

/** No picture is written over: said before anything is computed. */
export async function requirePlace(out: string, pictures: readonly string[]): Promise<void> {
  const { figureFiles } = await import('../../runtime/figures/write-figure.ts')
  const inputs = new Set(pictures.filter((picture) => kindOf(picture)).map((picture) => realpathSync(picture)))
  for (const file of Object.values(figureFiles(out)))
    if (kindOf(file) && inputs.has(realpathSync(file)))
      throw new UserError(`${file} is a picture of this figure: it is not written over`, 'choose another name with -o')
}

/** Shows how far a figure is. */
export const shown =
  (line: LiveLine) =>
  (done: number, total: number, what: string): void =>
    line.show(`${done} of ${total}: ${what}`, { force: done === total })

/** Writes a figure and names its files. */
export async function write(figure: Figure, out: string, line?: LiveLine): Promise<void> {
  line?.end()
  const { writeFigure } = await import('../../runtime/figures/write-figure.ts')
  for (const file of await writeFigure(figure, out)) print(file)
}
