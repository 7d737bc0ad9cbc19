import { describe, expect, test } from 'vitest'
import { coloursOf } from '../../src/editor/colours.ts'
import { completionsAt } from '../../src/editor/completion.ts'
import { hintsOf } from '../../src/editor/hints.ts'
import { hoverAt } from '../../src/editor/hover.ts'
import { definitionAt, occurrenceAt, placesOf } from '../../src/editor/occurrences.ts'
import { foldsOf, outlineOf, type Outline } from '../../src/editor/outline.ts'
import { renameAt, renamedAt } from '../../src/editor/rename.ts'
import { signatureAt } from '../../src/editor/signature.ts'
import { Workspace } from '../../src/editor/workspace.ts'
import { at, files, project, shown, type Marked } from './project.ts'

/** What the editor knows, on texts in which a `¦` marks the place that is asked about. */

const lines = (text: string, from: string): string => text.split('\n').filter((line) => line.includes(from)).join('\n') // prettier-ignore

describe('hints show the shape of every let and every stage', () => {
  const hinted = (file: keyof typeof files, preset = ''): string => {
    const { workspace } = project(files)
    workspace.preset = preset
    return hintsOf(workspace, file).reduceRight(
      (text, { offset, text: hint }) => `${text.slice(0, offset)}⟨${hint}⟩${text.slice(offset)}`,
      files[file] as string,
    )
  }
  test.each([
    ['small.arch', 'let f', '  let f⟨: [B, h, w, 8]⟩ = lr -> conv(out: width, kernel: 3)'],
    ['small.arch', 'let deep', '  let deep⟨: [B, h, w, 8]⟩ = f -> body⟨[B, h, w, 8]⟩ -> repeat blocks { Residual(kernel: 1) }'],
    ['small.arch', 'let (', '  let (a⟨: [B, h, w, 4]⟩, b⟨: [B, h, w, 4]⟩) = deep -> split(sizes: [4, 4], axis: -1)'],
    ['small.arch', 'return', '  return concat(a, b, f, axis: -1) -> conv(out: 3 * m * m, kernel: 3)⟨[B, h, w, 12]⟩ -> pixel_shuffle(by: m)'],
    // A library shows the sizes of a model that is built with it, by its own names where it has some.
    ['lib.arch', 'let inner', '  let inner⟨: [B, H, W, 8]⟩ = x -> conv(out: c, kernel: kernel)⟨[B, H, W, 8]⟩ -> relu⟨[B, H, W, 8]⟩ -> conv(out: c, kernel: kernel)'],
  ] as const)('%s, %s', (file, from, expected) => {
    expect(lines(hinted(file), from)).toBe(expected)
  }) // prettier-ignore
  test('at the preset that is chosen', () => {
    const text = files['small.arch']
      .replace('tiny { width: 8', 'tiny { width: 16')
      .replace('sizes: [4, 4]', 'sizes: [width / 2, width / 2]')
    const { workspace } = project({ ...files, 'small.arch': text })
    workspace.preset = 'tiny'
    expect(hintsOf(workspace, 'small.arch')[0]!.text).toBe(': [B, h, w, 16]')
  })
  test('a library that nothing is built with shows its own names', () => {
    const { workspace } = project({ 'lib.arch': files['lib.arch'] })
    const [hint] = hintsOf(workspace, 'lib.arch')
    expect(hint).toBeUndefined() // out: c must be known
    const other = project({
      'a.arch': 'module Twice {\n  input x: [B, h, w, c]\n  output [B, h, w, c]\n  let y = x -> relu -> sin\n  return y * 2\n}\n',
    })
    expect(hintsOf(other.workspace, 'a.arch').map(({ text }) => text)).toEqual([': [B, h, w, c]', '[B, h, w, c]'])
  })
  test('what stands around a broken statement is still shown', () => {
    const { workspace } = project({
      ...files,
      'small.arch': files['small.arch'].replace('let (a, b) = deep', 'let (a, b) = deep -> -> '),
    })
    expect(hintsOf(workspace, 'small.arch').map(({ text }) => text)).toContain(': [B, h, w, 8]')
  })
})

