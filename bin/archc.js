#!/usr/bin/env node
import { constants } from 'node:os'
import { built, shortOf } from './build.js'

// Node opens a debugger on it unless somebody listens; from a cluster's scheduler it means that time is nearly up. A command that saves its work
// listens too, and ends in its own time; the others end as by TERM.
process.on('SIGUSR1', () => {
  if (process.listenerCount('SIGUSR1') === 1) process.exit(128 + constants.signals.SIGUSR1)
})
// Whoever writes past a limit of the shell (ulimit -f) is told so by the write; by the signal alone it would end without a word.
process.on('SIGXFSZ', () => undefined)

try {
  const { main } = await import(await built('main'))
  await main(process.argv)
} catch (error) {
  // main says what is wrong itself: this is about loading it.
  const short = shortOf(error)
  if (!short) throw error
  console.error(`error: archc cannot be loaded: ${short.what}`)
  console.error(`  help: ${short.help}`)
  process.exit(1)
}
