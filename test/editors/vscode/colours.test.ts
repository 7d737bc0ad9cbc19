import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { ConsumeMethodOpts, IToken, TokenType } from 'chevrotain'
import type { IGrammar } from 'vscode-textmate'
import { beforeAll, describe, expect, test } from 'vitest'
import { ArchParser } from '../../../grammar/parser.ts'
import { Identifier, lexer } from '../../../grammar/tokens.ts'
import { archcRoot } from '../../../src/root.ts'
import { grammarText, loadGrammar, scopesOf, writeGrammar } from './colours.ts'

let grammar: IGrammar
beforeAll(async () => {
  if (process.env['UPDATE']) writeGrammar((await grammarText()).shouldBe)
  grammar = await loadGrammar()
})

/** `UPDATE=1 npx vitest run test/editors/vscode/colours.test.ts` writes their names anew. */
test('the colours know every op, static function and constant', async () => {
  const { is, shouldBe } = await grammarText()
  expect(is).toBe(shouldBe)
})

/** The innermost scopes of some words of a line, which are searched from left to right. */
function innermost(line: string, words: readonly string[]): string[] {
  const scopes = scopesOf(grammar, line)
  let from = 0
  return words.map((word) => {
    const at = line.indexOf(word, from)
    expect(at, `${word} stands in the line`).toBeGreaterThanOrEqual(0)
    from = at + word.length
    return [...new Set(scopes.slice(at, from).map((each) => each.at(-1)))].join(' and ')
  })
}

