import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { catalogue } from '../../src/compiler/diagnostics/catalogue.ts'
import { root } from '../runtime/network/small.ts'
import { archc } from './run-archc.ts'

describe('archc explain', () => {
  it('prints the page of a code', async () => {
    expect(await archc(['explain', 'shape-unknown'])).toMatchObject({
      code: 0,
      stderr: '',
      stdout: readFileSync(path.join(root, 'docs', 'errors', 'shape-unknown.md'), 'utf8'),
    })
  })

  it('suggests a code that is near', async () => {
    expect(await archc(['explain', 'shape-unknwon'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr:
        'error: no error or warning is called shape-unknwon; did you mean shape-unknown?\n  help: archc explain lists all\n',
    })
  })

  it('lists all codes, each with a sentence', async () => {
    const { code, stdout } = await archc(['explain'])
    expect(code).toBe(0)
    const lines = stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => /^(\S+) {2,}(\S.*[.?])$/.exec(line)?.[1])
    expect(lines).toEqual(Object.keys(catalogue))
  })

  it('has help with examples', async () => {
    const { code, stdout } = await archc(['explain', '--help'])
    expect(code).toBe(0)
    expect(stdout).toContain('Examples:\n  archc explain shape-unknown')
  })
})
