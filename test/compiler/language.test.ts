import { describe, expect, test } from 'vitest'
import { check, compile, type CompiledModel, type CompileOptions } from '../../src/compiler/index.ts'
import { compileModule } from '../../src/compiler/module.ts'
import { resolvedText } from '../../src/compiler/plan.ts'
import { printGraph } from '../../src/compiler/ir/print.ts'
import { verify } from '../../src/compiler/passes/verify.ts'
import { format } from '../../src/compiler/shapes/size.ts'
import { memoryHost } from './memory-host.ts'

/** Each sentence of docs/language.md on a text as small as it can be. */

const head = 'scale m in 1 .. 4\n  input lr: [B, h, w, 3] as image\n  output sr: [B, h, w, 3] as image\n'
const small = (body: string, { declared = 'model Small', after = '', before = '' } = {}): string =>
  `${before}\n${declared} {\n  ${head}  ${body}\n}\n${after}\n`
const train = 'train { B: 2, h: 8, w: 8, m: 2, loss: l1(sr, target), optimizer: adam(lr: 1e-4) }'

function model(text: string, options: CompileOptions = {}, files: Readonly<Record<string, string>> = {}): CompiledModel {
  const { model: compiled, diagnostics } = compile('a.arch', memoryHost({ 'a.arch': text, ...files }), options)
  expect(diagnostics).toEqual([])
  expect(verify(compiled!.graph)).toEqual([])
  return compiled!
}

const codes = (text: string, options?: CompileOptions, files: Readonly<Record<string, string>> = {}): string[] => {
  const host = memoryHost({ 'a.arch': text, ...files })
  return (options ? compile('a.arch', host, options) : check(['a.arch'], host)).diagnostics.map(({ code }) => code)
}

const weights = (compiled: CompiledModel): string[] =>
  compiled.graph.weights.map(({ path, shape }) => `${path} [${shape.join(', ')}]`)
const operations = (compiled: CompiledModel): string[] => compiled.graph.nodes.map(({ op }) => op)
const valueOf = (compiled: CompiledModel, path: string): string | undefined =>
  compiled.values.findLast((value) => value.path === path)?.value

describe('static values', () => {
  test.each([
    ['0.1 + 0.2', 0.3],
    ['1 / 3 * 3', 1],
    ['7 % 4 + floor(7 / 2) + ceil(7 / 2)', 10],
    ['round(2.5) + sqrt(16) + log2(8) + pow(2, 3)', 18],
    ['min(3, 2, 5) + max(1, 4)', 6],
    ['sum([1, 2, 3]) + product([2, 3]) + length([4, 5])', 14],
    ['[7, 8, 9][2] + sum([7, 8, 9][.. 2])', 24],
    ['-(2 + 3) * 2 + 20', 10],
  ])('%s is %d, exactly', (written, expected) => {
    const compiled = model(small('return lr', { declared: `model Small(x: real = ${written})` }))
    expect(valueOf(compiled, 'x')).toBe(String(expected))
  })

  test('defaults are evaluated left to right, after all overrides', () => {
    const text = small('return lr', {
      declared: 'model Small(a: int = 2, b: int = 3 * a)',
      after: 'preset p { a: 5 }\npreset q { a: 4, b: a + 1 }',
    })
    expect(valueOf(model(text, { preset: 'p' }), 'b')).toBe('15')
    expect(valueOf(model(text, { preset: 'q' }), 'b')).toBe('5')
    expect(valueOf(model(text, { preset: 'q', sets: ['a=7'] }), 'b')).toBe('8')
  })

  test.each(['int', 'real', 'bool', 'pair', 'init', '[int]', '[real]'])('a parameter may be %s', (type) => {
    const value = {
      int: '1',
      real: '0.5',
      bool: 'true',
      pair: '[1, 2]',
      init: 'normal(std: 0.1)',
      '[int]': '[1]',
      '[real]': '[0.5]',
    }[type]
    expect(codes(small('return lr', { declared: `model Small(_p: ${type} = ${value})` }))).toEqual([])
  })
  test.each(['text', '[init]', '[bool]', 'size'])('no parameter is %s', (type) => {
    expect(codes(small('return lr', { declared: `model Small(p: ${type} = 1)` }))).toEqual(['unknown-name'])
  })
})

