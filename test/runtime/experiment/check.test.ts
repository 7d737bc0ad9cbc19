import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { writePng } from '../../../src/runtime/data/png-writer.ts'
import { ExperimentError, readExperiment } from '../../../src/runtime/experiment/experiment.ts'
import { dataLines, onlyThose, planExperiment, scopeOf, sharedGroups } from '../../../src/runtime/experiment/plan.ts'
import { painted, root, temporaryFolder } from '../network/small.ts'

const folder = temporaryFolder()
const models = path.relative(folder, path.join(root, 'models'))
const samples = path.relative(folder, path.join(root, 'samples'))

/** An experiment file with these systems; `more` stands above the blocks. */
function written(name: string, systems: string, more = 'budget: { steps: 3 }', scales = '{ in: [2, 4] }'): string {
  const file = path.join(folder, `${name}.yaml`)
  writeFileSync(
    file,
    `title: t
data: { train: ${samples}/train.csv, test: ${samples}/test, split: by slide, leaks: none }
scales: ${scales}
concludes: nothing
${more}
blocks:
  - name: a
    systems:
${systems.replaceAll('MODELS', models).replace(/^/gm, '      ')}
`,
  )
  return file
}

/** What is said of a file, each line from its place on. */
async function said(file: string): Promise<string[]> {
  try {
    await planExperiment(readExperiment(file))
    return []
  } catch (error) {
    if (!(error instanceof ExperimentError)) throw error
    const [first, ...lines] = error.message.split('\n')
    expect(first).toBe(`${lines.length === 1 ? 'one thing is' : `${lines.length} things are`} wrong in ${file}`)
    for (const line of lines) expect(line.startsWith(`${file}:`)).toBe(true)
    return lines.map((line) =>
      line
        .slice(file.length + 1)
        .replaceAll(folder, 'FOLDER')
        .replaceAll(root, 'ROOT/'),
    )
  }
}

const iste = '- { name: ISTE, model: MODELS/iste.arch, preset: tiny }'

describe('a file from another machine, or by another hand', () => {
  const text = readFileSync(written('as it is', iste), 'utf8')
  const saved = (content: Buffer | string): string => {
    const file = path.join(folder, 'saved.yaml')
    writeFileSync(file, content)
    return file
  }
  it.each([
    ['a byte order mark', `\uFEFF${text}`],
    ['line ends of Windows', text.replaceAll('\n', '\r\n')],
    ['line ends of an old Macintosh', text.replaceAll('\n', '\r')],
    ['paths of Windows', text.replace('train.csv', 'X').replaceAll('/iste.arch', '\\iste.arch').replace('/X', '\\train.csv')],
    ['a name for a part', text.replace('title: t', 'title: &t t').replace('concludes: nothing', 'concludes: *t')],
    ['a no-break space in a title', text.replace('title: t', 'title: t\u00A0t')],
  ])('%s: it is right', async (_what, content) => expect(await said(saved(content))).toEqual([]))

  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]', ...'bcdefghi'.split('').map((name, at) => `${name}: &${name} [${Array(10).fill(`*${'abcdefgh'[at]}`).join(', ')}]`)].join('\n') // prettier-ignore
  it.each<[string, string, RegExp]>([
    ['names for names for names', bomb, /^2:8: names that stand for other parts \(\*\) make the file too large/],
    ['a name for nothing', text.replace('title: t', 'title: *t'), /^1:8: no part of the file is called &t/],
    ['a part that holds itself', text.replace('title: t', 'set: &s [*s]'), /^1:10: \*s stands in what it stands for/],
    ['a type of its own', text.replace('title: t', 'title: !mine t'), /^1:\d+: (Unresolved tag: )?!mine/],
    ['bytes', text.replace('title: t', 'title: !!binary dA=='), /^1:\d+: tag:yaml\.org,2002:binary is a type/],
    ['a set', text.replace('title: t', 'title: !!set { t }'), /2002:set is a type/],
    ['a list as a name', `? [a, b]\n: c\n${text}`, /^1:3: a field has a name/],
    ['a field twice', `${text}title: again\n`, /Map keys must be unique/],
    ['two documents', `${text}---\n${text}`, /a second document begins here/],
    ['nothing', '', /the file must be object, not null/],
    ['nested too deep', '['.repeat(100_000), /nested too deep/],
    ['a zero-width space in a field', text.replace('budget', '\u200Bbudget'), /U\+200B, a zero-width space, stands here/],
    ['a no-break space for a space', text.replace('title: t', 'title:\u00A0t'), /1:7: U\+00A0, a no-break space, stands here/],
    ['no number', text.replace('[2, 4]', '[.nan]'), /scales\.in\[0\] must be number/],
  ])('%s is named', async (_what, content, message) => {
    const lines = await said(saved(content))
    expect(
      lines.some((line) => message.test(line)),
      lines.join('\n'),
    ).toBe(true)
  })

  it.each([
    ['UTF-16', Buffer.from(`\uFEFF${text}`, 'utf16le')],
    ['Latin-1', Buffer.from(`# ß\n${text}`, 'latin1')],
  ])('%s: the file is named', (_what, content) =>
    expect(() => readExperiment(saved(content))).toThrow(/cannot read .*saved\.yaml: it is .*; save it as UTF-8/),
  )
})

