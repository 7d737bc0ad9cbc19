import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../runtime/network/small.ts'
import { archc } from './run-archc.ts'

const folder = temporaryFolder()
const text = `/// Straße
model One {
  scale m = 2
  input lr: [B, h, w, 3] as image
  output sr: [B, 2 * h, 2 * w, 3] as image
  return interpolate(lr, by: 2, kernel: bicubic)
}
`
const written = (name: string, bytes: Buffer | string): string => {
  const file = path.join(folder, name)
  writeFileSync(file, bytes)
  return file
}

describe('texts from other machines', () => {
  it.each([
    ['a byte order mark', `\uFEFF${text}`],
    ['line ends of Windows', text.replaceAll('\n', '\r\n')],
    ['both', `\uFEFF${text.replaceAll('\n', '\r\n')}`],
  ])('%s: right, formatted, and left as it is', async (what, saved) => {
    const file = written(`${what}.arch`, saved)
    for (const command of [['check', file], ['fmt', '--check', file], ['fmt', file]]) expect((await archc(command)).code).toBe(0) // prettier-ignore
    expect(readFileSync(file, 'utf8')).toBe(saved)
    const wide = written(`${what} wide.arch`, saved.replace('by: 2', 'by:2'))
    expect((await archc(['fmt', '--check', wide])).code).toBe(3)
    expect((await archc(['fmt', wide])).code).toBe(0)
    expect(readFileSync(wide, 'utf8')).toBe(saved)
  })

  it.runIf(process.platform === 'linux')('a pipe that the shell hands over is read', async () => {
    expect(await archc(['check', '/dev/stdin'], { input: text })).toMatchObject({ code: 0 })
  })

  it('line ends of both kinds become those of one', async () => {
    const file = written('mixed.arch', text.replace('\n', '\r\n'))
    expect((await archc(['fmt', file])).code).toBe(0)
    expect(readFileSync(file, 'utf8')).toBe(text)
  })

  it.each<[string, Buffer | string, RegExp]>([
    ['UTF-16', Buffer.from(`\uFEFF${text}`, 'utf16le'), /it is no text in UTF-8 \(UTF-16, .*; save it as UTF-8\n/],
    ['UTF-16 without a mark', Buffer.from(text, 'utf16le'), /it is no text in UTF-8 \(UTF-16, .*; save it as UTF-8\n/],
    ['Latin-1', Buffer.from(text, 'latin1'), /it is not UTF-8 \(Latin-1\?\); save it as UTF-8\n/],
    ['a no-break space', text.replace('scale m', 'scale\u00A0m'), /U\+00A0, a no-break space, has no meaning here\n/],
    ['a zero-width space', text.replace('scale m', 'scale\u200B m'), /U\+200B, a zero-width space, has no meaning here\n/],
    ['a mark in the middle', text.replace('scale m', '\uFEFFscale m'), /U\+FEFF, a byte order mark, has no meaning here\n/],
  ])('%s: one mistake, by its name', async (what, saved, message) => {
    const { code, stdout, stderr } = await archc(['check', written(`${what}.arch`, saved)])
    expect(code).toBe(1)
    expect(stderr).toMatch(message)
    expect(`${stderr}${stdout}`).toContain('\n1 error\n')
  })
})
