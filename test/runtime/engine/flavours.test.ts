import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { tfjsNode } from '../../../src/runtime/engine/addon.ts'
import { installEngine, removeEngine } from '../../../src/runtime/engine/install.ts'
import { chosenFlavour, readInstalled } from '../../../src/runtime/engine/installed.ts'
import { engineHome } from '../../../src/runtime/engine/paths.ts'
import { engineFiles, failure, filesOf, useFakeCache } from './fake-cache.ts'

const fake = useFakeCache()
const here = process.platform === 'linux' && process.arch === 'x64'

const gpuFiles = [
  ...engineFiles,
  'nvidia/cublas/lib/libcublas.so.12',
  'nvidia/cuda_nvcc/bin/ptxas',
  'nvidia/cuda_nvcc/nvvm/libdevice/libdevice.10.bc',
]

describe.runIf(here)('--gpu', () => {
  test("brings TensorFlow's wheel and the CUDA wheels that it names, each checked, and says what is untried", async () => {
    const said: string[] = []
    const installed = await installEngine({ gpu: true, say: (line) => said.push(line) })
    expect(installed).toMatchObject({ flavour: 'gpu', home: engineHome('gpu'), from: 'pypi', tensorflow: '2.21.0' })
    expect(filesOf(installed.home)).toEqual(gpuFiles)
    expect(readFileSync(path.join(installed.home, 'lib/libtensorflow_cc.so.2'), 'utf8')).toBe('the C API with CUDA')
    expect(statSync(path.join(installed.home, 'nvidia/cuda_nvcc/bin/ptxas')).mode & 0o111).not.toBe(0)
    expect(Object.keys(installed.cuda!)).toEqual(fake.tools.gpuWheels.slice(1).map((file) => path.basename(file)))
    expect(said.filter((line) => /checked: the sha256 that the index states/.test(line))).toHaveLength(3)
    expect(said.join('\n')).toMatch(/sees no GPU here and computes on the CPU\nuntried: archc has not been run on a GPU/)
    expect(fake.standing()).toEqual([path.basename(installed.home)])
  })

  test('stands beside that for the CPU and goes before it, until it is removed', async () => {
    const cpu = await installEngine()
    expect(chosenFlavour()).toBe('cpu')
    const gpu = await installEngine({ gpu: true })
    expect(chosenFlavour()).toBe('gpu')
    const said: string[] = []
    await installEngine({ say: (line) => said.push(line) })
    expect(said.join('\n')).toContain(`commands go on with the one in ${gpu.home}`)
    expect(await removeEngine(['gpu'])).toBeGreaterThan(0)
    expect(chosenFlavour()).toBe('cpu')
    expect(fake.standing()).toEqual([path.basename(cpu.home)])
  })

  test('a CUDA library that is gone is no engine, and the next install replaces it', async () => {
    const { home } = await installEngine({ gpu: true })
    rmSync(path.join(home, 'nvidia/cublas/lib/libcublas.so.12'))
    expect(readInstalled('gpu')).toBeUndefined()
    await installEngine({ gpu: true })
    expect(filesOf(home)).toEqual(gpuFiles)
  })

  test('an addon of other sources: CUDA is not fetched again', async () => {
    const { home, addon } = await installEngine({ gpu: true })
    rmSync(path.join(home, addon))
    expect(chosenFlavour()).toBe('gpu')
    const downloads = fake.tools.downloads()
    await installEngine({ gpu: true })
    expect(filesOf(home)).toEqual(gpuFiles)
    expect(fake.tools.downloads()).toBe(downloads)
  })

  test('--from DIR with the wheels; without one of them it is named with a command that fetches it', async () => {
    const from = mkdtempSync(path.join(fake.tools.folder, 'from-'))
    for (const file of fake.tools.gpuWheels) copyFileSync(file, path.join(from, path.basename(file)))
    expect(filesOf((await installEngine({ gpu: true, from })).home)).toEqual(gpuFiles)
    await removeEngine()
    rmSync(path.join(from, path.basename(fake.tools.gpuWheels[1]!)))
    const error = await failure(installEngine({ gpu: true, from }))
    expect(error.message).toMatch(/lacks CUDA wheels .*: nvidia-cublas-cu12$/)
    expect(error.help).toMatch(/pip download --no-deps .* 'nvidia-cublas-cu12<13\.0,>=12\.5\.3\.2'/)
    expect(fake.standing()).toEqual([])
    expect(fake.tools.downloads()).toBe(0)
  })

  test('--from DIR with another engine for GPUs, unpacked', async () => {
    const { home } = await installEngine({ gpu: true })
    process.env.ARCHC_CACHE = path.join(fake.cache, 'second')
    const second = await installEngine({ gpu: true, from: home })
    expect(second.home).not.toBe(home)
    expect(filesOf(second.home)).toEqual(gpuFiles)
  })

  test('--from DIR with the wheel for the CPU only', async () => {
    const from = mkdtempSync(path.join(fake.tools.folder, 'from-'))
    copyFileSync(fake.tools.wheel, path.join(from, path.basename(fake.tools.wheel)))
    expect((await failure(installEngine({ gpu: true, from }))).message).toMatch(/is not TensorFlow 2\.21\.0 with CUDA for/)
  })
})