// prettier-ignore
test.each<readonly [line: string, scopes: readonly (readonly [word: string, scope: string])[]]>([
  ['import MLP from "./lib/mlp.arch"', [['import', 'keyword.control.import'], ['MLP', 'entity.name.type.module'], ['from', 'keyword.control.from'], ['./lib/mlp.arch', 'string.quoted.double']]],
  ['module Body(heads: int = 8, depths: [int]) {', [['module', 'storage.type.module'], ['Body', 'entity.name.type.module'], ['heads', 'variable.parameter'], ['int', 'support.type'], ['=', 'keyword.operator.assignment'], ['8', 'constant.numeric'], ['depths', 'variable.parameter'], ['int', 'support.type']]],
  ['model Small {', [['model', 'storage.type.model'], ['Small', 'entity.name.type.model'], ['{', 'punctuation.section.braces']]],
  ['  input lr: [B, h, 3] as image in -1 .. 1 where h >= 2', [['input', 'storage.type.input'], ['lr', 'variable.other.input'], ['h', 'variable.other'], ['3', 'constant.numeric'], ['as', 'keyword.control.as'], ['image', 'storage.modifier.role'], ['in', 'keyword.control.in'], ['-', 'keyword.operator.arithmetic'], ['1', 'constant.numeric'], ['..', 'keyword.operator.range'], ['where', 'keyword.control.where'], ['>=', 'keyword.operator.comparison']]],
  ['  input up: [B, H] as enlarged by [resize(kernel: bicubic)]', [['as', 'keyword.control.as'], ['enlarged', 'storage.modifier.role'], ['by', 'keyword.control.by'], ['resize', 'entity.name.function'], ['kernel', 'entity.other.attribute-name']]],
  ['  input index: i32[B, q, t]', [['input', 'storage.type.input'], ['index', 'variable.other.input'], ['i32', 'support.type']]],
  ['  output [B, h, w, c]', [['output', 'storage.type.output'], ['c', 'variable.other']]],
  ['  let last = output[0]', [['let', 'storage.type.let'], ['last', 'variable.other.let'], ['output', 'variable.other']]],
  ['  scale m in 1 .. 64', [['scale', 'storage.type.scale'], ['m', 'variable.other.scale'], ['in', 'keyword.control.in']]],
  ['  slot vgg frozen: [B, h] -> [B, 8] = VGG()', [['slot', 'storage.type.slot'], ['vgg', 'variable.other.slot'], ['frozen', 'storage.modifier.frozen'], ['->', 'keyword.operator.arrow'], ['VGG', 'entity.name.type.module']]],
  ['  slot lfi: [B, h] -> [B, ?H] = LFI()', [['slot', 'storage.type.slot'], ['lfi', 'variable.other.slot'], ['->', 'keyword.operator.arrow'], ['?', 'keyword.operator.open'], ['H', 'variable.other'], ['LFI', 'entity.name.type.module']]],
  ['  let f = x -> relu -> conv(out: c) -> lfi(y) -> mean(axis: -1)', [['f', 'variable.other.let'], ['x', 'variable.other'], ['relu', 'support.function.op'], ['conv', 'support.function.op'], ['out', 'entity.other.attribute-name'], ['c', 'variable.other'], ['lfi', 'entity.name.function'], ['mean', 'support.function.op'], ['axis', 'entity.other.attribute-name'], ['1', 'constant.numeric']]],
  ['  let (a, b) = at.index + mean', [['let', 'storage.type.let'], ['a', 'variable.other'], ['at', 'variable.other'], ['index', 'variable.other.member'], ['mean', 'variable.other']]],
  ['  let g = f -> repeat width in hidden as k { linear(out: width) }', [['repeat', 'keyword.control.repeat'], ['width', 'variable.other'], ['in', 'keyword.control.in'], ['as', 'keyword.control.as'], ['k', 'variable.other'], ['linear', 'support.function.op']]],
  ['  let p = x -> rearrange("B (n d) -> B n d", n: max(4, heads))', [['rearrange', 'support.function.op'], ['B ', 'string.quoted.double.pattern'], ['(', 'punctuation.section.group'], ['->', 'keyword.operator.arrow'], ['n:', 'entity.other.attribute-name and punctuation.separator'], ['max', 'support.function.op']]],
  ['  weight table: [225, heads] = truncated_normal(std: 0.02)', [['weight', 'storage.type.weight'], ['table', 'variable.other.weight'], ['225', 'constant.numeric'], ['truncated_normal', 'support.function.static'], ['0.02', 'constant.numeric']]],
  ['  return x + 1e-4 * pi', [['return', 'keyword.control.return'], ['1e-4', 'constant.numeric'], ['pi', 'constant.language']]],
  ['preset tiny { width: 8, encoder.depths: [2, 2] }', [['preset', 'storage.type.preset'], ['tiny', 'entity.name.section.preset'], ['width', 'entity.other.attribute-name'], ['encoder.depths', 'entity.other.attribute-name']]],
  ['train {', [['train', 'storage.type.train']]],
  ['  judge {', [['judge', 'entity.other.attribute-name']]],
  ['  let g = f -> repeat 2 collect { relu }', [['collect', 'keyword.control.collect']]],
  ['  epochs: 100, repeat: 20', [['epochs', 'entity.other.attribute-name'], ['100', 'constant.numeric'], ['repeat', 'entity.other.attribute-name']]],
  ['variant "w/o LFI" of ISTE from "../iste.arch"', [['variant', 'storage.type.variant'], ['w/o LFI', 'string.quoted.double'], ['of', 'keyword.control.of'], ['ISTE', 'entity.name.type.model'], ['from', 'keyword.control.from']]],
  ['replace lfi with (x) => x', [['replace', 'keyword.control.replace'], ['lfi', 'variable.other.slot'], ['with', 'keyword.control.with'], ['=>', 'keyword.operator.arrow']]],
  ['set train.epochs = 200', [['set', 'keyword.control.set'], ['train.epochs', 'variable.other.path']]],
  ['/// What it is.', [['///', 'punctuation.definition.comment'], ['What', 'comment.line.documentation']]],
  ['  let a = b  // allow unused-let: why', [['b', 'variable.other'], ['allow', 'comment.line.double-slash']]],
  ['  let a = "open', [['open', 'string.quoted.double']]],
])('%s', (line, scopes) => {
  const words = scopes.map(([word]) => word)
  const found = innermost(line, words)
  expect(words.map((word, at) => [word, found[at]])).toEqual(scopes)
})

