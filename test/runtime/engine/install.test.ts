import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { installEngine, removeEngine } from '../../../src/runtime/engine/install.ts'
import { readInstalled } from '../../../src/runtime/engine/installed.ts'
import { engineHome } from '../../../src/runtime/engine/paths.ts'
import { temporaryBeside } from '../../../src/runtime/files/atomic.ts'
import { failure, until, engineFiles, filesOf, useFakeCache } from './fake-cache.ts'
import { writeWheel } from './fake-tools.ts'

const fake = useFakeCache()

describe('an install from the index', () => {
  test('leaves a whole engine, with only the libraries, the C headers and the addon, and says what was checked', async () => {
    const said: string[] = []
    const installed = await installEngine({ say: (line) => said.push(line) })
    expect(fake.standing()).toEqual([path.basename(engineHome())])
    expect(filesOf(installed.home)).toEqual(engineFiles)
    expect(readFileSync(path.join(installed.home, 'lib/libtensorflow_cc.so.2'), 'utf8')).toBe('the C API')
    expect(said.join('\n')).toMatch(/: [0-9a-f]{12}…, checked: the sha256 that the index states/)
    expect(readInstalled()).toEqual(installed)
  })

  test('a second one downloads nothing', async () => {
    await installEngine()
    await installEngine()
    expect(fake.tools.downloads()).toBe(1)
  })

  test('a pip without --report: the checksum comes from its log', async () => {
    process.env.FAKE_PIP = 'old'
    expect((await installEngine()).checked).toMatch(/^the sha256 that the index states/)
  })

  test('an addon of other sources: only the addon is made again, beside the old one', async () => {
    const { home } = await installEngine()
    const manifest = readFileSync(path.join(home, 'engine.json'), 'utf8')
    const name = readdirSync(path.join(home, 'lib')).find((entry) => entry.endsWith('.node'))!
    copyFileSync(path.join(home, 'lib', name), path.join(home, 'lib', 'tfjs_binding-00000000.node'))
    rmSync(path.join(home, 'lib', name))
    writeFileSync(path.join(home, 'engine.json'), manifest.replace(name, 'tfjs_binding-00000000.node'))
    expect(readInstalled()).toBeUndefined()
    const again = await installEngine()
    expect(Object.keys(again.files).filter((file) => file.endsWith('.node'))).toHaveLength(2)
    expect(fake.tools.downloads()).toBe(1)
  })

  test('a library that was cut short is no engine, and the next install replaces it', async () => {
    const { home } = await installEngine()
    truncateSync(path.join(home, 'lib/libtensorflow_cc.so.2'), 3)
    expect(readInstalled()).toBeUndefined()
    await installEngine()
    expect(readFileSync(path.join(home, 'lib/libtensorflow_cc.so.2'), 'utf8')).toBe('the C API')
    expect(fake.standing()).toEqual([path.basename(home)])
  })
})