describe('the form', () => {
  it('a field that is not there, one that is misspelt, and values that are not taken, all at once', async () => {
    const file = written(
      'form',
      '- { name: ISTE, model: MODELS/iste.arch, presett: tiny }\n- { name: EDSR, model: edsr, set: [train.B], scopes: [lattice(0)] }',
      'budget: { steps: 3, minutes: 2 }\nmetrics: [psnr, fod]\nkeep_weights: true\nseeds: [1, 1]',
      '{ in: [2, 80] }',
    )
    const lines = await said(file)
    expect(lines.map((line) => line.replace(/ It takes .*/, ''))).toEqual([
      '3:19: scales.in[1] is 80, more than 64',
      '5:9: budget takes one of steps, minutes, epochs',
      '6:17: metrics[1] is "fod", not one of psnr, ssim, ssim_gaussian, consistency, frechet',
      '7:15: keep_weights is true, not one of none, first seed, all',
      '8:8: seeds must NOT have duplicate items (items ## 1 and 0 are identical)',
      expect.stringMatching(/^12:\d+: blocks\[0\]\.systems\[0\] has no field presett; did you mean preset\?$/) as string,
      expect.stringMatching(
        /^13:\d+: blocks\[0\]\.systems\[1\]\.model is "edsr", which does not have the form of a \.arch file$/,
      ) as string,
      expect.stringMatching(
        /^13:\d+: blocks\[0\]\.systems\[1\]\.set\[0\] is "train\.B", which does not have the form path=value, such as train\.B=4$/,
      ) as string,
      expect.stringMatching(
        /^13:\d+: blocks\[0\]\.systems\[1\]\.scopes\[0\] is "lattice\(0\)", which does not have the form full, lattice\(n\), raster\(n\) or tile\(n\)$/,
      ) as string,
    ])
  })

  it.each([
    ['a: [1\nb: 2', '2:1: Flow sequence in block collection must be sufficiently indented and end with a ]'],
    ['- 1', '1:1: the file must be object'],
    ['', '1:1: the file must be object, not null'],
  ])('%j', async (text, expected) => {
    const file = path.join(folder, 'text.yaml')
    writeFileSync(file, text)
    expect(await said(file)).toEqual([expected])
  })

  it('a file that is not there', () =>
    expect(() => readExperiment(path.join(folder, 'none.yaml'))).toThrow(/^cannot read .*none\.yaml: there is no such file$/))
})