describe('tensors', () => {
  test('integers stay integers until they meet f32', () => {
    const body =
      'let n = range(h) * 2 + 1 - h\n  let k = clamp(abs(n % 5), min: 0, max: 3)\n  let q = floor(max(k, 1) / min(n, 7))\n  return lr * rearrange(q, "h -> h 1 1")'
    const compiled = model(small(body))
    expect(compiled.graph.nodes.filter(({ op }) => op === 'to_f32').length).toBe(1)
    const lets = (name: string): string => compiled.graph.values[compiled.graph.lets.get(name)!]!.dtype
    expect(['n', 'k', 'q'].map(lets)).toEqual(['i32', 'i32', 'i32'])
  })
  test('never back: take needs an index of its own making', () => {
    expect(codes(small('return lr * mean(take(lr, range(h) * 0.5 -> rearrange("h -> 1 h")))'))).toContain('mixed-pipeline')
    expect(codes(small('let i = rearrange(range(4) * 0.5, "n -> 1 n")\n  return lr * mean(take(lr, i), axis: [0, 1])'))).toEqual([
      'dtype-mismatch',
    ])
  })
  test('only an axis written as 1 is stretched; axes are added at the left', () => {
    expect(codes(small('return lr + mean(lr, axis: [1, 2], keep: true) + mean(lr, axis: [0, 1, 2])'))).toEqual([])
    expect(codes(small('return lr + mean(lr, axis: 3)'))).not.toEqual([])
  })
  test('max, min and sum are functions of static values, and ops', () => {
    const body =
      'let a = max(lr, axis: 3, keep: true) + sum(lr, axis: -1, keep: true)\n  return min(lr, max(a, 0.5)) * min(2, max(3, 4)) + sum([1, 2])'
    expect(operations(model(small(body)))).toEqual(['reduce_max', 'reduce_sum', 'add', 'maximum', 'minimum', 'multiply', 'add'])
  })
  test('sizes may stand in tensor arithmetic, and resolve to static numbers inside a call', () => {
    const before = 'module Wide {\n  input x: [.., c]\n  output [.., c]\n  return x -> linear(out: 2 * c) -> linear(out: c)\n}\n'
    expect(weights(model(small('return Wide(lr) * h / sqrt(3)', { before })))).toEqual(
      ['Wide.linear.kernel [3, 6]', 'Wide.linear.bias [6]', 'Wide.linear2.kernel [6, 3]', 'Wide.linear2.bias [3]'],
    ) // prettier-ignore
  })
  test('[..] is the same throughout a module', () => {
    const before = 'module Both {\n  input x: [.., c]\n  input y: [.., d]\n  output [.., c]\n  return x\n}\n'
    expect(codes(small('return Both(lr, mean(lr, axis: 3, keep: true))', { before }))).toEqual(['unused-input'])
    expect(codes(small('return Both(lr, mean(lr, axis: 2))', { before }))).toEqual(['shape-mismatch'])
  })
})

describe('weight paths', () => {
  test('scope, let, turn, call; the second of a name is numbered; an only owner of its let has no call', () => {
    const before =
      'module Two {\n  input x: [.., c]\n  output [.., c]\n  weight gain: [c] = ones\n  let a = x -> linear(out: c) -> relu -> linear(out: c)\n  return (a * gain) -> linear(out: c)\n}\n'
    const body =
      'slot s: [B, h, w, 3] -> [B, h, w, 3] = Two()\n  slot l: [B, h, w, 3] -> [B, h, w, 3] = (x) => x -> linear(out: 3)\n  let only = lr -> conv(out: 3, kernel: 1)\n  let (p, q) = (s(only) -> linear(out: 6)) -> split(sizes: [3, 3], axis: -1)\n  let turns = p -> repeat 2 { Two -> relu }\n  return (l(turns) + q) -> linear(out: 3)'
    const names = new Set(model(small(body, { before })).graph.weights.map(({ path }) => path.replace(/\.(kernel|bias)$/, '')))
    expect([...names]).toEqual([
      'only', 's.gain', 's.a.linear', 's.a.linear2', 's.linear', 'p_q', 'turns[0].gain', 'turns[0].a.linear', 'turns[0].a.linear2', 'turns[0].linear',
      'turns[1].gain', 'turns[1].a.linear', 'turns[1].a.linear2', 'turns[1].linear', 'l.linear', 'linear',
    ]) // prettier-ignore
  })
  test('a slot that is used twice has its weights once', () => {
    const body = 'slot s: [B, h, w, 3] -> [B, h, w, 3] = (x) => x -> linear(out: 3)\n  return s(s(lr))'
    expect(weights(model(small(body)))).toEqual(['s.linear.kernel [3, 3]', 's.linear.bias [3]'])
  })
})

