import { readFileSync } from 'node:fs'
import path from 'node:path'
import { renderPretty } from '../../src/compiler/diagnostics/render-pretty.ts'
import { check } from '../../src/compiler/index.ts'
import type { CompilerHost } from '../../src/compiler/names/host.ts'
import { archcRoot } from '../../src/root.ts'
import { fileHost } from '../../src/runtime/host.ts'
import { putInto } from './put-into.ts'

/**
 * What stands behind the three backticks of a block in a page says what it is, and readers do not see more of it than `arch`:
 *
 * - `arch FILE`: a whole file. `arch into FILE`: pieces of it, which replace those of the same name. The file must be right.
 * - `arch mistake in FILE`: pieces of it that are wrong. What is said of them must follow, and then they are right again.
 * - `arch of PATH`: lines of a file of the repository, in their order, however it is spaced.
 * - `text of FILE`: what archc says of the file.
 * - `ts`: a program, which test/packages/library.test.ts compiles and runs.
 * - `lua`, `toml`, `elisp`: settings of an editor, which test/editors/others.test.ts gives to it.
 * - `json`: a name map, which test/runtime/weights/map.test.ts holds against its schema.
 * - `sh`: commands. `text` right below them: what they print. `text about` below them: lines of it, with numbers that are near.
 *
 * `<!-- arch ..` to `-->` is a block that readers do not see at all.
 */
export type Block =
  | { readonly kind: 'file' | 'into' | 'mistake' | 'excerpt' | 'said'; readonly file: string; readonly text: string }
  | { readonly kind: 'settings'; readonly language: string; readonly text: string }
  | { readonly kind: 'commands' | 'printed' | 'about' | 'ebnf' | 'program' | 'map'; readonly text: string }

const kinds = { arch: 'file', 'arch into': 'into', 'arch mistake in': 'mistake', 'arch of': 'excerpt', 'text of': 'said' } as const

function blockOf(info: string, text: string): Block {
  const plain = ({ sh: 'commands', text: 'printed', 'text about': 'about', ebnf: 'ebnf', ts: 'program', json: 'map' } as const)[info]
  if (plain) return { kind: plain, text }
  if (['lua', 'toml', 'elisp'].includes(info)) return { kind: 'settings', language: info, text }
  const [, words = '', file = ''] = /^(.*) (\S+\.arch)$/.exec(info) ?? []
  const kind = kinds[words as keyof typeof kinds]
  if (!kind) throw new Error(`\`\`\`${info} is no kind of block; test/docs/blocks.ts says which there are\n${text}`)
  return { kind, file, text }
}

export const readPage = (page: string): string => readFileSync(path.join(archcRoot, page), 'utf8')

const pattern = /^```(.*)\n([\s\S]*?)^```$|^<!-- (arch .*)\n([\s\S]*?)^-->$/gm

export function blocksOf(markdown: string): Block[] {
  const found = [...markdown.matchAll(pattern)]
  const fences = markdown.match(/^\s*(```|~~~)/gm)?.length ?? 0
  if (fences !== 2 * found.filter(([all]) => all.startsWith('```')).length)
    throw new Error('a block begins within a line or is not closed')
  return found.map(([, info, text = '', hiddenInfo = '', hiddenText = '']) =>
    info === undefined ? blockOf(hiddenInfo, hiddenText) : blockOf(info, text),
  )
}

/** A page with other texts in some of its blocks, by their numbers. */
export function withTexts(markdown: string, texts: ReadonlyMap<number, string>): string {
  let at = -1
  return markdown.replace(pattern, (all, info: string) => {
    at += 1
    const text = texts.get(at)
    return text === undefined ? all : `\`\`\`${info}\n${text}\`\`\``
  })
}

/** A block, and the files of the page as they are there. */
export interface Step {
  readonly block: Block
  readonly files: Readonly<Record<string, string>>
  readonly next?: Block
  readonly afterNext?: Block
}

/** Reads a page from its top: every block changes files or says something of them. */
export function stepsOf(markdown: string): Step[] {
  const blocks = blocksOf(markdown)
  let right: Readonly<Record<string, string>> = {}
  let files = right
  return blocks.map((block, at) => {
    if (block.kind === 'file' || block.kind === 'into') {
      const text = block.kind === 'file' ? block.text : putInto(right[block.file] ?? '', block.text)
      files = right = { ...right, [block.file]: text }
    } else if (block.kind === 'mistake') files = { ...right, [block.file]: putInto(right[block.file] ?? '', block.text) }
    const [next, afterNext] = blocks.slice(at + 1)
    const step = { block, files, ...(next && { next }), ...(afterNext && { afterNext }) }
    if (block.kind === 'printed' || block.kind === 'said') files = right
    return step
  })
}

/** What archc says of files, which stand at the top of the repository; without the count below. */
export function saidOf(files: Readonly<Record<string, string>>, checked: readonly string[] = Object.keys(files)): string {
  const host: CompilerHost = {
    resolve: (from, to) => fileHost.resolve(from, to),
    read: (file) => (Object.hasOwn(files, file) ? { text: files[file]! } : fileHost.read(path.join(archcRoot, file))),
  }
  const { diagnostics, sources } = check(checked, host)
  const said = renderPretty(diagnostics, (file) => sources.get(file), { color: false, width: 100 })
  return said.replace(/\n\d+ errors?\n$/, '')
}

const words = (text: string): string => text.replace(/\s+/g, ' ').trim()

/** Lines that do not stand in a text in this order, however it is spaced. */
export function missingLines(lines: readonly string[], text: string): string[] {
  const whole = words(text)
  let from = 0
  return lines.filter((line) => {
    const at = whole.indexOf(words(line), from)
    if (at >= 0) from = at + words(line).length
    return at < 0
  })
}