describe('a step that fails names itself, its command and what to do, and leaves nothing', () => {
  const cases: [string, NodeJS.ProcessEnv, RegExp, RegExp][] = [
    [
      'the index',
      { FAKE_PIP: 'offline' },
      /finding tensorflow(?:-cpu)?==2\.21\.0 on the index failed \(exit code 1\): python3 -m pip install[^]*ERROR: No matching/,
      /pip config list/,
    ],
    ['the checksum', { FAKE_PIP: 'changed' }, /is not the one that the index states: [0-9a-f]{64} instead of 0{64}/, /try again/],
    [
      'a disk that fills',
      { FAKE_PIP: 'full' },
      /downloading TensorFlow's wheel failed \(exit code 2\)/,
      /make room, or set ARCHC_CACHE/,
    ],
    [
      'the compiler',
      { FAKE_CXX: 'broken' },
      /compiling TensorFlow's addon failed \(exit code 1\): g\+\+ [^]*fatal error: no such header/,
      /C\+\+17/,
    ],
    ['the version', { FAKE_TF_VERSION: '2.9.1' }, /TensorFlow 2\.9\.1, and archc needs 2\.21\.0/, /that version/],
  ]
  test.each(cases)('%s', async (_name, env, message, help) => {
    Object.assign(process.env, env)
    const error = await failure(installEngine())
    expect(error.message).toMatch(message)
    expect(error.help).toMatch(help)
    expect(fake.standing()).toEqual([])
  })

  test('no compiler: said before anything is downloaded', async () => {
    const bin = path.join(fake.cache, 'bin')
    mkdirSync(bin)
    copyFileSync(path.join(fake.tools.bin, 'python3'), path.join(bin, 'python3'))
    process.env.PATH = bin
    const error = await failure(installEngine())
    expect(error.message).toMatch(/no C\+\+ compiler/)
    expect(error.help).toMatch(/apt-get install g\+\+/)
    expect(fake.tools.downloads()).toBe(0)
  })

  test('a CXX that does not run is named', async () => {
    process.env.CXX = 'no-such-compiler -m64'
    expect((await failure(installEngine())).message).toMatch(/CXX names .* no-such-compiler -m64/)
  })

  test('no pip', async () => {
    const bin = path.join(fake.cache, 'bin')
    mkdirSync(bin)
    copyFileSync(path.join(fake.tools.bin, 'g++'), path.join(bin, 'g++'))
    process.env.PATH = bin
    const error = await failure(installEngine())
    expect(error.message).toMatch(/needs pip/)
    expect(error.help).toMatch(/--from DIR/)
  })

  test('a cache that is not a folder', async () => {
    process.env.ARCHC_CACHE = path.join(fake.cache, 'file')
    writeFileSync(process.env.ARCHC_CACHE, '')
    expect((await failure(installEngine())).help).toMatch(/ARCHC_CACHE/)
  })
})

describe('--from DIR', () => {
  /** A folder with a wheel of the given contents. */
  function folderWith(write: (file: string) => void): string {
    const folder = mkdtempSync(path.join(fake.tools.folder, 'from-'))
    write(path.join(folder, path.basename(fake.tools.wheel)))
    return folder
  }

  test('a folder with the wheel', async () => {
    const from = folderWith((file) => copyFileSync(fake.tools.wheel, file))
    expect((await installEngine({ from })).from).toBe(from)
    expect(fake.tools.downloads()).toBe(0)
    expect(readdirSync(from)).toHaveLength(1) // the user's own file stays
  })

  test('a folder with the unpacked libraries: that of another engine', async () => {
    const { home } = await installEngine()
    process.env.ARCHC_CACHE = path.join(fake.cache, 'second')
    const second = await installEngine({ from: home })
    expect(second.home).not.toBe(home)
    expect(existsSync(path.join(second.home, 'include/xla/tsl/c/tsl_status.h'))).toBe(true)
    expect(fake.tools.downloads()).toBe(1)
  })

  const header = { 'tensorflow/include/tensorflow/c/c_api.h': '' }
  const libraries = { 'tensorflow/libtensorflow_cc.so.2': 'cc', 'tensorflow/libtensorflow_framework.so.2': 'framework' }
  const broken: [string, (file: string) => void, RegExp][] = [
    ['no zip at all', (file) => writeFileSync(file, 'not found'), /not a whole TensorFlow wheel/],
    [
      'half a wheel',
      (file) => writeFileSync(file, readFileSync(fake.tools.wheel).subarray(0, 400)),
      /not a whole TensorFlow wheel/,
    ],
    ['without the library', (file) => writeWheel(file, header), /tensorflow\/libtensorflow_cc\.so\.2 is missing/],
    [
      'a damaged library',
      (file) => writeWheel(file, { ...libraries, ...header }, { 'tensorflow/libtensorflow_cc.so.2': 'CC' }),
      /libtensorflow_cc\.so\.2 does not have the sha256 of its RECORD/,
    ],
  ]
  test.each(broken)('%s', async (_name, write, message) => {
    expect((await failure(installEngine({ from: folderWith(write) }))).message).toMatch(message)
    expect(fake.standing()).toEqual([])
  })

  test('the wheel of another machine is named', async () => {
    const from = mkdtempSync(path.join(fake.tools.folder, 'from-'))
    writeWheel(path.join(from, 'tensorflow-2.21.0-cp312-cp312-win_amd64.whl'))
    expect((await failure(installEngine({ from }))).message).toMatch(/win_amd64\.whl is not TensorFlow 2\.21\.0 for/)
  })

  test('no such folder', async () => {
    expect((await failure(installEngine({ from: path.join(fake.cache, 'nowhere') }))).message).toMatch(
      /--from .*nowhere: there is no such file$/,
    )
  })
})

