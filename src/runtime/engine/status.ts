import path from 'node:path'
import { findCompiler, probeAddon } from './addon.ts'
import { chosenFlavour, installedBytes, readInstalled, type Installed } from './installed.ts'
import { caveats } from './install.ts'
import { loadEngine, type Engine } from './load.ts'
import { engineNames } from './names.ts'
import { measureRates, type Rates } from './measure.ts'
import { engineHome, flavours, targetOf, versionOf, type Flavour } from './paths.ts'
import { findPip } from './pip.ts'
import { UserError } from '../../errors.ts'

export interface EngineStatus {
  /** The TensorFlow that this archc uses, and where it stands or would stand. */
  readonly tensorflow: {
    readonly version: string
    readonly flavour: Flavour
    readonly where: string
    readonly bytes: number
    readonly installed?: Installed
    /** Others in the cache, which that one goes before. */
    readonly unused: readonly Flavour[]
    /** What is untried of it, and what it says of GPUs. */
    readonly caveats: readonly string[]
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
  const flavour = chosenFlavour() ?? 'cpu'
  const installed = readInstalled(flavour)
  const notices: string[] = []
  const engine = await loadEngine({ install: false, say: (line) => void notices.push(line) })
  const probe =
    installed && flavour !== 'cpu'
      ? await probeAddon(path.join(installed.home, installed.addon)).catch((error: unknown) => {
          if (!(error instanceof UserError)) throw error
          notices.push(error.message)
        })
      : undefined
  return {
    tensorflow: {
      version: installed?.tensorflow ?? versionOf(flavour),
      flavour,
      where: engineHome(flavour),
      bytes: installed ? installedBytes(installed) : 0,
      ...(installed && { installed }),
      unused: flavours.filter((other) => other !== flavour && readInstalled(other)),
      caveats: probe ? caveats(flavour, probe) : [],
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
