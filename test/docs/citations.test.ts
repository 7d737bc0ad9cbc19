import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from '../runtime/network/small.ts'

/** What remarks cite is there: a page of the project with its heading, a paper by its authors and year, a standard by its name. */
const rooms = ['grammar', 'src', 'models', 'bench', 'bin', 'packages', 'editors', 'test']
const walk = (folder: string): string[] =>
  readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = path.posix.join(folder, entry.name)
    if (entry.isDirectory()) return /^(node_modules|\..*)$/.test(entry.name) ? [] : walk(name)
    return [name]
  })
const sources = rooms.flatMap(walk).filter((file) => /\.(ts|js|cc|arch)$/.test(file))
const pages = [...['docs', 'experiments', ...rooms].flatMap(walk), ...readdirSync(root)].filter((file) => file.endsWith('.md'))

interface Remark {
  readonly file: string
  readonly text: string
}

/** The remarks of a source, each on one line: blocks, and runs of lines that begin with slashes. */
const remarksOf = (file: string): Remark[] =>
  [...readFileSync(path.join(root, file), 'utf8').matchAll(/(?<=^|\s)\/\*\*?[^]*?\*\/|(?:(?:^|(?<=\s))\/\/.*(?:\n\s*(?=\/\/))?)+/g)].map(
    ([text]) => ({ file, text: text.replace(/\n\s*(\*|\/\/\/?)?/g, ' ') }),
  )
const remarks = sources.flatMap(remarksOf)

/** Every match of PATTERN in a remark, with where it stands. */
const found = (pattern: RegExp): { readonly at: string; readonly words: readonly string[]; readonly before: string }[] =>
  remarks.flatMap(({ file, text }) =>
    [...text.matchAll(pattern)].map((match) => ({
      at: `${file}: ${match[0]}`,
      words: match.slice(1).map((word) => word ?? ''),
      before: text.slice(0, match.index),
    })),
  )

const isPage = (name: string): boolean =>
  name.includes('/') ? existsSync(path.join(root, name)) : pages.some((page) => path.posix.basename(page) === name)

/** Whether a page has a heading that begins so; those of commands go on with what they take. */
const hasHeading = (page: string, heading: string): boolean =>
  readFileSync(path.join(root, page), 'utf8')
    .split('\n')
    .some((line) => new RegExp(`^#+ ${heading}(?![\\w-])`).test(line))

describe('remarks', () => {
  it('are read', () => {
    expect(sources.length).toBeGreaterThan(500)
    expect(remarks.length).toBeGreaterThan(1500)
    expect(remarksOf('models/lib/swinir.arch')[0]!.text).toContain('Liang et al. 2021')
  })

  it('name pages that are there', () => {
    const cited = found(/(?<![\w/.-])([\w-]+(?:\/[\w-]+)*\.md)\b/g).filter(({ words }) => !/^(docs\/errors\/)?[A-Z]+\.md$/.test(words[0]!))
    expect(cited.length).toBeGreaterThan(15)
    expect(cited.filter(({ words }) => !isPage(words[0]!)).map(({ at }) => at)).toEqual([])
  })

  it('name headings that the pages have', () => {
    const cited = found(/(docs\/[\w/-]+\.md), ([A-Za-z][\w ]*?)(?=[;:,.)])/g)
    expect(cited.length).toBeGreaterThan(8)
    expect(cited.filter(({ words: [page, heading] }) => !hasHeading(page!, heading!)).map(({ at }) => at)).toEqual([])
  })

  it('name the paper or the standard whose section it is', () => {
    const cited = found(/\bsections? \d[\d.]*/g)
    const source = /(et al\. \d{4}|Golub and Van Loan|ICC\.1|PNG specification|TIFF 6\.0), $/
    expect(cited.length).toBeGreaterThan(2)
    expect(cited.filter(({ before }) => !source.test(before)).map(({ at }) => at)).toEqual([])
  })

  it('cite nothing that only its writers had', () => {
    const cited = found(
      /\b(architectures(\.md| reference)|language reference|protocol\.md|decision \d+|requirement \d+|R\d+)\b(?! sequence)/gi,
    )
    expect(cited.map(({ at }) => at)).toEqual([])
  })
})
