import path from 'node:path'
import { UserError } from '../../errors.ts'
import { fileError } from '../files/file-error.ts'
import { readRegular } from '../files/regular.ts'
import { readText } from '../files/text.ts'
import type { Tensor } from '../files/safetensors.ts'

type Json = Readonly<Record<string, unknown>>

/** How a weight is described in `model.json`. */
interface Spec {
  readonly name: string
  readonly shape: readonly number[]
}

const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
const list = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.filter(isJson) : [])
const isShape = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && Number(size) >= 0)

/**
 * Weights of a TensorFlow.js layers model that `archc compile` or `archc weights export` wrote, by their paths.
 * @throws UserError naming the file and the weight at fault.
 */
export async function openTfjs(folder: string): Promise<Map<string, Tensor>> {
  const file = path.join(folder, 'model.json')
  const broken = (what: string): UserError =>
    new UserError(`${file} is no model of archc's: ${what}`, 'name the folder that archc compile or archc weights export wrote')
  const topology = parse(readText(file), broken)
  if (topology['generatedBy'] !== 'archc') throw broken('archc did not generate it')
  const manifest = list(topology['weightsManifest'])
  const specs = manifest.flatMap((group) => list(group['weights'])).map((spec) => specOf(spec, broken))
  const names = manifest.flatMap((group) => (Array.isArray(group['paths']) ? (group['paths'] as readonly unknown[]) : []))
  if (names.length !== 1 || names[0] !== 'weights.bin') throw broken('its weights are not in weights.bin alone')
  const paths = pathsOf(topology, broken)
  const binary = path.join(folder, 'weights.bin')
  const bytes = await bytesOf(binary)
  const tensors = new Map<string, Tensor>()
  let at = 0
  for (const { name, shape } of specs) {
    const known = paths.get(name)
    if (known === undefined) throw broken(`no layer owns ${name}`)
    const end = at + 4 * shape.reduce((product, size) => product * size, 1)
    if (end > bytes.length) throw broken(`${binary} ends within ${known}: it has ${bytes.length} bytes`)
    tensors.set(known, { shape, dtype: 'F32', data: new Float32Array(Uint8Array.from(bytes.subarray(at, end)).buffer) })
    at = end
  }
  if (at < bytes.length) throw broken(`${bytes.length - at} bytes at the end of ${binary} belong to no weight`)
  return tensors
}

async function bytesOf(file: string): Promise<Buffer> {
  try {
    return await readRegular(file)
  } catch (error) {
    throw fileError(error, 'read', file)
  }
}

function parse(text: string, broken: (what: string) => UserError): Json {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw broken(`it is no JSON (${(error as Error).message})`)
  }
  if (!isJson(value)) throw broken('it is no JSON object')
  return value
}

function specOf({ name, shape, dtype, quantization }: Json, broken: (what: string) => UserError): Spec {
  if (typeof name !== 'string' || !isShape(shape)) throw broken('a weight has no name or no shape')
  if (dtype !== 'float32' || quantization !== undefined) throw broken(`${name} is not stored as float32`)
  return { name, shape }
}

/** Weight paths by the names that TensorFlow.js gave: its layer's name and its own. */
function pathsOf(topology: Json, broken: (what: string) => UserError): Map<string, string> {
  const model = topology['modelTopology']
  const config = isJson(model) ? model['config'] : undefined
  const paths = new Map<string, string>()
  for (const layer of list(isJson(config) ? config['layers'] : undefined)) {
    const inner = isJson(layer['config']) ? layer['config']['archc'] : undefined
    if (typeof inner !== 'string') continue
    for (const { path: own, name } of list(parse(inner, broken)['owned']))
      paths.set(`${String(layer['name'])}/${String(name)}`, String(own))
  }
  return paths
}
