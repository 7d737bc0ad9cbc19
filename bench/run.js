#!/usr/bin/env node
import { built } from '../bin/build.js'

const { main } = await import(await built('bench', 'bench/bench.ts'))
await main(process.argv.slice(2))
