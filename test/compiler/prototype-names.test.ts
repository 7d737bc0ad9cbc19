import { describe, expect, test } from 'vitest'
import { check, compile } from '../../src/compiler/index.ts'
import { compileModule } from '../../src/compiler/module.ts'
import { textsOf } from '../../src/compiler/provenance/written.ts'
import { completionsAt } from '../../src/editor/completion.ts'
import { hoverAt } from '../../src/editor/hover.ts'
import { signatureAt } from '../../src/editor/signature.ts'
import { project } from '../editor/project.ts'
import { memoryHost } from './memory-host.ts'

/** Names that every object of JavaScript has are names like any other: what is said of one is what is said of `nonesuch`. */

const names = ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__']

const head = '  scale m = 2\n  input lr: [B, h, w, 3] as image\n  output sr: [B, m * h, m * w, 3] as image\n'
const tail = 'lr -> conv(out: 12, kernel: 3) -> pixel_shuffle(by: m)'
const record = 'B: 1, h: 8, w: 8, loss: l1(sr, target), optimizer: adam(lr: 1e-3)'
interface Parts {
  readonly before?: string
  readonly declared?: string
  readonly body?: string
  readonly fields?: string
  readonly after?: string
}
const text = ({ before = '', declared = 'M', body = `return ${tail}`, fields = record, after = '' }: Parts): string =>
  `${before}\nmodel ${declared} {\n${head}  ${body}\n}\ntrain { ${fields} }\n${after}\n`

/** `§` is the name. */
const unknown: Readonly<Record<string, string>> = {
  'an attribute': text({ body: 'return lr -> conv(out: 12, kernel: 3, §: 3) -> pixel_shuffle(by: m)' }),
  'an attribute of a pattern': text({ body: `let a = rearrange(lr, "B h w c -> B (h w) c", §: 2)\n  return ${tail}` }),
  'a part of a pattern': text({ body: `let a = rearrange(lr, "B h w c -> B (h w) §")\n  return ${tail}` }),
  'a word of an attribute': text({ body: `let a = interpolate(lr, by: 2, kernel: §)\n  return ${tail}` }),
  'a padding': text({ body: `let a = conv(lr, out: 2, kernel: 3, pad: §)\n  return ${tail}` }),
  'an initialiser': text({ body: 'return lr -> conv(out: 12, kernel: 3, init: §) -> pixel_shuffle(by: m)' }),
  'an initialiser that is called': text({ body: 'return lr -> conv(out: 12, kernel: 3, init: §(std: 1)) -> pixel_shuffle(by: m)' }),
  'an argument of an initialiser': text({ body: 'return lr -> conv(out: 12, kernel: 3, init: normal(§: 1)) -> pixel_shuffle(by: m)' }),
  'the initialiser of a weight': text({ body: `weight t: [3] = §\n  return ${tail}` }),
  'a value': text({ body: 'return lr -> conv(out: §, kernel: 3) -> pixel_shuffle(by: m)' }),
  'an op': text({ body: `let a = §(lr)\n  return ${tail}` }),
  'a stage': text({ body: `let a = lr -> §\n  return ${tail}` }),
  'a member': text({ body: `let a = lr.§\n  return ${tail}` }),
  'a member of several': text({ body: `let a = corners(lr, lr, lr, lr)\n  let b = a.§\n  return ${tail}` }),
  'a size': text({ body: `slot s: [B, §, w, 3] -> [B, h, w, 3] = relu\n  return ${tail}` }),
  'a role': text({ body: `return ${tail}` }).replace('as image', 'as §'),
  'a type of a tensor': text({}).replace('[B, h, w, 3] as image', '§[B, h, w, 3] as image'),
  'a type of a parameter': text({ declared: 'M(a: § = 1)' }),
  'a list of a type': text({ declared: 'M(a: [§] = [1])' }),
  'a parameter that is given': text({ before: 'module A { input x: [B, h, w, c]\n output [B, h, w, c]\n return x }', body: `let a = A(lr, §: 1)\n  return ${tail}` }),
  'a filler': text({ body: `slot s: [B, h, w, 3] -> [B, h, w, 3] = §\n  return s(lr) -> conv(out: 12, kernel: 3) -> pixel_shuffle(by: m)` }),
  'a filler that is called': text({ body: `slot s: [B, h, w, 3] -> [B, h, w, 3] = §()\n  return s(lr) -> conv(out: 12, kernel: 3) -> pixel_shuffle(by: m)` }),
  'a field': text({ fields: `${record}, §: 1` }),
  'a record': text({ fields: `${record}\n § { loss: l1(sr, target) }` }),
  'an optimiser': text({ fields: record.replace('adam', '§') }),
  'a setting': text({ fields: record.replace('lr:', '§: 1, lr:') }),
  'a word of a setting': text({ fields: record.replace('adam(lr', 'adamw(decay: §, lr') }),
  'a schedule': text({ fields: `${record}, schedule: §` }),
  'a schedule that is called': text({ fields: `${record}, schedule: §(to: 1)` }),
  'a part of a schedule': text({ fields: `${record}, schedule: cosine(§: 1)` }),
  'a rate': text({ fields: `${record}, schedule: lr * §` }),
  'a function of a rate': text({ fields: `${record}, schedule: lr * §(step)` }),
  'a draw': text({ fields: `${record}, degrade: [blur(sigma: §(0, 1)), resize(kernel: bicubic)]` }),
  'a variable of a draw': text({ fields: `${record}, degrade: [blur(sigma: §), resize(kernel: bicubic)]` }),
  'an operation': text({ fields: `${record}, degrade: [§(sigma: 1)]` }),
  'an attribute of an operation': text({ fields: `${record}, degrade: [resize(kernel: bicubic, §: 1)]` }),
  'a word of an operation': text({ fields: `${record}, degrade: [resize(kernel: §)]` }),
  'which operation': text({ fields: `${record}, degrade: [noise(§, sigma: 1), resize(kernel: bicubic)]` }),
  'a clip': text({ fields: `${record}, clip: §(1)` }),
  'a precision': text({ fields: `${record}, precision: §` }),
  'a path of freeze': text({ fields: `${record}, freeze: [§]` }),
  'a path of rate': text({ fields: `${record}, rate: [0.1 * §]` }),
  'a loss': text({ fields: record.replace('l1(', '§(') }),
  'a metric': text({ after: 'evaluate { metrics: [§] }' }),
  'a scope': text({ after: 'evaluate { scope: §(3) }' }),
  'a field of evaluate': text({ after: 'evaluate { §: 3 }' }),
  'a path of a preset': text({ after: 'preset p { §: 3 }' }),
  'a slot of a preset': text({ after: 'preset p { §.a: 3 }' }),
  'a field of a preset': text({ after: 'preset p { train.§: 3 }' }),
  'a filler’s parameter in a preset': text({ body: `slot s: [B, h, w, 3] -> [B, h, w, 3] = relu\n  return ${tail}`, after: 'preset p { s.§: 3 }' }),
  'a keyword': text({ after: '§ a { }' }),
  'a statement': text({ body: `§ a = lr\n  return ${tail}` }),
  'an allowance': text({ body: `let a = lr // allow §\n  return ${tail}` }),
  'an import': text({ before: 'import § from "lib.arch"' }),
  'a base': 'variant "v" of § from "base.arch"\nset a = 1',
  'a slot of a variant': 'variant "v" of M from "base.arch"\nreplace § with relu',
  'a path of a variant': 'variant "v" of M from "base.arch"\nset § = 1',
} // prettier-ignore

