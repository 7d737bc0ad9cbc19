import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { createProgram } from '../../src/cli/main.ts'
import { root } from '../runtime/network/small.ts'
import { readPage } from './blocks.ts'

/** What CONTRIBUTING.md and docs/house.md name is there: files, verbs, commands, rooms, and words of the sources. */
const rooms = ['bench', 'bin', 'docs', 'editors', 'experiments', 'grammar', 'models', 'packages', 'samples', 'src', 'templates', 'test']
const below = (folder: string): string[] =>
  readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = path.posix.join(folder, entry.name)
    if (!entry.isDirectory()) return [name]
    return entry.name === 'node_modules' ? [] : [`${name}/`, ...below(name)]
  })
const top = readdirSync(root, { withFileTypes: true })
const paths = [...top.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name)), ...rooms.flatMap(below)]
const foldersOf = (folder: string): string[] =>
  readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))
const { scripts } = JSON.parse(readPage('package.json')) as { readonly scripts: Readonly<Record<string, string>> }
const words = new Set(
  paths
    .filter((file) => /^(src|grammar)\/.*\.ts$/.test(file))
    .flatMap((file) => readFileSync(path.join(root, file), 'utf8').match(/\w+/g) ?? []),
)

/** Whether a file or a folder ends so; NAME and CODE stand for any name. What a verb writes need not be there. */
function isThere(name: string): boolean {
  if (['types/', 'bench/results/', 'runs/'].includes(name)) return true
  const pattern = name
    .replace(/\/$/, '')
    .replace(/[.]/g, '\\.')
    .replace(/\b(NAME|CODE)\b/g, '[^/]+')
  return paths.some((file) => new RegExp(`(^|/)${pattern}/?$`).test(file))
}

/** `a/{b,c}` is two. */
const spread = (name: string): string[] => {
  const [, before, inside, after] = /^(.*)\{(.*)\}(.*)$/.exec(name) ?? []
  return inside === undefined ? [name] : inside.split(',').map((each) => `${before}${each}${after}`)
}

const pages = ['CONTRIBUTING.md', 'docs/house.md']
const text = (page: string): string => readPage(page).replace(/^```[^]*?^```$/gm, '')
const spansOf = (page: string): string[] => [...text(page).matchAll(/`([^`\n]+)`/g)].map(([, span]) => span!)
const isPath = (span: string): boolean => /^[\w./-]+$/.test(span) && (span.includes('/') || /\.[a-z]+$/.test(span))

describe.each(pages)('%s', (page) => {
  it('names files and folders that are there', () => {
    const named = spansOf(page).filter(isPath)
    expect(named.length).toBeGreaterThan(8)
    expect(named.filter((name) => !isThere(name))).toEqual([])
  })

  it('links to pages that are there', () => {
    const links = [...text(page).matchAll(/\]\(([^)#:]+)/g)].map(([, link]) => path.posix.join(path.posix.dirname(page), link!))
    expect(links.length).toBeGreaterThan(1)
    expect(links.filter((link) => !paths.includes(link) && !paths.includes(`${link}/`))).toEqual([])
  })

  it('names verbs, commands and tests that are there', () => {
    const lines = readPage(page)
    const verbs = [...lines.matchAll(/npm run ([\w:]+)/g)].map(([, verb]) => verb!)
    expect(verbs.filter((verb) => !(verb in scripts))).toEqual([])
    const commands = createProgram().commands.map((command) => command.name())
    const named = [...lines.matchAll(/(?:npx |`)archc ([a-z]+)/g)].map(([, command]) => command!)
    expect(named.filter((command) => !commands.includes(command))).toEqual([])
    const tests = [...lines.matchAll(/vitest run ([\w./-]+)/g)].map(([, file]) => file!)
    expect(tests.filter((file) => !isThere(file))).toEqual([])
  })

  it('names words of the sources, of the verbs and of the rooms', () => {
    const named = spansOf(page).filter((span) => /^[A-Za-z]\w*$/.test(span))
    expect(named.length).toBeGreaterThan(8)
    expect(named.filter((word) => !words.has(word) && !(word in scripts) && !isThere(word))).toEqual([])
  })
})

describe('the map', () => {
  it('of CONTRIBUTING.md has all verbs', () => {
    const table = [...readPage('CONTRIBUTING.md').matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(([, verbs]) => verbs!.match(/[\w:]+/g)!)
    expect(table.sort()).toEqual(Object.keys(scripts).sort())
  })

  it.each(['src/compiler', 'src/runtime'])('of CONTRIBUTING.md has all rooms of %s', (folder) => {
    const [, map = ''] = new RegExp(`^${folder}/ +([^]*?)\\n(?=\\S)`, 'm').exec(readPage('CONTRIBUTING.md')) ?? []
    expect(map.split(/,\s+/).sort()).toEqual(foldersOf(folder).sort())
  })

  it('of docs/house.md has all rooms', () => {
    const lines = [...readPage('docs/house.md').matchAll(/^ {4}(\S.*?)(?: {2,}|$)/gm)].map(([, names]) => names!)
    const named = lines.flatMap((line) => line.split(/ \+ |, /)).flatMap(spread)
    expect(named.filter((name) => !isThere(name))).toEqual([])
    const all = ['src/compiler', 'src/runtime'].flatMap((folder) => foldersOf(folder).map((name) => `${folder}/${name}`))
    expect([...all, 'src/cli', 'src/editor', 'grammar'].filter((room) => !named.includes(room))).toEqual([])
  })
})
