import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { Ajv } from 'ajv'
import { UserError } from '../../errors.ts'
import { archcRoot } from '../../root.ts'
import { sentenceOf } from '../files/schema-problems.ts'
import { readText } from '../files/text.ts'
import { parseTemplate, type Template, type Words } from './template.ts'

/** How a tensor lies in the official file. */
export type Layout = 'OIHW' | 'OI' | 'OI11' | 'n1d' | '1c11' | 'same'

/** One tensor of an official module: its suffix there, its suffix in archc, its layout there. */
interface Part {
  readonly from: string
  readonly to: string
  readonly layout: Layout
}

const plain = (from: string, to: string): Part => ({ from, to, layout: 'same' })
const normal = (from: string, to: string): readonly Part[] => [
  plain(`${from}weight`, `${to}scale`),
  plain(`${from}bias`, `${to}shift`),
]
const stored = (from: string, to: string): readonly Part[] => [
  ...normal(from, to),
  plain(`${from}running_mean`, `${to}mean`),
  plain(`${from}running_var`, `${to}variance`),
]

/** What a module of PyTorch holds, by the kinds that maps speak of. */
export const kinds: Readonly<Record<string, readonly Part[]>> = {
  conv: [{ from: '.weight', to: '.kernel', layout: 'OIHW' }, plain('.bias', '.bias')],
  // PyTorch has [c, out, rows, columns] and archc [rows, columns, out, c]: axes change places as those of a convolution do.
  transposed: [{ from: '.weight', to: '.kernel', layout: 'OIHW' }, plain('.bias', '.bias')],
  linear: [{ from: '.weight', to: '.kernel', layout: 'OI' }, plain('.bias', '.bias')],
  /** A convolution of 1 x 1 that is a linear layer here. */
  pointwise: [{ from: '.weight', to: '.kernel', layout: 'OI11' }, plain('.bias', '.bias')],
  /** Gain or shift for each head and channel, n x 1 x d there. */
  per_head: [{ from: '', to: '', layout: 'n1d' }],
  /** A number for each channel, 1 x c x 1 x 1 there. */
  per_channel: [{ from: '', to: '', layout: '1c11' }],
  layer_norm: normal('.', '.'),
  group_norm: normal('.', '.'),
  instance_norm: normal('.', '.'),
  rms_norm: [plain('.weight', '.scale')],
  batch_norm: stored('.', '.'),
  conv_batch_norm: [{ from: '.conv.weight', to: '.conv.kernel', layout: 'OIHW' }, ...stored('.bn.', '.batch_norm.')],
  prelu: [plain('.weight', '.slope')],
  tensor: [plain('', '')],
}

/** One statement of a map, for one tensor of a module. */
export interface MapEntry {
  /** Official names; several are joined along their first axis. */
  readonly from: readonly Template[]
  /** Weight paths; several share the first axis of the official tensor evenly. */
  readonly to: readonly Template[]
  readonly layout: Layout
  readonly words: Words
  /** `{last}` is the number of turns of this repeated statement. */
  readonly after?: string
  /** The file that it stands in and where that was included: entries of one network. */
  readonly group: string
  /** The statement that it comes from: entries of one module. */
  readonly module: string
}

/** The name map of an official repository, ready to use. */
export interface WeightMap {
  readonly name: string
  readonly repository: string
  /** The model that it fits, from archc's folder. */
  readonly model?: string
  readonly entries: readonly MapEntry[]
  /** Official tensors without a counterpart; `*` stands for anything. */
  readonly ignored: readonly { readonly name: string; readonly why: string }[]
}

/** A map as it is written. */
interface Written {
  readonly repository: string
  readonly model?: string
  readonly include?: readonly { readonly map: string; readonly from?: string; readonly to?: string }[]
  readonly modules?: readonly {
    readonly kind: string
    readonly from: string | readonly string[]
    readonly to: string | readonly string[]
    readonly after?: string
    readonly words?: Words
  }[]
  readonly ignored?: readonly { readonly name: string; readonly why: string }[]
}

