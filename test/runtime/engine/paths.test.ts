import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import { cacheFolder, engineHome, targetOf } from '../../../src/runtime/engine/paths.ts'
import { isCHeader } from '../../../src/runtime/engine/wheel.ts'

describe('the cache folder', () => {
  const cases: [string, NodeJS.ProcessEnv, string, string][] = [
    ['nothing set', {}, 'linux', '/home/u/.cache/archc'],
    ['nothing set, macOS', {}, 'darwin', '/home/u/Library/Caches/archc'],
    ['XDG_CACHE_HOME', { XDG_CACHE_HOME: '/x/cache' }, 'linux', '/x/cache/archc'],
    ['a relative XDG_CACHE_HOME is ignored', { XDG_CACHE_HOME: 'cache' }, 'linux', '/home/u/.cache/archc'],
    ['an empty ARCHC_CACHE is none', { ARCHC_CACHE: '', XDG_CACHE_HOME: '/x' }, 'linux', '/x/archc'],
    ['ARCHC_CACHE comes first', { ARCHC_CACHE: '/mine', XDG_CACHE_HOME: '/x' }, 'darwin', '/mine'],
    ['ARCHC_CACHE may be relative', { ARCHC_CACHE: 'mine' }, 'linux', path.resolve('mine')],
  ]
  test.each(cases)('%s', (_name, env, platform, expected) => {
    expect(cacheFolder(env, platform, '/home/u')).toBe(expected)
  })

  test('one engine a version, platform and processor', () => {
    expect(engineHome('cpu', '/c', 'linux', 'arm64')).toBe('/c/engine/tensorflow-cpu-2.21.0-linux-arm64')
    expect(engineHome('gpu', '/c', 'linux', 'x64')).toBe('/c/engine/tensorflow-gpu-2.21.0-linux-x64')
    expect(engineHome('official', '/c', 'linux', 'x64')).toBe('/c/engine/tensorflow-official-2.9.1-linux-x64')
  })
})

describe('the wheel for a machine', () => {
  test.each([
    ['linux', 'x64', 'tensorflow-cpu', 'tensorflow_cpu-2.21.0-cp312-cp312-manylinux_2_27_x86_64.whl'],
    ['linux', 'arm64', 'tensorflow', 'tensorflow-2.21.0-cp312-cp312-manylinux_2_27_aarch64.whl'],
    ['darwin', 'arm64', 'tensorflow', 'tensorflow-2.21.0-cp312-cp312-macosx_12_0_arm64.whl'],
  ])('%s-%s', (platform, arch, project, wheel) => {
    const target = targetOf(platform, arch)
    expect(target.project).toBe(project)
    expect(target.wheelTags.test(wheel)).toBe(true)
    expect(wheel).toContain(target.wheelTag)
  })

  test('with CUDA only where the wheel has it', () => {
    expect(targetOf('linux', 'x64', 'gpu')).toMatchObject({ project: 'tensorflow', wheelTag: 'manylinux_2_27_x86_64' })
    expect(() => targetOf('darwin', 'arm64', 'gpu')).toThrow(/no TensorFlow 2\.21\.0 wheel with CUDA for darwin-arm64/)
  })

  test('a machine without one is told what is left', () => {
    expect(() => targetOf('sunos', 'x64')).toThrow(UserError)
    expect(() => targetOf('sunos', 'x64')).toThrow(/no TensorFlow 2\.21\.0 wheel for sunos-x64/)
  })
})

describe('of the headers only the C ones are unpacked', () => {
  test.each([
    ['tensorflow/c/c_api.h', true],
    ['tensorflow/c/eager/c_api_experimental.h', true],
    ['xla/tsl/c/tsl_status.h', true],
    ['tensorflow/core/platform/ctstring_internal.h', true],
    ['tsl/platform/ctstring.h', true],
    ['tensorflow/cc/ops/array_ops.h', false],
    ['tensorflow/core/platform/cpu_info.h', false],
    ['tensorflow/c/../../../escape.h', false],
  ])('%s: %s', (name, expected) => {
    expect(isCHeader(name)).toBe(expected)
  })
})
