import type { Command } from 'commander'
import { engineStatus, installEngine, removeEngine, showProgress, type EngineStatus } from '../runtime/engine/index.ts'
import { megabytes } from '../runtime/engine/progress.ts'

const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** Registers `archc engine status | install | remove`. */
export function engineCommand(program: Command): void {
  const engine = program
    .command('engine')
    .description('the TensorFlow that computes: what is here, bring it, remove it')
    .addHelpText(
      'after',
      `
The first command that computes brings TensorFlow by itself; these are for looking and for machines without a network.
It stands in the user's cache folder ($ARCHC_CACHE, else $XDG_CACHE_HOME/archc, else ~/.cache/archc), shared by all checkouts.

Examples:
  archc engine status                     which TensorFlow, which devices, how fast
  archc engine install                    from the index that pip is configured with
  archc engine install --from ~/wheels    from a folder with the wheel, or with the unpacked libraries
  archc engine install --gpu              the one for NVIDIA GPUs, with CUDA's libraries: untried on a GPU`,
    )

  engine
    .command('status')
    .description('say which engine is here, where it came from, and how fast it multiplies')
    .option('--json', 'print one JSON object')
    .option('--no-measure', 'skip the rates (a few seconds of all cores)')
    .addHelpText(
      'after',
      '\nExamples:\n  archc engine status --no-measure\n  archc engine status --json | jq .rates.matmul.gflops',
    )
    .action(async (options: { json?: boolean; measure: boolean }) => {
      const status = await engineStatus({ measure: options.measure })
      say(options.json ? JSON.stringify(status, undefined, 2) : statusText(status))
    })

  engine
    .command('install')
    .description('bring TensorFlow into the cache and compile its addon')
    .option(
      '--from <pypi|official|DIR>',
      "pypi, a folder with the wheel or with the libraries and include/, or official: tfjs-node's own script",
      'pypi',
    )
    .option('--gpu', "the TensorFlow for NVIDIA GPUs with CUDA's libraries (a download of 3.4 GB); untried on a GPU")
    .addHelpText(
      'after',
      `
Commands use the engine for GPUs where it is installed, else that for the CPU, else the one that official brought:
an older TensorFlow, from a host of its own, without pip and compiler; untried with archc.

Examples:
  archc engine install
  PIP_INDEX_URL=https://mirror.example/simple archc engine install
  archc engine install --gpu --from ~/wheels`,
    )
    .action(async (options: { from: string; gpu?: boolean }) => {
      const shown = showProgress(say)
      const aloud = (line: string): void => {
        shown.end()
        say(line)
      }
      await installEngine({ from: options.from, gpu: options.gpu ?? false, say: aloud, progress: shown.take }).finally(shown.end)
    })

  engine
    .command('remove')
    .description('remove the engines of this version from the cache')
    .option('--gpu', 'only the one for GPUs, so that commands use the CPU again')
    .addHelpText('after', '\nExamples:\n  archc engine remove && archc engine install\n  archc engine remove --gpu')
    .action(async (options: { gpu?: boolean }) => {
      const freed = await removeEngine(options.gpu ? ['gpu'] : undefined)
      say(freed === undefined ? 'there is no engine to remove' : `removed: ${megabytes(freed)} are free again`)
    })
}

const builtFor = {
  cpu: 'the CPU',
  gpu: 'NVIDIA GPUs (CUDA 12), and the CPU where there is none',
  official: "the CPU, by tfjs-node's own script",
} as const

/** The status as lines of `name  value`. */
function statusText({ tensorflow, missing, engine, fallbacks, notices, rates }: EngineStatus): string {
  const { installed } = tensorflow
  const rows: [string, string][] = [['engine', engine.description]]
  if (installed) {
    rows.push(['built for', builtFor[tensorflow.flavour]])
    rows.push(['folder', `${tensorflow.where} (${megabytes(tensorflow.bytes)})`])
    rows.push(['from', `${installed.from}, ${installed.date.slice(0, 10)}; sha256 ${installed.sha256 ?? 'unknown'}`])
    rows.push(['checked', installed.checked])
    const cuda = Object.keys(installed.cuda ?? {})
    if (cuda.length) rows.push(['cuda', cuda.map((name) => name.split('-', 2).join(' ')).join(', ')])
    rows.push(['addon', `${installed.flavour === 'official' ? 'brought by' : 'compiled with'} ${installed.compiler}`])
    for (const caveat of tensorflow.caveats) rows.push(['note', caveat])
    for (const flavour of tensorflow.unused) rows.push(['unused', `the one built for ${builtFor[flavour]}`])
  } else {
    rows.push([
      'tensorflow',
      `${tensorflow.version} is not installed (it would stand in ${tensorflow.where}): archc engine install`,
    ])
    for (const { what, help } of missing) rows.push(['missing', help ? `${what}; ${help}` : what])
  }
  for (const notice of notices) rows.push(['notice', notice.trim()])
  rows.push(['trains', engine.trains ? 'yes' : 'no'])
  rows.push(['fallbacks', fallbacks.length ? fallbacks.join(', ') : 'none'])
  if (rates) {
    const { matmul, convolution } = rates
    rows.push(['matmul', `${matmul.gflops.toFixed(1)} GFLOP/s (${matmul.size} x ${matmul.size})`])
    const { gflops, channels, height, width } = convolution
    rows.push(['convolution', `${gflops.toFixed(1)} GFLOP/s (3x3, ${channels} channels, ${height} x ${width})`])
  }
  return rows.map(([name, value]) => `${name.padEnd(12)}${value}`).join('\n')
}
