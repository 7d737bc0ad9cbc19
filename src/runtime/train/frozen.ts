import { existsSync } from 'node:fs'
import type { Weight } from '../../compiler/ir/graph.ts'
import { UserError } from '../../errors.ts'
import { runPaths, type Run } from '../files/run-folder.ts'
import { readSafetensors, type Tensor } from '../files/safetensors.ts'
import { initialWeights } from '../network/network.ts'
import { readFor } from '../weights/read-for.ts'
import { asFloats } from '../weights/sets.ts'

type Tensors = ReadonlyMap<string, Tensor>

/** Instead of a file: the weights of a frozen slot are drawn as if it were to be trained. */
const fresh = 'fresh'

const slotOf = ({ path }: Weight): string => path.split('.')[0]!

/** What the weights of frozen slots begin with. */
interface Start {
  /** Files by slot, as the user named them; `fresh` in place of one. */
  readonly files: Readonly<Record<string, string>>
  /** Weights that the run starts from, by their paths. */
  readonly from: Tensors
  readonly seed: number
  readonly say: (line: string) => void
}

/** Weights that what a run starts from may give: all but those that have a file of their own. */
export const withoutFiles = (weights: readonly Weight[], files: Start['files'] = {}): Weight[] =>
  weights.filter((weight) => !weight.frozen || !(slotOf(weight) in files))

/**
 * The weights of frozen slots, all of them: of each slot's file, in which they may stand without the slot's name, else of those that
 * the run starts from.
 * @throws UserError where a slot has no weights, where they do not fit, or where a file is for what is no frozen slot.
 */
export async function frozenWeights(weights: readonly Weight[], { files, from, seed, say }: Start): Promise<Tensors> {
  const frozen = weights.filter((weight) => weight.frozen)
  const slots = [...new Set(frozen.map(slotOf))]
  const strange = Object.keys(files).find((slot) => !slots.includes(slot))
  if (strange !== undefined)
    throw new UserError(
      `${strange} is no frozen slot of this network that has weights`,
      slots.length > 0
        ? `its frozen slots are ${slots.join(', ')}`
        : 'a slot is frozen by the word behind its name: slot vgg frozen: ..',
    )
  const ownOf = (slot: string): Weight[] => frozen.filter((weight) => slotOf(weight) === slot)
  const lacking = slots.filter((slot) => !(slot in files) && ownOf(slot).some(({ path }) => !from.has(path)))
  if (lacking.length > 0)
    throw new UserError(
      `the weights of ${lacking.map((slot) => `the frozen slot ${slot}`).join(' and of ')} would be fresh: what it is there for they cannot tell`,
      `give them by ${lacking.map((slot) => `--frozen ${slot}=FILE`).join(' ')}, a file that archc weights import wrote or a run; --frozen ${lacking[0]}=${fresh} draws them all the same`,
    )
  const all = new Map<string, Tensor>()
  for (const slot of slots) {
    const own = ownOf(slot)
    const file = files[slot]
    const found =
      file === undefined ? picked(own, from) : file === fresh ? initialWeights(own, seed) : await ofFile(slot, own, file, say)
    found.forEach((tensor, path) => all.set(path, tensor))
  }
  return all
}

async function ofFile(slot: string, own: readonly Weight[], source: string, say: Start['say']): Promise<Tensors> {
  const found = await readFor(source, own)
  const { file } = found
  const bare = own.map((weight) => ({ ...weight, path: weight.path.slice(slot.length + 1) }))
  const isNamed = own.some(({ path }) => found.tensors.has(path))
  const { tensors, missing, leftOver, misshapen } = isNamed ? found : await readFor(source, bare)
  const whole = (path: string): string => (isNamed ? path : `${slot}.${path}`)
  const known = new Map([...tensors].map(([path, tensor]) => [whole(path), asFloats(tensor)] as const))
  const problems = [...missing.map((path) => `missing: ${whole(path)}`), ...misshapen.map((each) => `another shape: ${each}`)]
  if (problems.length > 0)
    throw new UserError(
      `${file} does not fit the frozen slot ${slot} (${problems.length} of ${own.length} weights):\n  ${problems.join('\n  ')}`,
      `its names must be weight paths of archc, with ${slot}. in front or without`,
    )
  say(`${slot}, frozen: ${own.length} weights from ${file}${leftOver.length > 0 ? `, which has ${leftOver.length} more` : ''}`)
  return picked(own, known)
}

const picked = (own: readonly Weight[], of: Tensors): Tensors => new Map(own.map(({ path }) => [path, of.get(path)!]))

/** Those that a run keeps, which stand in no checkpoint. */
export async function frozenOf({ folder }: Run): Promise<Tensors> {
  const { frozen } = runPaths(folder)
  return existsSync(frozen) ? (await readSafetensors(frozen)).tensors : new Map()
}

/** Weights without those of frozen slots that only losses call: a run has them once. */
export function withoutFrozen(state: Tensors, weights: readonly Weight[], network: readonly Weight[]): Tensors {
  const own = new Set(network.map(({ path }) => path))
  const apart = new Set(weights.filter(({ path, frozen }) => frozen && !own.has(path)).map(({ path }) => path))
  return apart.size === 0 ? state : new Map([...state].filter(([path]) => !apart.has(path)))
}
