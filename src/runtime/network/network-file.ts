import type { CompileOptions } from '../../compiler/index.ts'
import { UserError } from '../../errors.ts'
import { readMetadata, readSafetensors, writeSafetensors, type Tensor } from '../files/safetensors.ts'
import { asStored, loadModel, withSets, type LoadedModel } from './load-model.ts'
import { sourcesHost } from './sources.ts'

/** A network in one file: the sources of its text, what they are compiled with, and weights. */
export interface NetworkFile {
  /** All sources, as `sourcesText` writes them. */
  readonly text: string
  /** Which of the sources is compiled, and with which preset, variants and values. */
  readonly file: string
  readonly options: CompileOptions
  /** Weights by their paths; those that only training needs may be among them. */
  readonly tensors: ReadonlyMap<string, Tensor>
  /** Whose weights they were, where they were imported. */
  readonly imported?: Origin
  /** The key of the training that gave them, where an experiment did. */
  readonly training?: string
  /** Where the weights are running means of those that training moved: the share of a mean that an update kept. */
  readonly averaged?: number
}

/** What weights were imported from. */
export interface Origin {
  /** As the user named them. */
  readonly files: readonly string[]
  /** How they were stored: `PyTorch, zip`, `safetensors`, .. */
  readonly form: string
  /** The keys that led to the tensors, `model.sd`; empty for the whole file. */
  readonly key: string
  /** The map by its name; null where the names were archc's own. */
  readonly map: string | null
}

/**
 * Reads a network file. What its text means is not looked at.
 * @throws UserError naming the file: it is no whole safetensors file, or it holds weights alone.
 */
export async function readNetworkFile(file: string): Promise<NetworkFile> {
  const { tensors, metadata } = await readSafetensors(file)
  return { ...notesIn(file, metadata), tensors }
}

/** What a network file says beside its tensors, which are not read. @throws UserError as `readNetworkFile` does. */
export const readNetworkText = async (file: string): Promise<Omit<NetworkFile, 'tensors'>> =>
  notesIn(file, await readMetadata(file))

function notesIn(file: string, metadata: Readonly<Record<string, string>>): Omit<NetworkFile, 'tensors'> {
  const { archc, text, imported, training, averaged } = metadata
  if (!archc || !text)
    throw new UserError(
      `${file} holds weights without their text`,
      'archc weights export RUN -o FILE writes both; bare weights start a training by --from',
    )
  const damaged = (what: string): UserError =>
    new UserError(`the metadata of ${file} are damaged: ${what}`, 'copy or download it again')
  const share = Number(averaged)
  if (averaged !== undefined && !(averaged !== '' && share >= 0 && share <= 1))
    throw damaged(`averaged is ${JSON.stringify(averaged)}, not a share of 0 to 1`)
  return {
    ...ofShape<Pick<NetworkFile, 'file' | 'options'>>(noteOf('archc', archc, damaged), 'archc', archcShape, damaged),
    text,
    ...(imported !== undefined && {
      imported: ofShape<Origin>(noteOf('imported', imported, damaged), 'imported', originShape, damaged),
    }),
    ...(training !== undefined && { training }),
    ...(averaged !== undefined && { averaged: share }),
  }
}

type Damaged = (what: string) => UserError

const isText = (value: unknown): value is string => typeof value === 'string'
const areTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText)
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What the fields of a record must be. */
type Shape<T> = Readonly<Record<keyof T, (value: unknown) => boolean>>

const optionsShape: Shape<CompileOptions> = {
  preset: (value) => value === undefined || isText(value),
  variants: (value) => value === undefined || areTexts(value),
  sets: (value) => value === undefined || areTexts(value),
  paths: (value) => value === undefined || value === 'level' || value === 'statement',
}
const archcShape: Shape<Pick<NetworkFile, 'file' | 'options'>> = {
  file: (value) => isText(value) && value !== '',
  options: (value) => isRecord(value) && Object.entries(optionsShape).every(([field, is]) => is(value[field])),
}
const originShape: Shape<Origin> = {
  files: areTexts,
  form: isText,
  key: isText,
  map: (value) => value === null || isText(value),
}

/** What archc wrote into the metadata of a file. */
function noteOf(name: string, json: string, damaged: Damaged): unknown {
  try {
    return JSON.parse(json)
  } catch (error) {
    throw damaged(`${name} is no JSON (${(error as Error).message})`)
  }
}

/** A note with its fields as archc writes them; those that it does not know stay out. */
function ofShape<T extends object>(note: unknown, name: string, shape: Shape<T>, damaged: Damaged): T {
  if (!isRecord(note)) throw damaged(`${name} is no record`)
  const wrong = Object.entries<(value: unknown) => boolean>(shape).find(([field, is]) => !is(note[field]))
  if (wrong) throw damaged(`${name} has no ${wrong[0]} that archc could have written`)
  return Object.fromEntries(Object.keys(shape).map((field) => [field, note[field]])) as T
}

/**
 * Writes a network file (folders that are missing too), whole or not at all; what stood there before is replaced.
 * @param how.half stores the weights in half precision.
 * @throws UserError naming the file when it cannot be written.
 */
export async function writeNetworkFile(
  place: string,
  network: NetworkFile,
  how: { readonly half?: boolean } = {},
): Promise<void> {
  const { text, file, options, tensors, imported, training, averaged } = network
  const metadata = {
    archc: JSON.stringify({ file, options }),
    text,
    ...(imported && { imported: JSON.stringify(imported) }),
    ...(training !== undefined && { training }),
    ...(averaged !== undefined && { averaged: String(averaged) }),
  }
  await writeSafetensors(place, tensors, metadata, how)
}

/** The model of a network file, compiled from the text that it holds. @throws UserError with what is wrong in the text. */
export const modelOfFile = (
  { file, options, text }: Pick<NetworkFile, 'file' | 'options' | 'text'>,
  sets: readonly string[] = [],
): LoadedModel => loadModel(file, withSets(asStored(options), sets), sourcesHost(text))
