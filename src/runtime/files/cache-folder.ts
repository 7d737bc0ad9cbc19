import os from 'node:os'
import path from 'node:path'

/**
 * The user's cache folder of archc: `$ARCHC_CACHE`, else `$XDG_CACHE_HOME/archc`, else `~/.cache/archc`
 * (`~/Library/Caches/archc` on macOS). A relative `$XDG_CACHE_HOME` is ignored, as the XDG specification asks.
 */
export function cacheFolder(
  env: NodeJS.ProcessEnv = process.env,
  platform: string = process.platform,
  home = os.homedir(),
): string {
  if (env.ARCHC_CACHE) return path.resolve(env.ARCHC_CACHE)
  if (env.XDG_CACHE_HOME && path.isAbsolute(env.XDG_CACHE_HOME)) return path.join(env.XDG_CACHE_HOME, 'archc')
  return platform === 'darwin' ? path.join(home, 'Library', 'Caches', 'archc') : path.join(home, '.cache', 'archc')
}

/** Whether a file stands in it. */
export const isInCache = (file: string): boolean => {
  const from = path.relative(cacheFolder(), path.resolve(file))
  return from !== '' && !from.startsWith('..') && !path.isAbsolute(from)
}
