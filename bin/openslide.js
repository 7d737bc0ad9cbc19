// The process that OpenSlide runs in, for another one, which started it and talks to it: argv[2] is the library.
import { built } from './build.js'

// Signals of a job are for the process that asks: this one ends with it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGXFSZ']) process.on(signal, () => undefined)

const { serveOpenslide } = await import(await built('openslide'))
serveOpenslide(process.argv[2])
