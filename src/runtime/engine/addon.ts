import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { UserError } from '../../errors.ts'
import { archcRoot } from '../../root.ts'
import { firstThatRuns, runCommand } from './command.ts'
import { archcRequire, type Target } from './paths.ts'

export interface Compiler {
  readonly command: readonly string[]
  readonly version: string
}

/** The folder of the installed package @tensorflow/tfjs-node-gpu. */
export function tfjsNode(): string {
  return path.dirname(archcRequire.resolve('@tensorflow/tfjs-node-gpu/package.json'))
}

/** The C++ files of the addon: those of the npm package, and ours. Headers lie beside them. */
function addonSources(): string[] {
  const binding = path.join(tfjsNode(), 'binding')
  const theirs = readdirSync(binding).sort()
  return [...theirs.map((name) => path.join(binding, name)), path.join(archcRoot, 'src/runtime/engine/quiet.cc')]
}

let relativePath: string | undefined

/**
 * Where this archc's addon lies in the engine's folder: beside the libraries that it is linked against, under a name that
 * holds a checksum of its sources, so that checkouts with different ones share the folder.
 */
export function addonPath(): string {
  if (relativePath) return relativePath
  const hash = createHash('sha256')
  for (const file of addonSources()) hash.update(path.basename(file)).update(readFileSync(file))
  return (relativePath = path.join('lib', `tfjs_binding-${hash.digest('hex').slice(0, 8)}.node`))
}

/** The C++ compiler: `$CXX`, else g++, c++ or clang++. Throws UserError where none runs. */
export async function findCompiler(env: NodeJS.ProcessEnv = process.env): Promise<Compiler> {
  const named = env.CXX?.trim()
  const compiler = await firstThatRuns(named ? [named.split(/\s+/)] : [['g++'], ['c++'], ['clang++']])
  if (compiler) return compiler
  throw new UserError(
    named
      ? `CXX names a C++ compiler that does not run: ${named}`
      : "TensorFlow's addon has to be compiled here, and there is no C++ compiler (g++, c++, clang++)",
    'install one (Debian, Ubuntu: apt-get install g++; Fedora: dnf install gcc-c++; macOS: xcode-select --install) and try again',
  )
}

/**
 * Compiles the addon from the sources that the npm package carries, against the headers and libraries in FOLDER, into
 * FOLDER/lib. It finds the libraries beside itself, so the folder can be renamed.
 */
export async function compileAddon(folder: string, target: Target, compiler: Compiler, signal: AbortSignal): Promise<void> {
  const sources = addonSources().filter((name) => name.endsWith('.cc'))
  const nodeHeaders = path.join(path.dirname(archcRequire.resolve('node-api-headers/package.json')), 'include')
  const origin = target.platform === 'darwin' ? '@loader_path' : '$ORIGIN'
  const link = target.platform === 'darwin' ? ['-undefined', 'dynamic_lookup'] : []
  const command = [
    ...compiler.command,
    ...['-O2', '-std=c++17', '-fPIC', '-shared', '-DNAPI_VERSION=8'],
    ...['-I', nodeHeaders, '-I', path.join(folder, 'include')],
    ...sources,
    ...target.libraries.map((name) => path.join(folder, 'lib', name)),
    ...[`-Wl,-rpath,${origin}`, ...link, '-o', path.join(folder, addonPath())],
  ]
  await runCommand(command, {
    step: "compiling TensorFlow's addon",
    help: 'a C++17 compiler with its standard library is needed (g++ 8 or clang 7 and newer); CXX=... chooses another one',
    env: { ...process.env, TMPDIR: folder },
    signal,
  })
}

/** What a TensorFlow says of itself in its first second. */
export interface Probe {
  readonly version: string
  /** Whether it computes on a GPU, and where it doesn't, its own words why, if it has any. */
  readonly gpu: boolean
  readonly why?: string
}

/** Loads an addon in a process of its own. Throws UserError where it does not load. */
export async function probeAddon(addon: string, signal?: AbortSignal): Promise<Probe> {
  const script =
    'const m = { exports: {} }; process.dlopen(m, process.argv[1]); ' +
    'console.log(`\\nversion=${m.exports.TF_Version} gpu=${m.exports.isUsingGpuDevice?.() ?? false}`)'
  const output = await runCommand([process.execPath, '-e', script, addon], {
    step: 'loading TensorFlow for the first time',
    help: 'this system may be older than the wheel needs (glibc 2.27, libstdc++ of GCC 8), or the processor may lack AVX',
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '1', NODE_OPTIONS: '' },
    ...(signal && { signal }),
  })
  const gpu = output.includes(' gpu=true')
  const why = /(failed call to cuInit.*|Cannot dlopen some GPU libraries.*|Could not find cuda drivers.*)/.exec(output)?.[1]
  return { version: /^version=(\S+)/m.exec(output)?.[1] ?? 'none', gpu, ...(!gpu && why && { why: why.trim() }) }
}
