import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { crc32 } from 'node:zlib'
import { build } from 'esbuild'
import { archcRoot } from '../../../src/root.ts'
import { targetOf } from '../../../src/runtime/engine/paths.ts'

/** A folder with tools that behave as the real ones do, in milliseconds, and the files that they hand out. */
export interface FakeTools {
  readonly folder: string
  /** The only folder on PATH while a test uses the tools: python3 (pip) and g++. */
  readonly bin: string
  readonly wheel: string
  /** Those of `--gpu`: TensorFlow's with its METADATA, and the two that it requires. */
  readonly gpuWheels: readonly string[]
  /** A server's files for `--from official`: the archives of libtensorflow and of the addon, by how their addresses end. */
  readonly official: readonly { readonly ending: string; readonly file: string }[]
  /** One line for each call of pip that downloads. */
  downloads(): number
  remove(): void
}

const members: Readonly<Record<string, string>> = {
  'tensorflow/libtensorflow_cc.so.2': 'the C API',
  'tensorflow/libtensorflow_framework.so.2': 'the framework',
  'tensorflow/include/tensorflow/c/c_api.h': '// C API',
  'tensorflow/include/tensorflow/c/eager/c_api.h': '// eager',
  'tensorflow/include/xla/tsl/c/tsl_status.h': '// status',
  'tensorflow/include/tensorflow/cc/ops/array_ops.h': '// C++: stays packed',
  'tensorflow/python/keras/engine.py': '# stays packed',
}

/** A wheel of these members with a RECORD; `damage` replaces a member's bytes after RECORD was written. */
export function writeWheel(
  file: string,
  contents: Readonly<Record<string, string>> = members,
  damage: Readonly<Record<string, string>> = {},
): void {
  const sum = (text: string): string => createHash('sha256').update(text).digest('base64url')
  const record = Object.entries(contents).map(([name, text]) => `${name},sha256=${sum(text)},${text.length}\n`)
  const all = { ...contents, ...damage, 'tensorflow_cpu-2.21.0.dist-info/RECORD': record.join('') }
  writeFileSync(file, storedZip(all))
}

/** A zip file without compression. */
function storedZip(contents: Readonly<Record<string, string>>): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const [name, text] of Object.entries(contents)) {
    const data = Buffer.from(text)
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt32LE(crc32(data), 10)
    common.writeUInt32LE(data.length, 14)
    common.writeUInt32LE(data.length, 18)
    common.writeUInt16LE(name.length, 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), data])
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(offset, 10)
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), common, tail, Buffer.from(name)]))
    parts.push(local)
    offset += local.length
  }
  const central = Buffer.concat(directory)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(directory.length, 4)
  end.writeUInt16LE(directory.length, 6)
  end.writeUInt32LE(central.length, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...parts, central, Buffer.from('PK\x05\x06'), end])
}

const gpuMembers: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'tensorflow-2.21.0-cp312-cp312': {
    ...members,
    'tensorflow/libtensorflow_cc.so.2': 'the C API with CUDA',
    'tensorflow-2.21.0.dist-info/METADATA': `Name: tensorflow
Requires-Dist: numpy>=1.26.0
Provides-Extra: and-cuda
Requires-Dist: nvidia-cublas-cu12<13.0,>=12.5.3.2; extra == "and-cuda"
Requires-Dist: nvidia-cuda-nvcc-cu12<13.0,>=12.5.82; extra == "and-cuda"
Requires-Dist: something-else; (sys_platform != "win32") and extra == "gcs-filesystem"
`,
  },
  'nvidia_cublas_cu12-12.9.3.13-py3-none': {
    'nvidia/cublas/lib/libcublas.so.12': 'cublas',
    'nvidia/cublas/include/cublas.h': '// stays packed',
    'nvidia/__init__.py': '',
  },
  'nvidia_cuda_nvcc_cu12-12.9.86-py3-none': {
    'nvidia/cuda_nvcc/bin/ptxas': '#!/bin/sh',
    'nvidia/cuda_nvcc/nvvm/libdevice/libdevice.10.bc': 'bitcode',
  },
}

const addon = `
#include <node_api.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
extern "C" napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  const char* victim = getenv("FAKE_KILL");
  if (victim && !strcmp(victim, "probe")) kill(getppid(), SIGKILL);
  napi_value version;
  const char* text = getenv("FAKE_TF_VERSION");
  napi_create_string_utf8(env, text ? text : "2.21.0", NAPI_AUTO_LENGTH, &version);
  napi_set_named_property(env, exports, "TF_Version", version);
  return exports;
}`

/**
 * Environment variables that the tools obey: FAKE_PIP and FAKE_CXX hold a failure's name, FAKE_PIP_SLEEP seconds, FAKE_TF_VERSION
 * the version that the library states, FAKE_KILL the moment at which a tool kills who called it.
 */
