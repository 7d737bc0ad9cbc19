import { findCompiler } from './addon.ts'
import { installedBytes, readInstalled, type Installed } from './installed.ts'
import { engineNames, loadEngine, type Engine } from './load.ts'
import { measureRates, type Rates } from './measure.ts'
import { engineHome, targetOf, tensorflowVersion } from './paths.ts'
import { findPip } from './pip.ts'
import { UserError } from '../../errors.ts'

export interface EngineStatus {
  /** The TensorFlow that this archc uses, and where it stands or would stand. */
  readonly tensorflow: {
    readonly version: string
    readonly where: string
    readonly bytes: number
    readonly installed?: Installed
  }
  /** What an install lacks on this machine; empty where TensorFlow is installed. */
  readonly missing: readonly { readonly what: string; readonly help?: string }[]
  /** The engine that a command gets here, and those that it could fall back to. */
  readonly engine: Engine
  readonly fallbacks: readonly string[]
  /** Why it is not TensorFlow, where it isn't. */
  readonly notices: readonly string[]
  readonly rates?: Rates
}

/** What a command would compute with here, without installing anything; `measure` adds rates (a few seconds of all cores). */
export async function engineStatus(options: { measure?: boolean } = {}): Promise<EngineStatus> {
  const installed = readInstalled()
  const notices: string[] = []
  const engine = await loadEngine({ install: false, say: (line) => void notices.push(line) })
  return {
    tensorflow: {
      version: installed?.tensorflow ?? tensorflowVersion,
      where: engineHome(),
      bytes: installed ? installedBytes(installed) : 0,
      ...(installed && { installed }),
    },
    missing: installed ? [] : await missingForInstall(),
    engine,
    fallbacks: engineNames.slice(engineNames.indexOf(engine.name) + 1),
    notices,
    ...(options.measure && { rates: measureRates(engine) }),
  }
}

async function missingForInstall(): Promise<{ what: string; help?: string }[]> {
  const checks = [async () => targetOf(), () => findCompiler(), () => findPip()]
  const missing: { what: string; help?: string }[] = []
  for (const check of checks) {
    await check().catch((error: unknown) => {
      if (!(error instanceof UserError)) throw error
      missing.push({ what: error.message, ...(error.help && { help: error.help }) })
    })
  }
  return missing
}
