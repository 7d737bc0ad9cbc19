// The process that computes graphs for another one, which started it and talks to it.
import { built } from './build.js'

// systemd and clusters signal every process of a job: the one that asks decides when this one ends, by closing the channel.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGXFSZ']) process.on(signal, () => undefined)

const { serve } = await import(await built('compute'))
serve()
