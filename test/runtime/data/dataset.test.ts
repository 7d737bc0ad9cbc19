import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import { type DataEntry, listData, manifest, split } from '../../../src/runtime/data/dataset.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'archc-data-'))
  const files = {
    'tissue/b.PNG': 'b',
    'tissue/a.jpg': 'a',
    'tissue/deep/c.tiff': 'c',
    'tissue/notes.txt': 'n',
    'tissue/.hidden.png': 'h',
    'tissue/@eaDir/a.jpg/SYNOPHOTO_THUMB_SM.jpg': 't',
    'tissue/deep/__MACOSX/c.tiff': 'm',
    'tissue/#recycle/d.png': 'r',
    'tissue/lost+found/e.png': 'l',
    'words/notes.txt': 'n',
    'list.csv': 'path,group,mpp\ntissue/b.PNG,slide 1,0.25\n"tissue/a.jpg",,\n',
    'groups.csv': '\uFEFFgroups,path\r\nG,tissue/b.PNG\r\n\r\n',
    'no-path.csv': 'file,group\ntissue/b.PNG,1\n',
    'unknown.csv': 'path,slide\ntissue/b.PNG,1\n',
    'missing.csv': 'path\ntissue/b.PNG\ntissue/x.png\ntissue/y.png\n',
    'mpp.csv': 'path,mpp\ntissue/b.PNG,0.25\ntissue/a.jpg,fine\n',
    'ragged.csv': 'path,mpp\ntissue/b.PNG\n',
    'head.csv': 'path,group,mpp\n',
    'nothing.csv': '',
    'blank.csv': 'path,group\n,1\n',
  }
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  await mkdir(join(folder, 'bare'))
  execFileSync('mkfifo', [join(folder, 'tissue', 'pipe.png')])
  await symlink(join(folder, 'tissue'), join(folder, 'tissue', 'deep', 'round-again'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('listData', () => {
  test('a pipe is no picture', () =>
    expect(listData(join(folder, 'tissue', 'pipe.png'))).rejects.toThrow(/pipe\.png: it is no file/))

  test('a folder: deep, sorted, pictures only, no going round in circles', async () => {
    const entries = await listData(join(folder, 'tissue'))
    expect(entries.map(({ name }) => name)).toEqual(['a.jpg', 'b.PNG', 'deep/c.tiff'])
    expect(entries[0]).toEqual({
      path: join(folder, 'tissue/a.jpg'),
      name: 'a.jpg',
      sha256: 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb',
      bytes: 1,
    })
  })

  test('a CSV: its order, relative to itself, empty cells left out', async () => {
    const [b, a] = await listData(join(folder, 'list.csv'))
    expect(b).toMatchObject({ path: join(folder, 'tissue/b.PNG'), name: 'tissue/b.PNG', group: 'slide 1', mpp: 0.25 })
    expect(a).not.toHaveProperty('group')
    expect(a).not.toHaveProperty('mpp')
    expect(await listData(join(folder, 'groups.csv'))).toMatchObject([{ name: 'tissue/b.PNG', group: 'G' }])
  })

  test('several sources and a single picture', async () => {
    const entries = await listData([join(folder, 'tissue/a.jpg'), join(folder, 'groups.csv')])
    expect(entries.map(({ name }) => name)).toEqual(['a.jpg', 'tissue/b.PNG'])
  })

  test.each([
    ['bare', /bare: the folder is empty/],
    ['words', /words: no pictures among its 1 file$/],
    ['none', /none: there is no such file or folder/],
    ['words/notes.txt', /neither a folder, a CSV nor a picture/],
    ['no-path.csv', /the column path is missing \(found: file, group\)/],
    ['unknown.csv', /unknown column slide/],
    ['missing.csv', /there is no file tissue\/x\.png, tissue\/y\.png$/],
    ['mpp.csv', /mpp\.csv:3: mpp is "fine"/],
    ['ragged.csv', /not a CSV file \(.*line 2/],
    ['head.csv', /it lists no pictures/],
    ['nothing.csv', /the file is empty/],
    ['blank.csv', /blank\.csv:2: the path is empty/],
  ])('%s is refused', async (name, reason) => {
    const error = await listData(join(folder, name)).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(UserError)
    expect((error as UserError).message).toMatch(reason)
  })

  test('a file listed twice is refused', async () => {
    await expect(listData([join(folder, 'tissue'), join(folder, 'list.csv')])).rejects.toThrow(/is listed twice/)
    await expect(listData([])).rejects.toThrow(/no data given/)
  })
})

function entry(index: number, group?: string): DataEntry {
  const sha256 = index.toString(16).padStart(64, '0')
  return { path: `/pictures/${index}.png`, name: `${index}.png`, sha256, bytes: 10, ...(group === undefined ? {} : { group }) }
}

describe('split', () => {
  const files = Array.from({ length: 40 }, (_, i) => entry(i))
  const grouped = Array.from({ length: 40 }, (_, i) => entry(i, `slide ${i % 8}`))
  const names = (entries: DataEntry[]): string[] => entries.map(({ name }) => name).sort()

  test('by file: the share asked for, nothing twice, nothing lost, seeded', () => {
    const { train, val } = split(files, { val: 0.1, seed: 1 })
    expect([train.length, val.length]).toEqual([36, 4])
    expect(names([...train, ...val])).toEqual(names(files))
    expect(split(files, { seed: 1 })).toEqual({ train, val })
    expect(names(split(files, { val: 0.1, seed: 2 }).val)).not.toEqual(names(val))
  })

  test('the order and the folder do not matter', () => {
    const moved = files.toReversed().map((file) => ({ ...file, path: file.path.replace('pictures', 'elsewhere') }))
    expect(names(split(moved, { val: 0.2, seed: 7 }).val)).toEqual(names(split(files, { val: 0.2, seed: 7 }).val))
  })

  test('by group: no group on both sides', () => {
    for (let seed = 0; seed < 20; seed++) {
      const { train, val } = split(grouped, { val: 0.25, seed })
      expect(val.length).toBe(10)
      const inTrain = new Set(train.map(({ group }) => group))
      expect(val.filter(({ group }) => inTrain.has(group))).toEqual([])
    }
  })

  test('equal contents stay together', () => {
    const copies = [...files.slice(0, 10), ...files.slice(0, 10).map((file) => ({ ...file, name: `copy of ${file.name}` }))]
    const { train, val } = split(copies, { val: 0.3, seed: 3 })
    const inTrain = new Set(train.map(({ sha256 }) => sha256))
    expect(val.length).toBe(6)
    expect(val.filter(({ sha256 }) => inTrain.has(sha256))).toEqual([])
  })

  test.each([
    ['no validation', files, 0, 40, 0],
    ['at least one file', files.slice(0, 2), 0.1, 1, 1],
    ['a single file trains', files.slice(0, 1), 0.1, 1, 0],
    ['a single group trains', files.map((file) => ({ ...file, group: 'one' })), 0.5, 40, 0],
    ['something is left to train on', files.slice(0, 3), 0.99, 1, 2],
  ])('%s', (_, entries, share, train, val) => {
    const halves = split(entries, { val: share, seed: 5 })
    expect([halves.train.length, halves.val.length]).toEqual([train, val])
  })

  test.each([-0.1, 1, NaN])('--val %s is refused', (val) => expect(() => split(files, { val, seed: 1 })).toThrow(UserError))
})

test('the manifest: checksums, one digest that the order and the folder do not change', () => {
  const entries = [entry(1, 'a'), { ...entry(2), mpp: 0.5 }]
  const record = manifest(entries)
  expect(record).toMatchObject({
    count: 2,
    bytes: 20,
    files: [
      { name: '1.png', group: 'a' },
      { name: '2.png', mpp: 0.5 },
    ],
  })
  expect(JSON.parse(JSON.stringify(record))).toEqual(record)
  expect(JSON.stringify(record)).not.toContain('/pictures')
  expect(manifest(entries.toReversed()).digest).toBe(record.digest)
  for (const other of [[entry(1, 'a')], [entry(1, 'b'), entries[1]!], [entries[0]!, { ...entry(3), name: '2.png', mpp: 0.5 }]]) {
    expect(manifest(other).digest).not.toBe(record.digest)
  }
})
