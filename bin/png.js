// The thread that compresses and writes PNGs while the main one computes.
import { parentPort } from 'node:worker_threads'
import { built } from './build.js'

const { servePng } = await import(await built('png'))
servePng(parentPort)
