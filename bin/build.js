// The sources are TypeScript; this compiles them once into a cache folder and again only when one of them changed.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))

const product = {
  main: 'src/cli/main.ts',
  index: 'src/index.ts',
  layers: 'src/compiler/targets/layers/register.ts',
  compute: 'src/runtime/compute/server.ts',
}

/** Names, sizes and modification times of all sources: what the cached build stands for. */
function fingerprint(folders) {
  const hash = createHash('sha256')
  const visit = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const file = path.join(folder, entry.name)
      if (entry.isDirectory()) visit(file)
      else if (entry.name.endsWith('.ts')) {
        const { size, mtimeMs } = statSync(file)
        hash.update(`${path.relative(root, file)} ${size} ${mtimeMs}\n`)
      }
    }
  }
  for (const folder of folders) visit(path.join(root, folder))
  return hash.update(root).digest('hex').slice(0, 16)
}

/** The path of the compiled module NAME: main, index or layers, or with FILE that one, built apart from them. */
export async function built(name, file) {
  const base = path.join(root, '.archc-build')
  const sources = ['grammar', 'src']
  const folder = path.join(base, file ? `${fingerprint([...sources, path.dirname(file)])}-${name}` : fingerprint(sources))
  if (!existsSync(folder)) {
    const { build } = await import('esbuild')
    const temporary = `${folder}.${process.pid}.tmp`
    await build({
      entryPoints: Object.fromEntries(
        Object.entries(file ? { [name]: file } : product).map(([at, entry]) => [at, path.join(root, entry)]),
      ),
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      packages: 'external',
      sourcemap: 'linked',
      define: { 'globalThis.ARCHC_ROOT': JSON.stringify(root) },
      outdir: temporary,
      outExtension: { '.js': '.mjs' },
      logLevel: 'warning',
    })
    try {
      renameSync(temporary, folder)
    } catch (error) {
      rmSync(temporary, { recursive: true, force: true })
      if (!existsSync(folder)) throw error // otherwise another process built the same sources first
    }
    for (const entry of readdirSync(base)) {
      const old = path.join(base, entry)
      if (old !== folder && Date.now() - statSync(old).mtimeMs > 3_600_000) rmSync(old, { recursive: true, force: true })
    }
  }
  return pathToFileURL(path.join(folder, `${name}.mjs`)).href
}
