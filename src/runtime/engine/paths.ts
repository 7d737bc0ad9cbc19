import { createRequire } from 'node:module'
import path from 'node:path'
import { archcRoot } from '../../root.ts'
import { cacheFolder } from '../files/cache-folder.ts'
import { UserError } from '../../errors.ts'

/** The TensorFlow that archc brings. The addon uses only the stable C API, so a newer 2.x is a change of this line. */
export const tensorflowVersion = '2.21.0'
/** The TensorFlow that the install script of tfjs-node 4.22 downloads. */
const officialVersion = '2.9.1'

/**
 * The kinds of engine, each in a folder of its own, in the order in which one is chosen where there are several: `gpu` with
 * CUDA's libraries, `cpu`, and `official`, which the npm package's own script brought.
 */
export const flavours = ['gpu', 'cpu', 'official'] as const
export type Flavour = (typeof flavours)[number]

export { cacheFolder } from '../files/cache-folder.ts'

/** The version of TensorFlow that a flavour has. */
export function versionOf(flavour: Flavour): string {
  return flavour === 'official' ? officialVersion : tensorflowVersion
}

/** `require` as archc's own package.json sees it: the built sources lie elsewhere, the packages don't. */
export const archcRequire = createRequire(path.join(archcRoot, 'package.json'))

/** What is particular to one operating system and processor. */
export interface Target {
  readonly platform: string
  readonly arch: string
  /** The PyPI project of the flavour's wheel, and the wheel's platform tag. */
  readonly project: string
  readonly wheelTag: string
  /** The platform tags of the CUDA wheels; missing where TensorFlow's wheel has no CUDA. */
  readonly cudaTags?: readonly string[]
  /** The platform tags that would do as well. */
  readonly wheelTags: RegExp
  /** File names of the two libraries: the C API, and what it is linked against. */
  readonly libraries: readonly [string, string]
}

/** Where the engine of a flavour stands (or will stand): `<cache>/engine/tensorflow-<flavour>-<version>-<platform>-<arch>`. */
export function engineHome(
  flavour: Flavour = 'cpu',
  cache = cacheFolder(),
  platform: string = process.platform,
  arch: string = process.arch,
): string {
  return path.join(cache, 'engine', `tensorflow-${flavour}-${versionOf(flavour)}-${platform}-${arch}`)
}

const linuxLibraries = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'] as const
const macLibraries = ['libtensorflow_cc.2.dylib', 'libtensorflow_framework.2.dylib'] as const

/** Linux is what archc is tested on; the macOS row follows the wheel's names and has not been run. */
const targets: readonly Target[] = [
  {
    platform: 'linux',
    arch: 'x64',
    project: 'tensorflow-cpu',
    wheelTag: 'manylinux_2_27_x86_64',
    wheelTags: /-manylinux\w*_x86_64\.whl$/,
    cudaTags: ['manylinux_2_27_x86_64', 'manylinux2014_x86_64'],
    libraries: linuxLibraries,
  },
  {
    platform: 'linux',
    arch: 'arm64',
    project: 'tensorflow',
    wheelTag: 'manylinux_2_27_aarch64',
    wheelTags: /-manylinux\w*_aarch64\.whl$/,
    libraries: linuxLibraries,
  },
  {
    platform: 'darwin',
    arch: 'arm64',
    project: 'tensorflow',
    wheelTag: 'macosx_12_0_arm64',
    wheelTags: /-macosx_\w+_arm64\.whl$/,
    libraries: macLibraries,
  },
]

/** The C library's version where it is glibc, which TensorFlow's Linux wheels need (Alpine's musl will not do). */
function glibcVersion(): string | undefined {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } }
  return report.header?.glibcVersionRuntime
}

/** The target of this machine for a flavour. Throws UserError where no such TensorFlow runs. */
export function targetOf(platform: string = process.platform, arch: string = process.arch, flavour: Flavour = 'cpu'): Target {
  const target = targets.find((row) => row.platform === platform && row.arch === arch)
  if (target && flavour === 'gpu' && !target.cudaTags) {
    throw new UserError(
      `there is no TensorFlow ${tensorflowVersion} wheel with CUDA for ${platform}-${arch}`,
      'leave out --gpu, or use a machine with Linux on x86-64 and an NVIDIA GPU',
    )
  }
  if (!target) {
    throw new UserError(
      `there is no TensorFlow ${tensorflowVersion} wheel for ${platform}-${arch}`,
      'use --engine wasm (for inference) or --engine cpu, or a machine with Linux on x86-64 or aarch64',
    )
  }
  if (platform === 'linux' && process.platform === 'linux' && !glibcVersion()) {
    throw new UserError(
      "TensorFlow's wheels need glibc 2.27 or newer, and this system has another C library (musl?)",
      'use --engine wasm (for inference) or --engine cpu, or a Debian, Ubuntu, Fedora or similar image',
    )
  }
  // The wheel named tensorflow has CUDA's kernels on Linux, x86-64; tensorflow-cpu is the same without them.
  return flavour === 'gpu' ? { ...target, project: 'tensorflow' } : target
}
