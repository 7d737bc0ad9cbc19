import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, it } from 'vitest'
import { verify } from '../../../src/compiler/passes/verify.ts'
import { planMemory } from '../../../src/compiler/kernels/passes/memory.ts'
import { simplify } from '../../../src/compiler/kernels/passes/simplify.ts'
import { printKernels } from '../../../src/compiler/kernels/print.ts'
import { Trace } from '../../../src/compiler/kernels/trace.ts'
import { reachable } from '../../../src/compiler/kernels/value.ts'
import { splitLinear } from '../../../src/compiler/passes/split-linear.ts'
import { explainPasses } from '../../../src/compiler/targets/savedmodel/explain.ts'
import { model, quietEngine } from '../../runtime/network/small.ts'
import { runKernels } from './run-kernels.ts'

beforeAll(quietEngine)

describe('split-linear', () => {
  const { graph } = model('liif.arch').model
  const sizes = { B: 1, h: 24, w: 24, q: 256 }

  it('takes the columns of a feature out of the first layer where rows are taken more than once', () => {
    const { graph: split, said } = splitLinear(graph, sizes)
    expect(said).toBe('decoder.body[0]: 144 of 148 columns once for each of 576 rows instead of 1024 times')
    expect(verify(split)).toEqual([])
    expect(split.weights).toEqual(graph.weights)
    expect(split.nodes.filter((node) => node.op === 'linear' && node.attributes['rows']).map(({ attributes }) => attributes['rows'])).toEqual([[0, 144], [144, 4]]) // prettier-ignore
  })

  it('does nothing where a map has more rows than are taken, and says so', () => {
    const few = splitLinear(graph, { ...sizes, q: 100 })
    expect(few.said).toBe('decoder.body[0]: not split, for 400 rows are taken of 576')
    expect(few.graph.nodes).toEqual(graph.nodes)
    expect(splitLinear(model('edsr.arch').model.graph, sizes).said).toBe(
      'no linear map begins with rows that were taken from a map',
    )
  })
})

describe('simplify', () => {
  it('removes identities and layout moves that cancel, and the numbers stay', async () => {
    const trace = new Trace()
    const x = trace.placeholder('x', [2, 3, 1, 4])
    const there = trace.transpose(trace.reshape(trace.transpose(x, [1, 0, 2, 3]), [3, 2, 4]), [1, 0, 2])
    const back = trace.transpose(trace.transpose(x, [3, 0, 1, 2]), [1, 2, 3, 0])
    const same = trace.emit('Identity', [trace.add(trace.mul(x, 1), 0)], {}, { inputs: [x], gradient: (dy) => [dy] })
    const y = trace.add(trace.reshape(trace.mul(same, back), [2, 12]), trace.reshape(there, [2, 12]))
    const { replaced, counts } = simplify([y])
    const simple = replaced.get(y)!
    expect(counts).toEqual({ identities: 1, 'moves of moves': 1, 'times one': 1, 'plus zero': 1 })
    expect(reachable([simple]).length).toBeLessThan(reachable([y]).length)
    const given = tf.randomUniform([2, 3, 1, 4], -1, 1, 'float32', 1)
    const [before, after] = [await runKernels({ y }, { x: given }), await runKernels({ y: simple }, { x: given })]
    expect(Array.from(after['y']!.dataSync())).toEqual(Array.from(before['y']!.dataSync()))
  })

  it('of a moved axis of length one is a view', () => {
    const trace = new Trace()
    const y = trace.transpose(trace.placeholder('x', [5, 1, 3]), [1, 0, 2])
    const { replaced } = simplify([y])
    expect(printKernels({ y: replaced.get(y)! })).toBe(
      '%0: float32[5, 1, 3] = Placeholder(@x)\n%1: int32[3] = Const(1, 5, 3)\n%2: float32[1, 5, 3] = Reshape(%0, %1)\noutput y: %2\n',
    )
  })
})

describe('the memory plan', () => {
  const trace = new Trace()
  const x = trace.placeholder('x', [100])

  it('frees what nobody reads any more, and writes over it where it can', () => {
    const chain = trace.exp(trace.sin(trace.cos(trace.matMul(trace.reshape(x, [100, 1]), trace.reshape(x, [1, 100])))))
    expect(planMemory([chain], [chain]).peakBytes).toBe(4 * (100 + 100 * 100))
  })

  it('holds what is read again', () => {
    const square = trace.matMul(trace.reshape(x, [100, 1]), trace.reshape(x, [1, 100]))
    const both = trace.add(square, trace.transpose(square, [1, 0]))
    expect(planMemory([both], [both]).peakBytes).toBe(4 * 2 * 100 * 100)
  })
})

describe('explaining', () => {
  it('says of every pass what it did, in order, and prints the program after it', () => {
    const { model: compiled } = model('iste.arch')
    const reports = explainPasses(compiled.graph, compiled.train!.objectives[0], compiled.train!.sizes)
    expect(reports.map(({ pass }) => pass)).toEqual([
      'ir',
      'split-linear',
      'best-match',
      'trace',
      'gradient',
      'simplify',
      'memory',
    ])
    for (const { said } of reports) expect(said).not.toBe('')
    const texts = new Map(reports.map(({ pass, text }) => [pass, text()]))
    expect(texts.get('ir')).toMatch(/^input lr %0: f32\[B, h, w, 3\]\n/)
    expect(texts.get('gradient')).toMatch(/\noutput gradient of lpd\.body\[0\]\.kernel: %\d+\n/)
    expect(texts.get('gradient')!.split('\n').length).toBeGreaterThan(texts.get('simplify')!.split('\n').length)
  })

  it('gives the same text for the same model', () => {
    const text = (): string => {
      const { model: compiled } = model('lte.arch')
      return explainPasses(compiled.graph, compiled.train!.objectives[0], compiled.train!.sizes)
        .map((report) => report.text())
        .join('')
    }
    expect(text()).toBe(text())
  })
})
