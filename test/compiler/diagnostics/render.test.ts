import { describe, expect, test } from 'vitest'
import type { Diagnostic, Label, Span } from '../../../src/compiler/diagnostics/diagnostic.ts'
import { renderJson } from '../../../src/compiler/diagnostics/render-json.ts'
import type { Code } from '../../../src/compiler/diagnostics/catalogue.ts'
import { renderPretty } from '../../../src/compiler/diagnostics/render-pretty.ts'

type Files = Record<string, string>

const reader =
  (files: Files) =>
  (file: string): string | undefined =>
    files[file]

/** Lines that stand at the given line numbers, with empty ones before them. */
function lines(at: Record<number, string>): string {
  const last = Math.max(...Object.keys(at).map(Number))
  return Array.from({ length: last }, (_, i) => at[i + 1] ?? '').join('\n')
}

/** The `nth` place where `text` stands in a file. */
function spanOf(files: Files, file: string, text: string, nth = 1): Span {
  let start = -1
  for (let i = 0; i < nth; i++) start = files[file]!.indexOf(text, start + 1)
  if (start < 0) throw new Error(`${text} is not in ${file}`)
  return { file, start, end: start + text.length }
}

function diagnostic(primary: Label, rest: Partial<Diagnostic> = {}): Diagnostic {
  return {
    code: 'some-code' as Code,
    severity: 'error',
    message: 'something is wrong',
    primary,
    related: [],
    notes: [],
    fixes: [],
    ...rest,
  }
}

const pretty = (files: Files, diagnostics: readonly Diagnostic[], width = 100): string =>
  renderPretty(diagnostics, reader(files), { color: false, width })

describe('the samples of the design', () => {
  test('a related place in another file', () => {
    const files = {
      'models/ablations/wo-lfi.arch': lines({ 4: 'replace lfi with Squeeze(out: 32)' }),
      'models/iste.arch': lines({ 60: '  slot lfi: [B, H, W, width] -> [B, H, W, width] = LFI()' }),
    }
    const sample = diagnostic(
      { span: spanOf(files, 'models/ablations/wo-lfi.arch', 'Squeeze(out: 32)'), label: 'gives [B, H, W, 32]' },
      {
        code: 'slot-contract',
        message: 'the replacement for lfi changes the number of channels',
        related: [{ span: spanOf(files, 'models/iste.arch', '[B, H, W, width]', 2), label: 'promised here, width = 64' }],
        notes: ['axis 3: 32 is not 64'],
        help: 'use (x) => x to leave the features as they are',
      },
    )
    expect(pretty(files, [sample])).toBe(`\
error[slot-contract]: the replacement for lfi changes the number of channels
  ┌─ models/ablations/wo-lfi.arch:4:18
4 │ replace lfi with Squeeze(out: 32)
  │                  ^^^^^^^^^^^^^^^^ gives [B, H, W, 32]
  ┌─ models/iste.arch:60:33
60│   slot lfi: [B, H, W, width] -> [B, H, W, width] = LFI()
  │                                 ---------------- promised here, width = 64
  = axis 3: 32 is not 64
  help: use (x) => x to leave the features as they are

1 error
`)
  })

  test('a related place on the same line, and a note of several lines', () => {
    const file = 'models/iste.arch'
    const files = { [file]: lines({ 69: '  let local = concat(stf(pixel, texture), at.offset, axis: -1) -> lpd' }) }
    const sample = diagnostic(
      { span: spanOf(files, file, 'lpd'), label: 'takes [B, q, 4, dim + 4]' },
      {
        code: 'shape-mismatch',
        message: 'lpd takes 260 channels and is given 258',
        related: [
          { span: spanOf(files, file, 'concat(stf(pixel, texture), at.offset, axis: -1)'), label: 'gives [B, q, 4, dim + 2]' },
        ],
        notes: ['axis 3: dim + 4 against dim + 2\n  dim  stf(pixel, texture)\n  2    at.offset'],
        help: '2 are missing; at.cell is [B, q, 4, 2] and is not used',
      },
    )
    expect(pretty(files, [sample])).toBe(`\
error[shape-mismatch]: lpd takes 260 channels and is given 258
  ┌─ models/iste.arch:69:67
69│   let local = concat(stf(pixel, texture), at.offset, axis: -1) -> lpd
  │               ------------------------------------------------    ^^^ takes [B, q, 4, dim + 4]
  │               gives [B, q, 4, dim + 2]
  = axis 3: dim + 4 against dim + 2
      dim  stf(pixel, texture)
      2    at.offset
  help: 2 are missing; at.cell is [B, q, 4, 2] and is not used

1 error
`)
  })

  test('a name that is not there', () => {
    const file = 'models/ablations/wo-lfi.arch'
    const files = { [file]: lines({ 4: 'replace lif with (x) => x' }) }
    const sample = diagnostic(
      { span: spanOf(files, file, 'lif'), label: 'did you mean lfi?' },
      { code: 'unknown-path', message: 'ISTE has no slot lif', notes: ['slots of ISTE: base, encoder, lfi, lpd, ltd, stf'] },
    )
    expect(pretty(files, [sample])).toBe(`\
error[unknown-path]: ISTE has no slot lif
  ┌─ models/ablations/wo-lfi.arch:4:9
4 │ replace lif with (x) => x
  │         ^^^ did you mean lfi?
  = slots of ISTE: base, encoder, lfi, lpd, ltd, stf

1 error
`)
  })

  test('a label without words', () => {
    const file = 'models/mine.arch'
    const files = { [file]: lines({ 31: '  let image = rgb -> rearrange("B (H W) c -> B H W c", H: H)' }) }
    const sample = diagnostic(
      { span: spanOf(files, file, 'rearrange'), label: '' },
      {
        code: 'shape-unknown',
        message: 'cannot show that H * W = q',
        notes: ['q comes from coord (line 12); nothing relates it to H and W'],
        help: 'declare the output as samples and let the runtime lay them out',
      },
    )
    expect(pretty(files, [sample])).toBe(`\
error[shape-unknown]: cannot show that H * W = q
  ┌─ models/mine.arch:31:22
31│   let image = rgb -> rearrange("B (H W) c -> B H W c", H: H)
  │                      ^^^^^^^^^
  = q comes from coord (line 12); nothing relates it to H and W
  help: declare the output as samples and let the runtime lay them out

1 error
`)
  })
})

