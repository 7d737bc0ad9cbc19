/** The engine room: which TensorFlow computes, how it gets here, and what stands in for it. */
export { loadEngine, engineBytes, activeEngine, type Engine } from './load.ts'
export type { EngineName } from './names.ts'
export { openSession, type Session } from './session.ts'
export { installEngine, removeEngine } from './install.ts'
export { engineStatus, type EngineStatus } from './status.ts'
export { cacheFolder, engineHome } from './paths.ts'
export { showProgress } from './progress.ts'
