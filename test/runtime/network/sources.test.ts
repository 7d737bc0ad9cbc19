import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { archcRoot } from '../../../src/root.ts'
import { loadModel } from '../../../src/runtime/network/load-model.ts'
import { modelOfFile, readNetworkFile } from '../../../src/runtime/network/network-file.ts'
import { sourcesHost, sourcesOf, sourcesText } from '../../../src/runtime/network/sources.ts'
import { memoryHost } from '../../compiler/memory-host.ts'

const main = '/// A network.\nmodel M {\n}\n'

describe('what a run keeps of its sources comes back as it was', () => {
  it.each<[string, readonly (readonly [string, string])[]]>([
    ['one file', [['m.arch', main]]],
    ['several, with and without a line break at the end', [['m.arch', main], ['lib/a.arch', 'module A {}'], ['b.arch', '\n\n']]],
    ['an empty one', [['m.arch', ''], ['b.arch', ''], ['c.arch', main]]],
    ['a remark of dashes', [['m.arch', `// ---- training\n${main}// ----\n// ---- \n//---- x.arch\n// ---- "\n// ---- 5\n// ---- null\n`]]],
    ['a line that is a header', [['m.arch', `// ---- m.arch\n${main}// ---- b.arch\n// ---- "c.txt"\n`], ['b.arch', '// ---- b.arch']]],
    ['a line that is a header with backslashes', [['m.arch', '// \\---- b.arch\n// \\\\---- b.arch\n// \\---- training\n// \\\\---- "b"\n'], ['b.arch', main]]],
    ['the text of another run', [['m.arch', sourcesText(new Map([['m.arch', '// ---- a.arch\n'], ['n.txt', '// \\---- a.arch\n']]), { preset: 'tiny', sets: ['a=1'] })], ['a.arch', main]]],
    ['a header in documentation, indented, behind something', [['m.arch', '/// ---- a.arch\n  // ---- a.arch\nlet x // ---- a.arch\n']]],
    ['line breaks of Windows and of old Macs', [['m.arch', '// ---- a.arch\r\nmodel\r// ---- b.arch\r\n// ---- c.arch\n'], ['c.arch', main]]],
    ['a byte order mark, a null, letters of all kinds', [['m.arch', '\ufeff// ---- a.arch\n\0\u2028// ---- a.arch\u2028\n🙂'], ['a.arch', '\ufeff']]],
    ['names of all kinds', ['-', 'net.txt', 'a b.arch', '"a.arch', '"a.arch"', 'a"b.arch', 'a\nb.arch', 'a\n// ---- m.arch', '// ---- x.arch', '\\.arch', '.arch', '--set.arch', 'ä.arch'].map((name) => [name, `${name}\n${main}`] as const)],
    ['a first file of any name', [['training\n', main], ['training', main]]],
  ])('%s', (_what, sources) => {
    const text = sourcesText(new Map(sources), { preset: 'tiny' })
    expect([...sourcesOf(text)]).toEqual(sources)
    for (const [name, source] of sources) expect(sourcesHost(text).read(name)).toEqual({ text: source })
  }) // prettier-ignore

  it('with settings that look like sources, which are no files', () => {
    const sets = ['a=1', 'b=2\n// ---- b.arch\nmodel', 'c=3\n---- c.arch']
    const sources = new Map([['m.arch', main], ...sets.map((set) => [`--set ${set}`, set] as const)])
    const text = sourcesText(sources, { preset: 'tiny', sets })
    expect([...sourcesOf(text)]).toEqual([['m.arch', main]])
    expect(text.split('\n').slice(0, 2)).toEqual(['// preset tiny', '// set a=1'])
  })

  it('and harmless sources can be read as they were written', () => {
    const text = sourcesText(new Map([['m.arch', '// ---- training\nmodel M {}\n'], ['lib/a.arch', 'module A {}\n']]), {}) // prettier-ignore
    expect(text).toBe('// preset (defaults)\n// ---- m.arch\n// ---- training\nmodel M {}\n\n// ---- lib/a.arch\nmodule A {}\n')
  })
})

it.each(['training', 'net.arch', '"net.arch"'])('a network with the remark // ---- %s opens as it was trained', (name) => {
  const network = readFileSync(path.join(archcRoot, 'templates/init/network.arch'), 'utf8')
  const remarked = network.replace(/^train \{/m, `// ---- ${name}\ntrain {`)
  expect(remarked).not.toBe(network)
  const written = loadModel('net.arch', {}, memoryHost({ 'net.arch': remarked }))
  const opened = loadModel('net.arch', {}, sourcesHost(written.text))
  expect(opened.sources).toEqual(written.sources)
  expect(opened.model.train!.degrade).toEqual(written.model.train!.degrade)
  expect(written.model.train!.degrade).not.toEqual([])
})

describe('what archc wrote at first still opens', () => {
  it.each<[string, string, readonly (readonly [string, string])[]]>([
    ['a file without its ending', `// preset tiny\n// ---- net\n${main}`, [['net', main]]],
    ['standard input', `// preset tiny\n// ---- -\n${main}`, [['-', main]]],
    ['a remark that cut it', '// preset tiny\n// ---- m.arch\nmodel\n\n// ---- training\ntrain\n\n// ---- a.arch\nA', [['m.arch', 'model\n\n// ---- training\ntrain\n'], ['a.arch', 'A']]],
    ['quotes in a remark', '// ---- m.arch\n// ---- "a" and "b"\n', [['m.arch', '// ---- "a" and "b"\n']]],
    ['nothing', '', []],
  ])('%s', (_what, text, sources) => expect([...sourcesOf(text)]).toEqual(sources)) // prettier-ignore

  const weights = ['models/weights', 'experiments/results'].flatMap((folder) =>
    (readdirSync(path.join(archcRoot, folder), { recursive: true }) as string[])
      .filter((file) => file.endsWith('.safetensors'))
      .map((file) => path.join(folder, file)),
  )
  it.each(weights)('%s, with the same text', async (file) => {
    const network = await readNetworkFile(path.join(archcRoot, file))
    expect(modelOfFile(network).text).toBe(network.text)
  })
})
