import * as tf from '@tensorflow/tfjs'
import { createOptimiser } from '../train/optimiser-state.ts'
import { rateAt } from '../train/schedule.ts'
import type { ParityCase } from './case.ts'
import { CannotRun, type Checks } from './check.ts'
import type { OptimiserPlan } from '../../compiler/plan.ts'
import { numberOf, numbersOf, type JsonRecord } from './json.ts'
import { asTf } from './values.ts'

/** Adam under a schedule of steps on 0.5 (x - t)' A (x - t): point, gradient, moments, loss and rate of every step. */
export function checkAdam(data: ParityCase, checks: Checks): void {
  const { tensors, hyper, infos } = data
  const compared = ['x', 'g', 'm', 'v', 'loss', 'lr'].filter((name) => infos.get(name)?.input === false)
  checks.part(compared, () => {
    const [matrix, target, start] = ['A', 't', 'x0'].map((name) => tensors.get(name))
    if (!matrix || !target || !start) throw new CannotRun('the case lacks A, t or x0')
    if ((numberOf(hyper, 'weight_decay') ?? 0) !== 0) throw new CannotRun('archc has no weight decay')
    const schedule = { kind: 'step', at: numbersOf(hyper, 'milestones') ?? [], factor: numberOf(hyper, 'gamma') ?? 1 } as const
    const steps = tensors.get(compared[0]!)!.shape[0]!
    const found = new Map<string, number[]>(compared.map((name) => [name, []]))
    const [a, t, x] = [asTf(matrix), asTf(target), tf.variable(asTf(start))]
    const optimizer = adamOf(hyper)
    const adam = createOptimiser(new Map([['x', x]]), optimizer)
    const note = (name: string, values: ArrayLike<number>): void => void found.get(name)?.push(...Array.from(values))
    for (let step = 0; step < steps; step += 1) {
      const rate = rateAt({ schedule, warmup: 0, optimizer }, { step, steps, epoch: step, epochs: steps })
      const { value, grads } = tf.variableGrads(() => {
        const away = tf.sub(x, t)
        return tf.mul(0.5, tf.dot(away, tf.dot(a, away))).asScalar() as tf.Scalar
      }, [x])
      const gradient = grads[x.name]!
      note('loss', value.dataSync())
      note('g', gradient.dataSync())
      note('lr', [rate])
      adam.step(new Map([['x', gradient]]), rate)
      note('x', x.dataSync())
      const state = adam.read()
      note('m', state.get('m.x')!.data)
      note('v', state.get('v.x')!.data)
      tf.dispose([value, gradient])
    }
    adam.dispose()
    tf.dispose([a, t, x])
    for (const [name, values] of found)
      checks.tensor(name, { shape: tensors.get(name)!.shape, dtype: 'F32', data: Float32Array.from(values) })
  })
}

/** Adam by what a reference says of it, with PyTorch's defaults. */
export const adamOf = (hyper: JsonRecord): OptimiserPlan => ({
  name: 'adam',
  settings: {
    lr: numberOf(hyper, 'lr') ?? 1e-3,
    beta1: numberOf(hyper, 'beta1') ?? 0.9,
    beta2: numberOf(hyper, 'beta2') ?? 0.999,
    epsilon: numberOf(hyper, 'eps') ?? 1e-8,
  },
})
