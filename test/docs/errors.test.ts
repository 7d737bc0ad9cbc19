import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { catalogue, type Code } from '../../src/compiler/diagnostics/catalogue.ts'
import type { Diagnostic } from '../../src/compiler/diagnostics/diagnostic.ts'
import { renderPretty } from '../../src/compiler/diagnostics/render-pretty.ts'
import { check, compile } from '../../src/compiler/index.ts'
import type { CompilerHost } from '../../src/compiler/names/host.ts'
import { archcRoot } from '../../src/root.ts'
import { memoryHost } from '../compiler/memory-host.ts'

/**
 * Every page of docs/errors is held against the compiler: its wrong example is compiled and must be said exactly what the page
 * says, its right example nothing. An example is the page's `arch` blocks: `main.arch`, or what a first line `// file: NAME.arch`
 * names; `// options: tiny width=2 +other.arch` in the first line of `main.arch` asks for a preset, values that are set and
 * variants. `UPDATE=1 npx vitest run test/docs/errors.test.ts` writes what the compiler says anew: read the diff.
 */
const folder = path.join(archcRoot, 'docs', 'errors')
const codes = Object.keys(catalogue) as Code[]
const pages = readdirSync(folder)
  .filter((file) => file !== 'README.md')
  .map((file) => path.basename(file, '.md'))
  .sort()
const read = (name: string): string => readFileSync(path.join(folder, `${name}.md`), 'utf8')

const form = /^# (?<code>[a-z-]+)\n\n(?<severity>An error|A warning)\.\n\n(?<prose>[^#`].*?)\n\n## Wrong\n\n(?<wrong>```arch\n.*?)\n\n```text\n(?<said>.*?)```\n\n## Right\n\n(?<right>```arch\n.*)$/s // prettier-ignore

interface Page {
  readonly code: string
  readonly severity: string
  readonly prose: string
  readonly wrong: string
  readonly said: string
  readonly right: string
}

function parts(name: string): Page {
  const match = form.exec(read(name))
  if (!match) throw new Error(`docs/errors/${name}.md has not the form of a page`)
  return match.groups as unknown as Page
}

const firstSentence = (prose: string): string => /^.*?[.?](?=\s|$)/s.exec(prose)![0].replaceAll('\n', ' ')

/** In the words of the host that reads a disk. */
const hostOf = (files: Readonly<Record<string, string>>): CompilerHost => ({
  ...memoryHost(files),
  read: (file) => (Object.hasOwn(files, file) ? { text: files[file]! } : { problem: 'there is no such file' }),
})

function run(section: string): { diagnostics: readonly Diagnostic[]; said: string } {
  const files = Object.fromEntries(
    [...section.matchAll(/```arch\n(.*?)```/gs)].map(([, text = '']) => [
      /^\/\/ file: (\S+)\n/.exec(text)?.[1] ?? 'main.arch',
      text,
    ]),
  )
  const host = hostOf(files)
  const words = /^\/\/ options: (.*)/.exec(files['main.arch'] ?? '')?.[1]?.split(' ')
  const { diagnostics, sources } = words
    ? compile('main.arch', host, {
        preset: words.find((word) => !word.includes('=') && !word.startsWith('+')) ?? '',
        sets: words.filter((word) => word.includes('=')),
        variants: words.filter((word) => word.startsWith('+')).map((word) => word.slice(1)),
      })
    : check(Object.keys(files), host)
  return { diagnostics, said: renderPretty(diagnostics, (file) => sources.get(file), { color: false, width: 100 }) }
}

test('every code has a page and every page a code', () => {
  expect(pages).toEqual([...codes].sort())
})

test('the index has a line for every page, in the order of the catalogue: its first sentence', () => {
  const lines = read('README').split('\n').filter((line) => line.startsWith('- ')) // prettier-ignore
  expect(lines).toEqual(codes.map((code) => `- [${code}](${code}.md): ${firstSentence(parts(code).prose)}`))
})

describe.each(pages)('%s', (name) => {
  test('has the form of a page', () => {
    const { code, severity, prose } = parts(name)
    expect({ code, severity }).toEqual({
      code: name,
      severity: catalogue[name as Code].severity === 'error' ? 'An error' : 'A warning',
    })
    const sentences = prose.split(/[.?](?=\s|$)/).filter((sentence) => sentence.trim() !== '')
    expect(sentences.length).toBeGreaterThanOrEqual(2)
    expect(sentences.length).toBeLessThanOrEqual(5)
  })

  test('the wrong example is said what the page says', () => {
    const { wrong } = parts(name)
    const { diagnostics, said } = run(wrong)
    if (process.env['UPDATE'])
      writeFileSync(
        path.join(folder, `${name}.md`),
        read(name).replace(/```text\n.*?```/s, () => `\`\`\`text\n${said}\`\`\``),
      )
    expect([...new Set(diagnostics.map(({ code }) => code))]).toEqual([name])
    expect(parts(name).said).toBe(said)
  })

  test('of the right example nothing is said', () => {
    expect(run(parts(name).right).said).toBe('')
  })
})
