import { existsSync, statSync, type Stats } from 'node:fs'
import path from 'node:path'
import { Option, type Command } from 'commander'
import { check } from '../compiler/index.ts'
import type { Diagnostic } from '../compiler/diagnostics/diagnostic.ts'
import { renderGithub } from '../compiler/diagnostics/render-github.ts'
import { renderJson } from '../compiler/diagnostics/render-json.ts'
import { renderPretty } from '../compiler/diagnostics/render-pretty.ts'
import { renderSarif } from '../compiler/diagnostics/render-sarif.ts'
import { plural, UserError } from '../errors.ts'
import { writeAtomic } from '../runtime/files/atomic.ts'
import { archFiles, fileHost, isPassedOver, placeOf, resolveBy } from '../runtime/host.ts'
import { archcVersion } from '../version.ts'
import { colourful, count, print, remark, UsageError } from './common.ts'
import { errorIndex } from './error-pages.ts'
import { noteRight, rightBefore } from './right-before.ts'

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
  sarif(diagnostics, read) {
    const index = errorIndex()
    return renderSarif(diagnostics, read, archcVersion(), (code) => index.get(code)!)
  },
  github: renderGithub,
}

interface Flags {
  readonly format?: Format
  readonly json?: boolean
  readonly outputFile?: string
  readonly maxWarnings?: number
  readonly watch?: boolean
}

/** Milliseconds in which the changes of one save arrive. */
const settling = 50

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
    .option('-w, --watch', 'check again whenever one of the files or of what they import changes')
    .addHelpText(
      'after',
      `
Examples:
  archc check models
  archc check iste.arch --json
  archc check --watch
  archc check --max-warnings 0 --format sarif -o archc.sarif
  cat mine.arch | archc check -

A warning is allowed by a remark that names it, on its line or alone on the line above: // allow unused-let: kept for the figure`,
    )
    .action(async (files: string[], flags: Flags) => {
      if (!flags.watch) return void (await checkOnce(files, flags))
      if (files.includes('-')) throw new UsageError('standard input cannot be watched')
      await watchFiles(files, flags)
    })
}

/** Checks once and says what was found. Gives every file that was read or looked for. */
async function checkOnce(files: readonly string[], flags: Flags): Promise<readonly string[]> {
  const found = files.map(fileHost.named).flatMap(archFiles)
  if (found.length === 0) throw new UserError(`no .arch file in ${files.join(', ')}`, 'name a file or a folder that holds some')
  const before = rightBefore(found)
  const asked = new Set([...found, ...(before?.read ?? [])])
  const { diagnostics, sources, checked } = before
    ? { diagnostics: [], sources: new Map<string, string>(), checked: before.checked }
    : check(found, {
        read: (file) => (asked.add(file), fileHost.read(file)),
        resolve: resolveBy((file) => (asked.add(file), existsSync(file))),
      })
  if (!before && diagnostics.length === 0) await noteRight(found, sources, asked, checked)
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
    const kinds = (['model', 'variant'] as const).map((kind) => plural(checked.filter((file) => file.kind === kind).length, kind))
    print(
      `${plural(checked.length, 'file')} ${checked.length === 1 ? 'is' : 'are'} right: ${[...kinds, plural(presets, 'preset')].join(', ')}`,
    )
  }
  const undecided = checked.flatMap((file) => file.undecided ?? [])
  if (errors === 0 && format === 'pretty' && undecided.length > 0)
    remark(
      `no model calls ${undecided.join(', ')}: names, ops and attributes are right; whether the shapes are depends on what a caller gives`,
    )
  if (errors > 0 || tooMany) process.exitCode = 1
  return [...asked].map((name) => placeOf(name))
}

/** Checks, and again whenever a file changes: those that were named, new ones in the folders, and all that they import. */
async function watchFiles(files: readonly string[], flags: Flags): Promise<never> {
  const { watch } = await import('chokidar')
  let notice = (): void => undefined
  const watching = async (paths: readonly string[], depth?: number): Promise<void> => {
    const ignored = (file: string, stats?: Stats): boolean =>
      (stats?.isFile() === true && !file.endsWith('.arch')) || (!paths.includes(file) && isPassedOver(path.basename(file)))
    const watcher = watch([...paths], { ignoreInitial: true, ignored, ...(depth !== undefined && { depth }) })
    watcher.on('all', () => notice())
    await new Promise<void>((resolve) => watcher.once('ready', () => resolve()))
  }
  await watching(files)
  // A file that is imported from elsewhere may go and come back, so its folder is watched.
  const folders = new Set<string>()
  for (;;) {
    const changed = new Promise<void>((resolve) => (notice = () => void setTimeout(resolve, settling)))
    const start = Date.now()
    process.exitCode = 0
    try {
      const asked = await checkOnce(files, flags)
      const fresh = [...new Set(asked.map((file) => path.dirname(file)))].filter(
        (folder) => existsSync(folder) && !folders.has(folder),
      )
      if (fresh.length > 0) {
        await watching(fresh, 0)
        fresh.forEach((folder) => folders.add(folder))
        // What changed before its folder was watched.
        if (asked.some((file) => (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) >= start)) continue
      }
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      remark(`error: ${error.message}`)
    }
    remark('watching; Ctrl-C ends it')
    await changed
    if (process.stdout.isTTY) process.stdout.write('\u001b[2J\u001b[H')
  }
}
