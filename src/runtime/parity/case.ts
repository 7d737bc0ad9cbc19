import { existsSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { UserError } from '../../errors.ts'
import { readSafetensors, type Tensor } from '../files/safetensors.ts'
import { readText } from '../files/text.ts'
import { tensorsIn } from '../weights/source.ts'
import { tensorByFormula } from './formula.ts'
import { isRecord, numberOf, numbersOf, recordOf, textOf, textsOf, type JsonRecord } from './json.ts'

/** What a case says of one of its tensors. */
export interface TensorInfo {
  readonly shape: readonly number[]
  readonly meaning: string
  /** Absolute, on the largest difference of an element. */
  readonly tolerance?: number
  /** Every element must be equal. */
  readonly exact: boolean
  /** Given to the network, not compared. */
  readonly input: boolean
  /** `NHWC` where the case has archc's own order of axes; else PyTorch's. */
  readonly layout?: string
}

/** One folder of numbers of a reference implementation. */
export interface ParityCase {
  /** The folder's path below the one that was asked for. */
  readonly name: string
  readonly folder: string
  /** Which network it is and how it is put together; what decides what is done. */
  readonly network: JsonRecord & { readonly name: string }
  readonly hyper: JsonRecord
  readonly values: JsonRecord
  readonly infos: ReadonlyMap<string, TensorInfo>
  readonly tensors: ReadonlyMap<string, Tensor>
  /** Under the reference's names, in its layouts. */
  readonly weights: ReadonlyMap<string, Tensor>
  readonly parameters?: number
}

/** All case folders in `folder`, which may be a case itself, by path; cases lie at most three folders deep. */
export function findCases(folder: string): string[] {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) throw new UserError(`${folder} is not a folder`)
  const visit = (at: string, depth: number): string[] => {
    if (existsSync(path.join(at, 'case.json'))) return [at]
    if (depth === 0) return []
    const inside = readdirSync(at, { withFileTypes: true }).filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    return inside.map((entry) => path.join(at, entry.name)).sort().flatMap((each) => visit(each, depth - 1)) // prettier-ignore
  }
  const found = visit(folder, 3)
  if (found.length === 0) throw new UserError(`${folder} holds no case.json`, 'give a case folder, or a folder of them')
  return found
}

/**
 * Reads a case. Weights stand in a file of their own, are borrowed from another case's, or are a formula of their names;
 * inputs may be borrowed as well. Only where it is compared with a network of the user's (`isOfOwn`) it need not name one.
 * @throws UserError naming the file at fault.
 */
export async function readCase(folder: string, name: string, isOfOwn = false): Promise<ParityCase> {
  const file = path.join(folder, 'case.json')
  const written = parse(file)
  const network = recordOf(written, 'network')
  const networkName = textOf(network, 'name') ?? (isOfOwn ? '' : undefined)
  if (networkName === undefined) throw new UserError(`${file} does not name its network`)
  const io = path.join(folder, 'io.safetensors')
  const tensors = existsSync(io) ? (await readSafetensors(io)).tensors : new Map<string, Tensor>()
  const salt = textOf(written, 'salt')
  const infos = salt === undefined ? describedTensors(written) : positionalTensors(written, network, tensors)
  const borrowed = await borrowedInputs(written, folder)
  for (const [key, tensor] of borrowed) {
    tensors.set(key, tensor)
    infos.set(key, { shape: tensor.shape, meaning: '', exact: false, input: true })
  }
  const parameters = numberOf(written, 'parameters') ?? numberOf(written, 'weights', 'parameters')
  return {
    name,
    folder,
    network: { ...network, name: networkName },
    hyper: recordOf(written, 'hyper_parameters'),
    values: recordOf(written, 'values'),
    infos,
    tensors,
    weights: salt === undefined ? await storedWeights(written, folder) : computedWeights(written, salt),
    ...(parameters !== undefined && { parameters }),
  }
}

function parse(file: string): JsonRecord {
  try {
    const value: unknown = JSON.parse(readText(file))
    if (isRecord(value)) return value
  } catch (error) {
    throw new UserError(`${file} cannot be read: ${(error as Error).message}`, undefined, { cause: error })
  }
  throw new UserError(`${file} is not a JSON object`)
}

/** Each tensor by its name, with its own tolerance. */
function describedTensors(written: JsonRecord): Map<string, TensorInfo> {
  const list = Object.entries(recordOf(written, 'tensors'))
  return new Map(
    list.map(([name, info]) => {
      const tolerance = numberOf(info, 'tolerance_abs') ?? numberOf(info, 'tolerance') ?? numberOf(written, 'tolerance')
      const layout = textOf(info, 'layout')
      return [
        name,
        {
          shape: numbersOf(info, 'shape') ?? [],
          meaning: textOf(info, 'meaning') ?? '',
          ...(tolerance !== undefined && { tolerance }),
          exact: textOf(info, 'compare') === 'exact',
          input: textOf(info, 'role') === 'input',
          ...(layout !== undefined && { layout }),
        },
      ]
    }),
  )
}

/** Inputs as the network lists them; all others are outputs, with tolerances in their order. */
function positionalTensors(
  written: JsonRecord,
  network: JsonRecord,
  tensors: ReadonlyMap<string, Tensor>,
): Map<string, TensorInfo> {
  const inputs = textsOf(network, 'inputs') ?? []
  const tolerances = numbersOf(written, 'tolerance') ?? []
  const outputs = [...tensors.keys()].filter((name) => !inputs.includes(name)).sort()
  return new Map(
    [...tensors].map(([name, { shape }]) => {
      const tolerance = numberOf(written, 'tolerance') ?? tolerances[outputs.indexOf(name)]
      return [
        name,
        { shape, meaning: '', ...(tolerance !== undefined && { tolerance }), exact: false, input: inputs.includes(name) },
      ]
    }),
  )
}

async function storedWeights(written: JsonRecord, folder: string): Promise<Map<string, Tensor>> {
  const file = textOf(written, 'weights', 'file') ?? 'weights.safetensors'
  if (textOf(written, 'weights', 'file') === undefined && !existsSync(path.join(folder, file))) return new Map()
  const tensors = await tensorsIn(path.join(folder, file))
  const only = textsOf(written, 'weights', 'use_only')
  return only ? new Map([...tensors].filter(([name]) => only.includes(name))) : tensors
}

function computedWeights(written: JsonRecord, salt: string): Map<string, Tensor> {
  const list = Object.entries(recordOf(written, 'weights'))
  return new Map(
    list.map(([name, info]) => [name, tensorByFormula(salt, name, numbersOf(info, 'shape') ?? [], textOf(info, 'rule') ?? '')]),
  )
}

/** Tensors that are taken from another case's file. */
async function borrowedInputs(written: JsonRecord, folder: string): Promise<Map<string, Tensor>> {
  const inputs = recordOf(written, 'inputs')
  const file = textOf(inputs, 'file')
  if (file === undefined) return new Map()
  const { tensors } = await readSafetensors(path.join(folder, file))
  const names = Object.keys(inputs).flatMap((key) => (key === 'file' ? [] : (textsOf(inputs, key) ?? [])))
  return new Map(
    names.map((name) => {
      const tensor = tensors.get(name)
      if (!tensor) throw new UserError(`${path.join(folder, file)} has no tensor ${name}, which ${folder} asks for`)
      return [name, tensor]
    }),
  )
}
