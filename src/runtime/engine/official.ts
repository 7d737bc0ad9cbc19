import { existsSync } from 'node:fs'
import { cp, readdir, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { UserError } from '../../errors.ts'
import { tfjsNode } from './addon.ts'
import { runCommand } from './command.ts'
import { officialAddon } from './installed.ts'
import { archcRequire, versionOf } from './paths.ts'
import type { Source } from './sources.ts'

const step = 'the install script of @tensorflow/tfjs-node-gpu'

/**
 * The npm package's own install script, run in a copy of the package, so that node_modules stays as npm made it: it downloads
 * an older TensorFlow for the CPU and a finished addon, and needs neither pip nor a compiler. `bytes` is the disk it may take.
 */
export function officialSource(bytes: number): Source {
  return {
    bytes,
    async fill(folder, _temporary, steps) {
      const from = tfjsNode()
      for (const name of ['package.json', 'binding.gyp', 'binding', 'scripts'])
        await cp(path.join(from, name), path.join(folder, name), { recursive: true })
      const modules = archcRequire.resolve.paths('any')!
      const programs = modules.map((place) => path.join(place, '.bin'))
      const env = {
        ...process.env,
        NODE_PATH: [path.join(from, 'node_modules'), ...modules].join(path.delimiter),
        PATH: [path.join(from, 'node_modules', '.bin'), ...programs, path.dirname(process.execPath), process.env.PATH]
          .filter(Boolean)
          .join(path.delimiter),
        TMPDIR: folder,
        NODE_OPTIONS: '--no-deprecation',
      }
      steps.say(`running ${step}: TensorFlow ${versionOf('official')} from ${await hostOf(folder)}`)
      let output = ''
      try {
        const command = [process.execPath, path.join('scripts', 'install.js'), 'cpu', 'download']
        const onOutput = (text: string): void => void (output += text)
        await runCommand(command, { step, help: otherWays, cwd: folder, env, signal: steps.signal, onOutput })
      } catch (error) {
        throw error instanceof UserError ? unreachable(output, error) : error
      }
      const libraries = await readdir(path.join(folder, 'deps', 'lib')).catch(() => [])
      if (!libraries.some((name) => name.startsWith('libtensorflow.')) || !existsSync(path.join(folder, officialAddon)))
        throw new UserError(`${step} ended without TensorFlow or without its addon:\n${output.trimEnd()}`, otherWays)
      for (const name of await readdir(folder))
        if (name !== 'deps' && name !== 'lib') await rm(path.join(folder, name), { recursive: true })
      return { from: 'official', checked: 'nothing: the script compares no checksum' }
    },
  }
}

const otherWays =
  'take another way: archc engine install (the wheel, from the index that pip is configured with), or --from DIR (a folder with it). ' +
  'The script itself obeys HTTPS_PROXY and TFJS_NODE_CDN_STORAGE'

/** The host that the package's addon comes from, and by default its TensorFlow as well. */
async function hostOf(folder: string): Promise<string> {
  const { binary } = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8')) as { binary: { host: string } }
  const address = process.env.TFJS_NODE_BASE_URI ?? process.env.TFJS_NODE_CDN_STORAGE ?? binary.host
  return URL.canParse(address) ? new URL(address).host : address
}

/** Names the host, where the script's output says that it could not be reached; else the error as it is. */
function unreachable(output: string, error: UserError): UserError {
  const why = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPROTO)\b/.exec(output)?.[1]
  const address = [...output.matchAll(/\bhttps?:\/\/[^\s/'"]+/g)].at(-1)?.[0]
  if (!why || !address) return error
  return new UserError(`${step} cannot reach ${new URL(address).host} (${why})`, otherWays, { cause: error })
}