describe('frames', () => {
  const at = (start: number, end: number, label = '', file = 'a.arch'): Label => ({ span: { file, start, end }, label })

  /** The frames alone: without the message, the notes and the count. */
  function frames(text: string, primary: Label, related: Label[] = [], width = 100): string {
    const rows = pretty({ 'a.arch': text }, [diagnostic(primary, { related })], width).split('\n')
    return rows.slice(1, -3).join('\n')
  }

  const cases: [string, string, Label, Label[], string[]][] = [
    ['an empty span', 'ab cd', at(3, 3, 'here'), [], ['  ┌─ a.arch:1:4', '1 │ ab cd', '  │    ^ here']],
    ['the end of the text', 'ab', at(2, 2, 'here'), [], ['  ┌─ a.arch:1:3', '1 │ ab', '  │   ^ here']],
    ['after the last line end', 'ab\n', at(3, 3, 'here'), [], ['  ┌─ a.arch:2:1', '2 │', '  │ ^ here']],
    ['an empty text', '', at(0, 0, 'here'), [], ['  ┌─ a.arch:1:1', '1 │', '  │ ^ here']],
    ['beyond the text', 'ab', at(7, 9, 'here'), [], ['  ┌─ a.arch:1:3', '1 │ ab', '  │   ^ here']],
    ['a span that ends before it begins', 'abcd', at(2, 1), [], ['  ┌─ a.arch:1:3', '1 │ abcd', '  │   ^']],
    ['a span with its line end', 'ab\ncd', at(0, 3, 'all'), [], ['  ┌─ a.arch:1:1', '1 │ ab', '  │ ^^ all']],
    ['CR LF', 'ab\r\ncd\r\n', at(4, 8), [], ['  ┌─ a.arch:2:1', '2 │ cd', '  │ ^^']],
    [
      'two lines',
      'f {\n  g }',
      at(2, 9, 'a body'),
      [],
      ['  ┌─ a.arch:1:3', '1 │ f {', '  │   ^', '2 │   g }', '  │   ^^^ a body'],
    ],
    [
      'many lines',
      'f {\n  g\n  h\n  }',
      at(2, 15, 'a body'),
      [],
      ['  ┌─ a.arch:1:3', '1 │ f {', '  │   ^', '  ⋮', '4 │   }', '  │   ^ a body'],
    ],
    ['tabs', '\tx\ty', at(3, 4, 'y'), [], ['  ┌─ a.arch:1:4', '1 │     x   y', '  │         ^ y']],
    ['wide characters', '漢字 = 1', at(0, 2, 'two'), [], ['  ┌─ a.arch:1:1', '1 │ 漢字 = 1', '  │ ^^^^ two']],
    ['an escape in the text', '\u001b[2J', at(1, 4), [], ['  ┌─ a.arch:1:2', '1 │ \ufffd[2J', '  │  ^^^']],
    [
      'another line of the file has its own frame',
      'ab\ncd',
      at(3, 5, 'here'),
      [at(0, 2, 'there')],
      ['  ┌─ a.arch:2:1', '2 │ cd', '  │ ^^ here', '  ┌─ a.arch:1:1', '1 │ ab', '  │ -- there'],
    ],
    [
      'several on one line',
      'ab cd ef',
      at(0, 2, 'first'),
      [at(3, 5, 'second'), at(6, 8, 'third')],
      ['  ┌─ a.arch:1:1', '1 │ ab cd ef', '  │ ^^ -- -- third', '  │ │  second', '  │ first'],
    ],
    [
      'one within the other',
      'f(x, y)',
      at(2, 3, 'this'),
      [at(0, 7, 'the call')],
      ['  ┌─ a.arch:1:3', '1 │ f(x, y)', '  │ --^---- the call', '  │   this'],
    ],
    [
      'a related one on a line that is shown at the end of many',
      'f {\n  g\n  }',
      at(2, 11, 'a body'),
      [at(6, 7, 'elsewhere'), at(10, 11, 'its end')],
      [
        '  ┌─ a.arch:1:3',
        '1 │ f {',
        '  │   ^',
        '  ⋮',
        '3 │   }',
        '  │   ^ a body',
        '  │   its end',
        '  ┌─ a.arch:2:3',
        '2 │   g',
        '  │   - elsewhere',
      ],
    ],
    ['a file that is not known', 'ab', at(0, 2, 'here', 'b.arch'), [], ['  ┌─ b.arch', '  │ here']],
    [
      'a file that is not known, without words',
      'ab',
      at(0, 2, '', 'b.arch'),
      [at(0, 1)],
      ['  ┌─ b.arch', '  ┌─ a.arch:1:1', '1 │ ab', '  │ -'],
    ],
  ]
  test.each(cases)('%s', (_, text, primary, related, expected) =>
    expect(frames(text, primary, related).split('\n')).toEqual(expected),
  )

  test('the gutter grows with the line numbers', () => {
    const text = lines({ 9: 'let a = 1', 1234: 'a' })
    const span = { file: 'a.arch', start: text.length - 1, end: text.length }
    const files = { 'a.arch': text }
    const sample = diagnostic(
      { span, label: '' },
      { related: [{ span: spanOf(files, 'a.arch', 'a ='), label: 'here' }], notes: ['why'], help: 'how' },
    )
    expect(pretty(files, [sample])).toBe(`\
error[some-code]: something is wrong
    ┌─ a.arch:1234:1
1234│ a
    │ ^
    ┌─ a.arch:9:5
9   │ let a = 1
    │     --- here
    = why
    help: how

1 error
`)
  })

  const long = `let x = ${'f(a) + '.repeat(20)}last(b)`
  const cuts: [string, Label, string[]][] = [
    ['at the right', at(4, 5, 'x'), ['  ┌─ a.arch:1:5', '1 │ let x = f(a) + f(a) + f(a) + f(a) +…', '  │     ^ x']],
    [
      'at the left',
      at(148, 152, 'b'),
      ['  ┌─ a.arch:1:149', '1 │ …f(a) + f(a) + f(a) + f(a) + last(b)', '  │                              ^^^^ b'],
    ],
    [
      'on both sides',
      at(71, 75, 'f'),
      ['  ┌─ a.arch:1:72', '1 │ …) + f(a) + f(a) + f(a) + f(a) + f(…', '  │             ^^^^ f'],
    ],
    [
      'a mark longer than the line',
      at(8, 155, 'all'),
      ['  ┌─ a.arch:1:9', `1 │ ${long.slice(0, 35)}…`, `  │         ${'^'.repeat(28)} all`],
    ],
  ]
  test.each(cuts)('a long line is cut %s', (_, primary, expected) => {
    const rows = frames(long, primary, [], 40).split('\n')
    expect(rows).toEqual(expected)
    expect(rows[1]!.length).toBeLessThanOrEqual(40)
  })

  test('a wide character on the edge of a cut keeps the marks in place', () => {
    const rows = frames(`${'漢'.repeat(40)}x`, at(40, 41, 'x'), [], 41).split('\n')
    expect(rows).toEqual(['  ┌─ a.arch:1:41', `1 │ … ${'漢'.repeat(17)}x`, `  │ ${' '.repeat(36)}^ x`])
  })

  test('notes and help are wrapped below their begin', () => {
    const sample = diagnostic(at(0, 1), {
      notes: ['one two three four five six seven eight nine\n  a table of this and that, and of other things'],
      help: 'ten eleven twelve thirteen fourteen fifteen',
    })
    expect(pretty({ 'a.arch': 'x' }, [sample], 40).split('\n').slice(4, -3)).toEqual([
      '  = one two three four five six seven',
      '    eight nine',
      '      a table of this and that, and of',
      '      other things',
      '  help: ten eleven twelve thirteen',
      '        fourteen fifteen',
    ])
  })
})

