import { existsSync } from 'node:fs'
import path from 'node:path'

/** A Chromium: the one that CHROME or PLAYWRIGHT names, else one on PATH. */
export function findChromium(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const names = ['chromium', 'chromium-browser', 'google-chrome']
  const onPath = (env['PATH'] ?? '').split(path.delimiter).flatMap((folder) => names.map((name) => path.join(folder, name)))
  return [env['CHROME'], env['PLAYWRIGHT'], ...onPath].find((file) => file && existsSync(file))
}
