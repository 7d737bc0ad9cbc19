import { Workspace } from '../../src/editor/workspace.ts'
import { memoryHost } from '../compiler/memory-host.ts'

/** A project of texts; `¦` marks a place in one of them and is taken out. */
export interface Marked {
  readonly workspace: Workspace
  readonly file: string
  readonly offset: number
  readonly text: string
}

export function project(files: Readonly<Record<string, string>>): Marked {
  const marked = Object.keys(files).find((name) => files[name]!.includes('¦')) ?? Object.keys(files)[0]!
  const offset = files[marked]!.indexOf('¦')
  const texts = Object.fromEntries(Object.entries(files).map(([name, text]) => [name, text.replace('¦', '')]))
  const workspace = new Workspace({
    ...memoryHost(texts),
    list: () => Object.keys(texts),
    own: () => ['archc/iste.arch', 'archc/lib/mlp.arch'],
  })
  for (const [name, text] of Object.entries(texts)) workspace.open(name, text)
  return { workspace, file: marked, offset, text: texts[marked]! }
}

/** The text with `⟦⟧` around the stretches of the file. */
export function shown(text: string, spans: readonly { readonly start: number; readonly end: number }[]): string {
  return [...spans]
    .sort((a, b) => b.start - a.start)
    .reduce((marked, { start, end }) => `${marked.slice(0, start)}⟦${marked.slice(start, end)}⟧${marked.slice(end)}`, text)
}

/** Two files: a library and a model that uses it. */
const library = `/// Two convolutions and the way around them.
module Residual(kernel: int = 3) {
  input x: [B, H, W, c]
  output [B, H, W, c]
  let inner = x -> conv(out: c, kernel: kernel) -> relu -> conv(out: c, kernel: kernel)
  return x + inner
}
`

const model = `import Residual from "./lib.arch"

model Small(width: int = 8, blocks: int = 2) {
  scale m = 2
  input lr: [B, h, w, 3] as image
  output sr: [B, m * h, m * w, 3] as image

  slot body: [B, h, w, width] -> [B, h, w, width] = Residual()

  let f = lr -> conv(out: width, kernel: 3)
  let deep = f -> body -> repeat blocks { Residual(kernel: 1) }
  let (a, b) = deep -> split(sizes: [4, 4], axis: -1)
  return concat(a, b, f, axis: -1) -> conv(out: 3 * m * m, kernel: 3) -> pixel_shuffle(by: m)
}

preset tiny { width: 8, body.kernel: 1, train.B: 1 }

train { B: 2, h: 8, w: 8, loss: l1(sr, target), optimizer: adam(lr: 1e-4) }
`

const variant = `variant "pointwise" of Small from "./small.arch"
import Residual from "./lib.arch"
replace body with Residual(kernel: 1)
set blocks = 1
`

export const files = { 'small.arch': model, 'lib.arch': library, 'pointwise.arch': variant }

/** The files with a mark put into one of them, behind the first place where `before` is written. */
export const at = (file: keyof typeof files, before: string): Marked =>
  project({ ...files, [file]: files[file].replace(before, `${before}¦`) })
