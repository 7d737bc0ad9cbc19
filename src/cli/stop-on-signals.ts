import { constants } from 'node:os'
import { remark } from './common.ts'

/** Ctrl-C, `kill`, `timeout` and systemd, a terminal that closed, and what a cluster's scheduler warns with. */
const asking = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const

/** npm and npx pass on what the whole group was sent: one Ctrl-C arrives twice, milliseconds apart. */
const onePress = 500

/** What a command that saves its work makes of signals. */
export interface Stop {
  /** Aborted when one asks to stop after the step that is running. */
  readonly signal: AbortSignal
  /** 128 and the number of the signal that asked; 0 where none did. */
  readonly exitCode: number
  /** Lets the signals go again. */
  end(): void
}

/** Node aborts where it would leave a terminal that is gone as it found it. */
function leaveByHangup(): void {
  process.removeAllListeners('SIGHUP')
  process.kill(process.pid, 'SIGHUP')
}

/** Signals ask to stop after what is running, which `what` says; another Ctrl-C, and nothing else, ends the process at once. */
export function stopOnSignals(what = 'stopping after this step; everything is saved'): Stop {
  const stop = new AbortController()
  let first: { readonly code: number; readonly at: number } | undefined
  const ask = (name: NodeJS.Signals): void => {
    const at = performance.now()
    if (name === 'SIGHUP') process.once('exit', leaveByHangup)
    if (!first) {
      first = { code: 128 + constants.signals[name], at }
      const [who, how] = name === 'SIGINT' ? ['', ' (again Ctrl-C: at once)'] : [`${name}: `, '']
      remark(`\n${who}${what}${how}`)
      stop.abort()
    } else if (name === 'SIGINT' && at - first.at > onePress) process.exit(first.code)
  }
  for (const name of asking) process.on(name, ask)
  return {
    signal: stop.signal,
    get exitCode() {
      return first?.code ?? 0
    },
    end() {
      for (const name of asking) process.off(name, ask)
    },
  }
}