export function makeFakeTools(): FakeTools {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'archc-engine-'))
  const bin = path.join(folder, 'bin')
  mkdirSync(bin)
  const target = targetOf()
  const wheel = path.join(folder, `${target.project.replaceAll('-', '_')}-2.21.0-cp312-cp312-${target.wheelTag}.whl`)
  writeWheel(wheel)
  const gpuWheels = Object.entries(gpuMembers).map(([name, contents]) => {
    const file = path.join(folder, `${name}-${target.wheelTag}.whl`)
    writeWheel(file, contents)
    return file
  })
  for (const file of [wheel, ...gpuWheels])
    writeFileSync(`${file}.sha256`, createHash('sha256').update(readFileSync(file)).digest('hex'))

  const source = path.join(folder, 'addon.cc')
  writeFileSync(source, addon)
  const headers = path.join(path.dirname(createRequire(import.meta.url).resolve('node-api-headers/package.json')), 'include')
  const fakeAddon = path.join(folder, 'addon.node')
  execFileSync('g++', ['-shared', '-fPIC', '-DNAPI_VERSION=8', '-I', headers, source, '-o', fakeAddon])

  script(
    bin,
    'python3',
    `
shift 2 # -m pip
report=; dest=
case "$1" in --version) echo 'pip 99.0 from nowhere'; exit 0;; esac
verb=$1; log=quiet
while [ $# -gt 0 ]; do requirement=$1; case "$1" in --report) report=$2;; --dest) dest=$2;; -vv) log=loud;; esac; shift; done
case "$requirement" in
  ${target.project}==*) wheel='${wheel}';;
  ${gpuWheels.map((file) => `${path.basename(file).split('-', 1)[0]!.replaceAll('_', '-')}[=\\<]*) wheel='${file}';;`).join('\n  ')}
esac
[ "$FAKE_KILL" = "$verb" ] && kill -9 $PPID
if [ "$FAKE_PIP" = offline ]; then echo 'ERROR: No matching distribution found' >&2; exit 1; fi
if [ "$verb" = install ]; then
  if [ "$FAKE_PIP" = old ]; then echo 'no such option: --report' >&2; exit 2; fi
  sum=$(/bin/cat "$wheel.sha256"); [ "$FAKE_PIP" = changed ] && sum=${'0'.repeat(64)}
  echo '{"install": [{"download_info": {"archive_info": {"hashes": {"sha256": "'$sum'"}}}}]}' > "$report" || exit 2
  exit 0
fi
if [ "$FAKE_PIP" = full ]; then echo 'OSError: [Errno 28] No space left on device' >&2; exit 2; fi
echo download >> '${folder}/downloads'
/bin/sleep "\${FAKE_PIP_SLEEP:-0}"
/bin/cp "$wheel" "$dest/" || exit 1
[ "$FAKE_KILL" = downloaded ] && kill -9 $PPID
[ "$log" = loud ] && echo "Found link simple/\${wheel##*/}#sha256=$(/bin/cat "$wheel.sha256") (from x), version: 2.21.0"
exit 0`,
  )
  script(
    bin,
    'g++',
    `
if [ "$1" = --version ]; then echo 'g++ (fake) 99.0'; exit 0; fi
if [ "$FAKE_CXX" = broken ]; then echo 'tfjs_backend.cc:18: fatal error: no such header' >&2; exit 1; fi
[ "$FAKE_KILL" = compile ] && kill -9 $PPID
while [ "$1" != -o ]; do shift; done
/bin/cp '${fakeAddon}' "$2" || exit 1
[ "$FAKE_KILL" = compiled ] && kill -9 $PPID
exit 0`,
  )

  return {
    folder,
    bin,
    wheel,
    gpuWheels,
    official: officialArchives(folder, fakeAddon),
    downloads: () => readFileSync(path.join(folder, 'downloads'), { encoding: 'utf8', flag: 'a+' }).split('\n').length - 1,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** What the install script of tfjs-node downloads: libtensorflow with its links, and the addon. */
function officialArchives(folder: string, fakeAddon: string): FakeTools['official'] {
  const place = path.join(folder, 'official')
  for (const part of ['lib', 'include/tensorflow/c', 'napi-v8']) mkdirSync(path.join(place, part), { recursive: true })
  for (const name of ['libtensorflow', 'libtensorflow_framework']) {
    writeFileSync(path.join(place, 'lib', `${name}.so.2.9.1`), name)
    symlinkSync(`${name}.so.2.9.1`, path.join(place, 'lib', `${name}.so.2`))
    symlinkSync(`${name}.so.2`, path.join(place, 'lib', `${name}.so`))
  }
  writeFileSync(path.join(place, 'include/tensorflow/c/c_api.h'), '// C API')
  copyFileSync(fakeAddon, path.join(place, 'napi-v8/tfjs_binding.node'))
  const pack = (ending: string, name: string, ...parts: string[]): { ending: string; file: string } => {
    const file = path.join(folder, name)
    execFileSync('tar', ['-C', place, '-czf', file, ...parts])
    return { ending, file }
  }
  return [
    pack('linux-x86_64-2.9.1.tar.gz', 'libtensorflow.tar.gz', 'lib', 'include'),
    pack('linux-4.22.0.tar.gz', 'addon.tar.gz', 'napi-v8'),
  ]
}

function script(bin: string, name: string, body: string): void {
  writeFileSync(path.join(bin, name), `#!/bin/sh${body}\n`)
  chmodSync(path.join(bin, name), 0o755)
}

/** The engine room as one CommonJS file, for tests that need a process of their own. */
export async function bundleEngine(file: string): Promise<void> {
  await build({
    entryPoints: [path.join(archcRoot, 'src/runtime/engine/index.ts')],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    define: { 'globalThis.ARCHC_ROOT': JSON.stringify(archcRoot) },
    outfile: file,
    logLevel: 'error',
  })
}
