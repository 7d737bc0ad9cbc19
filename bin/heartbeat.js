// The thread that keeps a command's progress alive while the main one computes.
import { parentPort } from 'node:worker_threads'
import { built } from './build.js'

const { keepAlive } = await import(await built('heartbeat'))
keepAlive(parentPort)
