import { readFileSync } from 'node:fs'
import path from 'node:path'
import { Ajv, type ErrorObject } from 'ajv'
import { isNode, isScalar, LineCounter, parseDocument, visit } from 'yaml'
import { codePointName } from '../../compiler/syntax/shown-text.ts'
import { UserError } from '../../errors.ts'
import { archcRoot } from '../../root.ts'
import { pathOf, sentenceOf } from '../files/schema-problems.ts'
import { readText } from '../files/text.ts'
import { placesIn, type Place, type PlaceOf } from './place.ts'

/** What every tile has a number of. */
export type Metric = 'psnr' | 'ssim' | 'ssim_gaussian' | 'consistency'

export type Budget = { readonly steps: number } | { readonly minutes: number } | { readonly epochs: 'published' }

/** One network of a block, as the file has it: a model that is trained (or learns nothing), or weights that are there. */
export interface SystemText {
  readonly name: string
  readonly model?: string
  /** A name of weights that archc carries, or a network file. */
  readonly weights?: string
  readonly preset?: string
  readonly variants?: readonly string[]
  readonly set?: readonly string[]
  readonly seeds?: readonly number[]
  readonly scopes?: readonly string[]
  /** A training for each scale, by the scale as it is written. */
  readonly at?: Readonly<Record<string, { readonly preset?: string; readonly set?: readonly string[] }>>
}

export interface BlockText {
  readonly name: string
  readonly note?: string
  readonly reference?: string
  readonly show?: readonly Shown[]
  /** For every system of the block, behind the file's own. */
  readonly set?: readonly string[]
  readonly systems: readonly SystemText[]
}

/** A row of the paper's table; numbers stand in the order of the paper's scales. */
export interface PaperRow {
  readonly dataset: string
  readonly system: string
  readonly psnr?: readonly number[]
  readonly ssim?: readonly number[]
  readonly fid?: readonly number[]
}

export interface Paper {
  readonly source: string
  readonly scales: readonly number[]
  readonly rows: readonly PaperRow[]
}

/** A judged picture that the page shows, at one scale. */
export interface Shown {
  /** As the folder or the CSV names it. */
  readonly picture: string
  readonly m: number
}

/** What docs/experiments.schema.json describes. */
export interface ExperimentText {
  readonly title: string
  readonly data: {
    /** What is trained on; needed where a system is. */
    readonly train?: string | readonly string[]
    readonly test: string | readonly string[]
    readonly split: string
    readonly leaks: string
  }
  readonly scales: { readonly in: readonly number[]; readonly out?: readonly number[] }
  /** The Frechet distance is of all tiles together. */
  readonly metrics?: readonly (Metric | 'frechet')[]
  /** Of each training; needed where there is one. */
  readonly budget?: Budget
  readonly set?: readonly string[]
  readonly seeds?: readonly number[]
  readonly evaluate?: { readonly tile?: number }
  readonly resample?: 'tiles' | 'pictures'
  readonly keep_weights?: 'none' | 'first seed' | 'all'
  readonly concludes: string
  readonly blocks: readonly BlockText[]
  readonly paper?: Paper
}

/** A file whose form is right; what it names has not been looked at. */
export interface Experiment {
  /** As the user named it. */
  readonly file: string
  /** Its folder: paths in it are relative to that. */
  readonly folder: string
  /** The file's name without its ending. */
  readonly name: string
  readonly text: ExperimentText
  readonly placeOf: PlaceOf
}

/** Something wrong in an experiment file: where, what, and what would be right. */
export interface Problem {
  readonly place: Place
  readonly message: string
}

/** All problems of a file, in its order, a line each: `experiments/table1.yaml:12:5: ..`. */
export class ExperimentError extends UserError {
  constructor(file: string, problems: readonly Problem[]) {
    const sorted = problems.toSorted((a, b) => a.place.line - b.place.line || a.place.column - b.place.column)
    const lines = [...new Set(sorted.map(({ place, message }) => `${file}:${place.line}:${place.column}: ${message}`))]
    super(
      `${lines.length === 1 ? 'one thing is' : `${lines.length} things are`} wrong in ${file}\n${lines.join('\n')}`,
      'docs/experiments.schema.json has all fields; nothing was run',
    )
  }
}

const schema = JSON.parse(readFileSync(path.join(archcRoot, 'docs', 'experiments.schema.json'), 'utf8')) as object

/**
 * Reads an experiment file and checks its form.
 * @throws UserError where it cannot be read; ExperimentError with all problems and their places.
 */
