import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface FixtureFolder {
  readonly label: string
  /** Undefined where the folder is not at hand: its tests are skipped. */
  readonly folder: string | undefined
}

/** The folders of the fixture `name`: the one carried here, and the whole one below the folder in ARCHC_PARITY. */
export function fixtureFolders(name: string): FixtureFolder[] {
  const parity = process.env['ARCHC_PARITY']
  return [
    { label: 'carried', folder: fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url)) },
    { label: 'ARCHC_PARITY', folder: parity ? join(parity, name) : undefined },
  ]
}

/** `values` of a fixture's case.json. */
export function fixtureValues<T>(folder: string): T {
  return (JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8')) as { values: T }).values
}
