import { parse } from 'csv-parse/sync'
import { codePointName } from '../../compiler/syntax/shown-text.ts'
import { UserError } from '../../errors.ts'
import { readText } from '../files/text.ts'

/** A line of a CSV below its first. */
export interface CsvRow {
  /** Counted from 1. */
  readonly line: number
  /** What stands below the names of the first line; empty where the line ends before. */
  readonly fields: ReadonlyMap<string, string>
}

/**
 * The lines of a CSV under the names of its first, whatever machine wrote it: line ends of any kind, also mixed.
 * @throws UserError naming the file, and the line where one is at fault.
 */
export function readCsv(file: string, known: readonly string[]): { columns: string[]; rows: CsvRow[] } {
  const text = readText(file).replaceAll(/\r\n?/g, '\n')
  let records: { record: string[]; info: { lines: number } }[]
  try {
    records = parse(text, { trim: true, skip_empty_lines: true, info: true, record_delimiter: '\n' }) as unknown as typeof records
  } catch (error) {
    if (!(error instanceof Error)) throw error
    throw new UserError(`${file}: not a CSV file (${error.message})`, undefined, { cause: error })
  }
  const [head, ...body] = records
  if (head === undefined)
    throw new UserError(`${file}: the file is empty`, `Its first line names the columns: ${known.join(',')}.`)
  const columns = head.record.map((column) => (column === 'groups' ? 'group' : column))
  const twice = columns.find((column, at) => columns.indexOf(column) !== at)
  if (twice !== undefined)
    throw new UserError(`${file}: the column ${quoted(twice)} stands there twice`, 'Leave one of them out.')
  const rows = body.map(({ record, info }) => ({
    line: info.lines,
    fields: new Map(columns.map((column, at) => [column, record[at] ?? ''])),
  }))
  checkColumns(file, columns, known)
  return { columns, rows }
}

/** What programs of other languages put between columns. */
const dividers: Readonly<Record<string, string>> = { ';': 'semicolons', '\t': 'tabs', '|': 'bars' }

function checkColumns(file: string, columns: readonly string[], known: readonly string[]): void {
  const help = `The columns are ${known.join(', ')}; only path is required.`
  const unknown = columns.filter((column) => !known.includes(column))
  const [only] = columns
  const divider = columns.length === 1 && Object.keys(dividers).find((each) => only!.includes(each))
  if (divider)
    throw new UserError(`${file}: its columns are divided by ${dividers[divider]!}, not by commas`, 'Save it with commas, and numbers with points (0.25).') // prettier-ignore
  if (!columns.includes('path'))
    throw new UserError(`${file}: the column path is missing (found: ${columns.map(quoted).join(', ')})`, help)
  if (unknown.length > 0) throw new UserError(`${file}: unknown column ${unknown.map(quoted).join(', ')}`, help)
}

/** What no eye sees: spaces of other widths, marks of direction, control characters. */
const unseen = /(?! )[\p{Cc}\p{Cf}\p{Z}]/gu

/** A name of a file, with what cannot be seen in it said behind it. */
export function quoted(name: string): string {
  const found = [...new Set(name.match(unseen) ?? [])]
  return found.length > 0 ? `${name} (it has ${found.map(codePointName).join(' and ')})` : name
}
