import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { archcRoot } from '../../../src/root.ts'
import { loadEngine, type Engine } from '../../../src/runtime/engine/index.ts'
import { readSafetensors, writeSafetensors, type Tensor } from '../../../src/runtime/files/safetensors.ts'
import { runParity, type ParityResult } from '../../../src/runtime/parity/run.ts'

/** What the harness says of cases that were tampered with: a check that cannot fail would prove nothing. */

const carried = path.join(archcRoot, 'test', 'parity')
let engine: Engine
let folder: string
beforeAll(async () => {
  engine = await loadEngine({ name: 'tensorflow' })
  folder = await mkdtemp(path.join(os.tmpdir(), 'archc-parity-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** A copy of a carried case under another name. */
async function copyOf(name: string, as: string): Promise<string> {
  const at = path.join(folder, as)
  await cp(path.join(carried, name), at, { recursive: true })
  return at
}

/** Changes one element of one tensor. */
async function touch(file: string, name: string, change: (value: number) => number, element = 0): Promise<void> {
  const { tensors } = await readSafetensors(file)
  tensors.get(name)!.data[element] = change(tensors.get(name)!.data[element]!)
  await writeSafetensors(file, tensors)
}

async function edit(at: string, change: (json: Record<string, unknown>) => void): Promise<void> {
  const file = path.join(at, 'case.json')
  const json = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>
  change(json)
  await writeFile(file, JSON.stringify(json))
}

const others = ({ checks }: ParityResult): string[] =>
  checks.filter((check) => check.status !== 'ok').map(({ check, status, reason }) => [check, status, reason ?? ''].join(' | '))

describe('what a tampered case gives', () => {
  test('a wrong number fails its check alone, with error, tolerance and ratio', async () => {
    const at = await copyOf('adam-schedule', 'elsewhere')
    await touch(path.join(at, 'io.safetensors'), 'v', (value) => value + 1e-3, 20)
    const said: string[] = []
    const result = await runParity(at, { engine, say: (line) => said.push(line) })
    expect(others(result)).toEqual(['v | failed | '])
    const { error, tolerance, ratio } = result.checks.find((check) => check.status === 'failed')!
    expect(error).toBeCloseTo(1e-3, 5)
    expect(tolerance).toBe(5.5e-6)
    expect(ratio).toBeCloseTo(error! / tolerance!, 9)
    expect(said.at(-1)).toBe('5 passed, 1 failed, 0 skipped')
    expect(said.find((line) => line.includes('FAILED'))).toMatch(
      /^elsewhere {2}v {2}error 1\.0e-3 {2}tolerance 5\.5e-6 {2}ratio 1\.8e\+2 {2}FAILED$/,
    )
  })

  test('not a number fails', async () => {
    const at = await copyOf('adam-schedule', 'nan')
    await touch(path.join(at, 'io.safetensors'), 'x', () => NaN, 3)
    expect(others(await runParity(at, { engine }))).toEqual(['x | failed | '])
  })

  test('an exact comparison allows no difference', async () => {
    const at = await copyOf('coords', 'exact')
    await touch(path.join(at, 'io.safetensors'), '5x8_m2.index', (value) => value + 1, 7)
    expect(others(await runParity(at, { engine }))).toEqual(['5x8_m2.index | failed | '])
  })

  test('elements outside of a mask are left out', async () => {
    const at = await copyOf('coords', 'mask')
    const file = path.join(at, 'io.safetensors')
    const { tensors } = await readSafetensors(file)
    const hidden = tensors.get('5x4_m3.mask')!.data.findIndex((value) => value === 0)
    await touch(file, '5x4_m3.weight', (value) => value + 5, hidden)
    expect(others(await runParity(at, { engine }))).toEqual([])
    await touch(file, '5x4_m3.weight', (value) => value + 5, tensors.get('5x4_m3.mask')!.data.indexOf(1))
    expect(others(await runParity(at, { engine }))).toEqual(['5x4_m3.weight | failed | '])
  })

  test('a changed weight, a missing one and a strange one fail', async () => {
    const at = await copyOf('lfi-released', 'weights')
    const file = path.join(at, 'weights.safetensors')
    await touch(file, 'proj.bias', (value) => value + 1e-3)
    expect(others(await runParity(at, { engine }))).toEqual(['output | failed | '])
    const { tensors } = await readSafetensors(file)
    tensors.delete('kv_linear.bias')
    tensors.set('stranger', { shape: [1], dtype: 'F32', data: new Float32Array(1) } satisfies Tensor)
    await writeSafetensors(file, tensors)
    const [weights] = others(await runParity(at, { engine }))
    expect(weights).toBe('weights | failed | 2 do not fit: no tensor gives key_value.bias; no weight takes stranger')
  })

  test('a network that archc does not have is skipped, a tensor that it does not know too', async () => {
    const at = await copyOf('lfi-released', 'unknown')
    await edit(at, (json) => Object.assign(json['tensors'] as object, { new_map: { shape: [1], tolerance_abs: 1 } }))
    expect(others(await runParity(at, { engine }))).toEqual(['new_map | skipped | archc has nothing to compare with it'])
    await edit(at, (json) => (json['network'] = { name: 'perceptron' }))
    const result = await runParity(at, { engine })
    expect(others(result)).toEqual(['(whole case) | skipped | archc has no network perceptron'])
    expect(result).toMatchObject({ passed: 0, failed: 0, skipped: 1 })
  })

  test('folders of folders are searched; a case that cannot be read fails and the others go on', async () => {
    const at = path.join(folder, 'nested', 'deep')
    await mkdir(at, { recursive: true })
    await cp(path.join(carried, 'adam-schedule'), path.join(at, 'b'), { recursive: true })
    await mkdir(path.join(at, 'a'))
    await writeFile(path.join(at, 'a', 'case.json'), '{')
    const result = await runParity(path.join(folder, 'nested'), { engine })
    expect(result).toMatchObject({ passed: 6, failed: 1, skipped: 0 })
    expect(result.checks[0]).toMatchObject({ case: path.join('deep', 'a'), status: 'failed' })
    await expect(runParity(path.join(archcRoot, 'grammar'), { engine })).rejects.toThrow(/holds no case\.json/)
    await expect(runParity(path.join(archcRoot, 'nowhere'), { engine })).rejects.toThrow(/is not a folder/)
  })
})
