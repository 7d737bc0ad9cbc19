import { createHash } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import os from 'node:os'
import { errorCode } from './file-error.ts'

/** A process that owns a lock or a temporary file. */
export interface Owner {
  readonly pid: number
  readonly host: string
  /** When the kernel started it, in ticks since boot; empty where that cannot be read. Tells a reused pid from its former owner. */
  readonly started: string
  /**
   * The kernel's boot and the namespace of its pids, which say where that pid means this process: containers may share a host name, and machines too.
   * Empty where there are none to read, and in what earlier versions wrote.
   */
  readonly pids: string
}

/** Where this process's pids are counted. */
const ownPids = ((): string => {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return ''
  }
})()

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
  return { pid: process.pid, host: os.hostname(), started: startOf(process.pid), pids: ownPids }
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

/** Whether that process would be seen from here: not where it runs on another machine, or in another container. */
const isInSight = ({ host, pids }: Owner): boolean => (pids !== '' && ownPids !== '' ? pids === ownPids : host === os.hostname())

export const isThisProcess = (owner: Owner): boolean => owner.pid === process.pid && isInSight(owner)

/** Whether `owner` still runs; `unknown` when it cannot be seen from here. */
export function ownerState(owner: Owner): 'alive' | 'dead' | 'unknown' {
  if (!isInSight(owner)) return 'unknown'
  if (!pidAlive(owner.pid)) return 'dead'
  return owner.started !== '' && startOf(owner.pid) !== owner.started ? 'dead' : 'alive'
}

/** Six hexadecimal digits that stand for this machine, or this container on it, in the names of temporary files. */
export function hostTag(): string {
  // Without the boot: after one all processes of before are gone, and what they left may go.
  const space = ownPids.split(' ').at(-1)!
  return createHash('sha256').update(`${os.hostname()} ${space}`).digest('hex').slice(0, 6)
}
