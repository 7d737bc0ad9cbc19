#!/usr/bin/env node
import { built } from './build.js'

const { main } = await import(await built('main'))
await main(process.argv)