describe('a report', () => {
  const label: Label = { span: { file: 'a.arch', start: 0, end: 1 }, label: 'here' }
  const report = (...severities: Diagnostic['severity'][]): string =>
    pretty(
      { 'a.arch': 'x' },
      severities.map((severity) => diagnostic(label, { severity })),
    )

  test.each([
    [['error'], '1 error'],
    [['warning', 'error', 'error'], '2 errors, 1 warning'],
    [['warning', 'warning'], '2 warnings'],
  ] as const)('%j ends with a count', (severities, expected) =>
    expect(
      report(...severities)
        .split('\n')
        .at(-2),
    ).toBe(expected),
  )

  test('nothing to say', () => expect(report()).toBe(''))

  test('diagnostics are apart by an empty line', () =>
    expect(report('error', 'warning')).toBe(`\
error[some-code]: something is wrong
  ┌─ a.arch:1:1
1 │ x
  │ ^ here

warning[some-code]: something is wrong
  ┌─ a.arch:1:1
1 │ x
  │ ^ here

1 error, 1 warning
`))

  test('colours change nothing but the colour', () => {
    const files = { 'a.arch': 'let a = b + c' }
    const sample = diagnostic(
      { span: spanOf(files, 'a.arch', 'b'), label: 'one' },
      { related: [{ span: spanOf(files, 'a.arch', 'c'), label: 'other' }], notes: ['why'], help: 'how' },
    )
    const colored = renderPretty([sample], reader(files), { color: true, width: 100 })
    expect(colored.split('\n').slice(0, 5)).toEqual([
      '\u001b[1;31merror[some-code]\u001b[0m\u001b[1m: something is wrong\u001b[0m',
      '  \u001b[34m┌─\u001b[0m a.arch:1:9',
      '\u001b[34m1 │\u001b[0m let a = b + c',
      '  \u001b[34m│\u001b[0m         \u001b[1;31m^\u001b[0m   \u001b[36m-\u001b[0m \u001b[36mother\u001b[0m',
      '  \u001b[34m│\u001b[0m         \u001b[1;31mone\u001b[0m',
    ])
    const escapes = new RegExp('\u001b\\[[\\d;]+m', 'g')
    expect(colored.replace(escapes, '')).toBe(pretty(files, [sample]))
  })

  test('messages cannot speak to the terminal', () => {
    const sample = diagnostic(
      { ...label, label: 'a\u001b[1mb' },
      { message: 'a\u001b]0;b\u0007', notes: ['c\u001bd'], help: 'e\u009bf' },
    )
    const text = pretty({ 'a.arch': 'x' }, [sample])
    expect([...text].filter((letter) => letter !== '\n' && /\p{Cc}/u.test(letter))).toEqual([])
  })
})

