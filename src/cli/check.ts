import { readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import type { Command } from 'commander'
import { check } from '../compiler/index.ts'
import { renderJson } from '../compiler/diagnostics/render-json.ts'
import { renderPretty } from '../compiler/diagnostics/render-pretty.ts'
import { UserError } from '../errors.ts'
import { fileHost } from '../runtime/host.ts'
import { colourful, print } from './common.ts'

const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

/** Registers `archc check`. */
export function checkCommand(program: Command): void {
  program
    .command('check')
    .description('parse and check .arch files: every preset, every variant, every shape for every size')
    .argument('[files...]', 'files or folders; - is standard input', ['.'])
    .option('--json', 'one JSON object a line for each diagnostic')
    .addHelpText(
      'after',
      '\nExamples:\n  archc check models\n  archc check models/iste.arch --json\n  cat mine.arch | archc check -',
    )
    .action((files: string[], flags: { json?: boolean }) => {
      const found = files.flatMap(archFiles)
      if (found.length === 0)
        throw new UserError(`no .arch file in ${files.join(', ')}`, 'name a file or a folder that holds some')
      const { diagnostics, sources, checked } = check(found, fileHost)
      const read = (file: string): string | undefined => sources.get(file)
      const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'error').length
      if (flags.json) process.stdout.write(renderJson(diagnostics, read))
      else {
        if (diagnostics.length > 0)
          process.stderr.write(
            `${renderPretty(diagnostics, read, { color: colourful(process.stderr), width: process.stderr.columns ?? 100 })}\n`,
          )
        const models = checked.filter((file) => file.kind === 'model')
        const variants = checked.filter((file) => file.kind === 'variant')
        if (errors === 0)
          print(
            `${plural(checked.length, 'file')} ${checked.length === 1 ? 'is' : 'are'} right: ${[
              plural(models.length, 'model'),
              plural(variants.length, 'variant'),
              plural(
                models.reduce((total, file) => total + file.presets.length, 0),
                'preset',
              ),
            ].join(', ')}`,
          )
      }
      if (errors > 0) process.exitCode = 1
    })
}

/** `.arch` files of a folder, searched through; a file stands for itself. */
export function archFiles(file: string): string[] {
  if (file === '-') return [file]
  const stat = statSync(file, { throwIfNoEntry: false })
  if (!stat?.isDirectory()) return [file]
  return readdirSync(file, { withFileTypes: true })
    .filter((entry) => !entry.name.startsWith('.') && entry.name !== 'node_modules')
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const inside = path.join(file, entry.name)
      return entry.isDirectory() ? archFiles(inside) : entry.name.endsWith('.arch') ? [inside] : []
    })
}