describe('equal calls of a module', () => {
  // What was recorded at the first call is played at the second; modules of other names record anew.
  test.each([
    ['values that are one and two', 'relu(a) + relu(b)', '(lr, lr)', '(lr, other)'],
    ['values that are two and one', 'relu(a) + relu(b)', '(lr, other)', '(lr, lr)'],
    ['a constant, then none', 'relu(a) + b', '(lr, lr * 0)', '(lr, other)'],
    ['none, then a constant', 'relu(a) + b', '(lr, other)', '(lr, lr * 0)'],
    ['an input that is made inside too', 'relu(a) + b * 2', '(lr, relu(lr))', '(lr, other)'],
    ['weights', 'linear(a, out: 3) + b', '(lr, other)', '(other, lr)'],
    ['a call inside', 'Inner(a) + Inner(b)', '(lr, lr)', '(lr, other)'],
    ['what acts at random', 'drop_path(a, rate: 0.5) + b', '(lr, lr)', '(lr, other)'],
    ['several turns', '(a + b) -> repeat 3 { Inner -> linear(out: 3) }', '(lr, lr)', '(lr, other)'],
  ])('%s', (_, body, first, second) => {
    const inner = 'module Inner {\n  input a: [.., c]\n  output [.., c]\n  return a -> linear(out: c) -> relu\n}\n'
    const module = (name: string): string =>
      `module ${name} {\n  input a: [B, h, w, c]\n  input b: [B, h, w, c]\n  output [B, h, w, c]\n  let mid = ${body}\n  return mid\n}\n`
    const text = (one: string, two: string): string =>
      small(`let other = sqrt(abs(lr))\n  let x = ${one}${first}\n  let y = ${two}${second}\n  return x + y * 3`, {
        before: inner + [...new Set([one, two])].map(module).join(''),
      })
    const printed = (compiled: CompiledModel): string =>
      [printGraph(compiled.graph), ...compiled.graph.lets.keys()].join('\n').replaceAll(/M[12]/g, 'M')
    expect(printed(model(text('M', 'M')))).toBe(printed(model(text('M1', 'M2'))))
  })
})

describe('slots', () => {
  test('?u is substituted: no new symbol', () => {
    const body =
      'slot grow: [B, h, w, 3] -> [B, ?H, ?W, ?u] = (x) => x -> pad_to(multiple: 4) -> conv(out: 5, kernel: 1)\n  slot back: [B, H, W, u] -> [B, H, W, 3] = (x) => x -> linear(out: 3)\n  let f = lr -> grow\n  return crop(f -> back, to: [h, w])'
    const compiled = model(small(body))
    expect(compiled.graph.values[compiled.graph.lets.get('f')!]!.shape.map(format)).toEqual([
      'B',
      '4 * ceil(h / 4)',
      '4 * ceil(w / 4)',
      '5',
    ])
  })
  test('? is whatever it is; a name that no result binds is unknown', () => {
    expect(
      codes(
        small(
          'slot s: [B, h, w, 3] -> [B, ?, ?, 3] = (x) => x -> avg_pool(kernel: 2, stride: 2)\n  return interpolate(s(lr), to: [h, w], kernel: nearest)',
        ),
      ),
    ).toEqual([])
    expect(codes(small('slot s: [B, h, w, 3] -> [B, H, w, 3] = (x) => x\n  return s(lr)'))).toEqual(['unknown-dim'])
  })
  test('a scalar is spread over the contract, and x + 0 folds away', () => {
    const compiled = model(
      small(
        'slot base: [B, h, w, 3] -> [B, h, w, 3] = (_) => 0\n  slot one: [B, h, w, 3] -> [B, h, w, 3] = (_) => 1\n  return base(lr) + lr * one(lr)',
      ),
    )
    expect(operations(compiled)).toEqual([])
  })
  test('an op may be a filler, and has its weights under the slot', () => {
    expect(weights(model(small('slot s: [B, h, w, 3] -> [B, h, w, 3] = linear(out: 3)\n  return s(lr)')))).toEqual([
      's.linear.kernel [3, 3]',
      's.linear.bias [3]',
    ])
  })
  test('replacements see parameters and sizes of the base, not its lets', () => {
    const base = small('slot s: [B, h, w, 3] -> [B, h, w, 3] = (x) => x\n  let f = lr -> relu\n  return s(f)', {
      declared: 'model Small(width: int = 3)',
    })
    const variant = (filler: string): string => `variant "v" of Small from "./base.arch"\nreplace s with ${filler}`
    expect(codes(variant('(x) => x * h / width -> linear(out: width)'), {}, { 'base.arch': base })).toEqual(['mixed-pipeline'])
    expect(codes(variant('(x) => (x * h / width) -> linear(out: width)'), {}, { 'base.arch': base })).toEqual([])
    expect(codes(variant('(x) => x + f'), {}, { 'base.arch': base })).toEqual(['unknown-name'])
  })
})

