import { spawn, spawnSync } from 'node:child_process'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { UserError } from '../../src/errors.ts'
import { archcRoot } from '../../src/root.ts'
import { childMark } from '../child.ts'
import type { Answer, Request } from './protocol.ts'

/** A way of computing the network. */
export interface Kind {
  readonly name: string
  /** What stands in the JSON. */
  readonly key: string
  readonly of: 'archc' | 'torch'
  readonly command: readonly [program: string, ...words: string[]]
}

export interface Peer {
  readonly kind: Kind
  /** Throws a UserError when the process is gone, says a problem, or takes more than `seconds`, after which it is ended. */
  ask(request: Request, seconds?: number): Promise<Answer>
  close(): Promise<void>
}

/** A peer that took longer than it was given. */
export class TooSlow extends Error {}

const archc = (key: string, name: string): Kind => ({
  key: `archc-${key}`,
  name,
  of: 'archc',
  command: [process.execPath, path.join(archcRoot, 'bench', 'run.js'), childMark, 'peer', key],
})

const torch = (form: string, mode: string, name: string): Kind => ({
  key: `torch-${form}-${mode}`,
  name,
  of: 'torch',
  command: [pythonProgram(), path.join(archcRoot, 'bench', 'peers', 'torch_peer.py'), form, mode],
})

/** The Python that is asked for PyTorch; PYTHONPATH reaches it. */
const pythonProgram = (): string => process.env['ARCHC_PYTHON'] ?? 'python3'

/** The first is what the others are compared with. */
export const archcKinds: readonly Kind[] = [
  archc('graph', 'archc'),
  archc('xla', 'archc, XLA'),
  archc('layers', 'archc, layer by layer'),
]

export const torchKinds: readonly Kind[] = [
  torch('released', 'eager', 'PyTorch as released, eager'),
  torch('released', 'compile', 'PyTorch as released, torch.compile'),
  torch('algebra', 'eager', 'PyTorch, same algebra, eager'),
  torch('algebra', 'compile', 'PyTorch, same algebra, torch.compile'),
]

/** The version of PyTorch, or why there is none. */
export function torchVersion(): { readonly version: string } | { readonly problem: string } {
  const program = pythonProgram()
  const { error, status, stdout, stderr } = spawnSync(program, ['-c', 'import torch; print(torch.__version__)'], {
    encoding: 'utf8',
  })
  if (status === 0) return { version: stdout.trim() }
  return { problem: error ? error.message : (stderr.trim().split('\n').at(-1) ?? `${program} left with ${status}`) }
}

/** Starts a process that answers until it is closed. */
export function startPeer(kind: Kind): Peer {
  const [program, ...words] = kind.command
  const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'pipe'] })
  let said = ''
  let gone: Error | undefined
  let waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2000)))
  child.stdin.on('error', () => undefined) // its exit says more
  createInterface(child.stdout).on('line', (line) => {
    if (!line.startsWith('{')) return
    const answer = JSON.parse(line) as Answer
    if (answer.problem === undefined) waiting?.resolve(answer)
    else waiting?.reject(new UserError(`${kind.name}: ${answer.problem}`, said.trim() || undefined))
  })
  const exited = new Promise<void>((resolve) => {
    const end = (how: string): void => {
      gone ??= new UserError(`${kind.name} ended (${how})`, said.trim() || undefined)
      waiting?.reject(gone)
      resolve()
    }
    child.on('error', (error) => end(error.message))
    child.on('exit', (code, signal) => end(signal ?? `exit code ${code}`))
  })
  return {
    kind,
    async ask(request, seconds) {
      if (gone) throw gone
      const answered = new Promise<Answer>((resolve, reject) => (waiting = { resolve, reject }))
      child.stdin.write(`${JSON.stringify(request)}\n`)
      const clock =
        seconds === undefined
          ? undefined
          : setTimeout(() => {
              gone = new TooSlow(`${kind.name} took more than ${seconds} s`)
              waiting?.reject(gone)
              child.kill('SIGKILL')
            }, 1000 * seconds)
      try {
        return await answered
      } finally {
        clearTimeout(clock)
      }
    },
    async close() {
      child.stdin.end()
      await exited
    },
  }
}
