import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import os from 'node:os'
import { errorCode } from './file-error.ts'

/** A process that owns a lock or a temporary file. */
export interface Owner {
  readonly pid: number
  readonly host: string
  /** When the kernel started it, in ticks since boot; empty where that cannot be read. Tells a reused pid from its former owner. */
  readonly started: string
}

function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold spaces: count the fields after it. Field 22 of proc(5) is the start time.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

/** This process as an owner. */
export function currentOwner(): Owner {
  return { pid: process.pid, host: os.hostname(), started: startOf(process.pid) }
}

/** Whether a process of this pid runs on this machine (whoever's it is). */
export function pidAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errorCode(error) === 'EPERM'
  }
}

/** Whether `owner` still runs; `unknown` when it ran on another machine. */
export function ownerState(owner: Owner): 'alive' | 'dead' | 'unknown' {
  if (owner.host !== os.hostname()) return 'unknown'
  if (!pidAlive(owner.pid)) return 'dead'
  return owner.started !== '' && startOf(owner.pid) !== owner.started ? 'dead' : 'alive'
}

/** Six hexadecimal digits that stand for this machine in the names of temporary files. */
export function hostTag(): string {
  return createHash('sha256').update(os.hostname()).digest('hex').slice(0, 6)
}
