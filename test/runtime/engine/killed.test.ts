import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { installEngine, removeEngine } from '../../../src/runtime/engine/install.ts'
import { readInstalled } from '../../../src/runtime/engine/installed.ts'
import { engineHome } from '../../../src/runtime/engine/paths.ts'
import { until, useFakeCache } from './fake-cache.ts'

const fake = useFakeCache()

/** Expects an engine that lacks nothing, or none. Returns whether there is one. */
function expectWholeOrNone(): boolean {
  const installed = readInstalled()
  if (!installed) return false
  const read = (name: string): string => readFileSync(path.join(installed.home, name), 'utf8')
  expect(read('lib/libtensorflow_cc.so.2')).toBe('the C API')
  expect(read('lib/libtensorflow_framework.so.2')).toBe('the framework')
  expect(read('include/tensorflow/c/eager/c_api.h')).toBe('// eager')
  expect(read(installed.addon)).toBe(readFileSync(path.join(fake.tools.folder, 'addon.node'), 'utf8'))
  return true
}

const install = 'await engine.installEngine({ say: said, progress: progressed })'
/** Scripts in which the process that installs ends itself as `kill -9` would, at a moment of its own work. */
const die = "process.kill(process.pid, 'SIGKILL')"
const quiet = 'const said = () => {}, progressed = () => {};'
const atLine = (text: string): string => `const said = (line) => { if (line.includes('${text}')) ${die} }, progressed = () => {};`
const atStep = (text: string): string => `const said = () => {}, progressed = ({ step }) => { if (step === '${text}') ${die} };`
/** Before or after a call of node:fs/promises for a file whose name ends so. */
const around = (name: string, end: string, when: 'before' | 'after'): string => `${quiet}
  const files = require('node:fs/promises'); const real = files.${name};
  files.${name} = async (...given) => {
    const mine = given[${name === 'rename' || name === 'link' ? 1 : 0}].endsWith('${end}');
    if (mine && '${when}' === 'before') ${die};
    const result = await real(...given);
    if (mine) ${die};
    return result
  };`
const home = path.basename(engineHome())

const moments: [moment: string, script: string, env: NodeJS.ProcessEnv, whole: boolean][] = [
  ['its lock is taken', around('link', '.lock', 'after'), {}, false],
  ['its folder is made', around('mkdir', '/engine', 'after'), {}, false],
  ['pip asks the index', quiet, { FAKE_KILL: 'install' }, false],
  ['pip downloads', quiet, { FAKE_KILL: 'download' }, false],
  ['pip has downloaded', quiet, { FAKE_KILL: 'downloaded' }, false],
  ['the checksum is taken', atStep('checking the sha256'), {}, false],
  ['the checksum was found right', atLine('checked: the sha256'), {}, false],
  ['the libraries are unpacked', atStep('unpacking TensorFlow'), {}, false],
  ['the compiler starts', atLine('compiling the addon'), {}, false],
  ['the compiler runs', quiet, { FAKE_KILL: 'compile' }, false],
  ['the addon is written', quiet, { FAKE_KILL: 'compiled' }, false],
  ['TensorFlow is tried', quiet, { FAKE_KILL: 'probe' }, false],
  ['engine.json is to be written', around('writeFile', '/engine.json', 'before'), {}, false],
  ['engine.json is written', around('writeFile', '/engine.json', 'after'), {}, false],
  ['the folder is to get its name', around('rename', home, 'before'), {}, false],
  ['the folder has its name', around('rename', home, 'after'), {}, true],
  ['it says that it is done', atLine('TensorFlow 2.21.0 is in'), {}, true],
]

