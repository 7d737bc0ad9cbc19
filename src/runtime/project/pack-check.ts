import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { archcRoot } from '../../root.ts'
import { archcVersion } from '../../version.ts'
import { runCommand } from '../engine/command.ts'
import { temporaryFolder } from '../files/temporary-folder.ts'

/** The tarball of archc-check in this version, as a project holds it. */
export const checkTarball = (): string => `archc-check-${archcVersion()}.tgz`

const isCheck = (): boolean =>
  (JSON.parse(readFileSync(path.join(archcRoot, 'package.json'), 'utf8')) as { name: string }).name === 'archc-check'

/** Makes that tarball: archc compiles it from its sources, archc-check packs itself. @throws UserError without npm. */
export async function packCheck(): Promise<Buffer> {
  const { folder, remove } = temporaryFolder('pack')
  try {
    const command = isCheck()
      ? ['npm', 'pack', '--silent', '--pack-destination', folder]
      : [process.execPath, path.join(archcRoot, 'packages', 'archc-check', 'pack.js'), folder]
    await runCommand(command, { step: 'packing archc-check', help: 'npm must be on the PATH', cwd: archcRoot })
    return await readFile(path.join(folder, checkTarball()))
  } finally {
    remove()
  }
}
