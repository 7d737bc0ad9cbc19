import path from 'node:path'
import { Option, type Command } from 'commander'
import { toDot } from '../compiler/graph-view/dot.ts'
import { graphView } from '../compiler/graph-view/fold.ts'
import { toMermaid } from '../compiler/graph-view/mermaid.ts'
import { partPaths } from '../compiler/graph-view/paths.ts'
import { toSvg } from '../compiler/graph-view/svg.ts'
import type { GraphView } from '../compiler/graph-view/view.ts'
import { UserError } from '../errors.ts'
import { writeAtomic } from '../runtime/files/atomic.ts'
import { loadModel, type LoadedModel } from '../runtime/network/load-model.ts'
import { colourful, compileFlags, compileOptions, kindOf, meant, positive, remark, type CommonFlags } from './common.ts'

const draw = {
  dot: toDot,
  svg: toSvg,
  mermaid: toMermaid,
} satisfies Readonly<Record<string, (view: GraphView) => string | Promise<string>>>

type Format = keyof typeof draw

/** What a file's ending asks for. */
const endings: Readonly<Record<string, Format>> = {
  '.dot': 'dot',
  '.gv': 'dot',
  '.svg': 'svg',
  '.mmd': 'mermaid',
  '.mermaid': 'mermaid',
}

interface Flags extends CommonFlags {
  readonly format?: Format
  readonly out?: string
  readonly depth: number
  readonly module?: string
}

/** Registers `archc graph`. */
export function graphCommand(program: Command): void {
  const command = program
    .command('graph')
    .description('draw a network, folded by its modules, with the sizes on its arrows')
    .argument('<file>', 'a model or a variant; - is standard input')
    .addOption(
      new Option('--format <name>', "Graphviz's language, a picture, or Mermaid's; that of the file's ending, else dot").choices(
        Object.keys(draw),
      ),
    )
    .option('-o, --out <file>', `where it goes (${Object.keys(endings).join(', ')}); printed without it`)
    .option('--depth <n>', 'levels that are shown: 2 draws what is inside of the slots and calls too', positive, 1)
    .option('--module <path>', 'the inside of one part, such as encoder or encoder.body[0]')
  compileFlags(command)
    .addHelpText(
      'after',
      `
Examples:
  archc graph iste.arch -o iste.svg
  archc graph ablations/wo-stf.arch -o wo-stf.svg
  archc graph iste.arch --preset mini --module encoder --depth 2 -o encoder.svg
  archc graph edsr.arch --format mermaid`,
    )
    .action(async (file: string, flags: Flags) => {
      const format = formatOf(flags)
      const loaded = loadModel(file, compileOptions(flags), undefined, colourful(process.stderr))
      if (loaded.warnings) remark(loaded.warnings)
      if (flags.module !== undefined) requirePart(loaded, flags.module)
      const { module, depth, out } = flags
      const text = await draw[format](graphView(loaded.model, loaded.sources, { depth, ...(module !== undefined && { module }) }))
      if (out === undefined) process.stdout.write(text)
      else {
        await writeAtomic(out, text)
        remark(`written to ${out}`)
      }
    })
}

function formatOf({ format, out }: Flags): Format {
  if (out !== undefined && kindOf(out) === 'folder')
    throw new UserError(`cannot write ${out}: it is a folder`, 'name a file with -o')
  const known = out === undefined ? 'dot' : endings[path.extname(out).toLowerCase()]
  const wanted = format ?? known
  if (!wanted)
    throw new UserError(
      `${out} says no format that graph draws`,
      `it draws ${Object.keys(endings).join(', ')}; or say --format ${Object.keys(draw).join(', ')}`,
    )
  return wanted
}

/** A part that computes nothing cannot be drawn. */
function requirePart({ model, sources }: LoadedModel, wanted: string): void {
  const known = partPaths(model.graph)
  if (known.includes(wanted)) return
  const slot = model.values.find((value) => value.path === wanted && value.origin.by === 'replace')
  if (slot?.origin.by === 'replace')
    throw new UserError(
      `nothing computes in ${wanted}: it is replaced with ${slot.value} (${slot.origin.file})`,
      'leave --module away to see the whole',
    )
  const parts = graphView(model, sources).boxes.flatMap((box) => (box.kind === 'part' && box.isFolded ? [box.path] : []))
  throw new UserError(`${model.name} has no part ${wanted}${meant(wanted, known)}`, `parts with an inside: ${parts.join(', ')}`)
}