/** Notes which words the parser takes as words of the language: everywhere else they are names. */
class WatchedParser extends ArchParser {
  readonly keywords = new Set<IToken>()
  readonly #note = (type: TokenType, token: IToken): IToken => {
    if (token.tokenType.CATEGORIES?.includes(Identifier) && type !== Identifier) this.keywords.add(token)
    return token
  }
  protected override CONSUME(type: TokenType, options?: ConsumeMethodOpts): IToken {
    return this.#note(type, super.CONSUME(type, options))
  }
}

type Kind = 'keyword' | 'name' | 'number' | 'string' | 'documentation' | 'remark'

/** What the colours should be like, from the project's own lexer and parser. */
function wordsOf(text: string): { readonly kind: Kind; readonly token: IToken }[] {
  const { tokens, groups, errors } = lexer.tokenize(text)
  const parser = new WatchedParser()
  parser.parseFile('main.arch', tokens, [])
  expect([...errors, ...parser.errors]).toEqual([])
  const kindOf = (token: IToken): Kind | undefined => {
    const { name } = token.tokenType
    if (name === 'Number') return 'number'
    if (name === 'String') return 'string'
    if (parser.keywords.has(token)) return 'keyword'
    return name === 'Identifier' || token.tokenType.CATEGORIES?.includes(Identifier) ? 'name' : undefined
  }
  return [
    ...tokens.flatMap((token) => {
      const kind = kindOf(token)
      return kind ? [{ kind, token }] : []
    }),
    ...groups['documentation']!.map((token) => ({ kind: 'documentation' as const, token })),
    ...groups['remarks']!.map((token) => ({ kind: 'remark' as const, token })),
  ]
}

const fits: Readonly<Record<Kind, (scope: string) => boolean>> = {
  keyword: (scope) => /^(keyword\.control|storage\.(type|modifier))\./.test(scope),
  name: (scope) => !/^(keyword|storage\.type|comment|string|constant\.numeric|punctuation)(\.|$)/.test(scope),
  number: (scope) => scope === 'constant.numeric',
  string: (scope) => scope.startsWith('string.quoted.double'),
  documentation: (scope) => scope === 'comment.line.documentation',
  remark: (scope) => scope === 'comment.line.double-slash',
}

/** Words whose colours are not what the language takes them for. */
function disagreements(text: string): string[] {
  const scopes = scopesOf(grammar, text)
  return wordsOf(text).flatMap(({ kind, token: { image, startOffset } }) => {
    const wrong = Array.from(image, (_, at) => (kind === 'name' ? scopes[startOffset + at]!.at(-1) : scopes[startOffset + at]![0]) ?? '')
      .filter((scope) => !fits[kind](scope)) // prettier-ignore
    const line = text.slice(0, startOffset).split('\n').length
    return wrong.length > 0 ? [`line ${line}: ${image} is a ${kind} and is coloured ${[...new Set(wrong)].join(', ')}`] : []
  })
}

const models = path.join(archcRoot, 'models')
const files = (readdirSync(models, { recursive: true }) as string[]).filter((file) => file.endsWith('.arch')).sort()

describe('the colours agree with the lexer and the parser', () => {
  test.each(files)('models/%s', (file) => {
    const text = readFileSync(path.join(models, file), 'utf8')
    expect(wordsOf(text).length).toBeGreaterThan(4)
    expect(disagreements(text)).toEqual([])
  })

  test('where words of the language are names', () => {
    const text = `module M(by: int, repeat: int = 2) {
  input in: [B, of, w, c]
  input model: [B, of, w, c]
  output [B, of, w, c]
  let input = in + model
  let output = input -> repeat repeat { conv(out: c, kernel: by) } -> concat(in, axis: -1)
  let as = (output * from.set)
  return as, by, where
}
train { repeat: 3, weight: by }
set train.repeat = 4
`
    expect(disagreements(text)).toEqual([])
  })
})
