import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { compile } from '../../src/compiler/index.ts'
import { archFiles, hostIn, ownNames, placeOf } from '../../src/runtime/host.ts'
import { loadModel } from '../../src/runtime/network/load-model.ts'
import { sourcesHost, sourcesText } from '../../src/runtime/network/sources.ts'
import { root, temporaryFolder } from './network/small.ts'

const folder = temporaryFolder()
const host = hostIn(folder)
const write = (name: string, text: string): void => {
  mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
  writeFileSync(path.join(folder, name), text)
}
write('lte.arch', '')
write('archc/liif.arch', '')
write('sub/archc/lib/mlp.arch', '')

describe('names of files', () => {
  it('archc’s own are all of models/', () => {
    expect(ownNames()).toEqual(archFiles(path.join(root, 'models')).map((file) => `archc/${path.relative(path.join(root, 'models'), file)}`)) // prettier-ignore
    expect(ownNames()).toContain('archc/lib/mlp.arch')
    for (const name of ownNames()) expect(host.read(name)).toEqual({ text: readFileSync(placeOf(name), 'utf8') })
  })

  it.each([
    ['iste.arch', 'archc/iste.arch'],
    ['archc/iste.arch', 'archc/iste.arch'],
    ['lib/mlp.arch', 'archc/lib/mlp.arch'],
    ['./edsr.arch', 'archc/edsr.arch'],
    ['lte.arch', 'lte.arch'], // at hand
    ['archc/liif.arch', './archc/liif.arch'], // at hand
    ['mine.arch', 'mine.arch'], // nowhere
    ['archc/mine.arch', 'archc/mine.arch'],
    ['lib', 'lib'], // a folder
    ['../package.json', '../package.json'],
    ['../models/iste.arch', '../models/iste.arch'],
    ['-', '-'],
  ])('%s on the command line is %s', (given, name) => expect(host.named(given)).toBe(name))

  it.each([
    ['mine.arch', './other.arch', 'other.arch'],
    ['mine.arch', 'archc/iste.arch', 'archc/iste.arch'],
    ['sub/mine.arch', 'archc/iste.arch', 'archc/iste.arch'],
    ['sub/mine.arch', 'archc/lib/mlp.arch', 'sub/archc/lib/mlp.arch'], // at hand
    ['mine.arch', 'archc/liif.arch', './archc/liif.arch'], // at hand
    ['mine.arch', './archc/iste.arch', './archc/iste.arch'], // nowhere
    ['mine.arch', 'iste.arch', 'iste.arch'], // in a file archc's own are written in full
    ['sub/mine.arch', '/nets/other.arch', '/nets/other.arch'],
    ['mine.arch', '/nets/../archc/iste.arch', '/archc/iste.arch'],
    ['archc/iste.arch', '/nets/other.arch', '/nets/other.arch'],
    ['archc/iste.arch', './lib/mlp.arch', 'archc/lib/mlp.arch'],
    ['archc/ablations/wo-lfi.arch', '../iste.arch', 'archc/iste.arch'],
    ['./archc/liif.arch', './lib/mlp.arch', './archc/lib/mlp.arch'],
  ])('in %s %s is %s', (from, to, name) => expect(host.resolve(from, to)).toBe(name))

  it.each([
    ['archc/istte.arch', ['archc/iste.arch']],
    ['iste', ['archc/iste.arch']],
    ['sub/iste.arch', ['archc/iste.arch']],
    ['mlp.arch', ['archc/lib/mlp.arch']],
    ['wo-stf.arch', ['archc/ablations/wo-stf.arch']],
    ['wo-lfd.arch', ['archc/ablations/wo-lfi.arch', 'archc/ablations/wo-ltd.arch']],
    ['block.arch', []],
    ['net.arch', []],
  ])('where %s is not, %j may be meant', (file, near) =>
    expect(host.read(file)).toEqual({ problem: 'there is no such file', near }),
  )
})

describe('a run keeps what its names meant', () => {
  const variant = 'variant "mine" of ISTE from "archc/iste.arch"\nreplace lfi with (x) => x\n'
  /** Compiled once in a folder, then from what is kept alone. */
  const again = (file: string, texts: Readonly<Record<string, string>>): string => {
    const there = path.join(folder, file, 'there')
    for (const [name, text] of Object.entries(texts)) write(path.join(file, 'there', name), text)
    const door = hostIn(there)
    const { sources, diagnostics } = compile(door.named(file), door, { preset: 'tiny' })
    expect(diagnostics).toEqual([])
    const { model, sources: kept } = loadModel(door.named(file), { preset: 'tiny' }, sourcesHost(sourcesText(sources, { preset: 'tiny' }))) // prettier-ignore
    expect([...kept]).toEqual([...sources])
    return [model.variants[0] ?? model.name, ...kept.keys()].join(' ')
  }
  const own = 'archc/iste.arch archc/lib/swinir.arch archc/lib/mlp.arch'
  const text = (name: string): string => readFileSync(placeOf(`archc/${name}`), 'utf8')
  const copies = Object.fromEntries(['iste.arch', 'lib/swinir.arch', 'lib/mlp.arch'].map((name) => [`archc/${name}`, text(name)]))

  it.each<[string, string, Readonly<Record<string, string>>, string]>([
    ['archc’s own', 'iste.arch', {}, `ISTE ${own}`],
    ['a variant of archc’s own', 'mine.arch', { 'mine.arch': variant }, `mine mine.arch ${own}`],
    [
      'a folder archc at hand',
      'mine.arch',
      { 'mine.arch': variant, ...copies },
      'mine mine.arch ./archc/iste.arch archc/lib/swinir.arch archc/lib/mlp.arch'.replaceAll(' archc', ' ./archc'),
    ],
  ])('%s', (_what, file, texts, expected) => expect(again(file, texts)).toBe(expected))

  it('made from the folder around a clone, before archc’s own had names', () => {
    const sources = new Map([
      ['mine.arch', variant.replace('archc/', './archc/models/')],
      ['archc/models/iste.arch', text('iste.arch')],
      ['archc/models/lib/swinir.arch', text('lib/swinir.arch')],
      ['archc/models/lib/mlp.arch', text('lib/mlp.arch')],
    ])
    const { model } = loadModel('mine.arch', { preset: 'tiny' }, sourcesHost(sourcesText(sources, {})))
    expect(model.variants).toEqual(['mine'])
  })
})

it('what cannot be read is said as everywhere', () => {
  write('net.arch', '')
  expect(host.read('sub')).toEqual({ problem: 'it is a folder' })
  expect(host.read('net.arch/net.arch')).toEqual({ problem: 'a part of the path is a file, not a folder' })
  expect(host.read('n'.repeat(300))).toEqual({ problem: 'the name is too long' })
})
