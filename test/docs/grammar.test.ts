import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { archcRoot } from '../../src/root.ts'
import { grammarPage } from './grammar-page.ts'

/** docs/grammar.md is what the parser says of itself. `UPDATE=1 npx vitest run test/docs/grammar.test.ts` writes it anew. */
const docs = path.join(archcRoot, 'docs')
const images = path.join(docs, 'images', 'grammar')
const page = grammarPage()

if (process.env['UPDATE']) {
  rmSync(images, { recursive: true, force: true })
  mkdirSync(images, { recursive: true })
  for (const [file, text] of page) writeFileSync(path.join(docs, file), text)
}

test.each([...page])('docs/%s', (file, text) => {
  expect(existsSync(path.join(docs, file)) ? readFileSync(path.join(docs, file), 'utf8') : '').toBe(text)
})

test('no diagram is left over', () => {
  const drawn = [...page.keys()].filter((file) => file.endsWith('.svg')).map((file) => path.basename(file))
  expect(readdirSync(images).sort()).toEqual(drawn.sort())
})

describe('diagrams', () => {
  const diagrams = [...page].filter(([file]) => file.endsWith('.svg'))

  test.each(diagrams)('%s is small and can be drawn', async (_, text) => {
    expect(text.length).toBeLessThan(16_000)
    const { width, height } = await sharp(Buffer.from(text)).metadata()
    expect(width).toBeLessThan(1400)
    expect(height).toBeLessThan(500)
  })
})

test.each([
  ['importDeclaration', "importDeclaration = 'import' NAME 'from' STRING"],
  ['path', "path = NAME ('.' NAME)*"],
  ['record', "record = '{' (field ','?)* '}'"],
  ['callArguments', "callArguments = '(' (argument (',' argument)*)? ')'"],
  ['sum', "sum = product (('+' | '-') product)*"],
  ['letStatement', "letStatement = 'let' (NAME | '(' NAME (',' NAME)* ')') '=' expression"],
])('the EBNF of %s', (_, line) => expect(page.get('grammar.md')!.split('\n')).toContain(line))
