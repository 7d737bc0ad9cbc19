import { readFileSync } from 'node:fs'
import path from 'node:path'
import { format as prettierFormat } from 'prettier'
import { describe, expect, test } from 'vitest'
import { lexer } from '../../../grammar/tokens.ts'
import { format, NotParsedError, type Style } from '../../../src/compiler/format/format.ts'
import * as plugin from '../../../src/compiler/format/plugin.ts'
import { parse } from '../../../src/compiler/syntax/parse.ts'
import { createRandom } from '../../../src/runtime/files/random.ts'
import { archFiles } from '../../../src/runtime/host.ts'
import { mutated } from '../mutate.ts'
import { exploded } from './explode.ts'

const root = path.join(import.meta.dirname, '..', '..', '..')
const read = (file: string): [string, string] => [path.relative(root, file), readFileSync(file, 'utf8')]
const models = archFiles(path.join(root, 'models')).map(read)
const isRight = (text: string): boolean => parse('a.arch', text).diagnostics.length === 0
const corpus = archFiles(path.join(root, 'test', 'corpus')).map(read).filter(([, text]) => isRight(text)) // prettier-ignore

/** The tree without its places. */
const tree = (text: string): unknown => {
  const { source, diagnostics } = parse('a.arch', text)
  expect(diagnostics).toEqual([])
  return JSON.parse(JSON.stringify(source.declarations, (key, value: unknown) => (/span$/i.test(key) ? undefined : value)))
}

/** Words and remarks in their order; without commas, which records may leave out, and parentheses, which a lambda may. */
const words = (text: string): string[] => {
  const { tokens, groups } = lexer.tokenize(text)
  return [...tokens, ...Object.values(groups).flat()]
    .sort((a, b) => a.startOffset - b.startOffset)
    .map(({ image }) => image.trimEnd())
    .filter((image) => !'(),'.includes(image))
}

/** Formats, and sees that nothing is lost and that nothing more changes. */
function formatted(text: string, style?: Style): string {
  const result = format(text, 'a.arch', style)
  expect(words(result)).toEqual(words(text))
  expect(tree(result)).toEqual(tree(text))
  expect(format(result, 'a.arch', style)).toBe(result)
  return result
}

describe('the same tree, the same remarks, and formatted once is formatted', () => {
  test.each(models)('%s', (_file, text) => expect(formatted(text)).toBe(text))
  test('what parses of the corpus', () => {
    expect(corpus.length).toBeGreaterThan(70)
    for (const [, text] of corpus) formatted(text)
  })
  test.each([1, 20, 60, 100])('models in lines of %i columns', (printWidth) => {
    for (const [, text] of models) formatted(text, { printWidth })
  })
  test('with tabs', () => {
    for (const [, text] of models) formatted(text, { useTabs: true, tabWidth: 8 })
  })

  test('models with one word changed', () => {
    const random = createRandom(1)
    const texts = Array.from({ length: 600 }, () => mutated(random.pick(models)[1], random)).filter(isRight)
    expect(texts.length).toBeGreaterThan(150)
    for (const text of texts) formatted(text, { printWidth: random.pick([40, 130]) })
  })

  test('models with remarks anywhere', () => {
    const random = createRandom(2)
    const texts = Array.from({ length: 400 }, () => {
      let text = random.pick(models)[1]
      for (let count = 0; count < 4; count += 1) {
        const { startOffset, image } = random.pick(lexer.tokenize(text).tokens)
        const at = startOffset + random.pick([0, image.length])
        text = `${text.slice(0, at)}${random.pick(['', '\n', '\n\n'])}${random.pick(['//', '///'])} r${count} \n${text.slice(at)}`
      }
      return text
    }).filter(isRight)
    expect(texts.length).toBeGreaterThan(200)
    for (const text of texts) formatted(text, { printWidth: random.pick([1, 40, 130]) })
  })

  test.each(models)('%s with other spaces and line ends', (file, text) => {
    const random = createRandom(file.length)
    for (let round = 0; round < 10; round += 1) expect(format(exploded(text, random), file)).toBe(text)
  })
})

