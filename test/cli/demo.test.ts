import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../runtime/network/small.ts'
import { startArchc } from './run-archc.ts'

it('shows a picture by the carried weights while it trains, in folders that it makes', async () => {
  const parent = path.join(temporaryFolder(), 'made', 'by')
  const run = path.join(parent, 'demo')
  const page = path.join(run, 'evaluation', 'index.html')
  const { child, outcome } = startArchc(['demo', '--out', run, '--steps', '1000'])
  while (!existsSync(page)) {
    if (child.exitCode !== null) throw new Error((await outcome).stderr)
    await wait(50)
  }
  child.kill('SIGTERM')
  const { code, stderr, stdout } = await outcome
  expect(code).toBe(143)
  expect(stdout).toContain('enlarging a sample 3.3 times')
  expect(stderr).toContain(`a picture to look at meanwhile: ${page}`)
  const text = readFileSync(page, 'utf8')
  expect(text).toContain('enlarged 3.3 times')
  expect(text.match(/data:image\/webp;base64,/g)!.length).toBeGreaterThanOrEqual(4)
  expect(text).toContain('for 1000 steps')
  expect(existsSync(path.join(run, 'evaluation', 'enlarged.png'))).toBe(true)
  expect(readdirSync(parent)).toEqual(['demo']) // nothing is left aside
})
