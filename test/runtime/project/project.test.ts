import { describe, expect, it } from 'vitest'
import { format } from '../../../src/compiler/format/format.ts'
import { check } from '../../../src/compiler/index.ts'
import { fileHost } from '../../../src/runtime/host.ts'
import { ablationProject, networkProject, type ProjectFiles } from '../../../src/runtime/project/project.ts'

const archIn = (files: ProjectFiles): string[] => [...files.keys()].filter((name) => name.endsWith('.arch'))
const rest = ['README.md', '.gitignore', 'package.json', '.github/workflows/arch.yml']

describe('a project of ablations', () => {
  it.each([
    ['iste', ['wo-lfi', 'wo-ltd', 'wo-stf'], 'replace lfi with (x) => linear(x, out: width)'],
    ['archc/liif.arch', ['shallow', 'wo-cell', 'wo-ensemble', 'wo-unfolding', 'x2', 'x3', 'x4'], 'replace unfolded with (x) => linear(x, out: width)'],
    ['lte.arch', ['wo-base', 'half-width', 'half-dim'], 'replace decoder with (x) => linear(x, out: 3)'],
    ['edsr', ['half-width', 'half-blocks'], 'set blocks = 32'],
    ['edsr-pytorch', ['half-width', 'half-blocks'], 'set blocks = 32'],
    ['li', ['half-generator-first'], 'set generator.first = 64'],
  ])('of %s: %j', (network, ablations, own) => {
    const files = ablationProject(network)
    const variants = [...ablations.map((name) => `ablations/${name}.arch`), 'mine.arch']
    expect([...files.keys()].sort()).toEqual([...variants, ...rest].sort())
    expect(files.get('mine.arch')).toContain(`\n${own}\n`)
    for (const name of variants) {
      expect(format(files.get(name)!, name)).toBe(files.get(name))
      expect(files.get('README.md')).toMatch(new RegExp(`^\\| \\[${name}\\]\\(${name}\\) \\| [\\d,]+ \\| .+\\. \\|$`, 'm'))
    }
    const host = { ...fileHost, read: (name: string) => (files.has(name) ? { text: files.get(name)! } : fileHost.read(name)) }
    const { diagnostics, checked } = check(variants, host)
    expect(diagnostics).toEqual([])
    expect(checked.every(({ kind }) => kind === 'variant')).toBe(true)
    expect([...files.values()].join('')).not.toMatch(/\{\{|undefined/)
  }) // prettier-ignore

  it.each([
    ['istte', /^archc has no network of its own that is called istte; did you mean iste\?$/],
    ['lib/mlp', /^archc has no network of its own that is called lib\/mlp$/],
    ['bicubic', /^nothing in Bicubic can be taken out or set: /],
    ['inception-v3-fid', /^nothing in InceptionV3 can be taken out or set: /],
  ])('of %s: refused', (network, message) => expect(() => ablationProject(network)).toThrow(message))
})

it('a project of a network: its texts are right and formatted', () => {
  const files = networkProject()
  expect([...files.keys()].sort()).toEqual(['network.arch', 'ablations/without-attention.arch', ...rest].sort())
  for (const name of archIn(files)) expect(format(files.get(name)!, name)).toBe(files.get(name))
})