describe('JSON lines', () => {
  test('the record, with lines and columns', () => {
    const files = { 'a.arch': 'let a = 1\nlet b = c\n' }
    const span = spanOf(files, 'a.arch', 'c')
    const sample = diagnostic(
      { span, label: 'here' },
      {
        help: 'write a',
        notes: ['known: a'],
        related: [{ span: { file: 'gone.arch', start: 3, end: 4 }, label: 'there' }],
        fixes: [{ title: 'write a', edits: [{ span, text: 'a' }] }],
      },
    )
    const text = renderJson([sample, diagnostic({ span: { file: 'a.arch', start: 0, end: 99 }, label: '' })], reader(files))
    const [first, second, rest] = text.split('\n')
    expect(rest).toBe('')
    const placed = { ...span, line: 2, column: 9, endLine: 2, endColumn: 10 }
    expect(JSON.parse(first!)).toEqual({
      ...sample,
      primary: { span: placed, label: 'here' },
      fixes: [{ title: 'write a', edits: [{ span: placed, text: 'a' }] }],
    })
    expect(JSON.parse(second!)).toMatchObject({ primary: { span: { line: 1, column: 1, endLine: 3, endColumn: 1 } } })
  })

  test('nothing to say', () => expect(renderJson([], reader({}))).toBe(''))
})
