import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import os from 'node:os'
import { temporaryBeside } from '../files/atomic.ts'
import { pidAlive } from '../files/owner.ts'

/** A lock whose holder has not touched it for this long (ms) is dead, whatever its pid says: pids are used again. */
const staleAfter = 60_000
const heartbeat = 5_000
const poll = 200

interface Holder {
  readonly pid: number
  readonly host: string
}

/** Who holds the lock; undefined where nobody living does. */
export async function lockHolder(file: string): Promise<Holder | undefined> {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(file, 'utf8'), stat(file)])
    const holder = JSON.parse(text) as Holder
    const dead = Date.now() - mtimeMs > staleAfter || (holder.host === os.hostname() && !pidAlive(holder.pid))
    return dead ? undefined : holder
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/**
 * Takes the lock FILE, waiting while a living process holds it (`onWait` is told once, with its pid), and returns the
 * function that gives it back. The lock of a dead process is taken over.
 */
export async function takeLock(file: string, onWait: (pid: number) => void, signal?: AbortSignal): Promise<() => Promise<void>> {
  const mine = temporaryBeside(file)
  const text = JSON.stringify({ pid: process.pid, host: os.hostname() } satisfies Holder)
  try {
    await writeFile(mine, text)
    for (let told = false; ; await sleep(poll, undefined, { signal })) {
      // A link appears with its contents or not at all, and fails where one is there already.
      const taken = await link(mine, file).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code === 'EEXIST') return false
          throw error
        },
      )
      if (taken) break
      const holder = await lockHolder(file)
      if (!holder) await takeAside(file)
      else if (!told) {
        told = true
        onWait(holder.pid)
      }
    }
  } finally {
    await rm(mine, { force: true })
  }
  const timer = setInterval(() => void utimes(file, new Date(), new Date()).catch(() => undefined), heartbeat)
  timer.unref()
  return async () => {
    clearInterval(timer)
    await rm(file, { force: true })
  }
}

/** Removes a dead process's lock. Another waiter may have replaced it meanwhile: then what was moved is put back. */
async function takeAside(file: string): Promise<void> {
  const aside = temporaryBeside(file)
  try {
    await rename(file, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  if (await lockHolder(aside)) await link(aside, file).catch(() => undefined)
  await rm(aside, { force: true })
}
