import { linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { link, open, readFile, rm, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { temporaryBeside } from './atomic.ts'
import { errorCode, fileError } from './file-error.ts'
import { currentOwner, type Owner, ownerState } from './owner.ts'

/**
 * What is done while a living process holds a lock. `wait` waits for it, and is told once who that is; `refuse` makes the error that is
 * thrown at once, by how long (ms) ago the holder gave its last sign; `tookOver` is told of a holder that was not seen and gave none for too long.
 * Every lock has a heartbeat: nobody can be asked whether a process of another machine or container lives.
 */
export type Manner =
  | { readonly wait: (holder: Owner) => void; readonly signal?: AbortSignal }
  | { readonly refuse: (holder: Owner, age: number) => Error; readonly tookOver?: (holder: Owner, age: number) => void }

/** A lock that this process holds. */
export interface Lock {
  /** Gives it back; also done when the process exits. Doing it twice is fine, and one that others took over is left alone. */
  release(): void
  /** Who has it by now, where another took this process for dead; undefined while it is this process's. One that was removed is put back. */
  taker(): Owner | undefined
}

/**
 * A heart that has not beaten for this long (ms) is dead: soon where others wait for what is brought or built, which can be done twice; late where
 * two that go on at once would spoil a run, as clocks of machines differ and a process may be slow to write.
 */
const staleAfter = { waited: 60_000, refused: 300_000 } as const
const heartbeat = 5_000
const poll = 200

function parseOwner(text: string): Owner | undefined {
  try {
    const { pid, host, started = '', pids = '' } = JSON.parse(text) as Partial<Owner>
    const isOwner = typeof pid === 'number' && [host, started, pids].every((each) => typeof each === 'string')
    return isOwner ? { pid, host: host!, started, pids } : undefined
  } catch {
    return undefined
  }
}

/** Whether the owner of a lock is gone, which was touched AGE ms ago. */
function isDead(owner: Owner, age: number, isWaitedFor: boolean): boolean {
  const state = ownerState(owner)
  if (state === 'dead') return true
  if (!isWaitedFor) return state === 'unknown' && age > staleAfter.refused
  // Without a start time a living pid proves nothing: it may have been given to another process.
  return (state === 'unknown' || owner.started === '') && age > staleAfter.waited
}

/** What stands in the way: a living holder or a dead one, touched so long (ms) ago; a damaged lock belongs to nobody. */
type Found = { readonly owner: Owner; readonly age: number; readonly isDead: boolean } | 'absent' | 'damaged'

function look(file: string, isWaitedFor: boolean): Found {
  try {
    const owner = parseOwner(readFileSync(file, 'utf8'))
    if (owner === undefined) return 'damaged'
    const age = Date.now() - statSync(file).mtimeMs
    return { owner, age, isDead: isDead(owner, age, isWaitedFor) }
  } catch (error) {
    const code = errorCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'absent'
    throw fileError(error, 'read', file)
  }
}

/**
 * The living process that holds a lock, or one of another machine that may live; undefined where nobody does. `isWaitedFor` says whether it is
 * a lock that others wait for.
 * @throws UserError where the lock cannot be read.
 */
export function lockHolder(file: string, isWaitedFor: boolean): Owner | undefined {
  const found = look(file, isWaitedFor)
  return typeof found === 'string' || found.isDead ? undefined : found.owner
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
function removeDead(file: string, isWaitedFor: boolean): void {
  const aside = temporaryBeside(file)
  try {
    renameSync(file, aside)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return
    throw error
  }
  const moved = look(aside, isWaitedFor)
  if (typeof moved !== 'string' && !moved.isDead) putBack(aside, file)
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
 * belongs to another process by its start time, and one that cannot be seen from here whose heart has stopped beating.
 * @throws what `manner.refuse` makes; UserError where the lock cannot be read; the system's error where it cannot be written.
 */
export async function acquireLock(file: string, manner: Manner): Promise<Lock> {
  const content = `${JSON.stringify(currentOwner())}\n`
  const isWaitedFor = 'wait' in manner
  let before: { readonly owner: Owner; readonly age: number } | undefined
  for (let told = false; ;) {
    const found = look(file, isWaitedFor)
    if (found === 'absent') {
      if (await place(file, content)) break
    } else if (found === 'damaged') removeDead(file, isWaitedFor)
    else if (found.isDead) {
      if (ownerState(found.owner) === 'unknown') before = found
      removeDead(file, isWaitedFor)
    } else if ('refuse' in manner) throw manner.refuse(found.owner, found.age)
    else {
      if (!told) manner.wait(found.owner)
      told = true
      await sleep(poll, undefined, { signal: manner.signal })
    }
  }
  if (before && 'refuse' in manner) manner.tookOver?.(before.owner, before.age)
  return held(file, content)
}

function held(file: string, content: string): Lock {
  const beat = (): void => withOwn(file, content, () => utimesSync(file, new Date(), new Date()))
  const timer = setInterval(beat, heartbeat).unref()
  let isHeld = true
  const release = (): void => {
    if (!isHeld) return
    isHeld = false
    clearInterval(timer)
    process.off('exit', release)
    withOwn(file, content, () => rmSync(file))
  }
  process.on('exit', release)
  return {
    release,
    taker() {
      if (!isHeld) return undefined
      try {
        const text = readFileSync(file, 'utf8')
        return text === content ? undefined : parseOwner(text)
      } catch (error) {
        // Somebody took it away by hand, from a process that lives.
        if (errorCode(error) === 'ENOENT') placeAgain(file, content)
        return undefined
      }
    },
  }
}

function placeAgain(file: string, content: string): void {
  try {
    writeFileSync(file, content, { flag: 'wx' })
  } catch {
    // Another was quicker, which is seen the next time; or the folder is gone, which is said by whoever writes there.
  }
}

/** Does something with a lock if it is still this process's: whoever took it over in the meantime keeps it as it is. */
function withOwn(file: string, content: string, work: () => void): void {
  try {
    if (readFileSync(file, 'utf8') === content) work()
  } catch {
    // Gone already, with its folder perhaps.
  }
}
