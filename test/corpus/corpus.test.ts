import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { lexer } from '../../grammar/tokens.ts'
import { catalogue } from '../../src/compiler/diagnostics/catalogue.ts'
import type { Diagnostic } from '../../src/compiler/diagnostics/diagnostic.ts'
import { habits, type Habit } from '../../src/compiler/diagnostics/habits.ts'
import { characterHabits, textHabits } from '../../src/compiler/diagnostics/text-habits.ts'
import { renderPretty } from '../../src/compiler/diagnostics/render-pretty.ts'
import { positionAt, source } from '../../src/compiler/diagnostics/source.ts'
import { format, NotParsedError } from '../../src/compiler/format/format.ts'
import { check, compile } from '../../src/compiler/index.ts'
import { printGraph } from '../../src/compiler/ir/print.ts'
import { resolvedText } from '../../src/compiler/plan.ts'
import { verify } from '../../src/compiler/passes/verify.ts'
import { parse } from '../../src/compiler/syntax/parse.ts'
import { occurrences } from '../../src/editor/occurrences.ts'
import { Workspace } from '../../src/editor/workspace.ts'
import { memoryHost } from '../compiler/memory-host.ts'

/**
 * Every folder here is a case: its `*.arch` files, and what each stage says of them. `expected.txt` has the diagnostics of
 * them all, in the words that a user sees. Of `main.arch` there are `syntax.txt` (every word's token, then the tree that is
 * left of the text), `formatted.txt` (where formatting changes it), `names.txt` (what every name stands for) and, where it
 * is a model or variant without errors, `graph.txt` (its graphs) and `values.txt` (its values and where they come from).
 * In a first line `// options: tiny lfi.heads=2 +other.arch` a preset, values that are set and variants can be asked for.
 * `UPDATE=1 npx vitest run test/corpus` writes the expectations anew: read the diff.
 */
