import Module from 'node:module'
import os from 'node:os'
import path from 'node:path'
import type * as tfjs from '@tensorflow/tfjs'
import { UserError } from '../../errors.ts'
import { errorCode } from '../files/file-error.ts'
import { installEngine } from './install.ts'
import { chosenFlavour, readInstalled, type Installed } from './installed.ts'
import type { EngineName } from './names.ts'
import { archcRequire, versionOf, type Flavour } from './paths.ts'
import { showProgress } from './progress.ts'

/** What a process holds that has TensorFlow 2.21 and a small graph, in bytes; measured. */
export const engineBytes = 500e6

export interface Engine {
  readonly name: EngineName
  /** TensorFlow's version, or that of the fallback's package. */
  readonly version: string
  /** The folder that the engine was loaded from. */
  readonly where: string
  /** One line for a human: `TensorFlow 2.21.0 (CPU, 2 cores) through tfjs-node`. */
  readonly description: string
  /** Whether gradients of all that archc's models use exist on it. */
  readonly trains: boolean
}

export interface LoadOptions {
  readonly name?: EngineName
  readonly say?: (line: string) => void
  /** Whether TensorFlow may be installed where it is missing (default true). */
  readonly install?: boolean
  /** TensorFlow is for another process to load: it is made ready, and nothing of it is held here. */
  readonly elsewhere?: boolean
}

/** Kept on the process, as tfjs keeps its backends: two copies of this module must not load the addon twice. */
interface Loaded {
  readonly engines: Map<EngineName, Promise<Engine>>
  active?: Engine
}
const key = Symbol.for('archc.engine')
const process_ = globalThis as { [key]?: Loaded }
const loaded: Loaded = (process_[key] ??= { engines: new Map() })

/** The one tfjs of the process: the module that `import * as tf from '@tensorflow/tfjs'` gives as well. */
export function tf(): typeof tfjs {
  return archcRequire('@tensorflow/tfjs') as typeof tfjs
}

/**
 * Loads an engine into the process's tfjs and makes it the active backend. Without `name` TensorFlow, installed at first
 * use (said aloud through `say`, by default to stderr); where that fails, wasm, then cpu, each with the reason and what to
 * do. An engine that is active already is kept. With `name` that engine, or a UserError.
 */
export async function loadEngine(options: LoadOptions = {}): Promise<Engine> {
  const say = options.say ?? ((line: string) => void process.stderr.write(`${line}\n`))
  const load = async (name: EngineName): Promise<Engine> =>
    name === 'tensorflow' && options.elsewhere
      ? ready(say, options.install ?? true).then((installed) =>
          describe(installed, installed.flavour === 'gpu' ? 'built for GPUs, untried' : cpu()),
        )
      : activate(name, say, options.install ?? true)
  if (options.name) return load(options.name)
  if (loaded.active) return loaded.active
  for (const name of ['tensorflow', 'wasm'] as const) {
    try {
      return await load(name)
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      say(`${name === 'tensorflow' ? 'TensorFlow' : 'The wasm engine'} cannot be used: ${error.message}`)
      if (error.help) say(`  what to do: ${error.help}`)
      say(
        name === 'tensorflow'
          ? 'going on with the wasm engine: slow, and it cannot train'
          : 'going on with the cpu engine: very slow',
      )
    }
  }
  return activate('cpu', say, false)
}

/** The engine that is active in this process, if one was loaded. */
export function activeEngine(): Engine | undefined {
  return loaded.active
}

async function activate(name: EngineName, say: (line: string) => void, install: boolean): Promise<Engine> {
  let engine = loaded.engines.get(name)
  if (!engine) {
    engine = name === 'tensorflow' ? loadTensorflow(say, install) : name === 'wasm' ? loadWasm() : loadCpu()
    loaded.engines.set(name, engine)
    engine.catch(() => loaded.engines.delete(name)) // a later call may try again
  }
  const ready = await engine
  if (tf().getBackend() !== name) await tf().setBackend(name)
  loaded.active = ready
  return ready
}

