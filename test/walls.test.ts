import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from './runtime/network/small.ts'

/**
 * The rooms of the house, ground floor first: a room imports from its own and from those before it. With that there is no
 * circle between rooms and no way up. The grammar makes the tree that syntax describes: one room. docs/house.md is the map.
 */
const rooms = [
  'src/errors.ts', 'src/own.ts', 'src/root.ts', 'src/version.ts',
  // The language.
  'src/compiler/diagnostics', 'src/compiler/shapes', 'grammar + src/compiler/syntax', 'src/compiler/names', 'src/compiler/ir', 'src/compiler/ops', 'src/compiler/optimisers',
  'src/compiler/picture-operations.ts', 'src/compiler/plan.ts', 'src/compiler/per-item.ts', 'src/compiler/passes', 'src/compiler/elaborate', 'src/compiler/lint', 'src/compiler/kernels', 'src/compiler/targets',
  'src/compiler/format', 'src/compiler/graph-view', 'src/compiler/provenance', 'src/compiler/summary.ts', 'src/compiler/compare.ts', 'src/compiler/module.ts', 'src/compiler/alone.ts', 'src/compiler/index.ts', 'src/compiler/ablations.ts',
  'src/terminal-line.ts',
  // What computes, and on what.
  'src/runtime/files', 'src/runtime/data', 'src/runtime/metrics', 'src/runtime/engine', 'src/runtime/slides', 'src/runtime/compute', 'src/runtime/host.ts', 'src/index.ts', 'src/runtime/project', 'src/runtime/network', 'src/runtime/weights',
  'src/runtime/predict', 'src/runtime/evaluate', 'src/runtime/train', 'src/runtime/upscale', 'src/library.ts',
  // The paper's laboratory: nothing that checks, trains, evaluates or enlarges needs it.
  'src/runtime/report', 'src/runtime/frechet', 'src/runtime/data-recipes', 'src/runtime/experiment', 'src/runtime/figures', 'src/runtime/parity',
  // Looking: a server, and the page that runs in browsers and imports nothing of the house.
  'src/runtime/view', 'src/viewer',
  'src/editor', 'src/cli',
] // prettier-ignore

/** What only some rooms may name. */
const banned: readonly { readonly what: RegExp; readonly but: readonly string[]; readonly why: string }[] = [
  {
    what: /^(node:|fs$|path$|os$)/,
    but: [
      'src/runtime',
      'src/cli',
      'src/editor',
      'src/library.ts',
      'src/root.ts',
      'src/version.ts',
      'src/terminal-line.ts',
      'src/compiler/format',
    ],
    why: 'the compiler reads no file: a host is handed in',
  },
  {
    what: /^@tensorflow\//,
    but: ['src/runtime', 'src/compiler/targets/layers'],
    why: 'formulas are written for a Backend',
  },
  {
    what: /^@tensorflow\/tfjs-node/,
    but: ['src/runtime/engine'],
    why: 'which TensorFlow it is, and how it got here, is the engine room’s',
  },
  {
    what: /^(commander|vscode-languageserver.*)$/,
    but: ['src/cli', 'src/editor'],
    why: 'rooms below know no command line and no editor',
  },
  {
    what: /^koffi$/,
    but: ['src/runtime/slides/openslide.ts', 'src/runtime/view/arenas.ts'],
    why: 'libraries in C run in a process of their own; the allocator alone is told something in this one',
  },
  { what: /^dcmjs$/, but: ['src/runtime/slides/dicom-dataset.ts'], why: 'attributes of DICOM are made in one place' },
  { what: /^node:http$/, but: ['src/runtime/view'], why: 'one room listens' },
  { what: /^sharp$/, but: ['src/runtime', 'src/cli'], why: 'pictures are the runtime’s' },
]

const sources = ['grammar', 'src'].flatMap((folder) =>
  readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => path.posix.join(folder, file.split(path.sep).join('/'))),
)
const within = (file: string, place: string): boolean => file === place || file.startsWith(`${place}/`)
const roomOf = (file: string): number => rooms.findIndex((room) => room.split(' + ').some((place) => within(file, place)))

/** What a file imports, types included: modules of the project by path, packages by name. */
const importsOf = (file: string): string[] =>
  [...readFileSync(path.join(root, file), 'utf8').matchAll(/(?:from |import\(|import )'([^']+)'/g)].map(([, name]) =>
    name!.startsWith('.') ? path.posix.join(path.posix.dirname(file), name!) : name!,
  )

describe('the walls of the house', () => {
  it('stand around every source', () => {
    expect(sources.length).toBeGreaterThan(300)
    expect(sources.filter((file) => roomOf(file) === -1)).toEqual([])
    expect(rooms.flatMap((room) => room.split(' + ')).filter((place) => !sources.some((file) => within(file, place)))).toEqual([])
  })

  it('let no import up', () => {
    const up = sources.flatMap((file) =>
      importsOf(file)
        .filter((target) => roomOf(target) > roomOf(file))
        .map((target) => `${file} imports ${target}`),
    )
    expect(up).toEqual([])
  })

  it.each(banned)('keep $what where it belongs: $why', ({ what, but }) => {
    const strays = sources
      .filter((file) => !but.some((place) => within(file, place)))
      .flatMap((file) => importsOf(file).filter((name) => what.test(name)).map((name) => `${file} imports ${name}`)) // prettier-ignore
    expect(strays).toEqual([])
  })
})