/** A body of a module, and how it looks; in lines of 60 columns. */
const statements: readonly (readonly [string, string, string])[] = [
  ['spaces', 'let b= - -a*(b+c)-d%e/f [0][ ..k].x', 'let b = --a * (b + c) - d % e / f[0][.. k].x'],
  ['numbers as written', 'let a = f( 1e-4,1E+3,0.50 ,007 )', 'let a = f(1e-4, 1E+3, 0.50, 007)'],
  ['patterns as written', 'let a = rearrange( x,"B  h->h   B" )', 'let a = rearrange(x, "B  h->h   B")'],
  ['a line each', 'let a=b let c=a return c,a', 'let a = b\n  let c = a\n  return c, a'],
  ['at most one blank line', '\n\nlet a = b\n\n\n\nlet c = a\n\n', 'let a = b\n\n  let c = a'],
  ['lambdas', 'slot s:[B]->[B]=x=>y=>x->f', 'slot s: [B] -> [B] = (x) => (y) => x -> f'],
  ['parentheses that decide what -> takes', 'let a = ((a+b)->f)+(g->h)', 'let a = ((a + b) -> f) + (g -> h)'],
  [
    'types',
    'input x:i32 [ ..,2*h ,?]  as enlarged in 0..1 by [a,b]',
    'input x: i32[.., 2 * h, ?] as enlarged in 0 .. 1 by [a, b]',
  ],
  ['where', 'input x: [B]where B%2==0,B>=4', 'input x: [B] where B % 2 == 0, B >= 4'],
  ['scales', 'scale m in 1..64', 'scale m in 1 .. 64'],
  ['several results', 'slot s: ([B],[B])->(i:i32[B, ? t],j:[B])=f', 'slot s: ([B], [B]) -> (i: i32[B, ?t], j: [B]) = f'],
  ['repetitions', 'let a=b->repeat d in l[..k]{f->repeat 2{g}}', 'let a = b -> repeat d in l[.. k] { f -> repeat 2 { g } }'],
  [
    'a pipeline goes on under its first arrow',
    'let tokens = x -> roll(by: [1, 1], axes: [1, 2]) -> layer_norm -> linear(out: 3)',
    'let tokens = x -> roll(by: [1, 1], axes: [1, 2])\n                 -> layer_norm -> linear(out: 3)',
  ],
  [
    'where that is far right, indented',
    'let tokens = (first_operand + second_operand) -> rearrange("h w -> w h")',
    'let tokens = (first_operand + second_operand)\n    -> rearrange("h w -> w h")',
  ],
  [
    'a repetition is opened first',
    'let body = x -> repeat depth as i { Block(heads: heads, shift: i) -> relu } -> linear(out: 3)',
    'let body = x -> repeat depth as i {\n    Block(heads: heads, shift: i) -> relu\n  } -> linear(out: 3)',
  ],
  ['an opened one stays open', 'let a = b -> repeat 2 {\nf }', 'let a = b -> repeat 2 {\n    f\n  }'],
  [
    'a call: inside in one line',
    'let a = einsum(query, key, "B H W n d, B H W k n d -> B H W n k")',
    'let a = einsum(\n    query, key, "B H W n d, B H W k n d -> B H W n k"\n  )',
  ],
  [
    'or an argument a line',
    'let a = einsum(query, key, value, "B H W n d, B H W k n d, d -> B H W n k")',
    'let a = einsum(\n    query,\n    key,\n    value,\n    "B H W n d, B H W k n d, d -> B H W n k"\n  )',
  ],
  [
    'operators of one strength',
    'let a = first_operand * second_operand + third_operand - fourth_operand',
    'let a = first_operand * second_operand\n    + third_operand\n    - fourth_operand',
  ],
  [
    'a slot: behind =, then before ->',
    'slot s: [B, h, w, width] -> [B, h, w, ?u] = (f) => f -> conv(out: 3)',
    'slot s: [B, h, w, width] -> [B, h, w, ?u] =\n    (f) => f -> conv(out: 3)',
  ],
  [
    'before ->',
    'slot s: ([B, h, w, width], [B, h, w, width]) -> [B, h, w, ?u] = corners()',
    'slot s: ([B, h, w, width], [B, h, w, width])\n    -> [B, h, w, ?u] = corners()',
  ],
  ['opened lists keep their rows', 'let a = [\n1,2,\n\n3 ]', 'let a = [\n    1, 2,\n\n    3\n  ]'],
  ['others are joined', 'let a = [1,2,\n3 ]', 'let a = [1, 2, 3]'],
  [
    'remarks behind consecutive lines',
    'let a = b // one\nlet long = a // two\nlet c = a\nlet d = c // three',
    'let a = b      // one\n  let long = a   // two\n  let c = a\n  let d = c   // three',
  ],
  [
    'remarks inside',
    'let a = f(b, // one\n// two\nc/// three\n, d // four\n// five\n)',
    'let a = f(\n    b,   // one\n    // two\n    c,   /// three\n    d    // four\n    // five\n  )',
  ],
  ['remarks in a pipeline', 'let a = b // one\n-> c(// two\n)', 'let a = b   // one\n    -> c(     // two\n    )'],
  [
    'remarks in a list',
    'let a = [ // one\n1 // two\n, 2\n// three\n]',
    'let a = [   // one\n    1,        // two\n    2\n    // three\n  ]',
  ],
  ['remarks at the end', 'let a = b\n// one\n\n\n// two', 'let a = b\n  // one\n\n  // two'],
  [
    'no line begins with a word that would begin a statement',
    'let a = f(first_argument, scale(second_argument), third_argument)',
    'let a = f(\n    first_argument, scale(second_argument), third_argument\n  )',
  ],
  [
    'what follows prettier-ignore',
    '\n// prettier-ignore\nlet  a = [1,0,\n          0,1]\nlet b=a',
    '// prettier-ignore\n  let  a = [1,0,\n          0,1]\n  let b = a',
  ],
]

