import type { Command } from 'commander'
import { fieldNames } from '../compiler/elaborate/records/fields.ts'
import { originText, resolvedText, type Resolved } from '../compiler/plan.ts'
import { allPaths, explainPath, type Explained } from '../compiler/provenance/explain-path.ts'
import type { Line, Written } from '../compiler/provenance/written.ts'
import { UserError } from '../errors.ts'
import { errorIndex, errorPage } from './error-pages.ts'
import { fileHost } from '../runtime/host.ts'
import { loadModel, valuesOf } from '../runtime/network/load-model.ts'
import { colourful, compileFlags, compileOptions, jsonFlag, meant, print, UsageError, type CommonFlags } from './common.ts'

/** Registers `archc explain`. */
export function explainCommand(program: Command): void {
  const command = program
    .command('explain')
    .description('what a code such as shape-unknown means; with a FILE and a PATH, where a value, a slot or a tensor comes from')
    .argument('[code or file]', 'the code of an error or a warning; all of them without it. Or a model or a variant')
    .argument('[path]', 'of that file: encoder.embed, train.B, a slot, a let, a weight, train')
  jsonFlag(compileFlags(command))
    .addHelpText(
      'after',
      `
Examples:
  archc explain shape-unknown
  archc explain
  archc explain iste.arch encoder.embed --preset mini
  archc explain ablations/wo-lfi.arch lfi --preset tiny
  archc explain iste.arch stf.best.index --json`,
    )
    .action((subject: string | undefined, at: string | undefined, flags: CommonFlags) => {
      if (subject !== undefined && at !== undefined) return explainInFile(subject, at, flags)
      const other = ([['preset', flags.preset], ['variant', flags.variant], ['set', flags.set], ['json', flags.json]] as const).find(([, value]) => value !== undefined) // prettier-ignore
      if (other) throw new UsageError(`--${other[0]} is for a FILE and a PATH`, 'archc explain iste.arch encoder.embed')
      return explainCode(subject)
    })
}

function explainCode(code: string | undefined): void {
  const index = errorIndex()
  if (code === undefined) {
    const width = Math.max(...[...index.keys()].map((each) => each.length))
    return print([...index].map(([each, sentence]) => `${each.padEnd(width)}  ${sentence}`).join('\n'))
  }
  if (!index.has(code))
    throw new UserError(
      `no error or warning is called ${code}${meant(code, index.keys())}`,
      code.endsWith('.arch') ? `archc explain ${code} PATH says where what is at PATH comes from` : 'archc explain lists all',
    )
  const page = errorPage(code).trimEnd()
  print(colourful(process.stdout) ? withBoldHeadings(page) : page)
}

function explainInFile(file: string, at: string, flags: CommonFlags): void {
  const { model, sources, options } = loadModel(file, compileOptions(flags), undefined, colourful(process.stderr))
  const found = explainPath(model, sources, fileHost.resolve, valuesOf(options.sets ?? []), at)
  if (found) return print(flags.json ? explainedJson(found) : explainedText(found))
  if ((['train', 'evaluate'] as const).some((record) => fieldNames(record).some((field) => `${record}.${field}` === at)))
    throw new UserError(`nothing in ${file} writes ${at}`, 'its default stands in docs/language.md')
  throw new UserError(
    `${model.name} has nothing at ${at}${meant(at, allPaths(model, sources))}`,
    'a path goes from the model inwards: encoder.embed, train.B, a slot, a let, a weight',
  )
}

/** Origins and lines as one word each, as in the text. */
const explainedJson = (found: Explained): string =>
  JSON.stringify(found, function (this: Resolved, key: string, value: unknown) {
    if (key === 'origin') return resolvedText(this)
    if (key === 'at') return lineText(value as Line)
    return key === 'droppedFor' ? undefined : value
  })

const lineText = ({ file, line }: Line): string => `${file}:${line}`

function explainedText(found: Explained): string {
  const rows = (...given: readonly (readonly [name: string, text: string | undefined])[]): string[] =>
    given.flatMap(([name, text]) => (text === undefined || text === '' ? [] : [`  ${name.padEnd(12)}${text}`]))
  const values = (name: string, list: readonly Resolved[]): (readonly [string, string])[] =>
    list.map(({ path: own, value, origin }, index) => [index === 0 ? name : '', `${own} = ${value}  (${originText(origin)})`])
  const written = ({ value, origin, at }: Written): string => [value, ...from({ origin, at })].join(', ')
  const from = ({ origin, at }: Pick<Written, 'origin' | 'at'>): string[] => {
    if (at === undefined) return [originText(origin)]
    // A line says the file already.
    return ['file' in origin && origin.file === at.file ? origin.by : originText(origin), lineText(at)]
  }
  const insteadOf = (list: readonly Written[]): (readonly [string, string])[] =>
    list.map((each, index) => [index === 0 ? 'instead of' : 'and of', written(each)])
  const number = (count: number): string | undefined => (count > 0 ? count.toLocaleString('en') : undefined)
  switch (found.kind) {
    case 'value':
      return [`${found.path} = ${found.value}`, ...rows(['from', from(found).join(', ')], ...insteadOf(found.insteadOf))].join(
        '\n',
      )
    case 'dropped':
      return [`${found.path} has no value`, ...rows(['dropped', `${found.value} of ${originText(found.origin)}; its slot has another filler: ${originText(found.droppedFor!)}`])].join('\n') // prettier-ignore
    case 'slot':
      return [
        `${found.path}, a slot`,
        ...rows(
          ['holds', written(found)],
          ...insteadOf(found.insteadOf),
          ['contract', found.contract],
          ['parameters', number(found.parameters)],
          ...values('values', found.values),
          ...values('dropped', found.dropped),
        ),
      ].join('\n') // prettier-ignore
    case 'record':
      return [found.path, ...rows(...values('values', found.values))].join('\n')
    case 'weight':
      return [
        `${found.path}, a weight${found.of === 'weight' ? '' : ` of ${found.of}`}`,
        ...rows(['shape', found.shape], ['parameters', number(found.parameters)], ['starts as', found.starts], ['written at', found.at && lineText(found.at)]),
      ].join('\n') // prettier-ignore
    case 'input':
    case 'output':
    case 'let':
    case 'part':
      return [
        `${found.path}, ${found.kind === 'part' ? 'a part of the network' : `${found.kind === 'let' ? 'a' : 'an'} ${found.kind}`}${found.role ? ` as ${found.role}` : ''}`,
        ...rows(['shape', found.shape], ['made by', found.does], ['parameters', number(found.parameters)], ['written at', found.at && lineText(found.at)]),
      ].join('\n') // prettier-ignore
  }
}

/** The texts of examples have no lines that begin with `#`. */
const withBoldHeadings = (page: string): string => page.replace(/^#+ (.*)$/gm, '\u001b[1m$1\u001b[0m')