export function readExperiment(file: string): Experiment {
  const source = readText(file)
  const { value: text, placeOf } = parseYaml(file, source)
  const validate = new Ajv({ allErrors: true, verbose: true, strict: true, allowUnionTypes: true }).compile<ExperimentText>(
    schema,
  )
  if (!validate(text)) throw new ExperimentError(file, [...problemsOf(validate.errors ?? [], placeOf), ...unseenIn(source)])
  const folder = path.dirname(file)
  return { file, folder, name: path.basename(file).replace(/\.ya?ml$/, ''), text, placeOf }
}

/** How much a file may become by names that stand for other parts of it (`*name`), as a factor. */
const mostAliases = 100

/**
 * The values of a YAML file.
 * @throws ExperimentError with what is no YAML, or would be read as another thing than is written there.
 */
function parseYaml(file: string, source: string): { readonly value: unknown; readonly placeOf: PlaceOf } {
  const lines = new LineCounter()
  const placed = (offset: number, message: string): Problem => {
    const { line, col } = lines.linePos(offset)
    return { place: { line: Math.max(1, line), column: Math.max(1, col) }, message }
  }
  try {
    const document = parseDocument(source.replaceAll(/\r\n?/g, '\n'), {
      lineCounter: lines,
      prettyErrors: false,
      logLevel: 'error',
    })
    const wrong = [...document.errors, ...document.warnings].map(({ pos, message }) => placed(pos[0], inWords(message)))
    visit(document, {
      Alias(_, alias, path) {
        const meant = alias.resolve(document)
        const problem = !meant
          ? `no part of the file is called &${alias.source}`
          : path.includes(meant)
            ? `*${alias.source} stands in what it stands for`
            : undefined
        if (problem !== undefined) wrong.push(placed(alias.range?.[0] ?? 0, problem))
      },
      Pair(_, { key }) {
        if (!isScalar(key))
          wrong.push(
            placed(isNode(key) ? (key.range?.[0] ?? 0) : 0, 'a field has a name, not a list or a record in place of one'),
          )
      },
      Node(_, { tag, range }) {
        if (tag !== undefined && !plainTags.has(tag))
          wrong.push(placed(range?.[0] ?? 0, `${tag} is a type that an experiment has no value of`))
      },
    })
    if (wrong.length > 0) throw new ExperimentError(file, [...wrong, ...unseenIn(source)])
    return { value: document.toJS({ maxAliasCount: mostAliases }), placeOf: placesIn(document, lines) }
  } catch (error) {
    if (error instanceof UserError) throw error
    // What yaml throws where names stand for names, and those for others.
    if (error instanceof ReferenceError)
      throw new ExperimentError(file, [
        placed(
          Math.max(0, source.indexOf('*')),
          `names that stand for other parts (*) make the file too large (${error.message})`,
        ),
      ])
    if (error instanceof RangeError) throw new ExperimentError(file, [placed(0, 'it is nested too deep')])
    throw error
  }
}

/** What yaml says to whoever calls it, as it is said to whoever wrote the file. */
const inWords = (message: string): string =>
  message.startsWith('Maximum call stack')
    ? 'it is nested too deep'
    : message.startsWith('Source contains multiple documents')
      ? 'a second document begins here (---); an experiment is one'
      : message

/** Characters that cannot be seen: said only where something is wrong, as a remark or a title may have them. */
function unseenIn(source: string): Problem[] {
  const found: Problem[] = []
  for (const [at, line] of source.split(/\r\n?|\n/).entries())
    for (const match of line.matchAll(/(?![ \t])[\p{Cc}\p{Cf}\p{Z}]/gu))
      found.push({
        place: { line: at + 1, column: match.index + 1 },
        message: `${codePointName(match[0])}, stands here and cannot be seen`,
      })
  return found
}

/** Types of YAML that are those of JSON. */
const plainTags = new Set(['map', 'seq', 'str', 'int', 'float', 'bool', 'null'].map((name) => `tag:yaml.org,2002:${name}`))

function problemsOf(errors: readonly ErrorObject[], placeOf: PlaceOf): Problem[] {
  return errors
    .filter(({ keyword, schemaPath }) => keyword !== 'anyOf' && !/anyOf\/1\/type$/.test(schemaPath))
    .map((error) => {
      const at = pathOf(error)
      const unknown = error.keyword === 'additionalProperties' ? String(error.params['additionalProperty']) : undefined
      const place = unknown === undefined ? placeOf(at) : placeOf([...at, unknown], 'key')
      return { place, message: sentenceOf(error, patterns) }
    })
}

/** The schema's patterns in words. */
const patterns = new Map([
  ['^[^=]+=.+$', 'path=value, such as train.B=4'],
  ['\\.arch$', 'of a .arch file'],
  ['^(full|(lattice|raster|tile)\\([1-9][0-9]*\\))$', 'full, lattice(n), raster(n) or tile(n)'],
])
