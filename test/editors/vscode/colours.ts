import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { format, resolveConfig } from 'prettier'
import oniguruma from 'vscode-oniguruma'
import textmate, { type IGrammar } from 'vscode-textmate'
import { initialiserNames } from '../../../src/compiler/elaborate/values/attributes.ts'
import { staticFunctions } from '../../../src/compiler/elaborate/values/static.ts'
import { ops } from '../../../src/compiler/ops/registry.ts'
import { archcRoot } from '../../../src/root.ts'

const file = path.join(archcRoot, 'editors', 'vscode', 'arch.tmLanguage.json')

interface Pattern {
  readonly name?: string
  match?: string
}
interface Raw {
  readonly repository: { readonly names: { readonly patterns: readonly Pattern[] } }
}

const any = (names: readonly string[]): string => `(?:${[...new Set(names)].sort().join('|')})`

/** The patterns that list names of the language, by their scopes. */
function listed(): Readonly<Record<string, string>> {
  const all = any([...ops.keys()])
  const bare = initialiserNames.filter((name) => ['default', 'zeros', 'ones'].includes(name))
  return {
    'support.function.op.arch': `(?<![\\w.])${all}(?=\\s*\\()|(?<=->|->\\s|\\{\\s)${all}(?![\\w.\\[])(?!\\s*:)`,
    'support.function.static.arch': `(?<![\\w.])${any([...staticFunctions, ...initialiserNames].filter((name) => !ops.has(name) && !bare.includes(name)))}(?=\\s*\\()`,
    'constant.language.arch': `(?<![\\w.])${any(['true', 'false', 'none', 'pi', 'constant', ...bare])}(?!\\w)`,
  }
}

/** The grammar's text as it is, and as the op registry wants it. */
export async function grammarText(): Promise<{ readonly is: string; readonly shouldBe: string }> {
  const is = readFileSync(file, 'utf8')
  const raw = JSON.parse(is) as Raw
  for (const pattern of raw.repository.names.patterns) {
    const match = listed()[pattern.name ?? '']
    if (match !== undefined) pattern.match = match
  }
  const shouldBe = await format(JSON.stringify(raw, null, 2), { ...(await resolveConfig(file)), filepath: file })
  return { is, shouldBe }
}

export const writeGrammar = (text: string): void => writeFileSync(file, text)

/** The grammar as an editor loads it. */
export async function loadGrammar(): Promise<IGrammar> {
  const wasm = readFileSync(createRequire(import.meta.url).resolve('vscode-oniguruma/release/onig.wasm'))
  await oniguruma.loadWASM(wasm)
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: () => Promise.resolve(textmate.parseRawGrammar(readFileSync(file, 'utf8'), file)),
  })
  return (await registry.loadGrammar('source.arch'))!
}

/** The scopes of every character of a text, without `source.arch`. */
export function scopesOf(grammar: IGrammar, text: string): readonly (readonly string[])[] {
  let state = textmate.INITIAL
  return text.split('\n').flatMap((line) => {
    const { tokens, ruleStack } = grammar.tokenizeLine(line, state)
    state = ruleStack
    const characters = Array.from({ length: line.length }, (_, at) => {
      const token = tokens.find(({ startIndex, endIndex }) => startIndex <= at && at < endIndex)
      return (token?.scopes ?? []).slice(1).map((scope) => scope.replace(/\.arch$/, ''))
    })
    return [...characters, []]
  })
}
