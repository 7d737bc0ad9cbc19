import path from 'node:path'
import { fileURLToPath } from 'node:url'

declare global {
  // Set by bin/build.js, whose output lies in another folder than the sources.
  var ARCHC_ROOT: string | undefined
}

/** The folder of archc itself: where package.json, models and samples are. */
export const archcRoot: string = globalThis.ARCHC_ROOT ?? path.dirname(path.dirname(fileURLToPath(import.meta.url)))
