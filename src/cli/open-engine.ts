import type { Engine } from '../runtime/engine/index.ts'
import { remark, type CommonFlags } from './common.ts'

/** Loads an engine, or makes it ready for the process that trains (`elsewhere`), and says which. */
export async function openEngine(flags: Pick<CommonFlags, 'engine'>, elsewhere = false): Promise<Engine> {
  const { loadEngine } = await import('../runtime/engine/index.ts')
  const engine = await loadEngine({ ...(flags.engine && { name: flags.engine }), say: remark, elsewhere })
  remark(`engine: ${engine.description}`)
  return engine
}