describe('how values are decided', () => {
  const base = small('slot s: [B, h, w, 3] -> [B, h, w, 3] = A(k: 3)\n  return s(lr)', {
    before:
      'module A(k: int, n: int = 1) {\n  input x: [B, h, w, c]\n  output [B, h, w, c]\n  return x -> conv(out: c, kernel: k, groups: n)\n}\n',
    after: `preset p { s.k: 5 }\n${train}\nevaluate { m: [2] }`,
  })
  const other = 'module Other(k: int = 1) {\n  input x: [.., c]\n  output [.., c]\n  return x -> linear(out: c)\n}'
  const files = { 'base.arch': base, 'other.arch': other }
  const variant = (edits: string): string => `variant "v" of Small from "./base.arch"\nimport Other from "./other.arch"\n${edits}`

  test('a value below a replaced slot is dropped; set and --set address the filler that is there', () => {
    const compiled = model(variant('replace s with Other()\nset s.k = 2'), { preset: 'p', sets: ['s.k=4'] }, files)
    expect(compiled.values.filter(({ path }) => path === 's.k').map((each) => [each.value, resolvedText(each)])).toEqual([
      ['5', 'preset p, dropped: a.arch, replace'],
      ['4', '--set'],
    ])
    expect(codes(variant('replace s with Other()\nset s.n = 2'), {}, files)).toEqual(['unknown-path'])
    expect(codes(variant('replace s with Other()'), { sets: ['s.n=2'] }, files)).toEqual(['unknown-path'])
    expect(codes(variant('replace s with (x) => 2 * x'), { sets: ['s.k=2'] }, files)).toEqual(['unknown-path'])
  })
  test('parameters that the filler call gives can be set', () => {
    expect(weights(model(base, { sets: ['s.k=1', 's.n=3'] }))[0]).toBe('s.conv.kernel [1, 1, 1, 3]')
  })
  test('two variants conflict when one path is a prefix of the other, and not beside one another', () => {
    const two = (first: string, second: string): string[] =>
      codes(variant(first), { variants: ['b.arch'] }, { ...files, 'b.arch': variant(second) })
    expect(two('replace s with Other()', 'set s.k = 5')).toContain('edit-conflict')
    expect(two('set s.k = 5', 'set s.k = 7')).toContain('edit-conflict')
    expect(two('set train.B = 3', 'set s.k = 7')).toEqual(['unused-import', 'unused-import'].slice(2))
  })
  test('a variant that changes train or evaluate has an effect', () => {
    for (const edit of ['set train.B = 3', 'set evaluate.m = [3]', 'set s.k = 5'])
      expect(codes(variant(edit), {}, files)).toEqual([])
    for (const edit of ['set train.B = 2', 'set evaluate.m = [2]', 'set s.k = 3'])
      expect(codes(variant(edit), {}, files)).toEqual(['variant-no-effect'])
  })
})

