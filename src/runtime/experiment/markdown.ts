import type { ExperimentText } from './experiment.ts'
import { factsOf, definitionsOf } from './facts.ts'
import type { Results } from './results.ts'
import { tablesOf, type Table } from './tables.ts'

/** `tables.md`: everything that the page has, without curves. */
export function markdownOf(text: ExperimentText, results: Results): string {
  const parts = [
    `# ${text.title}`,
    text.concludes.trim(),
    ...(results.missing.length > 0 ? [`**Not run to the end.** Missing: ${results.missing.join('; ')}.`] : []),
    ...tablesOf(text, results).flatMap(({ name, note, tables }) => [
      `## ${name}`,
      ...(note ? [note.trim()] : []),
      ...tables.map(tableText),
    ]),
    '## What the numbers are',
    ...definitionsOf(text, results).map(({ of, lines }) =>
      [...(of ? [`${of}:\n`] : []), ...lines.map((line) => `- ${line}`)].join('\n'),
    ),
    '## The experiment',
    factsOf(text, results)
      .map(([name, value]) => `- ${name}: ${value}`)
      .join('\n'),
  ]
  return `${parts.join('\n\n')}\n`
}

function tableText({ title, columns, rows, notes }: Table): string {
  const escape = (cell: string): string => cell.replaceAll('|', '\\|')
  const line = (cells: readonly string[]): string => `| ${cells.map(escape).join(' | ')} |`
  return [
    `### ${title}\n`,
    line(columns.map((column) => column.title)),
    `|${columns.map((_, at) => (at === 0 ? '---' : '---:')).join('|')}|`,
    ...rows.map(({ name, cells }) =>
      line([
        name,
        ...cells.map(({ text, beside, isStrong }) => `${isStrong ? `**${text}**` : text}${beside ? ` (${beside})` : ''}`),
      ]),
    ),
    ...notes.map((note) => `\n${note}`),
  ].join('\n')
}
