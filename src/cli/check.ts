import { Option, type Command } from 'commander'
import { check } from '../compiler/index.ts'
import type { Diagnostic } from '../compiler/diagnostics/diagnostic.ts'
import { renderGithub } from '../compiler/diagnostics/render-github.ts'
import { renderJson } from '../compiler/diagnostics/render-json.ts'
import { renderPretty } from '../compiler/diagnostics/render-pretty.ts'
import { renderSarif } from '../compiler/diagnostics/render-sarif.ts'
import { UserError } from '../errors.ts'
import { writeAtomic } from '../runtime/files/atomic.ts'
import { archFiles, fileHost } from '../runtime/host.ts'
import { archcVersion } from '../version.ts'
import { colourful, count, print, remark } from './common.ts'

const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

type Read = (file: string) => string | undefined
const formats = ['pretty', 'json', 'sarif', 'github'] as const
type Format = (typeof formats)[number]

const renderers: Readonly<Record<Format, (diagnostics: readonly Diagnostic[], read: Read, isTerminal: boolean) => string>> = {
  pretty: (diagnostics, read, isTerminal) =>
    renderPretty(diagnostics, read, {
      color: isTerminal && colourful(process.stderr),
      width: isTerminal ? (process.stderr.columns ?? 100) : 100,
    }),
  json: renderJson,
  sarif: (diagnostics, read) => renderSarif(diagnostics, read, archcVersion()),
  github: renderGithub,
}

interface Flags {
  readonly format?: Format
  readonly json?: boolean
  readonly outputFile?: string
  readonly maxWarnings?: number
}

/** Registers `archc check`. */
export function checkCommand(program: Command): void {
  program
    .command('check')
    .description('parse and check .arch files: every preset, every variant, every shape for every size')
    .argument('[files...]', 'files or folders; - is standard input', ['.'])
    .addOption(new Option('--format <name>', 'pretty, or github inside GitHub Actions, unless it is said').choices([...formats]))
    .option('--json', 'as --format json: one JSON object a line for each diagnostic')
    .option('-o, --output-file <file>', 'write what is found there instead')
    .option('--max-warnings <n>', 'exit with 1 where there are more warnings', count)
    .addHelpText(
      'after',
      `
Examples:
  archc check models
  archc check models/iste.arch --json
  archc check --max-warnings 0 --format sarif -o archc.sarif
  cat mine.arch | archc check -

A warning is allowed by a remark that names it, on its line or alone on the line above: // allow unused-let: kept for the figure`,
    )
    .action(async (files: string[], flags: Flags) => {
      const found = files.flatMap(archFiles)
      if (found.length === 0)
        throw new UserError(`no .arch file in ${files.join(', ')}`, 'name a file or a folder that holds some')
      const { diagnostics, sources, checked } = check(found, fileHost)
      const format = flags.format ?? (flags.json ? 'json' : process.env['GITHUB_ACTIONS'] === 'true' ? 'github' : 'pretty')
      const text = renderers[format](diagnostics, (file) => sources.get(file), flags.outputFile === undefined)
      if (flags.outputFile !== undefined) await writeAtomic(flags.outputFile, text)
      else if (format === 'pretty') process.stderr.write(text && `${text}\n`)
      else process.stdout.write(text)
      const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'error').length
      const warnings = diagnostics.length - errors
      const tooMany = flags.maxWarnings !== undefined && warnings > flags.maxWarnings
      if (tooMany) remark(`${plural(warnings, 'warning')}, more than ${flags.maxWarnings}`)
      if (errors === 0 && format === 'pretty') {
        const presets = checked.reduce((total, file) => total + file.presets.length, 0)
        const kinds = (['model', 'variant'] as const).map((kind) =>
          plural(checked.filter((file) => file.kind === kind).length, kind),
        )
        print(
          `${plural(checked.length, 'file')} ${checked.length === 1 ? 'is' : 'are'} right: ${[...kinds, plural(presets, 'preset')].join(', ')}`,
        )
      }
      if (errors > 0 || tooMany) process.exitCode = 1
    })
}
