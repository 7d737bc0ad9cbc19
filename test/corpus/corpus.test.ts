import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { catalogue } from '../../src/compiler/diagnostics/catalogue.ts'
import { renderPretty } from '../../src/compiler/diagnostics/render-pretty.ts'
import { check, compile } from '../../src/compiler/index.ts'
import { printGraph } from '../../src/compiler/ir/print.ts'
import { verify } from '../../src/compiler/ir/verify.ts'
import { memoryHost } from '../compiler/memory-host.ts'

/**
 * Every folder here is a case: its `*.arch` files, and `expected.txt` with what the compiler says of them all, in the
 * words that a user sees; for a model or variant called `main.arch` without errors, `graph.txt` with its graphs. In a
 * first line `// options: tiny lfi.heads=2 +other.arch` a preset, values that are set and variants can be asked for.
 * `UPDATE=1 npx vitest run test/corpus` writes the expectations anew: read the diff.
 */
const here = import.meta.dirname
const cases = readdirSync(here, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .sort()

function run(name: string): { said: string; graph?: string; codes: string[] } {
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
  return {
    said,
    codes: diagnostics.map((diagnostic) => diagnostic.code),
    ...(graphs && { graph: graphs.map(printGraph).join('\n') }),
  }
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
    const { said, graph } = run(name)
    compareTo(path.join(here, name, 'expected.txt'), said)
    compareTo(path.join(here, name, 'graph.txt'), graph)
  })
})

test('every code has a case of its own', () => {
  const reported = new Set(cases.flatMap((name) => run(name).codes))
  expect(Object.keys(catalogue).filter((code) => !reported.has(code))).toEqual([])
})

test('a case that is named for a code reports that code and no other error', () => {
  for (const name of cases) {
    const code = name.split('--')[0]!
    if (Object.hasOwn(catalogue, code)) expect([name, [...new Set(run(name).codes)]]).toEqual([name, [code]])
  }
})
