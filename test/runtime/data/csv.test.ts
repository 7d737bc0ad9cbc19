import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import { listData } from '../../../src/runtime/data/dataset.ts'
import { temporaryFolder } from '../network/small.ts'

const folder = temporaryFolder()
mkdirSync(path.join(folder, 'slides', 'low'), { recursive: true })
for (const name of ['slides/a.png', 'slides/b.png', 'slides/low/a.png', 'slides/low/b.png'])
  writeFileSync(path.join(folder, name), name)

const saved = (content: Uint8Array | string): string => {
  const file = path.join(folder, 'list.csv')
  writeFileSync(file, content)
  return file
}
const text = 'path,group,low\nslides/a.png,Ü1,slides/low/a.png\nslides/b.png,Ü2,slides/low/b.png\n'

describe('a list from another machine', () => {
  test.each([
    ['as it is', text],
    ['a byte order mark', `\uFEFF${text}`],
    ['line ends of Windows', text.replaceAll('\n', '\r\n')],
    ['line ends of an old Macintosh', text.replaceAll('\n', '\r')],
    ['line ends of two kinds', text.replace('\n', '\r\n')],
    ['line ends of two kinds, the other way', text.replace(/\n(?=[^\n]*\n$)/, '\r\n')],
    ['no end of the last line', text.trimEnd()],
    ['empty lines', text.replaceAll('\n', '\n\n')],
    ['paths of Windows', text.replaceAll('/', '\\')],
    ['quoted', text.replace(/[^,\n]+/g, '"$&"')],
    ['spaces around', text.replaceAll(',', ' , ')],
  ])('%s', async (_what, content) => {
    const found = await listData(saved(content))
    expect(found.map(({ name, group, low }) => [name, group, low?.name])).toEqual([
      ['slides/a.png', 'Ü1', 'slides/low/a.png'],
      ['slides/b.png', 'Ü2', 'slides/low/b.png'],
    ])
  })

  const wide = Buffer.from(`\uFEFF${text}`, 'utf16le')
  test.each([
    ['UTF-16', wide, /list\.csv: it is no text in UTF-8 \(UTF-16/],
    ['UTF-16 of a big end', Buffer.from(wide).swap16(), /list\.csv: it is no text in UTF-8 \(UTF-16/],
    ['Latin-1', Buffer.from(text, 'latin1'), /list\.csv: it is not UTF-8/],
    [
      'a no-break space in a path',
      text.replace('a.png', 'a\u00A0.png'),
      /no file .*a\u00A0\.png \(it has U\+00A0, a no-break space\)/,
    ],
    ['a zero-width space in a path', text.replace('a.png', '\u200Ba.png'), /\(it has U\+200B, a zero-width space\)/],
    ['a zero-width space in a group', text.replace('Ü1', 'Ü1\u200B'), /list\.csv:2: the group is .*U\+200B/],
    ['a zero-width space in a column', text.replace('group', 'group\u200B'), /unknown column group.*U\+200B/],
    ['a column twice', text.replace('low', 'group'), /the column group stands there twice/],
    ['semicolons', text.replaceAll(',', ';'), /divided by semicolons, not by commas/],
    ['tabs', text.replaceAll(',', '\t'), /divided by tabs, not by commas/],
    ['a path of Windows to nowhere', text.replace('slides/a', 'slides\\c'), /there is no file slides\/c\.png/],
  ])('%s is named', async (_what, content, message) => {
    const refused = listData(saved(content))
    await expect(refused).rejects.toThrow(UserError)
    await expect(refused).rejects.toThrow(message)
  })
})
