import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { machinePace } from '../../../src/runtime/predict/pace.ts'
import { units } from '../../../src/runtime/predict/work.ts'
import { quietEngine, temporaryFolder } from '../network/small.ts'

const folder = temporaryFolder()
const kept = process.env['ARCHC_CACHE']
beforeAll(async () => {
  await quietEngine()
  process.env['ARCHC_CACHE'] = folder
})
afterAll(() => {
  if (kept === undefined) delete process.env['ARCHC_CACHE']
  else process.env['ARCHC_CACHE'] = kept
})

/** Whether it was measured. */
async function paceNow(): Promise<{ pace: Awaited<ReturnType<typeof machinePace>>; isMeasured: boolean }> {
  const said: string[] = []
  const pace = await machinePace((line) => said.push(line))
  return { pace, isMeasured: said.length > 0 }
}
const file = (): string => path.join(folder, 'pace', readdirSync(path.join(folder, 'pace'))[0]!)
const stored = () => JSON.parse(readFileSync(file(), 'utf8')) as { pace: unknown; at: number; isBusy: boolean }
const store = (record: object): void => writeFileSync(file(), JSON.stringify({ ...stored(), ...record }))

it('of this machine is measured once, and again where what is kept is no good', async () => {
  const first = await paceNow()
  expect(first.isMeasured).toBe(true)
  for (const unit of units) expect(first.pace[unit]).toBeGreaterThanOrEqual(0)
  expect(units.some((unit) => first.pace[unit] > 0)).toBe(true)
  store({ isBusy: true, at: Date.now() })
  expect(await paceNow()).toEqual({ pace: first.pace, isMeasured: false })
  store({ isBusy: false, at: 0 })
  expect((await paceNow()).isMeasured).toBe(false)
  store({ isBusy: true, at: Date.now() - 2 * 3_600_000 })
  expect((await paceNow()).isMeasured).toBe(true)
  writeFileSync(file(), '{ "pace": ')
  expect((await paceNow()).isMeasured).toBe(true)
  store({ pace: { node: 1 } })
  expect((await paceNow()).isMeasured).toBe(true)
})
