import { readFileSync } from 'node:fs'
import path from 'node:path'
import { isSame } from '../src/compiler/compare.ts'
import { compile } from '../src/compiler/index.ts'
import type { CompiledModel } from '../src/compiler/plan.ts'
import { archcRoot } from '../src/root.ts'
import { createRandom } from '../src/runtime/files/random.ts'
import { archFiles, fileHost } from '../src/runtime/host.ts'
import { mutated } from '../test/compiler/mutate.ts'

/** What becomes of shipped models and variants in which one word was changed. */
export interface Mutations {
  readonly count: number
  /** An error before anything runs. */
  readonly caught: number
  /** The same network, trained and evaluated alike: a name was changed everywhere it counts, a remark, an unused default. */
  readonly same: number
  /** Another network, which is right as well. */
  readonly others: readonly { readonly file: string; readonly before: string; readonly after: string }[]
}

/** Changes one word `count` times, seeded. */
export function measureMutations(count: number): Mutations {
  const files = archFiles(path.join(archcRoot, 'models')).filter(
    (file) => !file.includes(`${path.sep}lib${path.sep}`) && !file.endsWith('inception-v3-fid.arch'),
  )
  const plain = new Map<string, CompiledModel>()
  const random = createRandom(11)
  let caught = 0
  let same = 0
  const others: { file: string; before: string; after: string }[] = []
  for (let at = 0; at < count; at += 1) {
    const file = random.pick(files)
    const text = readFileSync(file, 'utf8')
    const changed = mutated(text, random)
    const { model } = compile(file, {
      ...fileHost,
      read: (name) => (name === file ? { text: changed } : fileHost.read(name)),
    })
    if (!model) {
      caught += 1
      continue
    }
    const own = plain.get(file) ?? compile(file, fileHost).model!
    plain.set(file, own)
    if (isSame(own, model)) same += 1
    else others.push({ file: path.relative(archcRoot, file), ...lineOf(text, changed) })
  }
  return { count, caught, same, others }
}

/** The first line that differs. */
function lineOf(before: string, after: string): { readonly before: string; readonly after: string } {
  const [old, now] = [before.split('\n'), after.split('\n')]
  const at = old.findIndex((line, index) => line !== now[index])
  return { before: (old[at] ?? '').trim(), after: (now[at] ?? '').trim() }
}
