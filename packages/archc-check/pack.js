/**
 * Makes the tarball of archc-check: `node packages/archc-check/pack.js [FOLDER]`, in this folder without FOLDER. It is archc's own sources,
 * compiled from the commands that need no engine, with what these read; it depends on what they import, in archc's versions.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { compile, packagesByName } from '../../bin/build.js'
import { licences } from '../../editors/licences.js'

const here = import.meta.dirname
const root = path.dirname(path.dirname(here))
const out = path.resolve(process.argv[2] ?? '.')
const whole = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
const stage = mkdtempSync(path.join(os.tmpdir(), 'archc-check-'))
const at = (...names) => path.join(stage, ...names)
// Names of sources in what is built are relative to this folder: the same sources give the same tarball.
process.chdir(root)

try {
  const entries = { main: 'src/cli/light.ts', index: 'src/index.ts', prettier: 'src/compiler/format/plugin.ts' }
  const { metafile } = await compile(entries, at('build'), packagesByName, { define: {}, sourcemap: false, metafile: true })
  // The folder is named for its contents: it stands for them where checks are remembered.
  const hash = createHash('sha256')
  for (const name of readdirSync(at('build')).sort()) hash.update(readFileSync(at('build', name)))
  const build = `build-${hash.digest('hex').slice(0, 16)}`
  renameSync(at('build'), at(build))

  const imported = Object.values(metafile.outputs).flatMap(({ imports }) => imports.filter(({ external }) => external))
  const names = new Set(imported.flatMap(({ path: name }) => (isBuiltin(name) ? [] : [/^(@[^/]+\/)?[^/]+/.exec(name)[0]])))
  const dependencies = Object.fromEntries([...names].sort().map((name) => [name, whole.dependencies[name]]))
  const { version, license, type, engines } = whole
  const manifest = {
    name: 'archc-check',
    version,
    description: 'Checks, formats, compares and draws super-resolution networks written as text: archc without its engine.',
    license,
    type,
    engines,
    bin: { archc: 'bin/archc.js' },
    exports: { '.': `./${build}/index.mjs`, './prettier': `./${build}/prettier.mjs` },
    dependencies,
  }
  writeFileSync(at('package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`)
  mkdirSync(at('bin'))
  writeFileSync(
    at('bin', 'archc.js'),
    `#!/usr/bin/env node\nimport { main } from '../${build}/main.mjs'\n\nawait main(process.argv)\n`,
    { mode: 0o755 },
  )
  writeFileSync(at('LICENCES.txt'), licences(Object.keys(metafile.inputs)))
  cpSync(path.join(here, 'README.md'), at('README.md'))
  for (const name of ['LICENSE', 'docs/errors', 'templates']) cpSync(path.join(root, name), at(name), { recursive: true })
  for (const name of readdirSync(path.join(root, 'models'), { recursive: true, encoding: 'utf8' }))
    if (name.endsWith('.arch')) cpSync(path.join(root, 'models', name), at('models', name))

  execFileSync('npm', ['pack', '--silent', '--pack-destination', out], { cwd: stage, stdio: ['ignore', 'ignore', 'inherit'] })
  console.log(path.join(out, `archc-check-${version}.tgz`))
} finally {
  rmSync(stage, { recursive: true, force: true })
}
