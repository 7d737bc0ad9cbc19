import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { toDot } from '../../../src/compiler/graph-view/dot.ts'
import { graphView, type FoldOptions } from '../../../src/compiler/graph-view/fold.ts'
import { toMermaid } from '../../../src/compiler/graph-view/mermaid.ts'
import { partPaths } from '../../../src/compiler/graph-view/paths.ts'
import { toSvg } from '../../../src/compiler/graph-view/svg.ts'
import type { GraphView } from '../../../src/compiler/graph-view/view.ts'
import { compile, type CompileOptions } from '../../../src/compiler/index.ts'
import { parameterCount } from '../../../src/compiler/ir/graph.ts'
import { archFiles, fileHost } from '../../../src/runtime/host.ts'
import { root } from '../../runtime/network/small.ts'
import { memoryHost } from '../memory-host.ts'

const files = {
  'small.arch': `/// One block & its skip.
module Block {
  input x: [B, h, w, c]
  output [B, h, w, c]
  let inner = x -> conv(out: c, kernel: 3) -> relu -> conv(out: c, kernel: 3)
  return x + inner
}
module Pad {
  input x: [B, h, w, c]
  output [B, ?, ?, c]
  return x -> pad_to(multiple: 8, mode: reflect)
}
model Small {
  scale m = 2
  input lr: [B, h, w, 3] as image
  output sr: [B, 2 * h, 2 * w, 3] as image
  slot padded: [B, h, w, 3] -> [B, ?H, ?W, 3] = Pad()
  slot deep: [B, H, W, 4] -> [B, H, W, 4] = (x) => x -> conv(out: 4, kernel: 1)
  let f = lr -> padded -> conv(out: 4, kernel: 3)
  let body = f -> repeat 2 { Block() }
  let painted = body -> deep -> conv(out: 12, kernel: 3) -> pixel_shuffle(by: 2) -> crop(to: [2 * h, 2 * w])
  return painted
}
`,
  'other.arch': 'variant "other" of Small from "./small.arch"\nreplace deep with (x) => x -> gelu\n',
  'none.arch': 'variant "none" of Small from "./small.arch"\nreplace deep with (x) => x\n',
  'shared.arch': `model Shared {
  scale m = 1
  input lr: [B, h, w, 3] as image
  output sr: [B, h, w, 3] as image
  slot f: [B, h, w, 3] -> [B, h, w, 3] = (x) => x -> conv(out: 3, kernel: 1)
  let twice = (lr -> relu) -> f -> relu
  return twice + lr
}
`,
}

const view = (file: string, fold: FoldOptions = {}, options: CompileOptions = {}): GraphView => {
  const { model, sources, diagnostics } = compile(file, memoryHost(files), options)
  if (!model) throw new Error(JSON.stringify(diagnostics))
  return graphView(model, sources, fold)
}

/** A line each: what stands in a box, and what goes along an arrow. */
const boxes = ({ boxes: all }: GraphView): string[] =>
  all.map((box) =>
    box.kind === 'part'
      ? `${box.id} = ${box.name}: ${box.does}, ${box.parameters}${box.isSlot ? ', slot' : ''}${box.isReplaced ? ', replaced' : ''}${box.isFolded ? ', folded' : ''}${box.frame ? ` in ${box.frame}` : ''}`
      : `${box.kind} ${box.name} ${box.role} ${box.shape}`,
  )
const edges = ({ edges: all }: GraphView): string[] =>
  all.map(({ from, to, values }) => `${from} > ${to}: ${values.map(({ name, shape }) => `${name ?? ''}${shape}`).join(' ')}`)