describe('several processes', () => {
  test('two installs at once: one downloads, both have the engine', async () => {
    const script = 'const done = await engine.installEngine({ say: console.log }); console.log("has " + done.tensorflow)'
    const both = [fake.elsewhere(script, { FAKE_PIP_SLEEP: '1' }), fake.elsewhere(script, { FAKE_PIP_SLEEP: '1' })]
    const outputs = await Promise.all(both.map((child) => child.ended))
    for (const output of outputs) expect(output).toMatch(/has 2\.21\.0/)
    expect(outputs.filter((output) => /another archc \(process \d+\) is installing/.test(output))).toHaveLength(1)
    expect(fake.tools.downloads()).toBe(1)
    expect(fake.standing()).toEqual([path.basename(engineHome())])
  })

  test('a killed install leaves no engine; the next one takes its lock and clears its leftovers', async () => {
    const child = fake.elsewhere('await engine.installEngine()', { FAKE_PIP_SLEEP: '2' })
    await until(() => fake.tools.downloads() === 1)
    child.kill('SIGKILL')
    await child.ended
    expect(readInstalled()).toBeUndefined()
    expect(fake.standing().some((name) => name.endsWith('.tmp'))).toBe(true)
    await installEngine()
    expect(fake.standing()).toEqual([path.basename(engineHome())])
  })

  test('an interrupted one cleans up itself', async () => {
    const child = fake.elsewhere('await engine.installEngine()', { FAKE_PIP_SLEEP: '20' })
    await until(() => fake.tools.downloads() === 1)
    child.kill('SIGINT')
    await child.ended
    expect(child.signalCode).toBe('SIGINT')
    expect(fake.standing()).toEqual([])
  })

  test('without a compiler a command says so and goes on with the wasm engine, which multiplies right', async () => {
    const script = `
      const { name } = await engine.loadEngine({ say: console.log });
      const tf = require(${JSON.stringify(path.resolve('node_modules/@tensorflow/tfjs'))});
      const product = tf.matMul([[1, 2], [3, 4]], [[5, 6], [7, 8]]).dataSync().join(' ');
      console.log('engine ' + name + ', active ' + tf.getBackend() + ': ' + product)`
    const output = await fake.elsewhere(script, { PATH: fake.cache }).ended
    expect(output).toMatch(
      /TensorFlow cannot be used: .*no C\+\+ compiler[^]*what to do: install one[^]*going on with the wasm engine/,
    )
    expect(output).toMatch(/engine wasm, active wasm: 19 22 43 50/)
  })

  test('an engine that is asked for by name is not replaced by another', async () => {
    const output = await fake.elsewhere("await engine.loadEngine({ name: 'tensorflow', say: console.log })", { PATH: fake.cache })
      .ended
    expect(output).toMatch(/^UserError: .*no C\+\+ compiler/m)
    expect(output).not.toMatch(/going on/)
  })
})

describe('remove', () => {
  test('takes the engine and leftovers, and says how much was freed', async () => {
    const installed = await installEngine()
    mkdirSync(temporaryBeside(installed.home).replace(`-${process.pid}-`, '-999999999-'))
    expect(await removeEngine()).toBe(Object.values(installed.files).reduce((sum, size) => sum + size, 0))
    expect(fake.standing()).toEqual([])
    expect(await removeEngine()).toBeUndefined()
  })
})
