import { readFileSync } from 'node:fs'
import { UserError } from '../../errors.ts'

/** Features of processors that multiply bfloat16, as Linux names them. */
const features = ['avx512_bf16', 'amx_bf16']

/** What Linux says of the processors; nothing elsewhere. */
function processors(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8')
  } catch {
    return ''
  }
}

/**
 * Refuses bfloat16 where the processor would compute it number by number, slower than float32.
 * @throws UserError where `cpuinfo`, what Linux says of the processors, names no such feature.
 */
export function requireBfloat16(cpuinfo = processors()): void {
  const flags = /^flags\s*:(.*)$/m.exec(cpuinfo)?.[1]?.split(' ') ?? []
  if (features.some((feature) => flags.includes(feature))) return
  throw new UserError(
    'train.precision is bf16, and this processor is not known to multiply bfloat16: /proc/cpuinfo has neither avx512_bf16 nor amx_bf16',
    'train in float32 here, which is faster then: --set train.precision=float32',
  )
}