describe('a folded network', () => {
  it('has a box for each slot, let and return, and what goes between them by the names of the contract', () => {
    const small = view('small.arch')
    expect(small.title).toBe('Small')
    expect(small.parameters).toBe(1168)
    expect(small.notes).toEqual(['H = 8 * ceil(h / 8)', 'W = 8 * ceil(w / 8)'])
    expect(boxes(small)).toEqual([
      'input lr image [B, h, w, 3]',
      'padded = padded: Pad, 0, slot, folded',
      'f = f: conv, 112',
      'body = body: 2 x Block, 592, folded',
      'deep = deep: conv, 20, slot',
      'painted = painted: conv, pixel_shuffle, crop, 444',
      'output sr image [B, 2 * h, 2 * w, 3]',
    ])
    expect(edges(small)).toEqual([
      'input 0 > padded: [B, h, w, 3]',
      'padded > f: [B, H, W, 3]',
      'f > body: [B, H, W, 4]',
      'body > deep: [B, H, W, 4]',
      'deep > painted: [B, H, W, 4]',
      'painted > output sr: [B, 2 * h, 2 * w, 3]',
    ])
  })

  it('shows more of it by its depth: turns, then what is in them', () => {
    expect(view('small.arch', { depth: 2 }).frames.map(({ id, does }) => `${id}: ${does}`)).toEqual([
      'padded: Pad',
      'body: 2 x Block',
    ])
    const deep = view('small.arch', { depth: 3 })
    expect(deep.frames.map(({ id, frame, does, about }) => [id, frame, does, about])).toEqual([
      ['padded', undefined, 'Pad', ''],
      ['body', undefined, '2 x Block', ''],
      ['body[0]', 'body', 'Block', 'One block & its skip.'],
      ['body[1]', 'body', 'Block', 'One block & its skip.'],
    ])
    expect(boxes(deep).slice(3, 7)).toEqual([
      'body[0].inner = inner: conv, relu, conv, 296 in body[0]',
      'body[0]/ = : +, 0 in body[0]',
      'body[1].inner = inner: conv, relu, conv, 296 in body[1]',
      'body[1]/ = : +, 0 in body[1]',
    ])
    expect(edges(deep).slice(2, 5)).toEqual([
      'f > body[0].inner: [B, H, W, 4]',
      'f > body[0]/: [B, H, W, 4]',
      'body[0].inner > body[0]/: [B, H, W, 4]',
    ])
  })

  it('shows one part alone, with what goes in and comes out', () => {
    const block = view('small.arch', { module: 'body[1]' }, { preset: '' })
    expect(block.title).toBe('body[1] of Small: Block')
    expect(block.parameters).toBe(296)
    expect(boxes(block)).toEqual([
      'input body[0]  [B, H, W, 4]',
      'body[1].inner = inner: conv, relu, conv, 296',
      'body[1]/ = : +, 0',
      'output body  [B, H, W, 4]',
    ])
  })

  it('splits a let around what it calls', () => {
    expect(boxes(view('shared.arch'))).toEqual([
      'input lr image [B, h, w, 3]',
      'twice = twice: relu, 0',
      'f = f: conv, 12, slot',
      'twice#1 = twice: relu, 0',
      '/ = : +, 0',
      'output sr image [B, h, w, 3]',
    ])
  })

  it.each([
    ['other.arch', 'deep = deep: gelu, 0, slot, replaced', []],
    ['none.arch', undefined, ['deep is replaced with (x) => x: nothing computes there']],
  ])('shows what a variant replaced: %s', (file, box, notes) => {
    const drawn = view(file)
    expect(boxes(drawn).find((each) => each.startsWith('deep'))).toBe(box)
    expect(drawn.notes.slice(2)).toEqual(notes)
  })

  it('knows the paths of all parts', () => {
    const { model } = compile('small.arch', memoryHost(files))
    expect(partPaths(model!.graph)).toEqual([
      'padded', 'f', 'body', 'body[0]', 'body[0].inner', 'body[0].inner.conv', 'body[0].inner.conv2', 'body[1]', 'body[1].inner',
      'body[1].inner.conv', 'body[1].inner.conv2', 'deep', 'deep.conv', 'painted',
    ]) // prettier-ignore
  })
})

describe('ISTE', () => {
  const iste = (fold: FoldOptions = {}): GraphView => {
    const { model, sources } = compile(path.join(root, 'models', 'iste.arch'), fileHost)
    return graphView(model!, sources, fold)
  }

  it('is drawn as its text says', () => {
    const drawn = iste()
    expect(boxes(drawn)).toEqual([
      'input lr image [B, h, w, 3]',
      'input coord coordinates [B, q, 2]',
      'input cell cell [B, q, 2]',
      'encoder = encoder: SwinIR, 11603044, slot, folded',
      'at = at: corners, 0',
      'texture = texture: TextureLearner, 443648, folded',
      'lfi = lfi: LFI, 16640, slot, folded',
      'pixel = pixel: conv, take, 147712',
      'stf = stf: STF, 131072, slot, folded',
      'pixels = pixels: concat, 0',
      'lpd = lpd: MLP, 199171, slot, folded',
      'pixels#1 = pixels: ensemble, 0',
      'ltd = ltd: MLP, 198147, slot, folded',
      'textures = textures: ensemble, 0',
      '/ = : +, 0',
      'output rgb samples [B, q, 3]',
      'output by_lpd inspect [B, q, 3]',
      'output by_ltd inspect [B, q, 3]',
    ])
    // A product that both ensembles share is no arrow from one of them to the other.
    expect(edges(drawn).filter((edge) => edge.startsWith('at > '))).toEqual([
      'at > texture: indexi32[B, q, 4] offset[B, q, 4, 2] cell[B, q, 4, 2]',
      'at > pixel: indexi32[B, q, 4]',
      'at > pixels: offset[B, q, 4, 2] cell[B, q, 4, 2]',
      'at > pixels#1: weight[B, q, 4]',
      'at > textures: weight[B, q, 4]',
    ])
  })

  it('counts every parameter once, at any depth', () => {
    for (const depth of [1, 2, 4, 99]) {
      const counts = iste({ depth }).boxes.map((box) => (box.kind === 'part' ? box.parameters : 0))
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(12_739_434)
    }
  })

  it('leaves out what a module shares with another by its sizes only', () => {
    const block = iste({ module: 'encoder.body[0].body[1].attention.WindowAttention' })
    expect(boxes(block).filter((box) => !box.includes(' = '))).toEqual([
      'input layer_norm  [B, H, W, 180]',
      'output attention  [B, H, W, 180]',
    ])
  })
})

