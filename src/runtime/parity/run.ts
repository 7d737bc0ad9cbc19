import path from 'node:path'
import type { Engine } from '../engine/index.ts'
import { checkAdam } from './adam-schedule.ts'
import { findCases, readCase, type ParityCase } from './case.ts'
import { CannotRun, createChecks, type Check, type Checks } from './check.ts'
import { checkCoordinates } from './coords.ts'
import { checkDegradation } from './degrade.ts'
import { checkEdsr, checkLfi, checkSwinir } from './encoders.ts'
import { checkInception } from './fid.ts'
import { checkImplicit } from './implicit.ts'
import { checkLi } from './li.ts'
import { checkMetrics } from './metrics.ts'
import { isteOf, liifOf, lmliifOf, lmlteOf, lteOf, srnoOf } from './networks.ts'
import { checkOwn, type OwnNetwork } from './own.ts'
import { checkHat, checkRrdbnet, checkSwinirClassical } from './zoo.ts'
import { checkOperations } from './op-grads.ts'

/** Everything that a folder's numbers were compared with. */
export interface ParityResult {
  readonly engine: string
  readonly checks: readonly Check[]
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly seconds: number
}

export type Target = 'layers' | 'savedmodel'

export interface ParityOptions {
  readonly engine: Engine
  /** `savedmodel` computes every network as one TensorFlow graph, with gradients by the compiler; else layer by layer. */
  readonly target?: Target
  /** A network of the user's in place of the one that each case names. */
  readonly own?: OwnNetwork
  /** Told every line as soon as it is known. */
  readonly say?: (line: string) => void
}

/** What is done for each network that a case may be of. */
const networks: Readonly<Record<string, (data: ParityCase, checks: Checks) => void | Promise<void>>> = {
  'adam-schedule': checkAdam,
  coords: checkCoordinates,
  degrade: checkDegradation,
  metrics: checkMetrics,
  'op-grads': checkOperations,
  swinir: checkSwinir,
  lfi: checkLfi,
  edsr: checkEdsr,
  li: checkLi,
  'inception-v3-fid': checkInception,
  iste: (data, checks) => checkImplicit(data, checks, isteOf(data)),
  liif: (data, checks) => checkImplicit(data, checks, liifOf(data)),
  lte: (data, checks) => checkImplicit(data, checks, lteOf(data)),
  lmliif: (data, checks) => checkImplicit(data, checks, lmliifOf(data)),
  lmlte: (data, checks) => checkImplicit(data, checks, lmlteOf(data)),
  rrdbnet: checkRrdbnet,
  'swinir-classical': checkSwinirClassical,
  hat: checkHat,
  srno: (data, checks) => checkImplicit(data, checks, srnoOf(data)),
}

/**
 * Compares archc with the numbers of reference implementations in `folder`: one case, or folders of them. What is done follows
 * from what each case says of its network and from its tensors. One line a check, then the counts.
 */
export async function runParity(
  folder: string,
  { engine, target = 'layers', own, say = () => undefined }: ParityOptions,
): Promise<ParityResult> {
  const start = performance.now()
  const all: Check[] = []
  const tell = (check: Check): void => {
    all.push(check)
    say(lineOf(check))
  }
  const cases = findCases(folder)
  for (const at of cases) await runCase(at, path.relative(folder, at) || path.basename(path.resolve(folder)), tell, target, own)
  const count = (status: Check['status']): number => all.filter((check) => check.status === status).length
  const [passed, failed, skipped] = [count('ok'), count('failed'), count('skipped')]
  say(`${passed} passed, ${failed} failed, ${skipped} skipped`)
  return { engine: engine.description, checks: all, passed, failed, skipped, seconds: (performance.now() - start) / 1000 }
}

async function runCase(
  folder: string,
  name: string,
  tell: (check: Check) => void,
  target: Target,
  own: OwnNetwork | undefined,
): Promise<void> {
  try {
    await checkCase(await readCase(folder, name, own !== undefined), tell, target, own)
  } catch (error) {
    tell({ case: name, check: wholeCase, status: 'failed', reason: error instanceof Error ? error.message : String(error) })
  }
}

/** What stands in the place of a check's name where a case could not be looked at. */
const wholeCase = '(whole case)'

/** Makes every check of one case. A network that archc does not have is one skipped check. */
export async function checkCase(
  data: ParityCase,
  tell: (check: Check) => void,
  target: Target = 'layers',
  own?: OwnNetwork,
): Promise<void> {
  const checks = createChecks(data, tell, target === 'savedmodel' ? 'graphs' : 'layers')
  const run = networks[data.network.name]
  try {
    if (own) await checkOwn(data, checks, own)
    else if (!run) throw new CannotRun(`archc has no network ${data.network.name}`)
    else await run(data, checks)
    checks.finish()
  } catch (error) {
    if (!(error instanceof CannotRun)) throw error
    checks.skip(wholeCase, error.message)
  }
}

const short = (value: number): string => (value === 0 ? '0' : Number.isFinite(value) ? value.toExponential(1) : String(value))

/** `case  check  error E  tolerance T  ratio R  ok`. */
function lineOf({ case: name, check, status, error, tolerance, ratio, reason }: Check): string {
  const verdict = status === 'failed' ? 'FAILED' : status
  const numbers =
    error === undefined || tolerance === undefined || ratio === undefined
      ? []
      : [
          `error ${short(error)}`,
          `tolerance ${short(tolerance)}`,
          `ratio ${Number.isFinite(ratio) ? ratio.toPrecision(2) : String(ratio)}`,
        ]
  return [name, check, ...numbers, reason === undefined ? verdict : `${verdict} (${reason})`].join('  ')
}
