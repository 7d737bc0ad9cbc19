/**
 * Makes the extension's .vsix: `node editors/vscode/package.js [FILE]`, archc-VERSION.vsix in the current folder without FILE.
 * Everything that it runs on, but VS Code, is bundled.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createVSIX } from '@vscode/vsce'
import { build } from 'esbuild'
import { licences } from '../licences.js'

const here = import.meta.dirname
const manifest = JSON.parse(readFileSync(path.join(here, 'package.json'), 'utf8'))
const out = path.resolve(process.argv[2] ?? `${manifest.name}-${manifest.version}.vsix`)
const folder = mkdtempSync(path.join(os.tmpdir(), 'archc-vscode-'))
try {
  for (const file of ['package.json', 'README.md', 'LICENSE', 'arch.tmLanguage.json', 'language-configuration.json'])
    cpSync(path.join(here, file), path.join(folder, file))
  const { metafile } = await build({
    entryPoints: [path.join(here, 'extension.js')],
    outfile: path.join(folder, manifest.main),
    bundle: true,
    minify: true,
    metafile: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    external: ['vscode'],
  })
  writeFileSync(path.join(folder, 'dist', 'LICENCES.txt'), licences(Object.keys(metafile.inputs)))
  await createVSIX({ cwd: folder, packagePath: out, dependencies: false, allowMissingRepository: true })
} finally {
  rmSync(folder, { recursive: true, force: true })
}
