import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../runtime/network/small.ts'
import { startArchc } from './run-archc.ts'

const library = `module Twice {
  input x: [.., c]
  output [.., c]
  return x * 2
}
`
const model = `import Twice from "../lib/twice.arch"
model Small {
  input lr: [B, h, w, 3] as image
  output sr: [B, h, w, 3] as image
  return lr -> Twice
}
`

test('check --watch sees every file, those outside that are imported, new ones, and outlives broken ones', async () => {
  // Below a hidden folder, whose name says nothing of what is in it.
  const folder = path.join(temporaryFolder(), '.hidden')
  const at = (name: string): string => path.join(folder, name)
  const write = (name: string, text: string): void => writeFileSync(at(name), text)
  mkdirSync(at('lib'), { recursive: true })
  mkdirSync(at('models'))
  write('lib/twice.arch', library)
  write('models/small.arch', model)
  const { child, outcome } = startArchc(['check', '--watch', at('models')])
  let said = ''
  child.stdout!.on('data', (text: string) => (said += text))
  child.stderr!.on('data', (text: string) => (said += text))
  /** What is said between a change and the next wait. */
  const after = async (run: () => void): Promise<string> => {
    said = ''
    run()
    for (let turn = 0; turn < 1200 && !said.includes('watching'); turn += 1)
      await new Promise((resolve) => setTimeout(resolve, 50))
    return said
  }
  try {
    expect(await after(() => undefined)).toMatch(/^1 file is right: 1 model, 0 variants, 0 presets\nwatching/)
    expect(await after(() => write('lib/twice.arch', library.replace('x * 2', 'y * 2')))).toContain('error[unknown-name]')
    expect(await after(() => write('lib/twice.arch', 'module Twice {{{'))).toContain('error[')
    expect(await after(() => write('lib/twice.arch', library))).toContain('1 file is right')
    expect(await after(() => write('models/other.arch', model.replace('* ', '+ ')))).toContain('2 files are right')
    expect(await after(() => rmSync(at('models/other.arch')))).toContain('1 file is right')
    expect(await after(() => rmSync(at('lib/twice.arch')))).toContain('error[import-missing]')
    expect(await after(() => write('lib/twice.arch', library))).toContain('1 file is right')
  } finally {
    child.kill('SIGINT')
  }
  expect((await outcome).signal).toBe('SIGINT')
})