describe('an install that is killed while', () => {
  test.each(moments)('%s: a whole engine or none, and the next one clears up', async (_moment, script, env, whole) => {
    const child = fake.elsewhere(script + install, env)
    await child.ended
    expect(child.signalCode).toBe('SIGKILL')
    expect(expectWholeOrNone()).toBe(whole)
    const before = fake.tools.downloads()
    await installEngine()
    expect(expectWholeOrNone()).toBe(true)
    expect(fake.standing()).toEqual([home])
    expect(fake.tools.downloads() - before).toBe(whole ? 0 : 1)
  })

  test('any moment of the clock goes by', async () => {
    const start = Date.now()
    await fake.elsewhere(quiet + install).ended
    const all = Date.now() - start
    const rounds = 12
    for (let round = 1; round <= rounds; round++) {
      await removeEngine()
      const child = fake.elsewhere(quiet + install)
      await sleep((all * round) / rounds)
      child.kill('SIGKILL')
      await child.ended
      expectWholeOrNone()
      await installEngine()
      expect(expectWholeOrNone()).toBe(true)
      expect(fake.standing()).toEqual([home])
    }
  })

  test('another one waits for it: that one goes on', async () => {
    const first = fake.elsewhere(quiet + install, { FAKE_PIP_SLEEP: '20' })
    await until(() => fake.tools.downloads() === 1)
    const second = fake.elsewhere(`const said = console.log, progressed = () => {}; ${install}`)
    let output = ''
    second.stdout!.on('data', (text: string) => (output += text))
    await until(() => output.includes(`another archc (process ${first.pid}) is installing`))
    first.kill('SIGKILL')
    expect(await second.ended).toMatch(/TensorFlow 2\.21\.0 is in/)
    expect(expectWholeOrNone()).toBe(true)
    expect(fake.standing()).toEqual([home])
  })

  test('an older engine stands there, cut short: that one or none is left, never a mixture', async () => {
    for (const name of ['/old', home]) {
      const installed = await installEngine()
      writeFileSync(path.join(installed.home, 'lib/libtensorflow_cc.so.2'), 'cut')
      const child = fake.elsewhere(around('rename', name, 'after') + install)
      await child.ended
      expect(child.signalCode).toBe('SIGKILL')
      expect(expectWholeOrNone()).toBe(name === home)
    }
    await installEngine()
    expect(fake.standing()).toEqual([home])
  })
})

/** A user of one's own may mount a small disk in a namespace of one's own; not every system lets them. */
const mayMount =
  spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs -o size=64k none /mnt'], { timeout: 10_000 }).status === 0
const where = mayMount ? '' : ' (skipped: this system does not let a user mount a small disk: unshare -rm)'

describe(`a disk of its own that is full${where}`, () => {
  interface Outcome {
    message?: string
    help?: string
    standing: string[]
    whole: boolean
  }
  /** Installs on a disk of so many kilobytes. `trusting`: at the first look it has room, so that it fills up later. */
  function installOn(kilobytes: number, trusting: boolean): Outcome {
    const script = `
      const files = require('node:fs'), path = require('node:path');
      ${trusting ? 'const { statfs } = files.promises; files.promises.statfs = async () => ((files.promises.statfs = statfs), { bavail: 1e9, bsize: 4096 });' : ''}
      const folder = path.join(process.env.ARCHC_CACHE, 'engine');
      const error = await engine.installEngine().then(() => ({}), (e) => e);
      if (error.stack && error.name !== 'UserError') throw error;
      const home = engine.engineHome();
      const standing = files.existsSync(folder) ? files.readdirSync(folder) : [];
      console.log(JSON.stringify({ message: error.message, help: error.help, standing, whole: files.existsSync(home) }))`
    const mounted = `/bin/mount -t tmpfs -o size=${kilobytes}k none "$ARCHC_CACHE" && exec "$@"`
    const command = ['-rm', '/bin/sh', '-c', mounted, 'sh', process.execPath, '-e', fake.code(script)]
    const { stdout, stderr } = spawnSync('/usr/bin/unshare', command, { encoding: 'utf8' })
    expect(stdout, stderr).toMatch(/^\{/)
    return JSON.parse(stdout) as Outcome
  }

  test.runIf(mayMount)('is said before anything is downloaded', () => {
    const { message, help, standing } = installOn(512, false)
    expect(message).toMatch(/^installing TensorFlow needs 1140 MB of disk, and .* has 0\.\d MB free$/)
    expect(help).toMatch(/ARCHC_CACHE/)
    expect(standing).toEqual([])
    expect(fake.tools.downloads()).toBe(0)
  })

  test.runIf(mayMount)('wherever it fills up, nothing is left and the message says what to do', () => {
    const messages = new Set<string>()
    let kilobytes = 4
    for (; kilobytes < 400; kilobytes += 4) {
      const { message, help, standing, whole } = installOn(kilobytes, true)
      if (message === undefined) {
        expect(whole).toBe(true)
        expect(standing).toEqual([home])
        break
      }
      messages.add(message.replace(/ (?:failed|to) [^]*/, ''))
      expect(help, message).toMatch(/make room/)
      expect(standing, message).toEqual([])
    }
    expect(kilobytes).toBeLessThan(400)
    expect([...messages]).toEqual(
      expect.arrayContaining(['writing the engine', "downloading TensorFlow's wheel", "compiling TensorFlow's addon"]),
    )
  })
})