/** Folder of the maps that archc brings. */
const shipped = path.join(archcRoot, 'models', 'maps')

/** Names of the maps that archc brings. */
export const shippedNames = (): readonly string[] =>
  readdirSync(shipped)
    .filter((file) => file.endsWith('.json'))
    .map((file) => path.basename(file, '.json'))
    .sort()

/**
 * Reads a map: one of archc's by its name (`liif`) or a file of the user's (ends in .json). Included maps are looked for
 * beside it, then among archc's.
 * @throws UserError naming the map that there is not, or the file and the statement at fault.
 */
export function readMap(nameOrFile: string): WeightMap {
  if (nameOrFile.endsWith('.json')) return expand(nameOrFile, '', '', [])
  if (!shippedNames().includes(nameOrFile))
    throw new UserError(
      `archc brings no name map ${nameOrFile}`,
      `it brings ${shippedNames().join(', ')}; the file of a map of your own ends in .json`,
    )
  return expand(path.join(shipped, `${nameOrFile}.json`), '', '', [])
}

function expand(file: string, from: string, to: string, chain: readonly string[]): WeightMap {
  const broken = (what: string): UserError =>
    new UserError(`${file} is not a name map: ${what}`, `docs/maps.md has every key; archc's own maps are examples: ${shipped}`)
  const written = parse(file, broken)
  if (chain.includes(file)) throw broken(`it includes itself (${[...chain, file].join(' -> ')})`)
  const list = (value: string | readonly string[]): readonly string[] => (typeof value === 'string' ? [value] : value)
  const included = (written.include ?? []).map((part) => {
    const beside = path.join(path.dirname(file), `${part.map}.json`)
    const target = existsSync(beside) ? beside : path.join(shipped, `${part.map}.json`)
    return expand(target, from + (part.from ?? ''), to + (part.to ?? ''), [...chain, file])
  })
  const own = (written.modules ?? []).flatMap(({ kind, from: official, to: paths, after, words = {} }) => {
    const parts = kinds[kind]
    if (!parts) throw new Error(`docs/maps.schema.json has the kind ${kind}, which nothing reads`)
    if (list(official).length > 1 && list(paths).length > 1)
      throw broken(`${list(official).join(', ')}: several tensors become one, or one becomes several`)
    const template = (text: string): Template => {
      try {
        return parseTemplate(text, words)
      } catch (error) {
        throw broken((error as Error).message)
      }
    }
    return parts.map((part): MapEntry => {
      const fromTemplates = list(official).map((name) => template(from + name + part.from))
      return {
        from: fromTemplates,
        to: list(paths).map((name) => template(to + name + part.to)),
        layout: part.layout,
        words,
        ...(after !== undefined && { after: to + after }),
        group: [file, from, to].join(' '),
        module: [file, from, to, ...list(official)].join(' '),
      }
    })
  })
  return {
    name: path.basename(file, '.json'),
    repository: written.repository,
    ...(written.model !== undefined && { model: written.model }),
    entries: [...own, ...included.flatMap((map) => map.entries)],
    ignored: [
      ...(written.ignored ?? []).map(({ name, why }) => ({ name: from + name, why })),
      ...included.flatMap((map) => map.ignored),
    ],
  }
}

function parse(file: string, broken: (what: string) => UserError): Written {
  const text = readText(file)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw broken(`it is no JSON (${(error as Error).message})`)
  }
  const problem = shapeProblem(value)
  if (problem) throw broken(problem)
  return value as Written
}

const schema = JSON.parse(readFileSync(path.join(archcRoot, 'docs', 'maps.schema.json'), 'utf8')) as object
const ajv = new Ajv({ allErrors: true, verbose: true, strict: true, allowUnionTypes: true })
const validate = ajv.compile<Written>(schema)
const patterns = new Map([['\\.arch$', 'of a .arch file']])

/** What is wrong with the form of a map, if anything is. */
function shapeProblem(value: unknown): string | undefined {
  if (validate(value)) return undefined
  return [...new Set(validate.errors!.map((error) => sentenceOf(error, patterns)))].join('; ')
}