describe('hover', () => {
  test.each([
    ['small.arch', 'let f', 'gives `[B, h, w, 8]`'],
    ['small.arch', '-> bod', '```arch\nslot body: [B, h, w, width] -> [B, h, w, width] = Residual()\n```\n\ngives `[B, h, w, 8]`'],
    ['small.arch', 'repeat blo', '```arch\nSmall(blocks: int = 2)\n```\n\ngives `2`'],
    ['small.arch', '{ Resid', '```arch\nmodule Residual(x: [B, H, W, c], kernel: int = 3) -> [B, H, W, c]\n```\n\nTwo convolutions and the way around them.\n\ngives `[B, h, w, 8]`'],
    ['small.arch', 'm * m, ker', 'conv, **kernel**: pair, at least 1: rows and columns of the window'],
    ['small.arch', 'body.ker', '```arch\nResidual(kernel: int = 3)\n```'],
    ['small.arch', 'train.B: 1 }\n\ntrain { B', 'train, **B**: items in a batch: int'],
    ['small.arch', 'output sr: [B, m * ', 'a size, bound by\n\n```arch\ninput lr: [B, h, w, 3] as image\n```'],
    ['pointwise.arch', 'replace bo', '```arch\nslot body: [B, h, w, width] -> [B, h, w, width] = Residual()\n```'],
    ['pointwise.arch', 'of Sma', '```arch\nmodel Small(lr: [B, h, w, 3], width: int = 8, blocks: int = 2) -> sr: [B, m * h, m * w, 3]\n```'],
    ['lib.arch', 'x + inn', 'gives `[B, H, W, 8]`'],
  ] as const)('%s at %s', (file, before, expected) => {
    const { workspace, offset } = at(file, before)
    expect(hoverAt(workspace, file, offset)?.text).toBe(expected)
  }) // prettier-ignore
  test('an op has its page', () => {
    const { workspace, file, offset } = at('lib.arch', '-> re')
    expect(hoverAt(workspace, file, offset)!.text).toMatch(/^```arch\nrelu\(x: \[\.\.\]\)\n```\n\n.+\n\nGives \[\.\.\]\./)
  })
  test.each([
    [
      'jp¦eg(quality: 80)',
      '```arch\njpeg(quality:, subsampling: "4:2:0")\n```\n\nwhat comes back from a JPEG that Pillow saves.',
    ],
    ['jpeg(qual¦ity: 80)', 'jpeg, **quality**: a number or a draw, in 1 .. 100'],
  ])('%s in degrade', (written, expected) => {
    const text = files['small.arch'].replace('loss: l1', `degrade: [resize(kernel: bicubic), ${written}], loss: l1`)
    const { workspace, file, offset } = project({ ...files, 'small.arch': text })
    expect(hoverAt(workspace, file, offset)?.text).toBe(expected)
  })
  test('between words there is nothing to say', () => {
    const { workspace, file, offset } = at('small.arch', 'let f =')
    expect(hoverAt(workspace, file, offset)).toBeUndefined()
  })
})

