/** The engine room: which TensorFlow computes, how it gets here, and what stands in for it. */
export { loadEngine, engineBytes, activeEngine, engineNames, type Engine, type EngineName, type LoadOptions } from './load.ts'
export { openSession, type Session } from './session.ts'
export { installEngine, removeEngine, type InstallOptions } from './install.ts'
export { engineStatus, type EngineStatus } from './status.ts'
export { measureRates, type Rates } from './measure.ts'
export { cacheFolder, engineHome, tensorflowVersion, type Flavour } from './paths.ts'
export { showProgress, type Progress } from './progress.ts'
export type { Installed } from './installed.ts'
