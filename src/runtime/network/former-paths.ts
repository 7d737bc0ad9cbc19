import { statSync } from 'node:fs'
import { openRun, weightsOf } from '../files/run-folder.ts'
import { loadModel, modelOfRun, type LoadedModel } from './load-model.ts'
import { modelOfFile, readNetworkText } from './network-file.ts'
import { trainedWeights } from './network.ts'
import { sourcesHost } from './sources.ts'

const pathsOf = ({ model }: LoadedModel): string[] => trainedWeights(model).map(({ path }) => path)

async function loadedFrom(source: string): Promise<LoadedModel | undefined> {
  if (statSync(source, { throwIfNoEntry: false })?.isDirectory()) return modelOfRun(await openRun(weightsOf(source).folder))
  // What is no network file has names of its own; who reads its weights says what is wrong with it.
  const file = await readNetworkText(source).catch(() => undefined)
  return file && modelOfFile(file)
}

/** What a run or a network file that was made before calls weights by, by the paths that they have now; only those that differ. */
export async function formerPaths(source: string): Promise<ReadonlyMap<string, string>> {
  const loaded = await loadedFrom(source)
  if (!loaded || loaded.options.paths === 'level') return new Map()
  const now = pathsOf(loadModel(loaded.file, { ...loaded.options, paths: 'level' }, sourcesHost(loaded.text)))
  return new Map(pathsOf(loaded).flatMap((path, at) => (now[at] === path ? [] : [[now[at]!, path] as const])))
}
