import { linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { link, open, readFile, rm, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { temporaryBeside } from './atomic.ts'
import { errorCode, fileError } from './file-error.ts'
import { currentOwner, type Owner, ownerState } from './owner.ts'

/**
 * What is done while a living process holds a lock. `wait` waits for it, and is told once who that is; `refuse` makes the error that is
 * thrown at once. Locks that others wait for have a heartbeat: who waits cannot ask anybody whether a process of another machine lives.
 */
export type Manner =
  { readonly wait: (holder: Owner) => void; readonly signal?: AbortSignal } | { readonly refuse: (holder: Owner) => Error }

/** A lock that this process holds. */
export interface Lock {
  /** Gives it back; also done when the process exits. Doing it twice is fine, and one that others took over is left alone. */
  release(): void
}

/** A heart that has not beaten for this long (ms) is dead. */
const staleAfter = 60_000
const heartbeat = 5_000
const poll = 200

function parseOwner(text: string): Owner | undefined {
  try {
    const { pid, host, started = '' } = JSON.parse(text) as Partial<Owner>
    return typeof pid === 'number' && typeof host === 'string' && typeof started === 'string' ? { pid, host, started } : undefined
  } catch {
    return undefined
  }
}

/** Whether the owner of a lock is gone, which was touched AGE ms ago. */
function isDead(owner: Owner, age: number, beats: boolean): boolean {
  const state = ownerState(owner)
  if (state === 'dead') return true
  // Without a start time a living pid proves nothing: it may have been given to another process.
  return beats && (state === 'unknown' || owner.started === '') && age > staleAfter
}

/** What stands there; a damaged lock belongs to nobody. */
function look(file: string, beats: boolean): Owner | 'absent' | 'dead' {
  try {
    const owner = parseOwner(readFileSync(file, 'utf8'))
    return owner === undefined || isDead(owner, Date.now() - statSync(file).mtimeMs, beats) ? 'dead' : owner
  } catch (error) {
    const code = errorCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'absent'
    throw fileError(error, 'read', file)
  }
}

/**
 * The living process that holds a lock, or one of another machine that may live; undefined where nobody does. `beats` says whether it is
 * a lock with a heartbeat.
 * @throws UserError where the lock cannot be read.
 */
export function lockHolder(file: string, beats: boolean): Owner | undefined {
  const found = look(file, beats)
  return typeof found === 'string' ? undefined : found
}

/** Makes the lock with its whole content in one step; false when there is one. */
async function place(file: string, content: string): Promise<boolean> {
  const temporary = temporaryBeside(file)
  try {
    await writeFile(temporary, content, { flag: 'wx' })
    return await link(temporary, file).then(
      () => true,
      (error: unknown) => {
        if (errorCode(error) === 'EEXIST') throw error
        return placeWithoutLinks(file, content)
      },
    )
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  } finally {
    await rm(temporary, { force: true })
  }
}

/** Where a file system has no hard links. Who looked between the two steps of this saw a damaged lock, and may have removed it. */
async function placeWithoutLinks(file: string, content: string): Promise<boolean> {
  const handle = await open(file, 'wx')
  try {
    await handle.writeFile(content)
  } catch (error) {
    await rm(file, { force: true })
    throw error
  } finally {
    await handle.close()
  }
  return (await readFile(file, 'utf8').catch(() => undefined)) === content
}

/**
 * Removes the lock of a dead process. It is moved aside first: had another process taken it over in between, what was moved is its
 * lock, and goes back. In one go, so that there is hardly a moment without it.
 */
function removeDead(file: string, beats: boolean): void {
  const aside = temporaryBeside(file)
  try {
    renameSync(file, aside)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return
    throw error
  }
  if (look(aside, beats) !== 'dead') putBack(aside, file)
  rmSync(aside, { force: true })
}

/** Gives a lock its name back, unless there is another by now. */
function putBack(aside: string, file: string): void {
  unlessThere(() => {
    try {
      linkSync(aside, file)
    } catch (error) {
      if (errorCode(error) === 'EEXIST') throw error
      writeFileSync(file, readFileSync(aside), { flag: 'wx' })
    }
  })
}

function unlessThere(make: () => void): void {
  try {
    make()
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error
  }
}

/**
 * Takes the lock `file`; one process has it at a time. That of a dead process is taken over: one whose pid is gone from this machine or
 * belongs to another process by its start time, and, of locks with a heartbeat, one of another machine that has stopped beating.
 * @throws what `manner.refuse` makes; UserError where the lock cannot be read; the system's error where it cannot be written.
 */
export async function acquireLock(file: string, manner: Manner): Promise<Lock> {
  const content = `${JSON.stringify(currentOwner())}\n`
  const beats = 'wait' in manner
  for (let told = false; ;) {
    const found = look(file, beats)
    if (found === 'dead') removeDead(file, beats)
    else if (found === 'absent') {
      if (await place(file, content)) break
    } else if ('refuse' in manner) throw manner.refuse(found)
    else {
      if (!told) manner.wait(found)
      told = true
      await sleep(poll, undefined, { signal: manner.signal })
    }
  }
  return held(file, content, beats)
}

function held(file: string, content: string, beats: boolean): Lock {
  const beat = (): void => withOwn(file, content, () => utimesSync(file, new Date(), new Date()))
  const timer = beats ? setInterval(beat, heartbeat).unref() : undefined
  let isHeld = true
  const release = (): void => {
    if (!isHeld) return
    isHeld = false
    clearInterval(timer)
    process.off('exit', release)
    withOwn(file, content, () => rmSync(file))
  }
  process.on('exit', release)
  return { release }
}

/** Does something with a lock if it is still this process's: whoever took it over in the meantime keeps it as it is. */
function withOwn(file: string, content: string, work: () => void): void {
  try {
    if (readFileSync(file, 'utf8') === content) work()
  } catch {
    // Gone already, with its folder perhaps.
  }
}
