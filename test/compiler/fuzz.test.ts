import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { lexer } from '../../grammar/tokens.ts'
import { renderGithub } from '../../src/compiler/diagnostics/render-github.ts'
import { renderPretty } from '../../src/compiler/diagnostics/render-pretty.ts'
import { check, compile } from '../../src/compiler/index.ts'
import { createRandom } from '../../src/runtime/files/random.ts'
import { archFiles, fileHost } from '../../src/runtime/host.ts'
import type { CompilerHost } from '../../src/compiler/names/host.ts'
import { memoryHost } from './memory-host.ts'
import { mutated, mutations } from './mutate.ts'

const models = path.join(import.meta.dirname, '..', '..', 'models')
const files = archFiles(models).filter((file) => !file.endsWith('inception-v3-fid.arch'))
const texts = new Map(files.map((file) => [file, readFileSync(file, 'utf8')]))
const words = [...new Set([...texts.values()].flatMap((text) => lexer.tokenize(text).tokens.map(({ image }) => image)))]

/** Whatever a text is, archc says something about a place in it, and can show it. */
function expectAnswer(text: string): void {
  const { diagnostics, sources } = check(['main.arch'], memoryHost({ 'main.arch': text }))
  const read = (file: string): string | undefined => sources.get(file)
  for (const { primary, related } of diagnostics)
    for (const { span } of [primary, ...related]) {
      expect(span.start).toBeGreaterThanOrEqual(0)
      expect(span.end).toBeLessThanOrEqual((sources.get(span.file) ?? '').length)
      expect(span.end).toBeGreaterThanOrEqual(span.start)
    }
  renderPretty(diagnostics, read, { color: false, width: 80 })
  renderGithub(diagnostics, read)
}

describe('no text is an exception', () => {
  test('random bytes', () => {
    const random = createRandom(1)
    for (let round = 0; round < 300; round += 1) {
      const bytes = Uint8Array.from({ length: random.int(400) }, () => random.int(256))
      expectAnswer(Buffer.from(bytes).toString('utf8'))
    }
  })

  test('words of the language in any order', () => {
    const random = createRandom(2)
    for (let round = 0; round < 300; round += 1)
      expectAnswer(Array.from({ length: random.int(120) }, () => random.pick(words)).join(random.pick([' ', ' ', '\n'])))
  })

  test('a file of 10,000 words', () => {
    const random = createRandom(3)
    expectAnswer(Array.from({ length: 10_000 }, () => random.pick(words)).join(' '))
    expectAnswer('('.repeat(10_000))
    expectAnswer(`model A { let x = ${'-> f '.repeat(3000)} }`)
  })

  test('shipped models with a stretch taken out, doubled or moved', () => {
    const random = createRandom(4)
    for (let round = 0; round < 300; round += 1) {
      const text = random.pick([...texts.values()])
      const [from, to] = [random.int(text.length), random.int(text.length)].sort((a, b) => a - b) as [number, number]
      const stretch = text.slice(from, Math.min(to, from + 60))
      const rest = text.slice(0, from) + text.slice(from + stretch.length)
      const at = random.int(rest.length + 1)
      expectAnswer(
        random.pick([rest, rest.slice(0, at) + stretch + rest.slice(at), text.slice(0, from) + stretch + text.slice(from)]),
      )
    }
  })
})

describe('a shipped model with one word changed', () => {
  // `npm run test:all` changes every word in every way.
  const random = createRandom(5)
  function* sample(): Generator<{ file: string; text: string }> {
    for (let round = 0; round < 300; round += 1) {
      const file = random.pick(files)
      yield { file, text: mutated(texts.get(file)!, random) }
    }
  }
  function* all(): Generator<{ file: string; text: string }> {
    for (const file of files) for (const text of mutations(texts.get(file)!)) yield { file, text }
  }

  test('is right or wrong, never a crash, and one mistake is at most three errors', () => {
    for (const { file, text } of process.env['MUTATIONS'] === 'all' ? all() : sample()) {
      const host: CompilerHost = { ...fileHost, read: (name) => (name === file ? { text } : fileHost.read(name)) }
      const { model, diagnostics } = compile(file, host, {})
      const where = diagnostics.map(({ code, primary }) => `${code} ${primary.span.start}`)
      const isSaid = where.length <= 3 && (model !== undefined || where.length > 0)
      expect([file, isSaid, where, isSaid ? '' : text]).toEqual([file, true, where, ''])
    }
  }, 3_600_000)
})
