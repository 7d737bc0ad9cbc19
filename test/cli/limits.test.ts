import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { root, temporaryFolder, testField } from '../runtime/network/small.ts'
import { archc } from './run-archc.ts'

const folder = temporaryFolder()
const inside = (name: string): string => path.join(folder, name)
const bin = `'${process.execPath}' '${path.join(root, 'bin', 'archc.js')}'`

/** What a line of a shell gives; `archc` in it is this one. */
function shell(line: string, via: readonly string[] = []): { readonly code: number | null; readonly said: string } {
  const [command, ...rest] = [...via, 'bash', '-c', line.replaceAll('archc ', `${bin} `)]
  const { status, stdout, stderr } = spawnSync(command!, rest, { cwd: root, encoding: 'utf8' })
  return { code: status, said: `${stdout}${stderr}` }
}

const picture = `upscale '${testField}' --run models/bicubic.arch --scale 2 --engine cpu`
const canMount = spawnSync('unshare', ['-rm', 'true']).status === 0

describe.runIf(process.platform === 'linux')('what a shell or a machine limits is no bug of archc', () => {
  it('(it is built before)', async () => expect((await archc(['--version'])).code).toBe(0))

  it.each([
    ['few descriptors', 'ulimit -n 26; archc ops', /too many files are open\n +help: raise the limit: ulimit -n 4096/],
    // The picture, or the one by which this machine's pace is measured at first use.
    ['small files', `ulimit -f 8; archc ${picture} -o '${inside('small.png')}'`, /cannot write .*\.png: the file is larger than .*ulimit -f.*\n +help: raise the limit/],
    ['standard output on a full disk', 'archc ops > /dev/full', /cannot write standard output: the disk is full/],
    ['help on a full disk', 'archc --help > /dev/full', /cannot write standard output: the disk is full/],
    ['a file on a full disk', `archc ${picture} --json > /dev/full -o '${inside('other.png')}'`, /cannot write standard output: the disk is full/],
  ])('%s', (_what, line, message) => {
    const { code, said } = shell(line)
    expect(said).toMatch(message)
    expect(said).not.toContain('bug in archc')
    expect(code).toBe(1)
  }) // prettier-ignore

  it('whoever reads has read enough', () => expect(shell('archc ops | head -1; exit ${PIPESTATUS[0]}').code).toBe(0))

  it.runIf(canMount)('a HOME that is read-only: ARCHC_CACHE is named', () => {
    mkdirSync(inside('home'))
    const line = `mount -t tmpfs -o ro none '${inside('home')}' && ARCHC_CACHE= XDG_CACHE_HOME= HOME='${inside('home')}' archc engine install`
    const { code, said } = shell(line, ['unshare', '-rm'])
    expect(said).toMatch(
      /failed: the file system is read-only\n +help: make room or set ARCHC_CACHE to a folder that you can write to/,
    )
    expect(code).toBe(1)
  })
})
