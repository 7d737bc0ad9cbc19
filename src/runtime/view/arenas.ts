import koffi from 'koffi'

/** `M_ARENA_MAX` of glibc's malloc.h. */
const arenaMax = -8

/**
 * A process that answers for days keeps as much memory as after its first hour: glibc gives each thread a heap of its own,
 * and what threads of TensorFlow and libvips hand to each other leaves holes in all of them. To be called before these start.
 */
export function shareHeaps(): void {
  if (process.platform !== 'linux' || !isGlibc()) return
  koffi.load('libc.so.6').func('int mallopt(int parameter, int value)')(arenaMax, 2)
}

const isGlibc = (): boolean => {
  const report = process.report.getReport() as { readonly header: { readonly glibcVersionRuntime?: string } }
  return report.header.glibcVersionRuntime !== undefined
}
