import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../runtime/network/small.ts'
import { archc } from './run-archc.ts'

const folder = temporaryFolder()
const to = (name: string): string => path.join(folder, name)

describe('archc graph', () => {
  it.each([
    ['a.dot', 'digraph "Bicubic" {\n'],
    ['a.gv', 'digraph "Bicubic" {\n'],
    ['a.SVG', '<?xml version="1.0"'],
    ['a.mmd', '---\ntitle: "Bicubic"\n---\nflowchart TD\n'],
    ['a.mermaid', '---\ntitle: "Bicubic"\n---\nflowchart TD\n'],
  ])('-o %s takes the format from the ending', async (name, begins) => {
    const { code, stdout, stderr } = await archc(['graph', 'models/bicubic.arch', '-o', to(name)])
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: `written to ${to(name)}\n` })
    expect(readFileSync(to(name), 'utf8').startsWith(begins)).toBe(true)
  })

  it('prints Graphviz without -o, and what --format says', async () => {
    const dot = await archc(['graph', 'models/edsr.arch', '--preset', 'x2'])
    expect({ code: dot.code, stderr: dot.stderr }).toEqual({ code: 0, stderr: '' })
    expect(dot.stdout.startsWith('digraph "EDSR, preset x2" {\n')).toBe(true)
    expect(dot.stdout).toContain('"up" -> "painted" [label=<  [B, 2 * h, 2 * w, 64]  >]\n')
    const mermaid = await archc(['graph', 'models/edsr.arch', '--set', 'blocks=3', '--module', 'body', '--format', 'mermaid'])
    expect(mermaid.stdout).toContain('["body<br/>3 x Residual<br/>221,568 parameters"]:::part\n')
  })

  it.each([
    [
      ['models/iste.arch', '--module', 'encodr'],
      'ISTE has no part encodr; did you mean encoder?',
      'parts with an inside: encoder, texture, lfi, stf, lpd, ltd',
    ],
    [
      ['models/ablations/wo-lfi.arch', '--module', 'lfi'],
      'nothing computes in lfi: it is replaced with (x) => x (models/ablations/wo-lfi.arch)',
      'leave --module away to see the whole',
    ],
    [
      ['models/iste.arch', '-o', to('b.png')],
      `${to('b.png')} says no format that graph draws`,
      'it draws .dot, .gv, .svg, .mmd, .mermaid; or say --format dot, svg, mermaid',
    ],
    [['models/iste.arch', '--format', 'svg', '-o', folder], `cannot write ${folder}: it is a folder`, 'name a file with -o'],
  ])('%j is refused', async (args, message, help) => {
    expect(await archc(['graph', ...args])).toMatchObject({ code: 1, stdout: '', stderr: `error: ${message}\n  help: ${help}\n` })
    expect(readdirSync(folder)).not.toContain('b.png')
  })

  it('has help with examples', async () => {
    const { code, stdout } = await archc(['graph', '--help'])
    expect(code).toBe(0)
    expect(stdout).toContain('Examples:\n  archc graph iste.arch -o iste.svg\n')
  })
})
