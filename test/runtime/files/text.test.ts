import { execFileSync } from 'node:child_process'
import { symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import { checksum } from '../../../src/runtime/files/checksum.ts'
import { openRegular, readRegular, readRegularSync } from '../../../src/runtime/files/regular.ts'
import { readText } from '../../../src/runtime/files/text.ts'
import { withSlashes } from '../../../src/runtime/files/slashes.ts'
import { hostIn } from '../../../src/runtime/host.ts'
import { temporaryFolder } from '../network/small.ts'

const folder = temporaryFolder()
const inside = (name: string): string => path.join(folder, name)
const written = (name: string, content: Uint8Array | string): string => {
  writeFileSync(inside(name), content)
  return inside(name)
}

describe('a text that somebody saved', () => {
  test.each([
    ['plain', 'Straße\n', 'Straße\n'],
    ['with a byte order mark', '\uFEFFStraße\n', 'Straße\n'],
    ['with line ends of Windows', 'a\r\nb\r\n', 'a\r\nb\r\n'],
    ['empty', '', ''],
  ])('%s', (name, content, text) => expect(readText(written(name, content))).toBe(text))

  const wide = Buffer.from('\uFEFFa\n', 'utf16le')
  test.each([
    ['UTF-16 of a small end', wide, /UTF-16.*; save it as UTF-8/],
    ['UTF-16 of a big end', Buffer.from(wide).swap16(), /UTF-16.*; save it as UTF-8/],
    ['Latin-1', Buffer.from('Straße', 'latin1'), /not UTF-8 \(Latin-1\?\); save it as UTF-8/],
  ])('%s is refused by the name of the file', (name, content, message) => {
    const file = written(name, content)
    expect(() => readText(file)).toThrow(UserError)
    expect(() => readText(file)).toThrow(message)
    expect(() => readText(file)).toThrow(file)
  })
})

describe.runIf(process.platform === 'linux')('what is no file is never waited for', () => {
  const pipe = inside('a pipe')
  execFileSync('mkfifo', [pipe])
  symlinkSync(inside('loop'), inside('loop'))

  test.each([
    ['a pipe', pipe, 'it is a pipe'],
    ['a device without an end', '/dev/zero', 'it is a device'],
    ['a folder', folder, 'it is a folder'],
    ['a link to itself', inside('loop'), 'its symbolic links go round in a circle'],
    ['nothing', inside('none'), 'there is no such file'],
  ])('%s', async (_what, file, message) => {
    expect(() => readText(file)).toThrow(`cannot read ${file}: ${message}`)
    expect(hostIn('').read(file)).toMatchObject({ problem: message })
    await expect(checksum(file)).rejects.toThrow(`cannot read ${file}: ${message}`)
    for (const read of [openRegular, readRegular, (name: string) => Promise.resolve().then(() => readRegularSync(name))])
      await expect(read(file)).rejects.toThrow()
  })
})

test('backslashes are those of Windows unless a file has them in its name', () => {
  written('back\\slash.png', '')
  expect([withSlashes('a\\b.png', folder), withSlashes('back\\slash.png', folder), withSlashes('a/b.png', folder)]).toEqual([
    'a/b.png',
    'back\\slash.png',
    'a/b.png',
  ])
})
