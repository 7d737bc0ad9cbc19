import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { check } from '../../src/compiler/index.ts'
import { parse, parseExpression } from '../../src/compiler/syntax/parse.ts'
import { createRandom } from '../../src/runtime/files/random.ts'
import { memoryHost } from '../compiler/memory-host.ts'

/** Whatever stands in a file, the compiler answers soon, with diagnostics whose spans lie in the text. */
const iste = readFileSync(new URL('../../models/iste.arch', import.meta.url), 'utf8')
const words = (
  'import from module model input output scale slot let weight return preset train evaluate variant of replace with set repeat in as by where ' +
  'Small lr f x B h w c 3 1e-4 0.5 "B h -> h B" conv linear relu rearrange int [int] => -> == >= = .. . , : ? + - * / % ( ) [ ] { } // ///'
).split(' ')

function answers(text: string): void {
  const start = performance.now()
  const { diagnostics } = check(['a.arch'], memoryHost({ 'a.arch': text }))
  expect(performance.now() - start).toBeLessThan(1000)
  for (const { code, primary, related, fixes } of diagnostics)
    for (const { span } of [primary, ...related, ...fixes.flatMap((fix) => fix.edits)])
      if (span.file === 'a.arch')
        expect([code, span.start >= 0 && span.start <= span.end && span.end <= text.length]).toEqual([code, true])
}

test.each([1, 2, 3])('token soup %i', (seed) => {
  const random = createRandom(seed)
  for (let turn = 0; turn < 50; turn += 1) {
    const soup = Array.from(
      { length: Math.floor(random.uniform(1, 120)) },
      () => words[Math.floor(random.uniform(0, words.length))]!,
    )
    const gaps = soup.map(() => (random.uniform(0, 1) < 0.2 ? '\n' : ' '))
    answers(soup.map((word, at) => word + gaps[at]!).join(''))
  }
})

test.each([4, 5])('bytes %i', (seed) => {
  const random = createRandom(seed)
  for (let turn = 0; turn < 50; turn += 1)
    answers(String.fromCharCode(...Array.from({ length: 80 }, () => Math.floor(random.uniform(0, turn % 2 ? 128 : 65536)))))
})

test('a network with tokens taken out, doubled and exchanged', () => {
  const random = createRandom(6)
  const parts = iste.split(/\b/)
  for (let turn = 0; turn < 50; turn += 1) {
    const changed = [...parts]
    for (let change = 0; change < 3; change += 1) {
      const at = Math.floor(random.uniform(0, changed.length))
      const kind = random.uniform(0, 3)
      changed.splice(at, kind < 1 ? 1 : 0, ...(kind < 2 ? [] : [words[Math.floor(random.uniform(0, words.length))]!]))
    }
    answers(changed.join(''))
  }
})

const good = ['good-slots', 'good-constants', 'good-where', 'good-objective', 'good-repeat'].map((name) =>
  readFileSync(new URL(`../corpus/${name}/main.arch`, import.meta.url), 'utf8'),
)

test.each(good.map((text, at) => [at, text] as const))('names and numbers of network %i exchanged', (at, text) => {
  const random = createRandom(10 + at)
  const parts = text.split(/\b/)
  const places = (like: RegExp): number[] => parts.flatMap((part, index) => (like.test(part) ? [index] : []))
  const kinds = [places(/^[A-Za-z_]\w*$/), places(/^\d+$/)]
  const numbers = ['0', '1', '2', '7', '64', '100000', '999999999']
  for (let turn = 0; turn < 60; turn += 1) {
    const changed = [...parts]
    const kind = kinds[turn % 2]!
    const pick = (): number => kind[Math.floor(random.uniform(0, kind.length))]!
    changed[pick()] = turn % 4 === 3 ? numbers[Math.floor(random.uniform(0, numbers.length))]! : parts[pick()]!
    answers(changed.join(''))
  }
})

const nested: readonly (readonly [string, string])[] = [
  ['parentheses', '('.repeat(5000) + 'x' + ')'.repeat(5000)],
  ['open parentheses', '('.repeat(5000)],
  ['lists', '['.repeat(5000) + '1' + ']'.repeat(5000)],
  ['minus', '-'.repeat(20000) + 'x'],
  ['sums', '1' + ' + 1'.repeat(20000)],
  ['members', 'x' + '.y'.repeat(20000)],
  ['elements', 'x' + '[0]'.repeat(20000)],
  ['lambdas', 'x => '.repeat(20000) + 'x'],
  ['calls', 'relu('.repeat(5000) + 'x' + ')'.repeat(5000)],
  ['repeats', 'x -> ' + 'repeat 2 { '.repeat(5000) + 'relu' + ' }'.repeat(5000)],
]

test.each(nested)('deep nesting of %s is reported', (_name, text) => {
  expect(parseExpression('a', text).diagnostics.map(({ code }) => code)).toEqual(['too-deep'])
})

test('just below the limit nothing overflows', () => {
  const depth = 95
  const model = (expression: string): string =>
    `model Small {\n  scale m = 1\n  input lr: [B, h, w, 3] as image\n  output sr: [B, h, w, 3] as image\n  return ${expression}\n}\n`
  for (const expression of [
    '('.repeat(depth) + 'lr' + ')'.repeat(depth),
    'relu('.repeat(depth) + 'lr' + ')'.repeat(depth),
    '-'.repeat(900) + 'lr',
    'lr' + ' + lr'.repeat(900),
  ])
    expect(check(['a.arch'], memoryHost({ 'a.arch': model(expression) })).diagnostics).toEqual([])
})

test('every error of a file is reported, in the order of the text', () => {
  const broken = iste.replace('let f = lr -> encoder', 'let f = lr -> -> encoder').replace('slot stf:', 'slto stf:').replace('pixel + fused', 'pixel + +').replace('q: 256\n}', 'q: 256\n') // prettier-ignore
  const { diagnostics } = parse('iste.arch', broken)
  expect(diagnostics.map(({ code }) => code)).toEqual(['unexpected-token', 'unknown-keyword', 'unexpected-token', 'unclosed'])
})
