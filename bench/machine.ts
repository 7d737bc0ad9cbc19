import { spawnSync } from 'node:child_process'
import os from 'node:os'
import { archcRoot } from '../src/root.ts'
import { archcVersion } from '../src/version.ts'

/** What the numbers were taken on. */
export interface Machine {
  readonly date: string
  readonly archc: string
  /** The checkout's commit, `+` where files differ from it. */
  readonly commit?: string
  readonly node: string
  readonly system: string
  readonly processor: string
  readonly cores: number
  readonly memoryBytes: number
  /** Processes that wanted a core in the minute before. */
  readonly load: number
}

export function thisMachine(): Machine {
  const commit = commitOf()
  return {
    date: new Date().toISOString(),
    archc: archcVersion(),
    ...(commit !== undefined && { commit }),
    node: process.versions.node,
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    processor: os.cpus()[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    load: os.loadavg()[0]!,
  }
}

function commitOf(): string | undefined {
  const git = (...words: string[]) => spawnSync('git', words, { cwd: archcRoot, encoding: 'utf8' })
  const head = git('rev-parse', '--short', 'HEAD')
  if (head.status !== 0) return undefined
  return head.stdout.trim() + (git('status', '--porcelain').stdout ? '+' : '')
}
