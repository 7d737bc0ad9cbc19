// The sources are TypeScript; this compiles them once into a cache folder and again only when one of them changed.
// The folder is .archc-build beside the sources or, where the package is not this user's to write to, in the user's cache.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))

const product = {
  main: 'src/cli/main.ts',
  index: 'src/library.ts',
  layers: 'src/compiler/targets/layers/register.ts',
  prettier: 'src/compiler/format/plugin.ts',
  compute: 'src/runtime/compute/server.ts',
  heartbeat: 'src/cli/heartbeat.ts',
  png: 'src/runtime/data/png-server.ts',
  openslide: 'src/runtime/slides/openslide-server.ts',
}

/**
 * Names, sizes and modification times of this file and of all sources: what the cached build stands for. npm gives every file of a package the
 * same modification time; in a folder that outlives the package (`outlives`) the time of its writing stands for them too.
 */
function fingerprint(folders, outlives) {
  const hash = createHash('sha256')
  const take = (file) => {
    const { size, mtimeMs, ctimeMs } = statSync(file)
    hash.update(`${path.relative(root, file)} ${size} ${mtimeMs}${outlives ? ` ${ctimeMs}` : ''}\n`)
  }
  const visit = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const file = path.join(folder, entry.name)
      if (entry.isDirectory()) visit(file)
      else if (entry.name.endsWith('.ts')) take(file)
    }
  }
  take(fileURLToPath(import.meta.url))
  for (const folder of folders) visit(path.join(root, folder))
  return hash.update(root).digest('hex').slice(0, 16)
}

/** This checkout's builds in the user's cache folder, which is where src/runtime/engine/paths.ts says. */
function userFolder() {
  const { ARCHC_CACHE, XDG_CACHE_HOME } = process.env
  const home = process.platform === 'darwin' ? 'Library/Caches' : '.cache'
  const caches = XDG_CACHE_HOME && path.isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : path.join(os.homedir(), home)
  const name = createHash('sha256').update(root).digest('hex').slice(0, 16)
  return path.join(ARCHC_CACHE ? path.resolve(ARCHC_CACHE) : path.join(caches, 'archc'), 'build', name)
}

/** Built in: the parser is hundreds of files, and one is read faster. */
const inside = /^(chevrotain|@chevrotain\/.*|lodash-es(\/.*)?)$/

/** The other packages stay outside of the build, under the name that `nameOf` gives them. */
const packages = (nameOf) => ({
  name: 'packages',
  setup: (build) =>
    build.onResolve({ filter: /^[^./]/ }, ({ path: name, kind }) =>
      kind === 'entry-point' || inside.test(name) ? undefined : { path: isBuiltin(name) ? name : nameOf(name), external: true },
    ),
})
export const packagesByName = packages((name) => name)
/** Outside of the package's folder Node would not find them by name. */
const packagesByAddress = packages((name) => import.meta.resolve(name))

export async function compile(entryPoints, outdir, plugin, options = {}) {
  const { build } = await import('esbuild')
  return build({
    entryPoints: Object.fromEntries(Object.entries(entryPoints).map(([name, entry]) => [name, path.join(root, entry)])),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    plugins: [plugin],
    sourcemap: 'linked',
    define: { 'globalThis.ARCHC_ROOT': JSON.stringify(root) },
    outdir,
    outExtension: { '.js': '.mjs' },
    // What goes wrong is thrown, and said by whoever asked for it.
    logLevel: 'silent',
    ...options,
  })
}

/** Whether FOLDER is there and this user may write to it; made where it is missing. */
function writable(folder) {
  try {
    mkdirSync(folder, { recursive: true })
    const trial = path.join(folder, `.${process.pid}.trial`)
    mkdirSync(trial)
    rmSync(trial, { recursive: true })
    return true
  } catch {
    return false
  }
}

/** The path of the compiled module NAME: main, index, layers, prettier, compute, heartbeat, png or openslide, or with FILE that one, built apart from them. */
export async function built(name, file) {
  const sources = file ? ['grammar', 'src', path.dirname(file)] : ['grammar', 'src']
  const own = { base: path.join(root, '.archc-build'), outlives: false, plugin: packagesByName }
  const users = { base: userFolder(), outlives: true, plugin: packagesByAddress }
  const folderOf = ({ base, outlives }) => path.join(base, `${fingerprint(sources, outlives)}${file ? `-${name}` : ''}`)
  let place = own
  if (!existsSync(folderOf(own)) && !writable(own.base)) {
    place = users
    if (!existsSync(folderOf(users)) && !writable(users.base)) {
      console.error(`error: archc compiles its sources once, and neither ${own.base} nor ${users.base} can be written to`)
      console.error('  help: set ARCHC_CACHE to a folder that you can write to')
      process.exit(1)
    }
  }
  const folder = folderOf(place)
  if (!existsSync(folder)) {
    const temporary = `${folder}.${process.pid}.tmp`
    try {
      await compile(file ? { [name]: file } : product, temporary, place.plugin)
      renameSync(temporary, folder)
    } catch (error) {
      rmSync(temporary, { recursive: true, force: true })
      if (!existsSync(folder)) throw error // otherwise another process built the same sources first
    }
    // By age alone, and here: what sweeps for the rest of archc (removeLeftovers) is among the sources that are compiled only now.
    for (const entry of readdirSync(place.base)) {
      const old = path.join(place.base, entry)
      const age = Date.now() - (statSync(old, { throwIfNoEntry: false })?.mtimeMs ?? Infinity)
      if (old !== folder && age > 3_600_000) rmSync(old, { recursive: true, force: true })
    }
  }
  return pathToFileURL(path.join(folder, `${name}.mjs`)).href
}

/** What this machine or shell lacks to compile the sources or to load them, by the errors of Node and of esbuild. */
const shortages = [
  [/EMFILE|ENFILE|too many open files/i, 'too many files are open', 'raise the limit: ulimit -n 4096'],
  [/EFBIG|file too large/i, 'a file may not become so large', 'raise the limit: ulimit -f unlimited'],
  [
    /ENOSPC|EDQUOT|no space left|quota exceeded/i,
    'the disk is full',
    'make room, or set ARCHC_CACHE to a folder on another disk',
  ],
]

/** The shortage that an error is of, if it is of one. */
export function shortOf(error) {
  const said = `${error?.code ?? ''} ${error?.message ?? ''}`
  const [, what, help] = shortages.find(([pattern]) => pattern.test(said)) ?? []
  return what && { what, help }
}