describe('completion', () => {
  const labels = ({ workspace, file, offset }: Marked): string[] =>
    completionsAt(workspace, file, offset).map(({ label }) => label)
  const small = (line: string): Marked =>
    project({ ...files, 'small.arch': files['small.arch'].replace('  return', `  ${line}\n  return`) })

  const degraded = (line: string): Marked =>
    project({ ...files, 'small.arch': files['small.arch'].replace('loss: l1', `degrade: [${line}, loss: l1`) })

  test.each<[string, Marked, string[]]>([
    ['attributes that are not there yet', small('let x = f -> conv(out: 3, kern¦'), ['kernel']],
    ['a word of an attribute', small('let x = interpolate(f, by: 2, kernel: b¦'), ['bilinear', 'bicubic']],
    ['parameters of a module', small('let x = f -> Residual(kern¦'), ['kernel']],
    ['results of an op by name', small('let best = best_match(f, f, over: 1, by: cosine)\n  let y = best.¦'), ['score', 'index']],
    ['slots to replace', project({ ...files, 'pointwise.arch': files['pointwise.arch'].replace('replace body', 'replace ¦') }), ['body']],
    ['paths after set', project({ ...files, 'pointwise.arch': files['pointwise.arch'].replace('set blocks', 'set ¦') }), ['width', 'blocks', 'body', 'train']],
    ['parameters of a filler', project({ ...files, 'pointwise.arch': files['pointwise.arch'].replace('set blocks', 'set body.¦') }), ['kernel']],
    ['paths in a preset', project({ ...files, 'small.arch': files['small.arch'].replace('train.B: 1', 'body.¦') }), ['kernel']],
    ['fields of train', project({ ...files, 'small.arch': files['small.arch'].replace('loss: l1', 'sche¦, loss: l1') }), ['schedule']],
    ['what a loss compares', project({ ...files, 'small.arch': files['small.arch'].replace('l1(sr, target)', 'l1(s¦') }), ['sr']],
    ['attributes of a degradation', degraded('jpeg(sub¦'), ['subsampling']],
    ['words of a degradation', degraded('resize(kernel: bi¦'), ['bicubic', 'bilinear']],
    ['roles', project({ ...files, 'small.arch': files['small.arch'].replace('as image', 'as c¦') }), ['coordinates', 'cell', 'inspect']],
    ['frozen behind a slot', small('slot vgg fr¦'), ['frozen']],
    ['what a repeat gives', small('let x = f -> repeat 2 coll¦'), ['collect']],
    ['types of parameters', project({ ...files, 'small.arch': `${files['small.arch']}\nmodule M(act: mod¦` }), ['module']],
    ['statements', small('le¦'), ['scale', 'let']],
    ['declarations', project({ ...files, 'small.arch': `${files['small.arch']}\nev¦` }), ['evaluate']],
    ['files', project({ ...files, 'small.arch': files['small.arch'].replace('./lib.arch', './l¦') }), ['./lib.arch']],
    ['archc’s own networks', project({ ...files, 'small.arch': files['small.arch'].replace('./lib.arch', 'archc/l¦') }), ['archc/lib/mlp.arch']],
    ['all files', project({ ...files, 'small.arch': files['small.arch'].replace('./lib.arch', '¦') }), ['./lib.arch', './pointwise.arch', 'archc/iste.arch', 'archc/lib/mlp.arch']],
    ['nothing in a remark', small('// le¦'), []],
  ])('%s', (_, marked, expected) => {
    const found = labels(marked)
    expect(found.filter((label) => expected.includes(label)).sort()).toEqual([...expected].sort())
    if (expected.length < 3) expect(found).toHaveLength(expected.length)
  }) // prettier-ignore

  test('behind an arrow stand slots, modules and ops, no names of tensors', () => {
    const found = labels(small('let x = f -> ¦'))
    expect(found).toEqual(expect.arrayContaining(['body', 'Residual', 'conv', 'relu']))
    expect(found).not.toContain('lr')
  })
  test('names that are declared before, with their shapes; none that come later', () => {
    const found = completionsAt(...placed(small('let x = lr + ¦\n  let after = lr')))
    expect(found.filter(({ kind }) => kind === 'let' || kind === 'input').map(({ label, detail }) => `${label} ${detail}`)).toEqual([
      'lr [B, h, w, 3]', 'f [B, h, w, 8]', 'deep [B, h, w, 8]', 'a [B, h, w, 4]', 'b [B, h, w, 4]',
    ]) // prettier-ignore
  })
  test('an attribute is written with its colon', () => {
    expect(completionsAt(...placed(small('let x = f -> conv(out: 3, kern¦')))).toMatchObject([{ insert: 'kernel: ', start: expect.any(Number) }]) // prettier-ignore
  })
})

const placed = ({ workspace, file, offset }: Marked): Parameters<typeof completionsAt> => [workspace, file, offset]

describe('signature help', () => {
  test.each([
    ['let x = conv(¦', 'conv', 'x: [B, h, w, c]'],
    ['let x = f -> conv(¦', 'conv', 'x: [B, h, w, c]'],
    ['let x = f -> conv(out: 3, kernel: ¦', 'conv', 'kernel: pair'],
    ['let x = Residual(f, kernel: ¦', 'Residual', 'kernel: int = 3'],
    ['let x = body(¦', 'body', '[B, h, w, width]'],
    ['let x = concat(f, relu(¦), axis: -1)', 'relu', 'x: [..]'],
  ])('%s', (line, callee, active) => {
    const text = files['small.arch'].replace('  return', `  ${line}\n  return`)
    const found = signatureAt(...placed(project({ ...files, 'small.arch': text })))!
    const [start, end] = found.parts[found.active]!
    expect(found.label.slice(0, callee.length + 1)).toBe(`${callee}(`)
    expect(found.label.slice(start, end)).toBe(active)
  })
  test('outside of a call there is none', () => {
    expect(signatureAt(...placed(at('small.arch', 'let f = lr')))).toBeUndefined()
  })
})

