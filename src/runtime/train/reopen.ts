import { UserError } from '../../errors.ts'
import type { DataEntry } from '../data/dataset.ts'
import { openRun, readLog, type Run } from '../files/run-folder.ts'
import { modelOfRun, type LoadedModel } from '../network/load-model.ts'
import { sourcesOf } from '../network/sources.ts'
import type { Parts, TrainOptions } from './train.ts'

/**
 * The run in `out` with the two sides of its data as it began with them. Whatever would make it go on as another run is
 * refused by name: text, preset, variants, settings, seed, weights to start from, pictures.
 */
export async function reopen(options: Omit<TrainOptions, 'engine'>): Promise<{ run: Run; loaded: LoadedModel; parts: Parts }> {
  const run = await openRun(options.out)
  const what = otherModel(run, options) ?? otherFlag(run, options) ?? otherFields(run, options)
  if (what)
    throw new UserError(
      `${options.out} began with ${what}`,
      'resume with what it began with (see run.json), or train into another folder',
    )
  return { run, loaded: modelOfRun(run), parts: sameParts(run, options.data, await unreadable(run), options.say) }
}

function otherModel({ record, text }: Run, { loaded }: Pick<TrainOptions, 'loaded'>): string | undefined {
  if (text === loaded.text) return undefined
  const { model, options, file } = loaded
  const preset = model.preset || null
  if (record.file !== file) return `${record.file}, not ${file}`
  if (record.preset !== preset)
    return `${record.preset === null ? 'the defaults' : `preset ${record.preset}`}, not ${preset === null ? 'the defaults' : `preset ${preset}`}`
  const listed = (list: readonly string[] | undefined): string => (list?.length ? list.join(' ') : 'none')
  if (listed(record.options.variants) !== listed(options.variants))
    return `--variant ${listed(record.options.variants)}, not ${listed(options.variants)}`
  if (listed(record.options.sets) !== listed(options.sets))
    return `--set ${listed(record.options.sets)}, not ${listed(options.sets)}`
  const [before, now] = [sourcesOf(text), sourcesOf(loaded.text)]
  const changed = [...new Set([...before.keys(), ...now.keys()])].filter((name) => before.get(name) !== now.get(name))
  return `another text: ${changed.join(', ')} changed since`
}

function otherFlag(
  { record }: Run,
  { seed, from, parts, frozen = {} }: Pick<TrainOptions, 'seed' | 'from' | 'parts' | 'frozen'>,
): string | undefined {
  if (record.seed !== seed) return `--seed ${record.seed}, not ${seed}`
  const files = record.training?.frozen ?? {}
  const other = Object.keys(frozen).find((slot) => frozen[slot] !== files[slot])
  if (other !== undefined)
    return `${files[other] === undefined ? `no file for ${other}` : `--frozen ${other}=${files[other]}`}, not --frozen ${other}=${frozen[other]}`
  const began = record.training?.from
  const part = record.training?.parts?.join(' ')
  if (parts && parts.join(' ') !== part)
    return `${part === undefined ? 'no --part' : `--part ${part}`}, not --part ${parts.join(' ')}`
  return from !== undefined && from !== began
    ? `${began === undefined ? 'fresh weights' : `--from ${began}`}, not --from ${from}`
    : undefined
}

/** What else was said of slides: other fields are other pictures. */
function otherFields({ record }: Run, { pictures }: Pick<TrainOptions, 'pictures'>): string | undefined {
  const [before, now] = [record.read?.slides, pictures?.slides]
  if (!before || !now) return undefined
  const flags = [['most', 'fields'], ['side', 'side'], ['level', 'level'], ['lowLevel', 'low-level'], ['tissue', 'tissue']] as const // prettier-ignore
  for (const [name, flag] of flags)
    if (before[name] !== now[name])
      return `--${flag} ${before[name] ?? 'not said'}, not ${now[name] === undefined ? 'without it' : `--${flag} ${now[name]}`}`
  return undefined
}

/** Names of pictures that stopped the run because they could not be read. */
async function unreadable(run: Run): Promise<ReadonlySet<string>> {
  return new Set((await readLog(run)).flatMap(({ unreadable: name }) => (typeof name === 'string' ? [name] : [])))
}

/**
 * The split of the run's manifest: --val does not matter any more, the same pictures do. One that was broken may have been mended, or
 * left out.
 */
function sameParts(
  { folder, record }: Run,
  entries: readonly DataEntry[],
  broken: ReadonlySet<string>,
  say: (line: string) => void,
): Parts {
  const key = (name: string, sha256: string, low?: { readonly sha256: string }): string =>
    `${sha256} ${name}${low ? ` ${low.sha256}` : ''}`
  // A slide that is mended, or left out, may have other fields, or none.
  const slides = new Set(record.data.flatMap(({ path, slide }) => (slide && broken.has(path) ? [slide.path] : [])))
  const isBroken = (name: string, slide: { readonly name: string } | undefined): boolean =>
    broken.has(name) || (slide !== undefined && slides.has(slide.name))
  const found = new Map(entries.map((entry) => [key(entry.name, entry.sha256, entry.low), entry]))
  const known = new Set(record.data.map((entry) => key(entry.path, entry.sha256, entry.low)))
  const lost = record.data.find(
    (entry) =>
      !found.has(key(entry.path, entry.sha256, entry.low)) && !isBroken(entry.path, entry.slide && { name: entry.slide.path }),
  )
  const added = entries.find(
    (entry) => !known.has(key(entry.name, entry.sha256, entry.low)) && !isBroken(entry.name, entry.part?.slide),
  )
  const problem = lost
    ? `${lost.path} ${entries.some(({ name }) => name === lost.path) ? 'has changed' : 'is missing'}`
    : added && `${added.name} is new`
  if (problem)
    throw new UserError(
      `the data of ${folder} is not what it began with: ${problem}`,
      'resume with the same --data, or train into another folder',
    )
  const named = new Map(entries.map((entry) => [entry.name, entry]))
  for (const name of broken) say(`${name}, which could not be read, is ${named.has(name) ? 'as it is now' : 'left out'}`)
  const side = (split: 'train' | 'val'): DataEntry[] =>
    record.data.flatMap((entry) => {
      if (entry.split !== split) return []
      return found.get(key(entry.path, entry.sha256, entry.low)) ?? named.get(entry.path) ?? []
    })
  return { train: side('train'), val: side('val') }
}
