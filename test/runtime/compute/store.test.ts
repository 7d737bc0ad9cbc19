import { mkdirSync, readdirSync, readFileSync, utimesSync } from 'node:fs'
import path from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { storeGraph } from '../../../src/runtime/compute/store.ts'
import { hostTag } from '../../../src/runtime/files/owner.ts'
import { temporaryFolder } from '../network/small.ts'

const cache = temporaryFolder()
const kept = process.env.ARCHC_CACHE
process.env.ARCHC_CACHE = cache
afterAll(() => {
  if (kept === undefined) delete process.env.ARCHC_CACHE
  else process.env.ARCHC_CACHE = kept
})

const graphs = path.join(cache, 'graphs')
const make = (name: string, days = 0): void => {
  mkdirSync(path.join(graphs, name), { recursive: true })
  const then = Date.now() / 1000 - days * 24 * 3600
  utimesSync(path.join(graphs, name), then, then)
}

it('a graph is written once; what was written a month ago and what killed processes left goes', async () => {
  make('recent', 29)
  make('old', 31)
  make(`.graph.${hostTag()}-${2 ** 22 + 1}-00000000.tmp`)
  const folder = await storeGraph(Uint8Array.of(1, 2, 3))
  expect(readdirSync(graphs).sort()).toEqual([path.basename(folder), 'recent'].sort())
  expect([...readFileSync(path.join(folder, 'saved_model.pb'))]).toEqual([1, 2, 3])
  expect(await storeGraph(Uint8Array.of(1, 2, 3))).toBe(folder)
})