/** `§` is declared. */
const declared: Readonly<Record<string, string>> = {
  'a let': text({ body: `let § = lr\n  return § -> conv(out: 12, kernel: 3) -> pixel_shuffle(by: m)` }),
  'a parameter': text({ declared: 'M(§: int = 3)', body: 'return lr -> conv(out: 12, kernel: §) -> pixel_shuffle(by: m)', after: 'preset p { §: 1 }' }),
  'a module': text({ before: 'module § { input x: [B, h, w, c]\n output [B, h, w, c]\n return x }', body: `return § (lr) -> conv(out: 12, kernel: 3) -> pixel_shuffle(by: m)` }),
  'a parameter of a module': text({ before: 'module A(§: int = 1) { input x: [B, h, w, c]\n output [B, h, w, c]\n return x * § }', body: `return A(lr, §: 2) -> conv(out: 12, kernel: 3) -> pixel_shuffle(by: m)` }),
  'a size': text({ body: `return ${tail}` }).replaceAll(/\bw\b/g, '§').replace('§: 8', 'w: 8').replace(/train .*/, ''),
  'an input and an output': `model M {\n  scale m = 2\n  input §: [B, h, w, 3] as image\n  output §: [B, m * h, m * w, 3] as image\n  return § -> conv(out: 12, kernel: 3) -> pixel_shuffle(by: m)\n}\ntrain { B: 1, h: 8, w: 8, loss: l1(§, target), optimizer: adam(lr: 1e-3) }`,
  'a slot': text({ body: `slot §: [B, h, w, 3] -> [B, h, w, 3] = conv(out: 3, kernel: 1)\n  return lr -> § -> conv(out: 12, kernel: 3) -> pixel_shuffle(by: m)`, fields: `${record}, freeze: [§]` }),
  'a weight': text({ body: `weight §: [3] = zeros\n  return (lr + §) -> conv(out: 12, kernel: 3) -> pixel_shuffle(by: m)` }),
  'an axis of a pattern': text({ body: `let a = rearrange(lr, "B h w § -> B (h w) §")\n  return ${tail}` }),
  'a given axis of a pattern': text({ body: `let a = rearrange(lr, "B h w (§ b) -> B (h w) § b", §: 3)\n  return ${tail}` }),
  'a turn and an element': text({ body: `let a = lr -> repeat 2 as § { conv(out: 3 + §, kernel: 1) } -> repeat § in [1, 2] { conv(out: §, kernel: 1) }\n  return a -> conv(out: 12, kernel: 3) -> pixel_shuffle(by: m)` }),
  'a preset': text({ declared: 'M(a: int = 3)', body: 'return lr -> conv(out: 12, kernel: a) -> pixel_shuffle(by: m)', after: 'preset § { a: 1 }' }),
  'a let of train': text({ fields: `let § = l1(sr, target)\n ${record.replace('l1(sr, target)', '2 * §')}` }),
  'an argument of a lambda': text({ body: `slot s: [B, h, w, 3] -> [B, h, w, 3] = (§) => § + §\n  return lr -> s -> conv(out: 12, kernel: 3) -> pixel_shuffle(by: m)` }),
} // prettier-ignore