describe('sizes', () => {
  const halves = (where: string): string =>
    `model Small {\n  scale m = 1\n  input lr: [B, h, w, 3] as image${where}\n  output sr: [B, h, w, 3] as image\n  return lr -> rearrange("B (n i) w c -> B n i w c", i: 2) -> rearrange("B n i w c -> B (n i) w c")\n}\n`
  test('a fact makes a division exact, and is a check of every picture', () => {
    expect(codes(halves(''))).toEqual(['shape-unknown'])
    const compiled = model(halves(' where h % 4 == 0, h % 6 == 0'))
    expect(compiled.outputs[0]!.shape.map(format)).toEqual(['B', 'h', 'w', '3'])
    expect(compiled.checks.map(({ problem, at }) => [problem, at])).toEqual([
      ['Small asks for h % 4 == 0', 'a.arch:3'],
      ['Small asks for h % 6 == 0', 'a.arch:3'],
    ])
  })
  test('for a module that is compiled alone, too', () => {
    const text =
      'module Part {\n  input x: [B, h, w, c] where h % 2 == 0\n  output [B, h, w, c]\n  return x -> rearrange("B (n i) w c -> B n i w c", i: 2) -> rearrange("B n i w c -> B (n i) w c")\n}'
    const { graph, diagnostics } = compileModule('a.arch', 'Part', memoryHost({ 'a.arch': text }))
    expect(diagnostics).toEqual([])
    expect(verify(graph!)).toEqual([])
  })
  test('mistakes of a module that is compiled alone stand where they are, all of them', () => {
    const text =
      'module Part {\n  input x: [B, h, w, 3]\n  output [B, h, w, 3]\n  let a = x + conv(x, out: 4, kernel: 3)\n  return x -> relo\n}'
    const { graph, diagnostics } = compileModule('a.arch', 'Part', memoryHost({ 'a.arch': text }))
    expect(graph).toBeUndefined()
    expect(diagnostics.map(({ code, primary: { span } }) => [code, text.slice(span.start, span.end)])).toEqual([
      ['broadcast', '+'],
      ['unknown-op', 'relo'],
    ])
    expect(diagnostics[1]!.related).toEqual([])
  })
  test('what cannot be decided is checked once, with its place', () => {
    const compiled = model(
      small(
        'let a = lr -> unfold(kernel: 3, pad: reflect) -> mean(axis: 3)\n  return a + conv(lr, out: 3, kernel: 3, pad: reflect)',
        { after: train },
      ),
    )
    expect(compiled.checks.map(({ problem, at }) => [problem, at])).toEqual([
      ['reflect pad of 1 needs h of at least 2', 'a.arch:6'],
      ['reflect pad of 1 needs w of at least 2', 'a.arch:6'],
    ])
  })
})

describe('mistakes', () => {
  const messages = (text: string): string[] =>
    check(['a.arch'], memoryHost({ 'a.arch': text })).diagnostics.map(({ message }) => message)

  test('in a module that others call twice, thirty deep, are said once', () => {
    const level = (at: number): string =>
      `module M${at} {\n  input x: [B, h, w, c]\n  output [B, h, w, c]\n  return ${at === 0 ? 'x -> relo' : `M${at - 1}(M${at - 1}(x))`}\n}\n`
    const before = Array.from({ length: 30 }, (_, at) => level(at)).join('')
    expect(messages(small('return M29(lr)', { before }))).toEqual(['no op or module called relo; did you mean relu?'])
  })
  test.each([
    ['arguments of one call', 'return concat(lr -> con(out: 3, kernel: 3), relo(lr), axis: 2)', ['con', 'relo']],
    ['attributes of one call', 'return conv(lr, out: otu, kernel: 3, bias: yes)', ['otu', 'yes']],
    ['stages of one pipeline', 'return lr -> con(out: 3) -> relo', ['con', 'relo']],
    ['sides of an operator', 'return (lr -> con) + relo(lr)', ['con', 'relo']],
    ['items of a list', 'return lr -> mean(axis: [a, b])', ['a', 'b']],
    ['turns of a repeat', 'return lr -> repeat 3 { con -> relo }', ['con', 'relo']],
    ['outputs', 'output f: [B, h, w, 3] as inspect\n  return con(lr), relo(lr)', ['con', 'relo']],
  ])('%s are independent', (_, body, names) => {
    const said = messages(small(body))
    expect(names.filter((name) => said.some((message) => message.includes(`called ${name}`)))).toEqual(names)
    expect(said.length).toBe(names.length)
  })
  test.each([
    ['a let', 'let a = con(lr)\n  let b = relu(a)\n  return a + b * a'],
    ['a size of an input', 'return rearrange(lr, "B h w c -> B (h w) c") + d * d'],
    ['a slot', 'slot s: [B, h, w, 3] -> [B, ?H, w, 3] = con()\n  let a = s(lr)\n  let b = s(lr) * H\n  return a -> s'],
    ['a parameter', 'return lr * p * p', 'model Small(p: int = 1.5)'],
    [
      'a value that is asked for twice',
      'let a = conv(lr, out: p, kernel: 3)\n  return conv(lr, out: p, kernel: 3) + a',
      'model Small(p: int = 0)',
    ],
  ])('what depends on %s that is wrong is not said again', (_, body, declared = 'model Small') => {
    expect(messages(small(body, { declared, after: train })).length).toBe(1)
  })
  test('a preset adds what only it gets wrong', () => {
    const text = small('let a = con(lr)\n  return lr -> repeat n { relu }', {
      declared: 'model Small(n: int = 2)',
      after: 'preset p { n: 3 }\npreset q { n: 0 - 1 }',
    })
    expect(messages(text)).toEqual([
      'no op or module called con; did you mean conv or cos or concat?',
      'repeat takes a count from 0 to 10000; n is -1',
    ])
  })
})

