import { UserError } from '../errors.ts'
import { remark } from './common.ts'
import { roughly } from './durations.ts'

/** More than this (seconds) is not begun by a slip. */
const long = 600

/** How `--help` says it. */
export const agreed = 'go on where it takes more than ten minutes and a person sits at the terminal'

/** Long work takes `--yes` where a person sits at the terminal; elsewhere it is said that it goes on. `shorter`: what would take less time. */
export function agree(seconds: number, yes: boolean, shorter?: string): void {
  if (seconds <= long || yes) return
  if (process.stdin.isTTY && process.stderr.isTTY)
    throw new UserError(
      `this takes ${roughly(seconds)}, more than ten minutes`,
      `say --yes to go on${shorter === undefined ? '' : `, or ${shorter}`}`,
    )
  remark(
    `more than ten minutes: it goes on, since nobody sits at a terminal to say --yes${shorter === undefined ? '' : `; ${shorter}`}`,
  )
}
