import type { Command } from 'commander'
import { compare, editsOf, foldedPaths, type Changed, type Comparison } from '../compiler/compare.ts'
import { sizesOf } from '../compiler/summary.ts'
import { loadModel, valuesOf } from '../runtime/network/load-model.ts'
import { colourful, compileFlags, compileOptions, print, type CommonFlags } from './common.ts'
import { sizeFlag } from './size.ts'

interface Flags extends CommonFlags {
  readonly size?: Readonly<Record<string, number>>
}

/** Registers `archc diff`. */
export function diffCommand(program: Command): void {
  const command = program
    .command('diff')
    .description('what a variant, or another model, changes: slots, weights, shapes, costs, records')
    .argument('<base>', 'a model or a variant')
    .argument('<other>', 'a variant of it, or another model')
  compileFlags(sizeFlag(command))
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Exits with 0 where both are the same network, trained and evaluated alike, with 1 where they differ.

Examples:
  archc diff iste.arch ablations/wo-stf.arch
  archc diff iste.arch iste.arch --set lfi.heads=4 --json`,
    )
    .action((base: string, other: string, flags: Flags) => {
      const options = compileOptions(flags)
      const color = colourful(process.stderr)
      // What is asked for by --variant and --set is a change: it is made to the other one.
      const before = loadModel(base, { ...(options.preset !== undefined && { preset: options.preset }) }, undefined, color)
      const after = loadModel(other, options, undefined, color)
      const sizes = sizesOf(before.model, flags.size ?? {})
      const found = compare(before.model, after.model, sizes)
      const edits = [after.file, ...(after.options.variants ?? [])].map((file) => editsOf(file, after.sources.get(file) ?? ''))
      const replaced = Object.assign({}, ...edits.map((each) => each.replaced)) as Record<string, string>
      const set = {
        ...(Object.assign({}, ...edits.map((each) => each.set)) as Record<string, string>),
        ...valuesOf(options.sets ?? []),
      }
      print(flags.json ? JSON.stringify({ ...found, replaced, set, sizes }) : planText(found, replaced, set))
      if (!found.isEqual) process.exitCode = 1
    })
}

function planText(found: Comparison, replaced: Readonly<Record<string, string>>, set: Readonly<Record<string, string>>): string {
  if (found.isEqual) return 'the same network, trained and evaluated alike'
  const list = (title: string, lines: readonly string[]): string[] =>
    lines.length > 0 ? [title, ...lines.map((line) => `  ${line}`)] : []
  const changed = ({ name, before, after }: Changed): string => `${name}: ${before} becomes ${after}`
  const counts = (name: string, [before, after]: readonly [number, number]): string => {
    const difference = after - before
    const sign = difference > 0 ? '+' : ''
    const share = before > 0 ? ` (${sign}${((100 * difference) / before).toFixed(1)} %)` : ''
    return `${name.padEnd(14)} ${before.toLocaleString('en')} becomes ${after.toLocaleString('en')}${difference === 0 ? '' : share}`
  }
  const { removed, added, kept } = found.weights
  return [
    ...list('slots replaced', Object.entries(replaced).map(([path, filler]) => `${path} with ${filler}`)),
    ...list('values set', Object.entries(set).map(([path, value]) => `${path} = ${value}`)),
    ...list(`weights removed (${removed.length})`, foldedPaths(removed)),
    ...list(`weights added (${added.length})`, foldedPaths(added)),
    ...list('weights of another shape', found.reshaped.map(changed)),
    `weights kept (${kept})`,
    ...list('tensors of another shape', found.shapes.map(changed)),
    ...list('training and evaluation', found.records.map(changed)),
    counts('parameters', found.parameters),
    counts('multiply-adds', found.multiplyAdds),
  ].join('\n') // prettier-ignore
}