describe('what it names', () => {
  it.each([
    ['- { name: A, model: MODELS/iste.arch, preset: tinny }', /ROOT\/models\/iste\.arch:\d+:\d+: ISTE has no preset tinny; did you mean tiny\?$/],
    ['- { name: A, model: iste.arch, preset: tinny }', /: archc\/iste\.arch:\d+:\d+: ISTE has no preset tinny; did you mean tiny\?$/],
    ['- { name: A, model: archc/liif.arch, variants: [variants/lte-edsr.arch] }', /: archc\/variants\/lte-edsr\.arch:\d+:\d+: .*the base of what is compiled/],
    ['- { name: A, model: MODELS/iste.arch, set: [encoder.embd=3] }', /encoder\.embd=3: the filler of encoder has no parameter embd/],
    ['- { name: A, model: none.arch }', /FOLDER\/none\.arch: cannot read none\.arch: there is no such file$/],
    ['- { name: A, model: MODELS/lib/mlp.arch }', /declares no model/],
    ['- { name: A, model: MODELS/iste.arch, variants: [MODELS/variants/edsr-on-bicubic.arch] }', /the base of what is compiled/],
    ['- { name: A }', /A takes either a model or weights$/],
    ['- { name: A, model: MODELS/iste.arch, weights: plain }', /A takes either a model or weights$/],
    ['- { name: A, weights: plane }', /there are no weights plane; did you mean plain\? .* FOLDER\/plane is not there$/],
    ['- { name: A, model: MODELS/edsr.arch, preset: x4 }', /A enlarges 4 times only, not 2 times; its field at says what makes it enlarge by each scale$/],
    ['- { name: A, model: MODELS/edsr.arch, at: { 4: { preset: x2 } } }', /A enlarges 2 times only, not 4 times/],
    ['- { name: A, model: MODELS/edsr.arch, at: { 3: { preset: x3 } } }', /3 is no scale of this experiment; it has 2, 4$/],
    [`${iste}\n${iste}`, /the block a has a system called ISTE already$/],
    [`${iste}\n- { name: LIIF, model: MODELS/liif.arch, preset: tiny }`, /LIIF would be judged on other pictures than ISTE: at x2 its own are made by resize\(bicubic\), those by blur\(0\.5\), then resize\(bicubic\)/],
    ['- { name: Bicubic, model: MODELS/iste.arch }', /Bicubic stands beside every number without being named$/],
  ])('%s', async (systems, expected) => {
    const lines = await said(written('names', systems))
    expect(lines).toEqual([expect.stringMatching(expected) as string])
    expect(lines[0]).toMatch(/^(9|10):\d+: /)
  }) // prettier-ignore

  it('data that is not there, that is trained on, or is called alike', async () => {
    const two = path.join(folder, 'two')
    for (const part of ['a', 'b']) mkdirSync(path.join(two, part), { recursive: true })
    const file = written('data', iste)
    const { train, test } = { train: [path.join(root, 'samples', 'train.csv')], test: [path.join(root, 'samples', 'train')] }
    await expect(planExperiment(readExperiment(file), { train, test })).rejects.toThrow(
      /:2:\d+: brecahad_10011\.jpg is trained on \(train\/brecahad_10011\.jpg\)/,
    )
    await expect(planExperiment(readExperiment(file), { test: [two] })).rejects.toThrow('the folder is empty')
    writeFileSync(
      file,
      `title: t\ndata: { train: none.csv, test: ${samples}/test, split: s, leaks: l }\nscales: { in: [2] }\nbudget: { steps: 1 }\nconcludes: c\nblocks: [{ name: a, systems: [{ name: A, model: ${models}/iste.arch }] }]\n`,
    )
    expect(await said(file)).toEqual(['2:16: FOLDER/none.csv: there is no such file or folder'])
  })

  it('data that is the same picture in another format, or too small to be judged, before anything is trained', async () => {
    const judged = path.join(folder, 'judged')
    mkdirSync(judged, { recursive: true })
    await writePng(painted(80, 80, 1), path.join(folder, 'mine.png'))
    await sharp(path.join(folder, 'mine.png')).tiff({ compression: 'deflate' }).toFile(path.join(judged, 'other.tif'))
    await writePng(painted(20, 20, 2), path.join(judged, 'small.png'))
    const lines = await planExperiment(readExperiment(written('same', iste)), {
      train: [path.join(folder, 'mine.png')],
      test: [judged],
    }).catch((error: unknown) => (error as Error).message)
    expect(lines).toMatch(/other\.tif is trained on \(mine\.png\): a picture that is judged must not be/)
    expect(lines).toMatch(/too small to be judged:\n +small\.png \(20 x 20\) at x4: a border of 10 pixels/)
  })

  it('but groups on both sides are said, and allowed: the paper splits so', async () => {
    const sides = ['tr', 'te'] as const
    for (const [at, side] of sides.entries()) {
      await writePng(painted(60, 60, 10 + at), path.join(folder, `${side}.png`))
      writeFileSync(path.join(folder, `${side}.csv`), `path,group\n${side}.png,S1\n`)
    }
    const [train, test] = sides.map((side) => [path.join(folder, `${side}.csv`)])
    const plan = await planExperiment(readExperiment(written('groups', iste)), { train: train!, test: test! })
    expect(sharedGroups(plan)).toEqual(['S1'])
    expect(dataLines(plan)).toEqual(['to train on: 1 picture', 'to judge on: 1 picture'])
  })

  it('pictures to show that are not judged on, at scales that there are not', async () => {
    const file = path.join(folder, 'show.yaml')
    writeFileSync(
      file,
      `title: t\ndata: { train: ${samples}/train.csv, test: ${samples}/test, split: s, leaks: l }\nscales: { in: [2] }\nbudget: { steps: 1 }\nconcludes: c\nblocks:\n  - name: a\n    show: [{ picture: cmu1.png, m: 2 }, { picture: cmu1_x620_y560.png, m: 3 }]\n    systems: [{ name: A, model: ${models}/iste.arch }]\n`,
    )
    expect(await said(file)).toEqual([
      '8:23: no judged picture is called cmu1.png; there are cmu1_x620_y560.png',
      '8:75: x3 is no scale of this experiment; it has 2',
    ])
  })

  it('a reference that is no system, and rows of the paper that do not fit', async () => {
    const file = written(
      'paper',
      iste,
      `budget: { steps: 3 }\npaper: { source: p, scales: [2], rows: [{ dataset: d, system: s, psnr: [1, 2] }] }`,
    )
    expect(await said(file)).toEqual([expect.stringMatching(/^6:\d+: 2 numbers for the paper's 1 scales$/)])
  })
})

describe('what it comes to', () => {
  const systems = `- { name: ISTE, model: MODELS/iste.arch, preset: tiny, seeds: [1, 2], scopes: [full, lattice(9)], set: [&d "train.degrade=[resize(kernel: bicubic)]"] }
- { name: EDSR, model: MODELS/edsr.arch, set: [*d], at: { 2: { preset: x2 }, 4: { preset: x4 } } }`

  it('a training for each seed and for each scale of what has one only', async () => {
    const plan = await planExperiment(readExperiment(written('plan', systems)))
    expect(plan.trainings.map(({ title, scales, scopes }) => [title, scales, scopes])).toEqual([
      ['ISTE, a, seed 1', [2, 4], ['full', 'lattice(9)']],
      ['ISTE, a, seed 2', [2, 4], ['full', 'lattice(9)']],
      ['EDSR, a, x2, seed 1', [2], [undefined]],
      ['EDSR, a, x4, seed 1', [4], [undefined]],
    ])
    expect(onlyThose(plan, ['EDSR']).trainings).toHaveLength(2)
    expect(() => onlyThose(plan, ['EDSr'])).toThrow('nothing in this experiment is called EDSr')
  })

  it('a key changes with whatever decides the weights, and with nothing else', async () => {
    const file = written('key', iste)
    const keys = async (text: (before: string) => string, steps?: number): Promise<string> => {
      const before = written('key', iste)
      const { readFileSync } = await import('node:fs')
      writeFileSync(before, text(readFileSync(before, 'utf8')))
      return (await planExperiment(readExperiment(file), steps === undefined ? {} : { steps })).trainings[0]!.key
    }
    const same = await keys((text) => text)
    for (const other of [
      (text: string) => text.replace('title: t', 'title: another'),
      (text: string) => text.replace('in: [2, 4]', 'in: [2, 3]'),
      (text: string) => text.replace('name: ISTE', 'name: mine'),
      (text: string) => text.replace('preset: tiny', 'preset: tiny, scopes: [full]'),
    ])
      expect(await keys(other)).toBe(same)
    const others = [
      await keys((text) => text.replace('steps: 3', 'steps: 4')),
      await keys((text) => text.replace('preset: tiny', 'preset: micro')),
      await keys((text) => text.replace('preset: tiny', 'preset: tiny, set: [train.B=1]')),
      await keys((text) => text.replace('preset: tiny', 'preset: tiny, seeds: [2]')),
      await keys((text) => text.replace('train.csv', 'train')),
    ]
    expect(new Set([same, ...others]).size).toBe(others.length + 1)
    expect(await keys((text) => text, 4)).toBe(others[0])
  })

  it.each([
    ['full', { kind: 'full' }],
    ['lattice(2304)', { kind: 'lattice', count: 2304 }],
    ['raster(30000)', { kind: 'raster', count: 30000 }],
  ])('scope %s', (text, expected) => expect(scopeOf(text)).toEqual(expected))
})

describe('weights that are there', () => {
  const ready = '{ name: live, weights: live }'
  const block = (name: string, degrade: string) =>
    `  - { name: ${name}, set: ['evaluate.degrade=${degrade}'], systems: [${ready}] }`
  const file = (blocks: string): string => {
    const place = path.join(folder, 'ready.yaml')
    writeFileSync(
      place,
      `title: t\ndata: { test: ${path.relative(folder, path.join(root, 'samples', 'test'))}, split: s, leaks: l }\nscales: { in: [2] }\nconcludes: c\nblocks:\n${blocks}\n`,
    )
    return place
  }

  it('need no budget and nothing to train on, and blocks may see other pictures', async () => {
    const { trainings } = await planExperiment(
      readExperiment(file(`${block('a', '[resize(kernel: bicubic)]')}\n${block('b', '[resize(kernel: bilinear)]')}`)),
    )
    expect(trainings.map(({ title, weights }) => [title, path.basename(weights!.file)])).toEqual([['live, a', 'live.safetensors'], ['live, b', 'live.safetensors']]) // prettier-ignore
    expect(new Set(trainings.map(({ key }) => key)).size).toBe(2)
  })

  it('what is trained beside them needs both', async () => {
    const trained = '  - { name: c, systems: [{ name: ISTE, model: archc/iste.arch, preset: tiny }] }'
    const lines = await said(file(`${block('a', '[resize(kernel: bicubic)]')}\n${trained}`))
    expect(lines).toEqual([expect.stringMatching(/it is trained, and the file has no budget$/), expect.stringMatching(/it is trained, and the file has no data to train on$/)]) // prettier-ignore
  })
})

describe('the shipped experiments', () => {
  it.each([
    ['table1-small', 20],
    ['table2-small', 16],
    ['scopes-small', 1],
    ['real', 16],
  ])('%s is right: %i trainings', async (name, count) => {
    const plan = await planExperiment(readExperiment(path.join(root, 'experiments', `${name}.yaml`)))
    expect(plan.trainings).toHaveLength(count)
  })

  it.each([
    ['table1', 13],
    ['table2', 4],
  ])('%s lacks the pictures alone: %i trainings with others', async (name, count) => {
    const experiment = readExperiment(path.join(root, 'experiments', `${name}.yaml`))
    await expect(planExperiment(experiment)).rejects.toThrow(/2 things are wrong/)
    const [train, test] = [[path.join(root, 'samples', 'train.csv')], [path.join(root, 'samples', 'test')]]
    expect((await planExperiment(experiment, { train, test })).trainings).toHaveLength(count)
  })

  it('one training serves all three tables', async () => {
    const keys = await Promise.all(
      ['table1-small', 'table2-small', 'scopes-small'].map(async (name) => {
        const { trainings } = await planExperiment(readExperiment(path.join(root, 'experiments', `${name}.yaml`)))
        return trainings.find(({ system, block, seed }) => system === 'ISTE' && block === 'on bicubic' && seed === 1)!.key
      }),
    )
    expect(new Set(keys).size).toBe(1)
  })
})
