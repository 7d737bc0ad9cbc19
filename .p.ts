import { loadModel } from './src/runtime/network/load-model.ts'
import { stages } from './src/compiler/passes/stages.ts'
import { reach } from './src/compiler/passes/reach.ts'
import { printGraph } from './src/compiler/ir/print.ts'
const loaded = loadModel('/work/main/models/iste.arch', { preset: 'mini' })
const s = stages(loaded.model)
console.log(printGraph(s.keys).slice(0, 6000)); console.log(printGraph(s.hoisted.match)); console.log(printGraph(s.hoisted.decode).slice(0, 5000)); console.log(reach(s.hoisted.match))
