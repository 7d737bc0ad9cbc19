import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { runCommand } from '../engine/command.ts'
import { cacheFolder } from '../engine/paths.ts'
import { makeFolder, writeFolderAtomic } from '../files/atomic.ts'
import { acquireLock } from '../files/lock.ts'

export const version = '4.4.0'

/** What npm unpacks only if its bytes are these. */
const integrity = 'sha512-krC1fgeTLXtZwgdpKJ0jm7hqv0gTSRQQRL+FhOaxaJ9Wj92t42BO3csO2odwgTAgZgf2RvkwPtp0R8Aa7dc+MA=='

/** Packages that nsfwjs asks for beside it are archc's own, and its weights need none. */
const install = [
  'npm',
  'ci',
  '--ignore-scripts',
  '--legacy-peer-deps',
  '--prefer-offline',
  '--no-audit',
  '--no-fund',
  '--fetch-retries=1',
  '--fetch-retry-mintimeout=1000',
]

/**
 * The folder of npm's package `nsfwjs` in the user's cache, where it is brought by npm and from npm's registry at first use. It is no
 * dependency of archc: 41 MB for one number, and the package warns of every Node but one.
 * @throws UserError where npm cannot bring it.
 */
export async function bringNsfwjs(say: (line: string) => void): Promise<string> {
  const home = path.join(cacheFolder(), 'inception', `nsfwjs-${version}`)
  const folder = path.join(home, 'node_modules', 'nsfwjs')
  if (existsSync(home)) return folder
  const help = `with a network, archc evaluate --frechet brings it into ${home}; or give pytorch-fid's weights with --fid-weights FILE`
  await makeFolder(path.dirname(home))
  const lock = await acquireLock(`${home}.lock`, {
    wait: ({ pid }) => say(`another archc (process ${pid}) is bringing nsfwjs: waiting for it`),
  })
  try {
    if (existsSync(home)) return folder
    say(`bringing nsfwjs ${version}, the stand-in for FID's Inception, once for this user (a download of 25 MB)`)
    await writeFolderAtomic(home, async (temporary) => {
      const dependencies = { nsfwjs: version }
      const packages = { '': { dependencies }, 'node_modules/nsfwjs': { version, integrity } }
      await writeFile(path.join(temporary, 'package.json'), JSON.stringify({ private: true, dependencies }))
      await writeFile(path.join(temporary, 'package-lock.json'), JSON.stringify({ lockfileVersion: 3, packages }))
      await runCommand(install, { step: `bringing nsfwjs ${version}`, help, cwd: temporary })
    })
    return folder
  } finally {
    lock.release()
  }
}
