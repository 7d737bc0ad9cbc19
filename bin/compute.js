// The process that computes graphs for another one, which started it and talks to it.
import { built } from './build.js'

const { serve } = await import(await built('compute'))
serve()
