import { beforeAll, describe, expect, it } from 'vitest'
import { movedBy } from '../../../src/compiler/targets/savedmodel/signatures.ts'
import { startComputer } from '../../../src/runtime/compute/computer.ts'
import type { HostTensors } from '../../../src/runtime/compute/messages.ts'
import { createRandom } from '../../../src/runtime/files/random.ts'
import { initialWeights } from '../../../src/runtime/network/network.ts'
import { graphLearner } from '../../../src/runtime/train/graph-learner.ts'
import { layersLearner } from '../../../src/runtime/train/layers-learner.ts'
import type { Draws, Learner } from '../../../src/runtime/train/learner.ts'
import { makeItem, planItem, stackItems } from '../../../src/runtime/train/batch.ts'
import { model, painted, quietEngine, tinier } from '../network/small.ts'

beforeAll(quietEngine)

const draws: Draws = (step, count, layer) => {
  const random = createRandom(3).split(`${step} ${layer}`)
  return Float32Array.from({ length: count }, () => random.uniform())
}
const steps = 20

describe.each([
  'iste.arch',
  'ablations/wo-lfi.arch',
  'ablations/wo-stf.arch',
  'ablations/wo-ltd.arch',
  'variants/iste-on-bicubic.arch',
  'variants/iste-released.arch',
  'liif.arch',
  'lte.arch',
  'lmliif.arch',
  'lmlte.arch',
  'srno.arch',
  'zoo/rrdbnet.arch',
  'zoo/nafnet.arch',
  'zoo/hat.arch',
  'edsr.arch',
  'edsr-pytorch.arch',
  'li.arch',
])('%s', (file) => {
  it('is trained alike by one graph a step and layer by layer', async () => {
    const { model: compiled } = model(file, /iste|lte|liif|srno|wo-/.test(file) ? tinier : [])
    const plan = compiled.train!
    const graphs = [compiled.graph, ...plan.objectives.map((objective) => objective.graph)]
    const weights = [...new Map(graphs.flatMap((graph) => graph.weights).map((weight) => [weight.path, weight])).values()]
    const picture = painted(150, 150)
    const batch = (step: number): HostTensors => {
      const items = Array.from({ length: plan.sizes['B']! }, (_, at) => {
        const random = createRandom(5).split(`${step} ${at}`)
        return makeItem(compiled, plan, picture, planItem(compiled, plan, random, { epoch: 0, epochs: plan.epochs }))
      })
      return stackItems(compiled, plan, items)
    }
    const trained = async (learner: Learner) => {
      await learner.assign({ weights: initialWeights(weights, 2) })
      const measured = []
      for (let step = 0; step < steps; step += 1)
        measured.push(await learner.step(step, [batch(step)], plan.objectives.map(({ optimizer }) => optimizer.settings['lr'] as number))) // prettier-ignore
      const loss = await learner.loss(batch(steps))
      const state = await learner.read()
      learner.close()
      return { measured, loss, state }
    }
    const one = await trained(await graphLearner(compiled.graph, plan.objectives, plan.sizes, plan.sizes, draws))
    const other = await trained(layersLearner(compiled.graph, plan.objectives, draws))
    const off = one.measured.flatMap((each, step) =>
      Object.entries(other.measured[step]!).map(
        ([name, value]) => Math.abs(each[name]! - value) / Math.max(Math.abs(value), 1e-3),
      ),
    )
    expect(Math.max(...off)).toBeLessThan(1e-4)
    expect(Math.abs(one.loss - other.loss)).toBeLessThan(1e-4 * Math.abs(other.loss))
    expect(one.state.counts).toEqual(plan.objectives.map(() => steps))
    expect([...one.state.weights.keys()]).toEqual([...other.state.weights.keys()])
    expect([...one.state.optimizer.keys()].sort()).toEqual([...other.state.optimizer.keys()].sort())
    expect(plan.objectives.every((objective) => movedBy(objective).length > 0)).toBe(true)
  })
})

describe('XLA', () => {
  it('trains as the flat graph does, and says how long it compiled', async () => {
    const { model: compiled } = model('edsr.arch', ['blocks=1', 'train.h=16', 'train.w=16'])
    const plan = compiled.train!
    const batch = stackItems(compiled, plan, Array.from({ length: 2 }, (_, at) =>
      makeItem(compiled, plan, painted(150, 150), planItem(compiled, plan, createRandom(at), { epoch: 0, epochs: 10 })),
    )) // prettier-ignore
    const losses = async (xla: boolean, said: string[]): Promise<number[]> => {
      const say = (line: string): void => void said.push(line)
      const learner = await graphLearner(compiled.graph, plan.objectives, plan.sizes, plan.sizes, draws, { xla, say })
      await learner.assign({ weights: initialWeights(compiled.graph.weights, 2) })
      const found = []
      for (let step = 0; step < 5; step += 1) found.push((await learner.step(step, [batch], [1e-3]))['loss']!)
      learner.close()
      return found
    }
    const said: string[] = []
    const [compiledLosses, flat] = [await losses(true, said), await losses(false, [])]
    expect(said).toEqual([expect.stringMatching(/^XLA compiled the step in \d+ s$/)])
    compiledLosses.forEach((loss, step) => expect(Math.abs(loss - flat[step]!)).toBeLessThan(1e-4 * flat[step]!))
  })
})

describe('the process that computes', () => {
  it('says by which signal it ended, to what is asked now and later', async () => {
    const computer = startComputer()
    const asked = expect(computer.run('nowhere', { inputs: new Map(), outputs: new Map() })).rejects.toThrow(
      /the process that computes ended \(SIGKILL\)/,
    )
    process.kill(computer.pid, 'SIGKILL')
    await asked
    await expect(computer.load('nowhere')).rejects.toThrow(/SIGKILL/)
  })

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const)('goes on at %s, without a debugger', async (name) => {
    const computer = startComputer()
    const ask = () => expect(computer.load('/nowhere')).rejects
    await ask().toThrow(/nowhere/)
    process.kill(computer.pid, name)
    await ask().toThrow(/nowhere/)
    process.kill(computer.pid, 'SIGKILL')
    // With all that it has written to its standard error, as the debugger's address.
    await ask().toThrow(/^the process that computes ended \(SIGKILL\)$/)
  })

  it('answers a folder that has no model with its name, and goes on', async () => {
    const computer = startComputer()
    await expect(computer.load('/nowhere')).rejects.toThrow(/nowhere/)
    await expect(computer.load('/nowhere')).rejects.toThrow(/nowhere/)
    computer.close()
  })
})