async function loadTensorflow(say: (line: string) => void, install: boolean): Promise<Engine> {
  const installed = await ready(say, install)
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '3' // its errors come back as exceptions; the user's own setting stays
  // The command and the process that computes for it share a GPU: neither may take all of its memory at once.
  if (installed.flavour === 'gpu') process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true'
  try {
    requireTfjsNode(path.join(installed.home, installed.addon))
  } catch (error) {
    if (errorCode(error) !== 'ERR_DLOPEN_FAILED') throw error
    throw new UserError(
      `TensorFlow in ${installed.home} does not load: ${(error as Error).message}`,
      `install it anew: archc engine remove, then archc engine install${{ cpu: '', gpu: ' --gpu', official: ' --from official' }[installed.flavour]}`,
      { cause: error },
    )
  }
  await tf().ready()
  const { isUsingGpuDevice } = tf().backend() as tfjs.KernelBackend & { isUsingGpuDevice: boolean }
  return describe(
    installed,
    isUsingGpuDevice ? 'GPU, untried' : installed.flavour === 'gpu' ? `built for GPUs, none seen: ${cpu()}` : cpu(),
  )
}

/** TensorFlow, installed where it is missing. */
async function ready(say: (line: string) => void, install: boolean): Promise<Installed> {
  const flavour = chosenFlavour()
  return (flavour && readInstalled(flavour)) ?? (await firstUse(flavour, say, install))
}

const cpu = (): string => `CPU, ${os.availableParallelism()} core${os.availableParallelism() === 1 ? '' : 's'}`

function describe({ tensorflow, home }: Installed, device: string): Engine {
  const description = `TensorFlow ${tensorflow} (${device}) through tfjs-node`
  return { name: 'tensorflow', version: tensorflow, where: home, description, trains: true }
}

/** Brings TensorFlow, or where the libraries of a FLAVOUR are here, only the addon of these sources for them. */
async function firstUse(flavour: Flavour | undefined, say: (line: string) => void, install: boolean): Promise<Installed> {
  const version = versionOf(flavour ?? 'cpu')
  if (!install) throw new UserError(`TensorFlow ${version} is not installed`, 'archc engine install')
  say(
    flavour
      ? `TensorFlow ${version} is here; its addon has to be compiled for this checkout`
      : `bringing TensorFlow ${version}, once for this user (a download of about 274 MB)`,
  )
  const shown = showProgress(say)
  const aloud = (line: string): void => {
    shown.end()
    say(line)
  }
  const from = flavour === 'official' ? 'official' : 'pypi'
  return installEngine({ from, gpu: flavour === 'gpu', say: aloud, progress: shown.take }).finally(shown.end)
}

/**
 * Requires tfjs-node with our addon. The package asks node-pre-gyp where its addon is; for this one question the answer is
 * the engine in the cache, so that node_modules stays as npm made it.
 */
function requireTfjsNode(addon: string): void {
  // The first is gone from Node 23, both warn in 22 and later; tfjs-node calls them for its tensors.
  Object.assign(archcRequire('node:util') as object, {
    isNullOrUndefined: (value: unknown) => value === null || value === undefined,
    isArray: Array.isArray,
  })
  const entry = archcRequire.resolve('@tensorflow/tfjs-node-gpu')
  const finder = archcRequire.resolve('@mapbox/node-pre-gyp', { paths: [path.dirname(entry)] })
  const { cache } = archcRequire
  const before = cache[finder]
  cache[finder] = Object.assign(new Module(finder), { exports: { find: () => addon }, loaded: true })
  try {
    quietly(() => archcRequire(entry))
  } finally {
    if (before) cache[finder] = before
    else Reflect.deleteProperty(cache, finder)
  }
}

async function loadWasm(): Promise<Engine> {
  const entry = archcRequire.resolve('@tensorflow/tfjs-backend-wasm')
  const { version_wasm: version } = archcRequire(entry) as { version_wasm: string }
  if (!(await tf().setBackend('wasm'))) {
    throw new UserError('WebAssembly with SIMD does not start in this Node', 'use --engine cpu, or Node 20 and newer')
  }
  const description = `tfjs WebAssembly ${version} (CPU, one thread), for inference`
  return { name: 'wasm', version, where: path.dirname(entry), description, trains: false }
}

async function loadCpu(): Promise<Engine> {
  const entry = archcRequire.resolve('@tensorflow/tfjs')
  const version = tf().version['tfjs-core']!
  await tf().setBackend('cpu')
  quietly(() => tf().scalar(0).dispose())
  const description = `tfjs ${version} in plain JavaScript (CPU, one thread), very slow`
  return { name: 'cpu', version, where: path.dirname(entry), description, trains: true }
}

/** tfjs greets the first tensor of a process with an advertisement; under this flag of its own it doesn't. */
function quietly(work: () => void): void {
  const env = tf().env()
  const before = env.getBool('IS_TEST')
  env.set('IS_TEST', true)
  try {
    work()
  } finally {
    env.set('IS_TEST', before)
  }
}
