import path from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { archcRoot } from '../../../src/root.ts'
import { loadEngine, type Engine } from '../../../src/runtime/engine/index.ts'
import { findCases } from '../../../src/runtime/parity/case.ts'
import { runParity } from '../../../src/runtime/parity/run.ts'

/** The numbers that archc carries, and with ARCHC_PARITY=DIR those of another folder of the same form. */
const carried = path.join(archcRoot, 'test', 'parity')
/** Checks that each case has: fewer would mean that something is no longer looked at. */
const expected: Readonly<Record<string, number>> = {
  'adam-schedule': 6,
  coords: 69,
  'iste-micro': 249,
  'lfi-released': 3,
  'op-grads': 66,
}

let engine: Engine
beforeAll(async () => {
  engine = await loadEngine({ name: 'tensorflow' })
})

const names = (folder: string): string[] => findCases(folder).map((at) => path.relative(folder, at))

describe('the numbers of the reference implementations', () => {
  test.each(names(carried))('%s', async (name) => {
    const { checks, failed, skipped } = await runParity(path.join(carried, name), { engine })
    expect(checks.filter((check) => check.status !== 'ok')).toEqual([])
    expect({ failed, skipped }).toEqual({ failed: 0, skipped: 0 })
    // A case of the full size is its output and its count of parameters.
    expect(checks).toHaveLength(expected[name] ?? 2)
  })

  test('every case that is expected is carried', () => {
    expect(names(carried)).toEqual(expect.arrayContaining(Object.keys(expected)))
    expect(names(carried).filter((name) => name.startsWith('full-size')).length).toBeGreaterThanOrEqual(12)
  })
})

const other = process.env['ARCHC_PARITY']
describe.runIf(other)('the numbers of ARCHC_PARITY', () => {
  test.each(other ? names(other) : [])('%s', async (name) => {
    const { checks } = await runParity(path.join(other!, name), { engine })
    expect(checks.filter((check) => check.status !== 'ok')).toEqual([])
  })
})