describe('every network that archc carries', () => {
  const models = path.join(root, 'models')
  it.each(archFiles(models).map((file) => path.relative(models, file)))(
    '%s has each parameter in one box, and no loose end',
    (name) => {
      const { model, sources } = compile(path.join(models, name), fileHost)
      for (const depth of model ? [1, 2, 99] : []) {
        const { boxes: all, edges: arrows, frames } = graphView(model!, sources, { depth })
        const counts = all.map((box) => (box.kind === 'part' ? box.parameters : 0))
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(parameterCount(model!.graph))
        const ids = new Set(all.map((box) => box.id))
        expect(ids.size).toBe(all.length)
        expect(arrows.filter(({ from, to }) => !ids.has(from) || !ids.has(to))).toEqual([])
        const known = new Set([undefined, ...frames.map((frame) => frame.id)])
        expect([...all, ...frames].filter((each) => 'frame' in each && !known.has(each.frame))).toEqual([])
      }
    },
  )
})

describe('as text', () => {
  it('Mermaid', () => {
    expect(toMermaid(view('other.arch'))).toBe(`---
title: "Small, other; 1,148 parameters; H = 8 * ceil(h / 8); W = 8 * ceil(w / 8); yellow: slots, which a variant may replace; orange, dashed: what the variant put there"
---
flowchart TD
  n0(["lr: image<br/>[B, h, w, 3]"]):::input
  n1["padded<br/>Pad"]:::slot
  n2["f<br/>conv<br/>112 parameters"]:::part
  n3["body<br/>2 x Block<br/>592 parameters"]:::part
  n4["deep<br/>gelu"]:::replaced
  n5["painted<br/>conv, pixel_shuffle, crop<br/>444 parameters"]:::part
  n6(["sr: image<br/>[B, 2 * h, 2 * w, 3]"]):::output
  n0 --> n1
  n1 -->|"[B, H, W, 3]"| n2
  n2 -->|"[B, H, W, 4]"| n3
  n3 -->|"[B, H, W, 4]"| n4
  n4 -->|"[B, H, W, 4]"| n5
  n5 --> n6
  classDef input fill:#dcebfa,stroke:#3b78b5,color:#000
  classDef output fill:#dff3e0,stroke:#3d8b40,color:#000
  classDef slot fill:#fff3cd,stroke:#b8860b,color:#000
  classDef part fill:#fff,stroke:#80868b,color:#000
  classDef replaced fill:#fde2d5,stroke:#c8501e,color:#000,stroke-dasharray:5 4
`)
  })

  it('Mermaid draws frames as subgraphs', () => {
    expect(toMermaid(view('small.arch', { depth: 2 })).split('\n').filter((line) => /subgraph|end$/.test(line))).toEqual([
      '  subgraph n8 ["padded<br/>Pad"]', '  end', '  subgraph n9 ["body<br/>2 x Block, 592 parameters"]', '  end',
    ]) // prettier-ignore
  })

  it('Graphviz, which can draw it', async () => {
    const drawn = view('small.arch', { depth: 3 })
    const dot = toDot(drawn)
    expect(dot).toContain('\n  subgraph "cluster body" {\n')
    expect(dot).toContain('tooltip="One block & its skip."')
    expect(dot).toContain('\n  "f" -> "body[0].inner" [label=<  [B, H, W, 4]  >]\n')
    expect(dot).toContain('\n  "input 0" -> "padded/"\n')
    const svg = await toSvg(drawn)
    for (const { name } of drawn.boxes) expect(svg).toContain(name)
    expect(svg).toMatch(/<svg [^]*<\/svg>\s*$/)
  })
})
