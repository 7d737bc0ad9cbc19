import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { check, compile } from '../src/compiler/index.ts'
import { parse } from '../src/compiler/syntax/parse.ts'
import { archcRoot } from '../src/root.ts'
import { fileHost } from '../src/runtime/host.ts'
import { runChild } from './child.ts'
import { summarise, type Sample } from './sample.ts'

export const tasks = ['parse', 'check', 'compile'] as const
export type Task = (typeof tasks)[number]

/** One task on models/iste.arch, in milliseconds. */
export interface CompilerTimes {
  readonly task: Task
  /** The first call in a process of its own, its modules loaded. */
  readonly cold: Sample
  /** From the start of that process to the end of the call. */
  readonly fromStart: Sample
  /** Further calls in one process. */
  readonly warm: Sample
}

/** What a process of its own says of its first call. */
export interface ColdCall {
  readonly cold: number
  readonly fromStart: number
}

const model = path.join(archcRoot, 'models', 'iste.arch')
const processes = 5
const warmUp = 20
const calls = 50

/** `parse` reads the text alone; `check` builds every preset; `compile` builds the defaults. Throws where the model is not right. */
function prepare(task: Task): () => void {
  const text = readFileSync(model, 'utf8')
  const run = { parse: () => parse(model, text), check: () => check([model], fileHost), compile: () => compile(model, fileHost) }[
    task
  ]
  return () => {
    const { diagnostics } = run()
    if (diagnostics.length > 0) throw new Error(`${model}: ${diagnostics[0]!.message}`)
  }
}

function timed(call: () => void): number {
  const start = performance.now()
  call()
  return performance.now() - start
}

/** Measured in the process that this is called in, which must not have compiled anything before. */
export function measureCold(task: Task): ColdCall {
  const cold = timed(prepare(task))
  return { cold, fromStart: performance.now() }
}

export function measureCompiler(): CompilerTimes[] {
  return tasks.map((task) => {
    const first = Array.from({ length: processes }, () => runChild<ColdCall>('cold', task))
    const call = prepare(task)
    for (let round = 0; round < warmUp; round += 1) call()
    const warm = Array.from({ length: calls }, () => timed(call))
    return {
      task,
      cold: summarise(first.map(({ cold }) => cold)),
      fromStart: summarise(first.map(({ fromStart }) => fromStart)),
      warm: summarise(warm),
    }
  })
}

export interface CheckTimes {
  /** As if the files had never been checked. */
  readonly first: Sample
  /** As it is when nothing has changed since. */
  readonly again: Sample
}

/** `archc check models`, from the start of its process to the end: every model, variant and preset. Milliseconds. */
export function measureCheckAll(): CheckTimes {
  const command = [path.join(archcRoot, 'bin', 'archc.js'), 'check', path.join(archcRoot, 'models')]
  const cache = mkdtempSync(path.join(os.tmpdir(), 'archc-bench-'))
  const once = (): void => {
    const { status, stderr } = spawnSync(process.execPath, command, {
      encoding: 'utf8',
      env: { ...process.env, ARCHC_CACHE: cache },
    })
    if (status !== 0) throw new Error(`archc check models left with ${status}: ${stderr}`)
  }
  try {
    once() // the cached build and the disk
    const first = Array.from({ length: processes }, () => {
      rmSync(path.join(cache, 'checks'), { recursive: true, force: true })
      return timed(once)
    })
    return { first: summarise(first), again: summarise(Array.from({ length: processes }, () => timed(once))) }
  } finally {
    rmSync(cache, { recursive: true, force: true })
  }
}
