import { spawn, type ChildProcess } from 'node:child_process'
import path from 'node:path'
import { root } from '../runtime/network/small.ts'

export interface Outcome {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Started {
  readonly child: ChildProcess
  readonly outcome: Promise<Outcome>
}

export interface StartOptions {
  readonly input?: string
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** It leads a group of its own, as a shell's job does. */
  readonly isGroup?: boolean
}

/** A node of its own with a script of the checkout, as a user starts it: nothing is a terminal. */
export function startNode(args: readonly string[], { input, cwd = root, env, isGroup = false }: StartOptions = {}): Started {
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...process.env, GITHUB_ACTIONS: '', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: isGroup,
  })
  const collected = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (collected.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (collected.stderr += text))
  child.stdin.on('error', () => undefined).end(input ?? '')
  const outcome = new Promise<Outcome>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal, ...collected }))
  })
  return { child, outcome }
}

const bin = path.join(root, 'bin', 'archc.js')

export const startArchc = (args: readonly string[], options?: StartOptions): Started => startNode([bin, ...args], options)

/** Runs `archc ARGS` to its end. */
export const archc = (args: readonly string[], options?: StartOptions): Promise<Outcome> => startArchc(args, options).outcome