const files = (main: string): Readonly<Record<string, string>> => ({
  'a.arch': main,
  'base.arch': text({ body: `slot s: [B, h, w, 3] -> [B, h, w, 3] = relu\n  return ${tail}` }),
  'lib.arch': 'module A { input x: [B, h, w, c]\n output [B, h, w, c]\n return x }',
})
const said = (template: string, name: string): string[] =>
  check(['a.arch'], memoryHost(files(template.replaceAll('§', name)))).diagnostics.map(
    ({ code, primary }) => `${code} at ${template.slice(0, 1)}${primary.span.file}`,
  )

describe('a name of all objects that nothing here has is said to be unknown', () => {
  test.each(Object.entries(unknown))('as %s', (_, template) => {
    const expected = said(template, 'nonesuch')
    expect(expected).not.toEqual([])
    for (const name of names) expect(said(template, name), name).toEqual(expected)
  })

  test.each(['--set', 'a preset'])('as %s', (way) => {
    const ask = (name: string): string[] =>
      compile('base.arch', memoryHost(files('')), way === '--set' ? { sets: [`${name}=1`] } : { preset: name }).diagnostics.map(
        ({ code }) => code,
      )
    for (const name of [...names, ...names.map((each) => `s.${each}`), ...names.map((each) => `train.${each}`)])
      expect(ask(name), name).toEqual(ask(name.replace(/\w+$/, 'nonesuch')))
  })
})

describe('a name of all objects that is declared is one', () => {
  test.each(Object.entries(declared))('as %s', (_, template) => {
    const expected = said(template, 'nonesuch')
    for (const name of names) expect(said(template, name), name).toEqual(expected)
    expect(expected.filter((each) => !/^(unused|shadowed)/.test(each))).toEqual([])
  })

  test('as a size of a module that is compiled alone, and as one that is given', () => {
    const host = memoryHost({ 'a.arch': 'module A(a: int) { input x: [B, §]\n output [B, §]\n return x -> linear(out: §) }'.replaceAll('§', 'constructor') }) // prettier-ignore
    expect(compileModule('a.arch', 'A', host, { parameters: { a: '1' } }).diagnostics.map(({ code }) => code)).toEqual([
      'not-static',
    ])
    expect(compileModule('a.arch', 'A', host, { parameters: { a: '1' }, sizes: { constructor: 3 } }).diagnostics).toEqual([])
  })
})

describe('who asks where a name comes from, or what it is', () => {
  test.each(names)('%s was not set on the command line', (name) => {
    const host = memoryHost(files(text({ declared: `M(${name}: int = 3)`, body: `return lr -> conv(out: 12, kernel: ${name}) -> pixel_shuffle(by: m)` }))) // prettier-ignore
    const { model, sources } = compile('a.arch', host)
    expect(
      textsOf(model!, sources, host.resolve)
        .layersOf(name, {})
        .map(({ value }) => value),
    ).toEqual(['3'])
  })

  test.each(names)('an editor at %s', (name) => {
    for (const template of [...Object.values(unknown), ...Object.values(declared)]) {
      const main = template.replaceAll('§', name)
      const { workspace } = project({ ...files(''), 'a.arch': main })
      for (let at = main.indexOf(name); at >= 0; at = main.indexOf(name, at + 1)) {
        expect(() => hoverAt(workspace, 'a.arch', at + 1)).not.toThrow()
        expect(() => completionsAt(workspace, 'a.arch', at + name.length)).not.toThrow()
        expect(() => signatureAt(workspace, 'a.arch', at + name.length + 1)).not.toThrow()
      }
    }
  })
})
