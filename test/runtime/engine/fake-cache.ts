import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import { bundleEngine, makeFakeTools, type FakeTools } from './fake-tools.ts'

export interface FakeCache {
  readonly tools: FakeTools
  /** The cache folder of the running test. */
  readonly cache: string
  /** What stands in its engine folder. */
  standing(): string[]
  /** The code that `node -e` runs for a script which sees the engine room as `engine`. */
  code(script: string): string
  /** Runs such a script in a process of its own. */
  elsewhere(script: string, env?: NodeJS.ProcessEnv): ChildProcess & { ended: Promise<string> }
}

/** Gives each test of a file the fake tools and an empty cache, and puts the environment back after it. */
export function useFakeCache(): FakeCache {
  let tools: FakeTools
  let bundle: string
  let cache: string
  const kept = { ...process.env }

  beforeAll(async () => {
    tools = makeFakeTools()
    bundle = path.join(tools.folder, 'engine.cjs')
    await bundleEngine(bundle)
  })
  afterAll(() => tools.remove())

  beforeEach(() => {
    cache = mkdtempSync(path.join(tools.folder, 'cache-'))
    rmSync(path.join(tools.folder, 'downloads'), { force: true })
    Object.assign(process.env, { ARCHC_CACHE: cache, PATH: tools.bin })
    delete process.env.CXX
  })
  afterEach(() => {
    for (const name of Object.keys(process.env)) if (!(name in kept)) Reflect.deleteProperty(process.env, name)
    Object.assign(process.env, kept)
  })

  const code = (script: string): string =>
    `const engine = require(${JSON.stringify(bundle)}); (async () => { ${script} })().catch((e) => { console.log(e.name + ': ' + e.message); process.exit(1) })`
  return {
    get tools() {
      return tools
    },
    get cache() {
      return cache
    },
    standing() {
      const folder = path.join(cache, 'engine')
      return existsSync(folder) ? readdirSync(folder) : []
    },
    code,
    elsewhere(script, env = {}) {
      const options = { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] as const }
      const child: ChildProcess = spawn(process.execPath, ['-e', code(script)], { ...options, stdio: [...options.stdio] })
      let output = ''
      child.stdout!.setEncoding('utf8').on('data', (text: string) => (output += text))
      const ended = new Promise<string>((resolve) => child.on('close', () => resolve(output)))
      return Object.assign(child, { ended })
    },
  }
}

/** Every file of an engine's folder by its path in it, the addon's checksum left out. */
export function filesOf(home: string): string[] {
  const names = readdirSync(home, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(path.join(home, name)).isFile(),
  )
  return names.map((name) => name.replace(/-[0-9a-f]{8}\.node/, '.node')).sort()
}

/** What an engine consists of that computes on the CPU. */
export const engineFiles = [
  'engine.json',
  'include/tensorflow/c/c_api.h',
  'include/tensorflow/c/eager/c_api.h',
  'include/xla/tsl/c/tsl_status.h',
  'lib/libtensorflow_cc.so.2',
  'lib/libtensorflow_framework.so.2',
  'lib/tfjs_binding.node',
]

export async function failure(work: Promise<unknown>): Promise<UserError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(UserError)
  return error as UserError
}

export async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    if (tries > 500) throw new Error('it did not come to pass in ten seconds')
    await sleep(20)
  }
}