describe('definition', () => {
  test.each([
    ['small.arch', '-> body -> repeat blo', 'small.arch', 'model Small(width: int = 8, ⟦blocks⟧: int = 2) {'],
    ['small.arch', 'import Resid', 'lib.arch', 'module ⟦Residual⟧(kernel: int = 3) {'],
    ['small.arch', '{ Residual(ker', 'lib.arch', 'module Residual(⟦kernel⟧: int = 3) {'],
    ['small.arch', 'f -> bo', 'small.arch', '  slot ⟦body⟧: [B, h, w, width] -> [B, h, w, width] = Residual()'],
    ['small.arch', 'output sr: [B, m * h, m * w', 'small.arch', '  input lr: [B, h, ⟦w⟧, 3] as image'],
    ['small.arch', 'preset tiny { wid', 'small.arch', 'model Small(⟦width⟧: int = 8, blocks: int = 2) {'],
    ['small.arch', 'loss: l1(s', 'small.arch', '  output ⟦sr⟧: [B, m * h, m * w, 3] as image'],
    ['pointwise.arch', 'of Sm', 'small.arch', 'model ⟦Small⟧(width: int = 8, blocks: int = 2) {'],
    ['pointwise.arch', 'replace bo', 'small.arch', '  slot ⟦body⟧: [B, h, w, width] -> [B, h, w, width] = Residual()'],
    ['pointwise.arch', 'set blo', 'small.arch', 'model Small(width: int = 8, ⟦blocks⟧: int = 2) {'],
    ['small.arch', 'from "./li', 'lib.arch', '⟦⟧/// Two convolutions and the way around them.'],
    ['pointwise.arch', 'from "./sma', 'small.arch', '⟦⟧import Residual from "./lib.arch"'],
  ] as const)('%s at %s', (file, before, expectedFile, expected) => {
    const { workspace, offset } = at(file, before)
    const target = definitionAt(workspace, file, offset)!
    expect(target.file).toBe(expectedFile)
    expect(lines(shown(files[expectedFile], [target]), '⟦')).toBe(expected)
  })
})

describe('references and rename', () => {
  const renamed = (file: keyof typeof files, before: string, name: string): Record<string, string> => {
    const { workspace, offset } = at(file, before)
    const places = renameAt(workspace, file, offset, name)
    return Object.fromEntries(
      Object.entries(files).map(([each, text]) => [
        each,
        places.filter((place) => place.file === each).sort((a, b) => b.start - a.start).reduce((now, { start, end }) => now.slice(0, start) + name + now.slice(end), text as string), // prettier-ignore
      ]),
    )
  }
  const words = (texts: Readonly<Record<string, string>>, word: string): number =>
    Object.values(texts)
      .join('\n')
      .split(new RegExp(`\\b${word}\\b`)).length - 1

  test.each([
    ['a module, in every file that imports it', 'lib.arch', 'module Resid', 'Residual', 'Block'],
    ['a slot, in its variants too', 'small.arch', 'slot bo', 'body', 'trunk'],
    ['a parameter, where presets and variants set it', 'small.arch', 'Small(width: int = 8, blo', 'blocks', 'depth'],
    ['a let', 'small.arch', 'let de', 'deep', 'far'],
    ['a model, of which a variant is', 'pointwise.arch', 'of Sma', 'Small', 'Little'],
    ['an output that the loss names', 'small.arch', 'output s', 'sr', 'large'],
  ] as const)('%s', (_, file, before, old, name) => {
    const after = renamed(file, before, name)
    expect(words(after, old)).toBe(0)
    expect(words(after, name)).toBe(words(files, old))
  })
  test('another name that is spelt alike stays', () => {
    const after = renamed('lib.arch', 'Residual(ker', 'side')
    expect(after['lib.arch']).toContain('conv(out: c, kernel: side)')
    expect(after['small.arch']).toContain('Residual(side: 1)')
    expect(after['small.arch']).toContain('conv(out: width, kernel: 3)')
    expect(after['small.arch']).toContain('body.side: 1')
  })
  test.each([
    ['small.arch', 'let de', 'f', 'f is a let already in small.arch'],
    ['small.arch', 'let de', '3d', '3d is no name'],
    ['small.arch', 'f = lr -> con', 'x', 'nothing here can be renamed'],
    ['lib.arch', 'module Resid', 'relu', 'relu is an op'],
  ] as const)('%s at %s not to %s', (file, before, name, problem) => {
    const { workspace, offset } = at(file, before)
    expect(() => renameAt(workspace, file, offset, name)).toThrow(problem)
  })
  test('what is declared outside of the project stays as it is called', () => {
    const { workspace, file, offset } = at('pointwise.arch', 'of Sma')
    const outside = new Workspace({ ...workspace.host, list: () => ['pointwise.arch'] })
    expect(renamedAt(outside, file, offset)).toBeUndefined()
    expect(() => renameAt(outside, file, offset, 'Little')).toThrow('nothing here can be renamed')
  })
  test('references are the same places', () => {
    const { workspace, offset } = at('small.arch', 'slot bo')
    const places = placesOf(workspace, occurrenceAt(workspace, 'small.arch', offset)!.target!)
    expect(places.map(({ file }) => file)).toEqual(['small.arch', 'small.arch', 'small.arch', 'pointwise.arch'])
  })
})

