import path from 'node:path'
import { createInterface } from 'node:readline'
import { archcRoot } from '../../src/root.ts'
import type { CompiledModel, Scope, TrainPlan } from '../../src/compiler/plan.ts'
import { nodeNames } from '../../src/compiler/ir/node-names.ts'
import type { HostTensors } from '../../src/runtime/compute/messages.ts'
import type { Picture } from '../../src/runtime/data/picture.ts'
import { loadEngine } from '../../src/runtime/engine/index.ts'
import { readSafetensors, writeSafetensors, type Tensor } from '../../src/runtime/files/safetensors.ts'
import { loadModel } from '../../src/runtime/network/load-model.ts'
import { createNetwork } from '../../src/runtime/network/network.ts'
import { createPredictor, type Predictor } from '../../src/runtime/predict/predict.ts'
import { graphLearner } from '../../src/runtime/train/graph-learner.ts'
import { layersLearner } from '../../src/runtime/train/layers-learner.ts'
import type { Draws, Learner } from '../../src/runtime/train/learner.ts'
import { planByPath, readMap, toNames } from '../../src/runtime/weights/map.ts'
import type { Answer, Request, Subject } from './protocol.ts'
import { held } from '../../src/runtime/data/source.ts'

/** How archc computes, by its word in bench/peers/peer.ts: what trains, and how prediction is executed. */
const kinds = {
  graph: {
    learner: ({ graph }: CompiledModel, { objectives, sizes }: TrainPlan, draws: Draws) =>
      graphLearner(graph, objectives, sizes, sizes, draws),
    execution: 'repeated',
  },
  xla: {
    learner: ({ graph }: CompiledModel, { objectives, sizes }: TrainPlan, draws: Draws) => {
      const say = (line: string): void => {
        if (line.startsWith('XLA refuses')) throw new Error(line)
      }
      return graphLearner(graph, objectives, sizes, sizes, draws, { xla: true, say })
    },
    execution: 'repeated',
  },
  layers: {
    learner: async ({ graph }: CompiledModel, { objectives }: TrainPlan, draws: Draws) => {
      await loadEngine({ name: 'tensorflow' })
      return layersLearner(graph, objectives, draws)
    },
    execution: 'layers',
  },
} as const

/** Answers requests on standard output until standard input ends. */
export async function servePeer(word: string): Promise<void> {
  const peer = new ArchcPeer(kinds[word as keyof typeof kinds])
  for await (const line of createInterface(process.stdin)) {
    const request = JSON.parse(line) as Request
    const answer = await peer.answer(request).then(
      (found): Answer => ({ ...found, peakBytes: process.resourceUsage().maxRSS * 1024 + peer.computingBytes }),
      (error: unknown): Answer => ({ problem: error instanceof Error ? error.message : String(error) }),
    )
    process.stdout.write(`${JSON.stringify(answer)}\n`)
  }
  peer.close()
}

class ArchcPeer {
  #subject: Subject | undefined
  #model: CompiledModel | undefined
  #weights: ReadonlyMap<string, Tensor> = new Map()
  #batch: ReadonlyMap<string, Tensor> = new Map()
  #learner: Learner | undefined
  #predictor: Predictor | undefined
  #rate = 0
  #step = 0

  constructor(readonly kind: (typeof kinds)[keyof typeof kinds]) {}

  /** The peak of the process that computes for this one, if another does. */
  get computingBytes(): number {
    return this.kind === kinds.layers ? 0 : (this.#learner?.peakBytes ?? 0)
  }

  close(): void {
    this.#learner?.close()
  }

  async answer(request: Request): Promise<Answer> {
    switch (request.do) {
      case 'open':
        this.#subject = request.model
        this.#model = loadModel(path.join(archcRoot, 'models', 'iste.arch'), this.#subject).model
        this.#weights = (await readSafetensors(request.weights)).tensors
        this.#rate = request.rate
        return {}
      case 'batch':
        this.#batch = (await readSafetensors(request.file)).tensors
        this.#learner ??= await this.#start()
        return {}
      case 'gradients':
        return this.#gradients(request.file)
      case 'step': {
        const began = performance.now()
        const { loss } = await this.#learner!.step((this.#step += 1), [this.#inputs()], [this.#rate])
        return { loss: loss!, milliseconds: performance.now() - began }
      }
      case 'predict':
        return this.#predict(request)
    }
  }

  async #start(): Promise<Learner> {
    const model = this.#model!
    const plan = model.train!
    const names = randomLayers(model)
    const draws: Draws = (_step, count, layer) => {
      const at = names.indexOf(layer) * count
      return (this.#batch.get('draws')!.data as Float32Array).slice(at, at + count)
    }
    const learner = await this.kind.learner(model, plan, draws)
    await learner.assign({ weights: this.#weights })
    return learner
  }

  #inputs(): HostTensors {
    return Object.fromEntries(
      [...this.#batch]
        .filter(([name]) => name !== 'draws')
        .map(([name, { shape, data }]) => [name, { shape, data: data as Float32Array }]),
    )
  }

  /** Adam's first moments after one update at rate 0 are the gradients, but for a factor. */
  async #gradients(file: string): Promise<Answer> {
    const learner = this.#learner!
    const { loss } = await learner.step(0, [this.#inputs()], [0])
    const { optimizer } = await learner.read()
    const share = 1 - (this.#model!.train!.objectives[0]!.optimizer.settings['beta1'] as number)
    const found = new Map<string, Tensor>()
    for (const [name, { shape, data }] of optimizer)
      if (name.startsWith('m.'))
        found.set(name.slice(2), { shape, dtype: 'F32', data: Float32Array.from(data, (value) => value / share) })
    await writeSafetensors(file, toNames(found, planByPath(readMap('iste'), found.keys()).transfers))
    const zeros = [...optimizer].map(([name, { shape, data }]) => [name, { shape, dtype: 'F32', data: new Float32Array(data.length) }] as const) // prettier-ignore
    await learner.assign({ optimizer: new Map<string, Tensor>(zeros), counts: [0] })
    return { loss: loss! }
  }

  async #predict({ picture, side, chunk, file }: Extract<Request, { do: 'predict' }>): Promise<Answer> {
    if (!this.#predictor) {
      await loadEngine({ name: 'tensorflow' })
      const network = createNetwork([this.#model!.graph], this.kind.execution)
      network.assign(this.#weights)
      this.#predictor = createPredictor(this.#model!, network)
    }
    const shown = pictureOf((await readSafetensors(picture)).tensors.get('lr')!)
    const scope: Scope = chunk === 0 ? { kind: 'full' } : { kind: 'raster', count: chunk }
    const began = performance.now()
    const data = await this.#predictor.whole(held(shown), {
      extent: { height: side, width: side },
      m: side / shown.height,
      scope,
    })
    const milliseconds = performance.now() - began
    if (file) await writeSafetensors(file, new Map([['rgb', { shape: [1, side * side, 3], dtype: 'F32', data }]]))
    return { milliseconds }
  }
}

/** What acts at random in training, in the order of the graph. */
export function randomLayers(model: CompiledModel): string[] {
  const { graph } = model.train!.objectives[0]!
  const names = nodeNames(graph)
  return graph.nodes.filter((node) => node.op === 'drop_path').map((node) => names.get(node)!)
}

/** The picture that was normalised to [-1, 1]. */
function pictureOf({ shape, data }: Tensor): Picture {
  return { height: shape[1]!, width: shape[2]!, data: Uint8Array.from(data, (value) => Math.round((value * 0.5 + 0.5) * 255)) }
}