/** Declarations, and how they look; in lines of 60 columns. */
const declarations: readonly (readonly [string, string, string])[] = [
  ['nothing', ' \n\n', ''],
  ['remarks alone', '\n // one\n\n\n  /// two', '// one\n\n/// two'],
  ['line ends of other systems', 'preset a {}\r\n// one\rpreset b {}', 'preset a {}\n// one\npreset b {}'],
  ['empty braces', 'module A( ) { }\npreset b { }', 'module A() {}\npreset b {}'],
  ['remarks in empty braces', 'module A {// one\n}\npreset b {\n// two\n}', 'module A {   // one\n}\npreset b {\n  // two\n}'],
  [
    'variants',
    'variant"w/o x"of A from"./a.arch" replace b with(_)=>0 set c.d=2',
    'variant "w/o x" of A from "./a.arch"\nreplace b with (_) => 0\nset c.d = 2',
  ],
  ['imports', '/// One.\nimport  A from  "./a.arch"', '/// One.\nimport A from "./a.arch"'],
  ['commas in records', 'preset a{b:1 c.d:2,e{f:3,},}', 'preset a { b: 1, c.d: 2, e { f: 3 } }'],
  ['none where a line ends', 'train {\na:1,b:2,\n\n\nc:[3,\n4]}', 'train {\n  a: 1, b: 2\n\n  c: [3, 4]\n}'],
  [
    'a record that is too long',
    'preset a { width: 16, encoder.embed: 12, encoder.depths: [2], train.B: 2 }',
    'preset a {\n  width: 16, encoder.embed: 12, encoder.depths: [2]\n  train.B: 2\n}',
  ],
  [
    'remarks in records',
    'train { // one\na: 1, // two\nb: 2 // three\n// four\n}',
    'train {   // one\n  a: 1    // two\n  b: 2    // three\n  // four\n}',
  ],
  [
    'a comma that matters',
    'train { a: f -> repeat, x { b: 1 } }\ntrain {\na: f -> repeat,\nx { b: 1 } }',
    'train { a: f -> repeat, x { b: 1 } }\ntrain {\n  a: f -> repeat,\n  x { b: 1 }\n}',
  ],
  [
    'many parameters',
    'module A(out: int = 64, embed: int = 180, depths: [int] = [6, 6], heads: int) {}',
    'module A(\n  out: int = 64,\n  embed: int = 180,\n  depths: [int] = [6, 6],\n  heads: int\n) {}',
  ],
  [
    'what follows prettier-ignore',
    '// prettier-ignore: a table\npreset  a { b:1,\n  c:2 }',
    '// prettier-ignore: a table\npreset  a { b:1,\n  c:2 }',
  ],
]

describe('how it looks', () => {
  test.each(statements)('%s', (_what, body, expected) =>
    expect(formatted(`module A {${body}\n}`, { printWidth: 60 })).toBe(`module A {\n  ${expected}\n}\n`),
  )
  test.each(declarations)('%s', (_what, text, expected) =>
    expect(formatted(text, { printWidth: 60 })).toBe(expected && `${expected}\n`),
  )
  test('deep nesting', () => {
    for (const value of [
      '('.repeat(95) + 'x' + ')'.repeat(95),
      'f('.repeat(95) + 'x' + ')'.repeat(95),
      '-'.repeat(900) + 'x',
      `x${' + x'.repeat(900)}`,
    ])
      formatted(`set a = ${value}`)
  })
})

describe('what does not parse', () => {
  test.each([
    ['module A {', ['unclosed']],
    ['module A { let a = b + c -> d }', ['mixed-pipeline']],
    ['let $', ['bad-character']],
  ])('%s', (text, codes) => {
    const found = ((): unknown => {
      try {
        return format(text, 'a.arch')
      } catch (error) {
        return error instanceof NotParsedError ? error.diagnostics.map(({ code }) => code) : error
      }
    })()
    expect(found).toEqual(codes)
  })
})

describe("prettier's plugin", () => {
  const options = { parser: 'arch', plugins: [plugin] }
  test('formats as archc does, in lines of 130 columns unless asked otherwise', async () => {
    for (const [, text] of models) {
      expect(await prettierFormat(text, options)).toBe(text)
      expect(await prettierFormat(text, { ...options, printWidth: 60 })).toBe(format(text, 'a.arch', { printWidth: 60 }))
    }
  })
  test('finds files by their name, and blocks of Markdown by their language', async () => {
    expect(await prettierFormat('set  a=1', { plugins: [plugin], filepath: 'a.arch' })).toBe('set a = 1\n')
    const page = '- a list\n\n  ```arch\n  module A{let b=[\n  1]\n  }\n  ```\n'
    expect(await prettierFormat(page, { plugins: [plugin], parser: 'markdown' })).toBe(
      '- a list\n\n  ```arch\n  module A {\n    let b = [\n      1\n    ]\n  }\n  ```\n',
    )
  })
  test('says where a text does not parse', async () => {
    await expect(prettierFormat('set a = 1\nset b =', options)).rejects.toMatchObject({
      message: expect.stringContaining('(2:8)') as unknown,
      loc: { start: { line: 2, column: 8 }, end: { line: 2, column: 8 } },
    })
  })
})
