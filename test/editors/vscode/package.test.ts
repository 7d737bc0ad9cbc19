import { readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import path from 'node:path'
import { fromBuffer, type Entry, type ZipFile } from 'yauzl'
import { beforeAll, describe, expect, test } from 'vitest'
import { archcRoot } from '../../../src/root.ts'
import { startNode } from '../../cli/run-archc.ts'
import { temporaryFolder } from '../../runtime/network/small.ts'

const source = path.join(archcRoot, 'editors', 'vscode')
const read = (file: string): string => readFileSync(path.join(archcRoot, file), 'utf8')

interface Manifest {
  readonly version: string
  readonly main: string
  readonly dependencies: Readonly<Record<string, string>>
}
const manifest = JSON.parse(read('editors/vscode/package.json')) as Manifest
const root = JSON.parse(read('package.json')) as { readonly version: string; readonly devDependencies: Record<string, string> }

/** The files of an archive by their names. */
async function unzipped(file: string): Promise<Map<string, Buffer>> {
  const zip = await new Promise<ZipFile>((resolve, reject) =>
    fromBuffer(readFileSync(file), { lazyEntries: true }, (error, opened) => (error ? reject(error) : resolve(opened))),
  )
  const files = new Map<string, Buffer>()
  const content = (entry: Entry): Promise<Buffer> =>
    new Promise((resolve, reject) =>
      zip.openReadStream(entry, (error, stream) => {
        if (error) return reject(error)
        const parts: Buffer[] = []
        stream.on('data', (part: Buffer) => parts.push(part)).on('end', () => resolve(Buffer.concat(parts))).on('error', reject) // prettier-ignore
      }),
    )
  await new Promise<void>((resolve, reject) => {
    zip.on('entry', (entry: Entry) => {
      content(entry).then((bytes) => {
        files.set(entry.fileName, bytes)
        zip.readEntry()
      }, reject)
    })
    zip.on('end', resolve).on('error', reject)
    zip.readEntry()
  })
  return files
}

test("the extension's version is archc's, and its client the one that is installed", () => {
  expect(manifest.version).toBe(root.version)
  expect(root.devDependencies).toMatchObject(manifest.dependencies)
})

describe('the .vsix', () => {
  let files: ReadonlyMap<string, Buffer>
  beforeAll(async () => {
    const out = path.join(temporaryFolder(), 'archc.vsix')
    const { code, stderr } = await startNode([path.join(source, 'package.js'), out]).outcome
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    files = await unzipped(out)
  })

  test('holds what it needs and nothing else', () => {
    expect([...files.keys()].sort()).toEqual([
      '[Content_Types].xml',
      'extension.vsixmanifest',
      'extension/LICENSE.txt',
      'extension/arch.tmLanguage.json',
      'extension/dist/LICENCES.txt',
      'extension/dist/extension.cjs',
      'extension/language-configuration.json',
      'extension/package.json',
      'extension/readme.md',
    ])
  })

  test.each([
    ['LICENSE.txt', 'LICENSE'],
    ['arch.tmLanguage.json', 'editors/vscode/arch.tmLanguage.json'],
    ['language-configuration.json', 'editors/vscode/language-configuration.json'],
    ['package.json', 'editors/vscode/package.json'],
    ['readme.md', 'editors/vscode/README.md'],
  ])('%s is %s', (packed, file) => expect(files.get(`extension/${packed}`)!.toString()).toBe(read(file)))

  test('names archc, and the files that its manifest names are there', () => {
    expect(files.get('extension.vsixmanifest')!.toString()).toContain(`Id="archc" Version="${root.version}" Publisher="archc"`)
    const named = [...read('editors/vscode/package.json').matchAll(/"\.\/([^"]+)"/g)].map(([, file]) => `extension/${file}`)
    expect(named).toHaveLength(3)
    expect(named.filter((file) => !files.has(file))).toEqual([])
  })

  test('the bundle takes nothing from outside but VS Code and Node', () => {
    const bundle = files.get('extension/dist/extension.cjs')!.toString()
    const required = new Set([...bundle.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name]) => name!.replace(/^node:/, '')))
    expect([...required].filter((name) => !builtinModules.includes(name))).toEqual(['vscode'])
    expect(bundle).toContain('archc was not found')
    expect(files.get('extension/dist/LICENCES.txt')!.toString()).toContain(
      `vscode-languageclient ${manifest.dependencies['vscode-languageclient']}, MIT`,
    )
  })
})