const here = import.meta.dirname
const cases = readdirSync(here, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .sort()

interface Said {
  readonly diagnostics: readonly Diagnostic[]
  readonly codes: readonly string[]
  /** What each stage says, by the file that has it. */
  readonly stages: Readonly<Record<(typeof stages)[number], string | undefined>>
}
const stages = ['expected.txt', 'syntax.txt', 'formatted.txt', 'names.txt', 'graph.txt', 'values.txt'] as const

function run(name: string): Said {
  const folder = path.join(here, name)
  const names = (readdirSync(folder, { recursive: true }) as string[]).filter((file) => file.endsWith('.arch')).sort()
  const files = Object.fromEntries(names.map((file) => [file, readFileSync(path.join(folder, file), 'utf8')]))
  const options = /^\/\/ options: (.*)/.exec(files['main.arch'] ?? '')?.[1]?.split(' ')
  const host = memoryHost(files)
  const words = options ?? []
  const compiled = files['main.arch']
    ? compile('main.arch', host, {
        preset: words.find((word) => !word.includes('=') && !word.startsWith('+')) ?? '',
        sets: words.filter((word) => word.includes('=')),
        variants: words.filter((word) => word.startsWith('+')).map((word) => word.slice(1)),
      })
    : undefined
  const { diagnostics, sources } = options ? compiled! : check(names, host)
  const said = renderPretty(diagnostics, (file) => sources.get(file), { color: false, width: 100 })
  const errors = diagnostics.some((diagnostic) => diagnostic.severity === 'error')
  const model = errors ? undefined : compiled?.model
  const graphs = model && [model.graph, ...(model.train?.objectives ?? []).map((objective) => objective.graph)]
  graphs?.forEach((graph) => expect(verify(graph)).toEqual([]))
  const main = files['main.arch']
  return {
    diagnostics,
    codes: diagnostics.map((diagnostic) => diagnostic.code),
    stages: {
      'expected.txt': said,
      'syntax.txt': main && syntax(main),
      'formatted.txt': main && formatted(main),
      'names.txt': main && namesOf(files),
      'graph.txt': graphs?.map(printGraph).join('\n'),
      'values.txt': model && model.values.map((each) => `${each.path} = ${each.value}  // ${resolvedText(each)}\n`).join(''),
    },
  }
}

/** The tokens, a line of the text in a line, and the tree without its spans. */
function syntax(text: string): string {
  const lines = new Map<number, string[]>()
  for (const { startOffset, tokenType } of lexer.tokenize(text).tokens) {
    const { line } = positionAt(source(text), startOffset)
    lines.set(line, [...(lines.get(line) ?? []), tokenType.name])
  }
  const words = [...lines].map(([line, each]) => `${line}: ${each.join(' ')}`)
  return `${[...words, '', ...parse('main.arch', text).source.declarations.flatMap((each) => treeLines(each))].join('\n')}\n`
}

/** A node in a line with its words, what is inside of it indented below. */
function treeLines(node: object, label = ''): string[] {
  const entries = Object.entries(node).filter(([key]) => !/[sS]pan$/.test(key) && key !== 'kind')
  const isName = (value: unknown): value is { text: string } =>
    typeof value === 'object' && value !== null && 'text' in value && !('kind' in value)
  const own = entries.flatMap(([key, value]) => (isName(value) ? [`${key}=${value.text}`] : typeof value !== 'object' ? [`${key}=${JSON.stringify(value)}`] : [])) // prettier-ignore
  const inside = entries.flatMap(([key, value]: [string, unknown]) =>
    Array.isArray(value)
      ? (value as object[]).flatMap((item) => (isName(item) ? [`${key}: ${item.text}`] : treeLines(item, `${key}: `)))
      : typeof value === 'object' && value !== null && !isName(value)
        ? treeLines(value, `${key}: `)
        : [],
  )
  return [`${label}${[...('kind' in node ? [String(node.kind)] : []), ...own].join(' ')}`, ...inside.map((line) => `  ${line}`)]
}

/** Nothing where the text stays as it is, or cannot be read. */
function formatted(text: string): string | undefined {
  try {
    const now = format(text, 'main.arch')
    return now === text ? undefined : now
  } catch (error) {
    if (!(error instanceof NotParsedError)) throw error
    return undefined
  }
}

/** Every name of main.arch with its kind and where it is declared. */
function namesOf(files: Readonly<Record<string, string>>): string {
  const workspace = new Workspace({ ...memoryHost(files), list: () => Object.keys(files), own: () => [] })
  const at = (file: string, offset: number): string => {
    const { line, column } = positionAt(source(files[file]!), offset)
    return `${file === 'main.arch' ? '' : `${file}:`}${line}:${column}`
  }
  return occurrences(workspace, 'main.arch')
    .map(
      ({ span, text, kind, target }) =>
        `${at('main.arch', span.start)} ${text}: ${kind}${target ? ` of ${at(target.file, target.start)}` : ''}\n`,
    )
    .join('')
}

function compareTo(file: string, text: string | undefined): void {
  if (process.env['UPDATE']) {
    if (text === undefined) rmSync(file, { force: true })
    else writeFileSync(file, text)
  }
  expect(text ?? '').toBe(existsSync(file) ? readFileSync(file, 'utf8') : '')
}

describe.each(cases)('%s', (name) => {
  test('says what is expected', () => {
    const found = run(name).stages
    for (const stage of stages) compareTo(path.join(here, name, stage), found[stage])
  })
})

test('every code has a case of its own', () => {
  const reported = new Set(cases.flatMap((name) => run(name).codes))
  expect(Object.keys(catalogue).filter((code) => !reported.has(code))).toEqual([])
})

test('every habit of other languages has a case', () => {
  const said = cases.flatMap((name) => run(name).diagnostics)
  const rows: readonly (readonly [code: string, habit: Habit])[] = [
    ...Object.entries<readonly Habit[]>(habits).flatMap(([code, each]) => each.map((habit) => [code, habit] as const)),
    ...textHabits.map(({ pattern, help }) => ['unexpected-token', { pattern, help }] as const),
    ...characterHabits.map(({ pattern, help }) => ['bad-character', { pattern, help }] as const),
  ]
  const isSaid = ([code, { help, write = [] }]: (typeof rows)[number]): boolean => {
    const parts = help?.split(/\$<\w+>/).map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
    return said.some((diagnostic) =>
      diagnostic.code !== code
        ? false
        : parts
          ? new RegExp(`^${parts.join('.*')}$`).test(diagnostic.help ?? '')
          : write.some((name) => diagnostic.message.includes(`did you mean ${name}?`)),
    )
  }
  expect(rows.filter((row) => !isSaid(row)).map(([code, { pattern }]) => [code, pattern])).toEqual([])
})

test('a case that is named for a code reports that code and no other error', () => {
  for (const name of cases) {
    const code = name.split('--')[0]!
    if (Object.hasOwn(catalogue, code)) expect([name, [...new Set(run(name).codes)]]).toEqual([name, [code]])
  }
})
