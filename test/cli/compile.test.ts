import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, it } from 'vitest'
import { farthest, model, quietEngine, root, started, temporaryFolder } from '../runtime/network/small.ts'
import { archc, startNode, type Outcome } from './run-archc.ts'

const folder = temporaryFolder()
const inside = (name: string): string => path.join(folder, name)
const tiny = ['compile', 'models/iste.arch', '--preset', 'tiny']
const built = inside('iste')

let compiled: Outcome
beforeAll(async () => {
  compiled = await archc([...tiny, '-o', built, '--json'])
})

describe('archc compile', () => {
  it('--json: one object about the model, and nothing else on standard output', () => {
    const { code, stdout, stderr } = compiled
    expect(code).toBe(0)
    expect(stdout.trim().split('\n')).toHaveLength(1)
    expect(JSON.parse(stdout)).toMatchObject({
      model: 'ISTE',
      variant: [],
      preset: 'tiny',
      parameters: 36634,
      multiplyAdds: expect.any(Number) as number,
      peakBytes: expect.any(Number) as number,
      outputs: [
        { name: 'rgb', role: 'samples', shape: '[B, q, 3]' },
        { name: 'by_lpd', role: 'inspect', shape: '[B, q, 3]' },
        { name: 'by_ltd', role: 'inspect', shape: '[B, q, 3]' },
      ],
    })
    expect(stderr).toMatch(/^engine: TensorFlow/)
    expect(stderr).toMatch(new RegExp(`written to ${built}\n$`))
  })

  it('writes the model, its weights, its summary and its text', () => {
    expect(readdirSync(built).sort()).toEqual(['model.arch.txt', 'model.json', 'summary.json', 'weights.bin'])
    expect(JSON.parse(readFileSync(path.join(built, 'summary.json'), 'utf8'))).toEqual(JSON.parse(compiled.stdout))
    expect(readFileSync(path.join(built, 'weights.bin')).length).toBe(4 * 36634)
  })

  it('what is written runs elsewhere, with tfjs and archc/layers alone, and gives the same', async () => {
    const [lr, coord, cell] = [
      [1, 16, 24, 3],
      [1, 7, 2],
      [1, 7, 2],
    ].map((shape, at) => ({ shape, data: Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i + at) / 2) }))
    const script = `
      import { readFileSync } from 'node:fs'
      import * as tf from '@tensorflow/tfjs'
      import { registerLayers } from 'archc/layers'
      registerLayers(tf)
      const json = JSON.parse(readFileSync(${JSON.stringify(path.join(built, 'model.json'))}, 'utf8'))
      const weights = readFileSync(${JSON.stringify(path.join(built, 'weights.bin'))})
      const model = await tf.loadLayersModel(tf.io.fromMemory({
        modelTopology: json.modelTopology,
        weightSpecs: json.weightsManifest[0].weights,
        weightData: new Uint8Array(weights).buffer,
      }))
      const given = ${JSON.stringify({ lr, coord, cell })}
      const outputs = model.predict(model.inputNames.map((name) => tf.tensor(given[name].data, given[name].shape)))
      console.log(JSON.stringify({
        backend: tf.getBackend(),
        names: model.outputNames,
        outputs: outputs.map((output) => ({ shape: output.shape, data: [...output.dataSync()] })),
      }))`
    const { code, stdout, stderr } = await startNode(['--input-type=module', '-e', script], { cwd: root }).outcome
    expect(code, stderr).toBe(0)
    const loaded = JSON.parse(stdout.trim().split('\n').at(-1)!) as {
      backend: string
      outputs: { shape: number[]; data: number[] }[]
    }
    expect(loaded.backend).toBe('cpu')
    expect(loaded.outputs.map(({ shape }) => shape)).toEqual([
      [1, 7, 3],
      [1, 7, 3],
      [1, 7, 3],
    ])

    await quietEngine()
    const here = model('iste.arch')
    const { model: layers } = started(here, 0).lower(here.model.graph, here.model.name)
    const inputs = [lr, coord, cell].map((given) => tf.tensor(given!.data, given!.shape))
    const outputs = layers.predict(inputs) as tf.Tensor[]
    for (const [at, output] of outputs.entries()) expect(farthest(output.dataSync(), loaded.outputs[at]!.data)).toBeLessThan(1e-5)
    tf.dispose([inputs, outputs])
  })

  it('in words, with sizes of its own', async () => {
    const { code, stdout } = await archc([...tiny, '--no-emit', '--size', 'h=8', '--size', 'w=8', '--size', 'B=1'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^ISTE, preset tiny\n {2}parameters {5}36,634\n/)
    expect(stdout).toMatch(/one forward pass at B = 1, h = 8, w = 8, q = 256/)
    expect(stdout).toMatch(/^ {2}input {10}lr: \[B, h, w, 3\] as image$/m)
    expect(stdout).toMatch(/^ {2}output {9}rgb: \[B, q, 3\] as samples$/m)
  })

  it('--no-emit writes nothing and needs no engine', async () => {
    const { code, stdout, stderr } = await archc(
      ['compile', 'models/ablations/wo-lfi.arch', '--preset', 'tiny', '--no-emit', '--json'],
      {
        env: { ARCHC_CACHE: inside('no-engine') },
      },
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({ model: 'ISTE', variant: ['w/o LFI'], preset: 'tiny', parameters: 35546 })
    expect(existsSync(inside('no-engine'))).toBe(false)
  })

  it('replaces what it wrote, and never what it did not', async () => {
    expect((await archc(['compile', 'models/bicubic.arch', '-o', built])).code).toBe(0)
    expect(JSON.parse(readFileSync(path.join(built, 'summary.json'), 'utf8'))).toMatchObject({ model: 'Bicubic' })

    const foreign = inside('foreign')
    mkdirSync(foreign)
    writeFileSync(path.join(foreign, 'model.json'), '{}')
    const { code, stdout, stderr } = await archc(['compile', 'models/bicubic.arch', '-o', foreign])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/error: .*foreign holds other things than a compiled model\n {2}help: name a new folder with -o\n$/)
    expect(readdirSync(foreign)).toEqual(['model.json'])
    expect(readFileSync(path.join(foreign, 'model.json'), 'utf8')).toBe('{}')
  })

  it.each<[string, string[], number, RegExp]>([
    ['nowhere to write', [], 2, /^error: nowhere to write the model\n {2}help: name a folder with -o, or say --no-emit\n$/],
    ['a file where the folder goes', ['-o', path.join(root, 'README.md')], 1, /^error: cannot write .*README\.md: it is a file\n/],
    ['a size without a number', ['--no-emit', '--size', 'h'], 2, /argument 'h' is invalid\. It takes name=n, such as h=64\./],
    ['a size that it has not', ['--no-emit', '--size', 'hh=3'], 1, /no input of ISTE has a size hh\n {2}help: its sizes: B, h, w, q\n/],
    ['a let that it has not', ['--no-emit', '--inspect', 'stf.best.indx'], 1, /ISTE has no let stf\.best\.indx; did you mean stf\.best\.index\?/],
    ['a module and a folder', ['--module', 'STF', '-o', inside('x')], 2, /say --no-emit; a model is what is written/],
    ['three variants', ['--no-emit', ...['lfi', 'stf', 'ltd'].flatMap((name) => ['--variant', `models/ablations/wo-${name}.arch`])], 2, /^error: --variant is given more than twice/],
    ['a seed that is none', ['--no-emit', '--seed', '-3'], 2, /option '--seed <n>' argument '-3' is invalid\. It takes a whole number\./],
  ])('%s', async (_what, args, code, message) => {
    const outcome = await archc([...tiny, ...args])
    expect(outcome.stderr).toMatch(message)
    expect(outcome).toMatchObject({ code, stdout: '' })
  }) // prettier-ignore
})
