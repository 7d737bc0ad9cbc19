#!/usr/bin/env node
import { built } from './build.js'

// Node opens a debugger on it unless somebody listens; from a cluster's scheduler it means that time is nearly up.
process.on('SIGUSR1', () => undefined)

const { main } = await import(await built('main'))
await main(process.argv)