test('the outline is nested as the text is', () => {
  const { workspace } = project(files)
  const written = ({ kind, name, inside }: Outline): string =>
    `${kind} ${name}${inside.length > 0 ? `(${inside.map(written).join(', ')})` : ''}`
  expect(outlineOf(workspace, 'small.arch').map(written)).toEqual([
    'import Residual',
    'model Small(scale m, input lr, output sr, slot body, let f, let deep, let a, let b)',
    'preset tiny',
    'train train',
  ])
  expect(outlineOf(workspace, 'pointwise.arch').map(written)).toEqual([
    'variant pointwise',
    'import Residual',
    'replace body',
    'set blocks',
  ])
})

test('declarations and blocks of remarks fold', () => {
  const text = `// one\n// two\n${files['lib.arch']}`
  const { workspace } = project({ 'a.arch': text })
  expect(
    foldsOf(workspace, 'a.arch').map(({ start, end, isRemark }) => [text.slice(start, end).split('\n')[0], isRemark]),
  ).toEqual([
    ['module Residual(kernel: int = 3) {', false],
    ['// one', true],
  ])
})

test('every word has its colour', () => {
  const { workspace } = project(files)
  const coloured = (file: keyof typeof files): string[] =>
    coloursOf(workspace, file).map(
      ({ span, colour, isDeclaration }) => `${files[file].slice(span.start, span.end)}:${colour}${isDeclaration ? '!' : ''}`,
    )
  expect(coloured('lib.arch').join(' ')).toBe(
    '/// Two convolutions and the way around them.:comment module:keyword Residual:class! kernel:parameter! 3:number input:keyword x:variable! B:type! H:type! W:type! c:type! output:keyword B:type H:type W:type c:type let:keyword inner:variable! x:variable ->:operator conv:function out:property c:type kernel:property kernel:parameter ->:operator relu:function ->:operator conv:function out:property c:type kernel:property kernel:parameter return:keyword x:variable inner:variable',
  )
  expect(coloured('pointwise.arch').join(' ')).toBe(
    'variant:keyword "pointwise":string of:keyword Small:class from:keyword "./small.arch":string import:keyword Residual:class from:keyword "./lib.arch":string replace:keyword body:method with:keyword Residual:class kernel:parameter 1:number set:keyword blocks:parameter 1:number',
  )
})

test('a result that is called as a keyword is has none of its colour', () => {
  const { workspace, file, text } = project({
    'a.arch': 'module A {\n  input f: [B, H, W, c]\n  let at = f\n  return ensemble(f, at.weight)\n}\n',
  })
  const keywords = coloursOf(workspace, file).filter(({ colour }) => colour === 'keyword')
  expect(keywords.map(({ span }) => text.slice(span.start, span.end))).toEqual(['module', 'input', 'let', 'return'])
})

test('no text, however broken, is too much', () => {
  const text = files['small.arch']
  for (let cut = 0; cut < text.length; cut += 7) {
    const broken = text.slice(0, cut) + text.slice(cut + 5)
    const { workspace } = project({ ...files, 'small.arch': broken })
    const offset = Math.min(cut, broken.length)
    hintsOf(workspace, 'small.arch')
    hoverAt(workspace, 'small.arch', offset)
    completionsAt(workspace, 'small.arch', offset)
    signatureAt(workspace, 'small.arch', offset)
    coloursOf(workspace, 'small.arch')
    expect(outlineOf(workspace, 'small.arch').length + foldsOf(workspace, 'small.arch').length).toBeGreaterThanOrEqual(0)
  }
})