describe('repeat, scale and records', () => {
  test('zero turns are the identity', () =>
    expect(operations(model(small('return lr -> repeat 0 { conv(out: 9, kernel: 3) }')))).toEqual([]))
  test('a static scale stands in shapes, and is what is trained and evaluated', () => {
    const text = `model Up(stages: [int] = [2, 2]) {\n  scale m = product(stages)\n  input lr: [B, h, w, 3] as image\n  output sr: [B, m * h, m * w, 3] as image\n  return interpolate(lr, by: m, kernel: bicubic)\n}\ntrain { B: 1, h: 4, w: 4, loss: l1(sr, target), optimizer: adam(lr: 1) }\nevaluate {}\n`
    const compiled = model(text)
    expect([compiled.scale, compiled.train!.m, compiled.evaluate.m]).toEqual([
      { kind: 'fixed', value: 4 },
      { kind: 'number', value: 4 },
      [4],
    ])
    expect(compiled.outputs[0]!.shape.map(format)).toEqual(['B', '4 * h', '4 * w', '3'])
  })
  test('a recipe is read whole', () => {
    const recipe = `train {
  B: 2, h: 8, w: 8, m: 2, loss: l1(sr, target), steps: 500, warmup: 20, clip: norm(0.01)
  optimizer: adamw(lr: 2e-4, weight_decay: 0.05, decay: kernels)
  schedule: cosine(to: 0.1, restarts: [10, 30], decay: 0.5)
}`
    const { train: trained } = model(small('return lr -> linear(out: 3)', { after: recipe }))
    expect(trained).toMatchObject({ steps: 500 })
    expect(trained!.objectives[0]).toMatchObject({
      optimizer: {
        name: 'adamw',
        settings: { lr: 2e-4, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.05, decay: 'kernels' },
      },
      schedule: { kind: 'cosine', to: 0.1, restarts: [10, 30], decay: 0.5 },
      warmup: 20,
      clip: { kind: 'norm', at: 0.01 },
    })
    const rate = model(
      small('return lr -> linear(out: 3)', { after: recipe.replace(/schedule:.*/, 'schedule: lr * min(1, step / 100)') }),
    )
    expect(rate.train!.objectives[0]!.schedule).toMatchObject({ kind: 'rate', rate: { kind: 'call', name: 'multiply' } })
  })
  test('fields have their defaults', () => {
    const { train: trained, evaluate } = model(small('return lr -> linear(out: 3)', { after: `${train}\nevaluate { m: [2] }` }))
    expect(trained).toMatchObject({ degrade: [{ op: 'resize', kernel: 'bicubic' }], augment: [], epochs: 1, repeat: 1 })
    expect(trained!.objectives[0]).toMatchObject({
      optimizer: { name: 'adam', settings: { lr: 1e-4, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } },
      schedule: { kind: 'constant' },
      every: 1,
    })
    expect(evaluate).toEqual({
      m: [2],
      backProjection: 0,
      metrics: ['psnr', 'ssim'],
      scope: { kind: 'lattice', count: 2304 },
      saysScope: false,
      tile: 768,
      degrade: [{ op: 'resize', kernel: 'bicubic' }],
    })
  })
  test.each([
    ['train.optimizer=adam(lr: 2)', 'lr is above 0 and at most 1; 2 is outside'],
    ['train.optimizer=adam(lr: 0)', 'lr is above 0 and at most 1; 0 is outside'],
    ['train.optimizer=adamw(lr: 1e-3, decay: biases)', 'decay is all or kernels; not biases'],
    ['train.optimizer=adamw(lr: 1e-3, weight_decay: 0 - 1)', 'weight_decay is at least 0; -1 is outside'],
    ['train.optimizer=sgd(lr: 0.1, nesterov: 1)', 'nesterov takes true or false, not 1'],
    ['train.optimizer=sgd(momentum: 0.9)', 'sgd needs lr'],
    [
      'train.optimizer=sgd(lr: 0.1, dampening: 0.9)',
      'sgd has no dampening. It takes lr, momentum, nesterov, weight_decay, decay',
    ],
    ['train.clip=norm(0)', 'norm is above 0; 0 is outside'],
    ['train.clip=0.1', 'clip is norm(length), value(size) or none; not 0.1'],
    ['train.warmup=0.5', 'warmup takes an int, not 0.5'],
    [
      'train.schedule=step',
      'schedule is step(at:, factor:), cosine(to:), constant, or the rate by lr, step, steps, epoch and epochs; not step',
    ],
    [
      'train.schedule=lr * uniform(0, 1)',
      'schedule is step(at:, factor:), cosine(to:), constant, or the rate by lr, step, steps, epoch and epochs; not lr * uniform(0, 1)',
    ],
    ['train.schedule=cosine(to: 0, restarts: [5, 5])', 'restarts is a list of epochs that ascend; not [5, 5]'],
    ['train.steps=0', 'steps is at least 1; not 0'],
    ['train.schedule=step(at: [5, 3], factor: 0.5)', 'at is a list of epochs that ascend; not [5, 3]'],
    ['train.schedule=step(at: 0, factor: 0.5)', 'at is a list of epochs that ascend; not [0]'],
    ['evaluate.m=[2, 2]', '2 is already in m'],
    ['evaluate.m=[]', 'm is a list of at least one; not []'],
    ['evaluate.metrics=[psnr, psnr]', 'psnr is already in metrics'],
    ['evaluate.cell_clip=0', 'cell_clip is a scale of at least 1, or none; not 0'],
    ['train.degrade=[blur(sigma: (m - 2) / 2)]', 'the sigma of blur is at least 0; down to -0.5 is outside'],
    ['train.degrade=[blur(sigma: 1 - m * uniform(0, 1))]', 'the sigma of blur is at least 0; down to -3 is outside'],
    ['train.degrade=[blur(sigma: [1, 0 - 1])]', 'the sigma of blur is at least 0; down to -1 is outside'],
    // What a normal draw is cannot be told, and this one is as it should be.
    ['train.degrade=[blur(sigma: normal(mean: 1, std: 1)), resize(kernel: bicubic)]', undefined],
    ['train.degrade=[blur(sigma: max(m - 2, 0) / m), resize(kernel: bicubic)]', undefined],
    [
      'train.degrade=[resize(kernel: [bicubic, bilinear]), jpeg(quality: uniform(50, 98), subsampling: ["4:2:0", "4:4:4"])]',
      undefined,
    ],
    ['train.degrade=[jpeg(quality: uniform(50, 101))]', 'the quality of jpeg is in 1 .. 100; up to 101 is outside'],
    ['train.degrade=[jpeg(quality: 50 * (m - 1))]', 'the quality of jpeg is in 1 .. 100; down to 0 is outside'],
    ['train.degrade=[jpeg(quality: 80, subsampling: "4:1:1")]', 'subsampling is "4:4:4" or "4:2:2" or "4:2:0"; not "4:1:1"'],
    ['train.degrade=[jpeg(quality: 80, subsampling: ["4:2:0", "4:2:0"])]', '4:2:0 is already in subsampling'],
    ['train.degrade=[jpeg(subsampling: "4:2:0")]', 'jpeg needs quality'],
    ['train.degrade=[jpeg(quality: 80, progressive: true)]', 'jpeg has no progressive. It takes quality, subsampling'],
    ['train.augment=[jpeg(quality: 80)]', 'no op or module called jpeg. It takes flip_x, flip_y, transpose, rotate, stain'],
    [
      'train.degrade=[choose(0.3, [noise(gaussian, sigma: uniform(1, 5), grey: true)], [noise(poisson, scale: 0.5)]), resize(kernel: bilinear, by: uniform(0.5, 1.5)), resize(kernel: bicubic), choose(0.5, sharpen(amount: 1, radius: 1)), defocus(radius: 0.7)]',
      undefined,
    ],
    ['train.degrade=[noise(sigma: 1)]', 'noise needs gaussian or poisson first'],
    ['train.degrade=[noise(white, sigma: 1)]', 'noise is gaussian or poisson; not white'],
    ['train.degrade=[noise(gaussian, scale: 1)]', 'noise has no scale. It takes sigma, grey'],
    ['train.degrade=[noise(poisson, scale: uniform(0, 1))]', 'the scale of noise is above 0; down to 0 is outside'],
    ['train.degrade=[noise(gaussian, sigma: 1, grey: 1)]', 'grey takes true or false, not 1'],
    ['train.degrade=[choose(0.5)]', 'choose takes a chance and one or two lists and is given 1'],
    ['train.degrade=[choose(2, [blur(sigma: 1)])]', 'the p of choose is in 0 .. 1; up to 2 is outside'],
    ['train.degrade=[choose(0.5, [blur(sigma: 0 - 1)])]', 'the sigma of blur is at least 0; down to -1 is outside'],
    ['train.degrade=[choose(p: 0.5, [blur(sigma: 1)])]', 'choose has no p. It takes (p, [..], [..])'],
    [
      'train.degrade=[resize(kernel: bicubic, by: 0.5)]',
      'the last resize is one without by, which goes to the size of the input; not resize(by: ..)',
    ],
    [
      'train.degrade=[choose(0.5, [resize(kernel: bicubic)])]',
      'resize is outside of choose, or in both of its lists; not in one of them alone',
    ],
    ['train.degrade=[choose(0.5, [resize(kernel: bicubic)], [resize(kernel: nearest)])]', undefined],
    ['train.augment=[rotate, stain(sigma: 0.05, shift: uniform(0, 0.05))]', undefined],
    ['evaluate.degrade=[blur(sigma: m / 4), resize(kernel: bilinear)]', undefined],
    ['evaluate.degrade=[jpeg(quality: 0)]', 'the quality of jpeg is in 1 .. 100; down to 0 is outside'],
    [
      'evaluate.degrade=[resize(kernel: bilinear, by: 2)]',
      'the last resize is one without by, which goes to the size of the input; not resize(by: ..)',
    ],
    ['train.augment=[stain(sigma: 2, shift: 0)]', 'the sigma of stain is in 0 .. 1; up to 2 is outside'],
    ['train.schedule=step(at: [3, 5], factor: 2)', undefined],
  ])('%s', (set, problem) => {
    const after = `${train.replace('m: 2', 'm: uniform(1, 4), epochs: 10')}\nevaluate { m: [2] }`
    const { diagnostics } = compile('a.arch', memoryHost({ 'a.arch': small('return lr -> linear(out: 3)', { after }) }), {
      sets: [set],
    })
    expect(diagnostics.map(({ message }) => message)).toEqual(problem === undefined ? [] : [problem])
  })
  test('a slot that train.loss does not mention is neither built nor trained', () => {
    const body = 'slot judge: [B, h, w, 3] -> [B, h, w, 1] = (x) => x -> linear(out: 1)\n  return lr -> linear(out: 3)'
    const compiled = model(
      small(body, { after: train.replace(' }', ', judge { loss: mse(judge(sr), 1), optimizer: adam(lr: 1) } }') }),
    )
    expect(compiled.train!.objectives.length).toBe(1)
  })
  test('equal texts make equal graphs, whatever is written beside', () => {
    const [one, two] = ['', '// remark\n'].map((before) =>
      printGraph(model(small('return lr -> linear(out: 3)', { before })).graph),
    )
    expect(one).toBe(two)
  })
})
