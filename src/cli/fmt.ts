import path from 'node:path'
import type { Command } from 'commander'
import { renderPretty } from '../compiler/diagnostics/render-pretty.ts'
import type { Style } from '../compiler/format/format.ts'
import { CompileError, UserError } from '../errors.ts'
import { writeAtomic } from '../runtime/files/atomic.ts'
import { fileError } from '../runtime/files/file-error.ts'
import { textBytes, textOf } from '../runtime/files/text.ts'
import { archFiles } from '../runtime/host.ts'
import { colourful, print, remark } from './common.ts'
import { createFailures } from './failures.ts'

interface Flags {
  readonly check?: boolean
  readonly diff?: boolean
}

/** Leaves with this where `--check` or `--diff` found something to format. */
const notFormatted = 3

/** Registers `archc fmt`. */
export function fmtCommand(program: Command): void {
  program
    .command('fmt')
    .description('format .arch files in place; also a prettier plugin, archc/prettier')
    .argument('[files...]', 'files or folders; - is standard input, to standard output', ['.'])
    .option('--check', `write nothing, name the files that are not formatted, and exit with ${notFormatted} if there are any`)
    .option('--diff', 'as --check, and show what would change')
    .addHelpText(
      'after',
      `
Examples:
  archc fmt models
  archc fmt --check models
  archc fmt --diff mine.arch
  cat mine.arch | archc fmt -

A line is 130 columns wide, unless .prettierrc or .editorconfig say otherwise. What follows // prettier-ignore stays as it is.
A file with errors of syntax is left as it is.`,
    )
    .action(async (names: string[], flags: Flags) => {
      const files = names.flatMap(archFiles)
      if (files.length === 0)
        throw new UserError(`no .arch file in ${names.join(', ')}`, 'name a file or a folder that holds some')
      const failures = createFailures(files.length, 'left as they are')
      let right = 0
      let changed = 0
      for (const file of files) {
        let text: string
        let formatted: string
        try {
          const read = readText(file)
          text = read.whole
          formatted = read.asItWas(await formattedText(file, read.text))
        } catch (error) {
          failures.note(file, error)
          continue
        }
        right += 1
        if (formatted !== text) changed += 1
        if (flags.diff) {
          const { unifiedDiff } = await import('../compiler/format/unified-diff.ts')
          unifiedDiff(file, text, formatted).forEach((line) => print(coloured(line)))
        } else if (file === '-' && !flags.check) process.stdout.write(formatted)
        else if (formatted !== text) {
          if (!flags.check) await writeAtomic(file, formatted)
          print(file)
        }
      }
      const isCheck = flags.check === true || flags.diff === true
      if (right > 0 && (isCheck || files.some((file) => file !== '-'))) remark(summary(changed, right, isCheck))
      failures.end()
      if (isCheck && changed > 0) process.exitCode = notFormatted
    })
}

function summary(changed: number, all: number, isCheck: boolean): string {
  const files = `${all} file${all === 1 ? '' : 's'}`
  if (changed === 0) return `${files} formatted already`
  return isCheck ? `${changed} of ${files} not formatted` : `${changed} of ${files} formatted`
}

/** A file's text without its byte order mark and with line ends of one character, and the way back: what the file has throughout it keeps. */
function readText(file: string): { readonly whole: string; readonly text: string; readonly asItWas: (text: string) => string } {
  let bytes: Buffer
  try {
    bytes = textBytes(file)
  } catch (error) {
    throw fileError(error, 'read', file)
  }
  const found = textOf(bytes)
  if ('problem' in found) throw new UserError(`cannot read ${file}: ${found.problem}`)
  const isCrlf = found.text.includes('\r\n') && !/(^|[^\r])\n/.test(found.text)
  const mark = found.hasMark ? '\uFEFF' : ''
  return {
    whole: mark + found.text,
    text: isCrlf ? found.text.replaceAll('\r\n', '\n') : found.text,
    asItWas: (text) => mark + (isCrlf ? text.replaceAll('\n', '\r\n') : text),
  }
}

/** @throws UserError where the text does not parse. */
async function formattedText(file: string, text: string): Promise<string> {
  const { format, NotParsedError } = await import('../compiler/format/format.ts')
  const style = await styleOf(file)
  try {
    return format(text, file, style)
  } catch (error) {
    if (!(error instanceof NotParsedError)) throw error
    const width = process.stderr.columns ?? 100
    throw new CompileError(renderPretty(error.diagnostics, () => text, { color: colourful(process.stderr), width }))
  }
}

/** What prettier's own configuration says of a file: both format alike. */
async function styleOf(file: string): Promise<Style> {
  const { resolveConfig } = await import('prettier')
  try {
    return (await resolveConfig(path.resolve(file === '-' ? 'stdin.arch' : file), { editorconfig: true })) ?? {}
  } catch (error) {
    throw new UserError(`prettier's configuration of ${file} cannot be read: ${(error as Error).message}`, 'mend .prettierrc')
  }
}

function coloured(line: string): string {
  const codes: Readonly<Record<string, string>> = { '-': '31', '+': '32', '@': '36' }
  const code = codes[line[0] ?? '']
  return code && colourful(process.stdout) ? `\u001b[${code}m${line}\u001b[0m` : line
}
