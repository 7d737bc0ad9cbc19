import { readFileSync } from 'node:fs'
import path from 'node:path'
import { archcRoot } from './root.ts'

/** archc's own version, from its package.json. */
export const archcVersion = (): string =>
  (JSON.parse(readFileSync(path.join(archcRoot, 'package.json'), 'utf8')) as { version: string }).version
