import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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

const addon = `
#include <node_api.h>
#include <stdlib.h>
extern "C" napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  napi_value version;
  const char* text = getenv("FAKE_TF_VERSION");
  napi_create_string_utf8(env, text ? text : "2.21.0", NAPI_AUTO_LENGTH, &version);
  napi_set_named_property(env, exports, "TF_Version", version);
  return exports;
}`

/** Environment variables that the tools obey: FAKE_PIP and FAKE_CXX hold a failure's name, FAKE_PIP_SLEEP seconds, FAKE_TF_VERSION
 * the version that the library states. */
export function makeFakeTools(): FakeTools {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'archc-engine-'))
  const bin = path.join(folder, 'bin')
  mkdirSync(bin)
  const target = targetOf()
  const wheel = path.join(folder, `${target.project.replaceAll('-', '_')}-2.21.0-cp312-cp312-${target.wheelTag}.whl`)
  writeWheel(wheel)
  const sha256 = createHash('sha256').update(readFileSync(wheel)).digest('hex')

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
while [ $# -gt 0 ]; do case "$1" in --report) report=$2;; --dest) dest=$2;; -vv) log=loud;; esac; shift; done
if [ "$FAKE_PIP" = offline ]; then echo 'ERROR: No matching distribution found' >&2; exit 1; fi
if [ "$verb" = install ]; then
  if [ "$FAKE_PIP" = old ]; then echo 'no such option: --report' >&2; exit 2; fi
  sum=${sha256}; [ "$FAKE_PIP" = changed ] && sum=${'0'.repeat(64)}
  echo '{"install": [{"download_info": {"archive_info": {"hashes": {"sha256": "'$sum'"}}}}]}' > "$report"
  exit 0
fi
if [ "$FAKE_PIP" = full ]; then echo 'OSError: [Errno 28] No space left on device' >&2; exit 2; fi
echo download >> '${folder}/downloads'
/bin/sleep "\${FAKE_PIP_SLEEP:-0}"
/bin/cp '${wheel}' "$dest/" || exit 1
[ "$log" = loud ] && echo 'Found link simple/${path.basename(wheel)}#sha256=${sha256} (from x), version: 2.21.0'
exit 0`,
  )
  script(
    bin,
    'g++',
    `
if [ "$1" = --version ]; then echo 'g++ (fake) 99.0'; exit 0; fi
if [ "$FAKE_CXX" = broken ]; then echo 'tfjs_backend.cc:18: fatal error: no such header' >&2; exit 1; fi
while [ "$1" != -o ]; do shift; done
/bin/cp '${fakeAddon}' "$2"`,
  )

  return {
    folder,
    bin,
    wheel,
    downloads: () => readFileSync(path.join(folder, 'downloads'), { encoding: 'utf8', flag: 'a+' }).split('\n').length - 1,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
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
