import type { CompileOptions } from '../../compiler/index.ts'
import { UserError } from '../../errors.ts'
import { readSafetensors, writeSafetensors, type Tensor } from '../files/safetensors.ts'
import { loadModel, withSets, type LoadedModel } from './load-model.ts'
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
  const { archc, text, imported, training, averaged } = metadata
  if (!archc || !text)
    throw new UserError(
      `${file} holds weights without their text`,
      'archc weights export RUN -o FILE writes both; bare weights start a training by --from',
    )
  return {
    ...(noteOf(file, archc) as Pick<NetworkFile, 'file' | 'options'>),
    text,
    tensors,
    ...(imported !== undefined && { imported: noteOf(file, imported) as Origin }),
    ...(training !== undefined && { training }),
    ...(averaged !== undefined && { averaged: Number(averaged) }),
  }
}

/** What archc wrote into the metadata of a file. */
function noteOf(file: string, json: string): unknown {
  try {
    return JSON.parse(json)
  } catch (error) {
    throw new UserError(`the metadata of ${file} are damaged: ${(error as Error).message}`, 'copy or download it again', {
      cause: error,
    })
  }
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
export const modelOfFile = ({ file, options, text }: NetworkFile, sets: readonly string[] = []): LoadedModel =>
  loadModel(file, withSets(options, sets), sourcesHost(text))