describe.runIf(here)('--from official', () => {
  /** The package's script asks these for its two archives. */
  function addresses(port: number): NodeJS.ProcessEnv {
    for (const name of ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy']) Reflect.deleteProperty(process.env, name)
    return {
      TFJS_NODE_BASE_URI: `http://127.0.0.1:${port}/libtensorflow-`,
      npm_config_tfjs_binding_binary_host_mirror: `http://127.0.0.1:${port}/`,
      FAKE_TF_VERSION: '2.9.1',
    }
  }

  async function withServer<T>(work: (port: number, asked: string[]) => Promise<T>, page?: string): Promise<T> {
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(request.url!)
      const found = fake.tools.official.find(({ ending }) => request.url!.endsWith(ending))
      if (found) response.end(page ?? readFileSync(found.file))
      else response.writeHead(404).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      return await work((server.address() as AddressInfo).port, asked)
    } finally {
      server.close()
    }
  }

  test("runs the package's own script in a copy and keeps what it brought, without pip and compiler", async () => {
    const before = readdirSync(tfjsNode(), { recursive: true }).sort()
    await withServer(async (port, asked) => {
      Object.assign(process.env, addresses(port), { PATH: '/nowhere' })
      const said: string[] = []
      const installed = await installEngine({ from: 'official', say: (line) => said.push(line) })
      expect(asked).toHaveLength(2)
      expect(installed).toMatchObject({
        flavour: 'official',
        home: engineHome('official'),
        tensorflow: '2.9.1',
        from: 'official',
      })
      expect(readdirSync(installed.home).sort()).toEqual(['deps', 'engine.json', 'lib'])
      expect(Object.keys(installed.files)).toEqual([
        'lib/napi-v8/tfjs_binding.node',
        'deps/lib/libtensorflow.so.2.9.1',
        'deps/lib/libtensorflow_framework.so.2.9.1',
      ])
      expect(said.join('\n')).toMatch(/untried: archc is tested with TensorFlow 2\.21\.0, not with 2\.9\.1/)
    })
    expect(readdirSync(tfjsNode(), { recursive: true }).sort()).toEqual(before)
    expect(chosenFlavour()).toBe('official')
    expect(await removeEngine()).toBeGreaterThan(0)
    expect(fake.standing()).toEqual([])
  })

  test('a host that cannot be reached is named, with the other ways', async () => {
    const port = await withServer((port) => Promise.resolve(port)) // nobody listens there any more
    Object.assign(process.env, addresses(port))
    const error = await failure(installEngine({ from: 'official' }))
    expect(error.message).toBe(`the install script of @tensorflow/tfjs-node-gpu cannot reach 127.0.0.1:${port} (ECONNREFUSED)`)
    expect(error.help).toMatch(/archc engine install .*--from DIR/)
    expect(fake.standing()).toEqual([])
  })

  test('a host that answers with something else: the script and its words', async () => {
    await withServer(async (port) => {
      Object.assign(process.env, addresses(port))
      const error = await failure(installEngine({ from: 'official' }))
      expect(error.message).toMatch(/^the install script of @tensorflow\/tfjs-node-gpu (failed|ended without)/)
      expect(error.help).toMatch(/archc engine install .*--from DIR/)
      expect(fake.standing()).toEqual([])
    }, 'this page is for members')
  })

  test('with --gpu is refused', async () => {
    expect((await failure(installEngine({ from: 'official', gpu: true }))).help).toBe('leave out one of the two')
  })
})
