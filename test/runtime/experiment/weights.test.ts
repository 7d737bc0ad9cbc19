import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import { weightsOfBlock } from '../../../src/runtime/experiment/results.ts'
import { checksum } from '../../../src/runtime/files/checksum.ts'
import { carriedFile, defaultWeights } from '../../../src/runtime/weights/carried.ts'
import { temporaryFolder } from '../network/small.ts'

const folder = temporaryFolder()
const state = path.join(folder, 'state')
/** The state has these trainings whole, and `cut` only begun. */
for (const key of ['a1', 'b2', 'c1', 'cut']) mkdirSync(path.join(state, key), { recursive: true })
for (const key of ['a1', 'b2', 'c1']) writeFileSync(path.join(state, key, 'trained.json'), '{"steps":1}')

interface Trained {
  readonly key: string
  readonly block: string
  readonly system: string
  readonly at?: number
  readonly weights?: string
  readonly given?: object
}

let made = 0
function results(trainings: readonly Trained[]): string {
  const results = path.join(folder, `results-${made++}`)
  mkdirSync(results)
  writeFileSync(path.join(results, 'results.json'), JSON.stringify({ format: 1, trainings }))
  return results
}
const one = { block: 'one' }

it.each<[what: string, trainings: readonly Trained[], block: string | undefined, found: readonly string[]]>([
  ['kept weights', [{ ...one, key: 'x', system: 'A', weights: 'weights/a' }], undefined, ['A=RESULTS/weights/a']],
  ['what is kept before the training', [{ ...one, key: 'a1', system: 'A', weights: 'weights/a' }], 'one', ['A=RESULTS/weights/a']],
  ['trainings', [{ ...one, key: 'a1', system: 'A' }, { ...one, key: 'b2', system: 'B' }], undefined, ['A=STATE/a1', 'B=STATE/b2']],
  ['the first seed that is there', [{ ...one, key: 'gone', system: 'A' }, { ...one, key: 'a1', system: 'A' }, { ...one, key: 'b2', system: 'A' }], 'one', ['A=STATE/a1']],
  ['one a scale', [{ ...one, key: 'a1', system: 'A', at: 2 }, { ...one, key: 'b2', system: 'A', at: 4 }], undefined, ['A@2=STATE/a1', 'A@4=STATE/b2']],
  ['the block that is named', [{ ...one, key: 'a1', system: 'A' }, { block: 'two', key: 'c1', system: 'A' }], 'two', ['A=STATE/c1']],
])('a figure of results takes %s', async (_what, trainings, block, found) => {
  const folder = results(trainings)
  const sources = await weightsOfBlock(folder, state, block)
  expect(sources.map((source) => source.replace(folder, 'RESULTS').replace(state, 'STATE'))).toEqual(found)
}) // prettier-ignore

it('weights that were there before are found where they are, by name or by file, while they are the same', async () => {
  const live = await checksum(carriedFile(defaultWeights))
  writeFileSync(path.join(folder, 'mine.safetensors'), 'numbers')
  const mine = await checksum(path.join(folder, 'mine.safetensors'))
  const trainings = [
    { ...one, key: 'l', system: 'L', given: { carried: 'live', sha256: live.sha256 } },
    { ...one, key: 'm', system: 'M', given: { file: '../mine.safetensors', sha256: mine.sha256 } },
  ]
  const at = results(trainings)
  expect(await weightsOfBlock(at, state, undefined)).toEqual([`L=${carriedFile(defaultWeights)}`, `M=${path.join(folder, 'mine.safetensors')}`])
  writeFileSync(path.join(folder, 'mine.safetensors'), 'others')
  await expect(weightsOfBlock(at, state, undefined)).rejects.toThrow(/the weights of M are neither kept nor in/)
}) // prettier-ignore

it.each<[what: string, trainings: readonly Trained[], block: string | undefined, message: RegExp, help: RegExp]>([
  ['nothing anywhere', [{ ...one, key: 'gone', system: 'A' }, { ...one, key: 'cut', system: 'B' }], undefined, /keeps no weights, and its trainings are not in .*state$/, /experiment run makes them again.*--state/],
  ['a system that is gone', [{ ...one, key: 'a1', system: 'A' }, { ...one, key: 'cut', system: 'B' }, { ...one, key: 'gone', system: 'C', at: 2 }], 'one', /^of one in .* the weights of B, C@2 are neither kept nor in .*state$/, /makes them again/],
  ['several blocks', [{ ...one, key: 'a1', system: 'A' }, { block: 'two', key: 'c1', system: 'A' }], undefined, /several blocks with weights/, /--block: one, two/],
  ['no such block', [{ ...one, key: 'a1', system: 'A' }], 'tow', /no block tow with weights/, /--block: one/],
])('and refuses %s', async (_what, trainings, block, message, help) => {
  const error: unknown = await weightsOfBlock(results(trainings), state, block).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(UserError)
  expect((error as UserError).message).toMatch(message)
  expect((error as UserError).help).toMatch(help)
}) // prettier-ignore
