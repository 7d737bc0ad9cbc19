import { realpathSync } from 'node:fs'
import path from 'node:path'
import { InvalidArgumentError, Option, type Command } from 'commander'
import type { Extent } from '../runtime/predict/places.ts'
import type { Scope } from '../compiler/plan.ts'
import { plural, UserError } from '../errors.ts'
import type { StageTime } from '../runtime/upscale/stage-times.ts'
import { carriedFile, defaultWeights, plainWeights, type CarriedWeights } from '../runtime/weights/carried.ts'
import { carriedOption } from './carried-option.ts'
import { enlargeSlide, isSlideWork, slideFlags, slideOptions, type SlideFlags } from './upscale-slide.ts'
import {
  count,
  engineFlags,
  kindOf,
  networkSource,
  positive,
  print,
  remark,
  scale,
  UsageError,
  type CommonFlags,
} from './common.ts'
import { agree, agreed } from './agree.ts'
import { duration, roughly } from './durations.ts'
import { liveLine } from './live-line.ts'
import { createFailures } from './failures.ts'
import { openEngine } from './open-engine.ts'
import { scopeOption } from './scope.ts'
import { stopOnSignals } from './stop-on-signals.ts'
import { compressionLine, memory } from './upscale-lines.ts'

export interface Flags extends CommonFlags, SlideFlags {
  readonly scale?: number
  readonly out: string
  readonly run?: string
  readonly weights?: CarriedWeights
  readonly plain?: boolean
  readonly scope?: Scope
  readonly overlap?: number
  readonly tile?: number
  readonly compression?: number | 'none'
  readonly consistent?: boolean
  readonly yes?: boolean
  readonly profile?: boolean
}

/** Registers `archc upscale`. */
export function upscaleCommand(program: Command): void {
  const command = program
    .command('upscale')
    .description('enlarge pictures by any factor from 1 to 64, and whole slides')
    .argument('<pictures...>', 'PNG, JPEG or TIFF files, or folders of them; or one slide')
    .option('-s, --scale <factor>', 'any real number from 1 to 64', scale)
    .requiredOption('-o, --out <file>', 'a .png; of several pictures or a folder a folder; of a slide a .tif or .dcm')
    .addOption(carriedOption())
    .addOption(new Option('--plain', 'the same as --weights plain').conflicts(['run', 'weights']))
    .option('--run <run>', `other weights: ${networkSource}`)
    .option('--scope <scope>', 'what best_match may choose from: full, lattice(n), raster(n), tile(n)', scopeOption)
    .option('--overlap <n>', 'low-resolution pixels that tiles share; the reach of the network without it', count)
    .option('--tile <n>', 'low-resolution pixels along a tile', positive)
    .option(
      '--compression <quality>',
      'of the JPEG that pictures were, 1 to 100, or none, for a network that is told it; what files and pixels say, without it',
      jpegQuality,
    )
    .option(
      '--consistent',
      'project the result onto the picture (back-projection): made smaller again it is what came in; as the text of the network says, and not where the picture was compressed, without it',
    )
    .option('--no-consistent', 'leave it as the network made it')
    .option('--yes', agreed)
    .option('--profile', 'say where the time went, stage by stage')
  slideOptions(command)
  engineFlags(command)
    .option('--json', 'print one JSON object a picture')
    .addHelpText(
      'after',
      '\nExamples:\n  archc upscale field.png --scale 3.3 -o large.png\n  archc upscale field.png --scale 2 --weights deblur -o sharper.png\n  archc upscale fields/ --scale 2 --run runs/first -o enlarged/\n  archc upscale slide.svs --magnification 40 -o slide-40x.tif\n  archc upscale slide.svs --mpp 0.25 --region 12000,8000,4000,4000 -o part.tif --resume\n\nComputed pictures are for research, not for diagnosis: super-resolution invents texture.',
    )
    .action(async (pictures: string[], flags: Flags) => {
      if (pictures.length === 1 && isSlideWork(flags.out)) return enlargeSlide(pictures[0]!, flags)
      const factor = scaleOf(flags)
      const work = await listWork(pictures, flags.out)
      const { lookAt } = await import('../runtime/data/dataset.ts')
      const failures = createFailures(work.length, 'not enlarged')
      const sizes: Extent[] = []
      for (const [input, found] of await lookAt(work.map(({ input }) => input)))
        if (found instanceof UserError) failures.note(input, found)
        else sizes.push(found)
      if (sizes.length === 0) failures.end()
      await openEngine(flags)
      const { checkScale, openNetwork } = await import('../runtime/network/open-network.ts')
      const { machinePace } = await import('../runtime/predict/pace.ts')
      const { upscale, upscaleBytes, upscaleSeconds } = await import('../runtime/upscale/upscale.ts')
      const { betterWeights, expectationOf } = await import('../runtime/upscale/expectation.ts')
      const { takenAs } = await import('../runtime/data/compression.ts')
      const carried = flags.plain ? plainWeights : (flags.weights ?? defaultWeights)
      const weights = flags.run === undefined ? carried : undefined
      const pace = await machinePace(remark)
      const opened = await openNetwork(flags.run ?? carriedFile(carried))
      checkScale(opened, factor)
      if (opened.averaged !== undefined) remark(`${opened.source}: averaged weights (ema ${opened.averaged})`)
      const enlargement = {
        scale: factor,
        pace,
        ...(flags.scope && { scope: flags.scope }),
        ...(flags.overlap !== undefined && { overlap: flags.overlap }),
        ...(flags.tile !== undefined && { tile: flags.tile }),
        ...(flags.compression !== undefined && { compression: flags.compression }),
        ...(flags.consistent !== undefined && { consistent: flags.consistent }),
      }
      const shorter = flags.scope?.kind === 'full' ? '--scope "lattice(2304)" agrees with full within 0.001 dB' : undefined
      const yes = flags.yes ?? false
      if (work.length > 1) {
        const seconds = upscaleSeconds(opened, sizes, enlargement)
        const bytes = upscaleBytes(opened, sizes, enlargement)
        remark(`${plural(sizes.length, 'picture')}: ${roughly(seconds)} together, and ${memory(bytes)}`)
        agree(seconds, yes, shorter)
      }
      const stop = stopOnSignals(
        `stopping; ${work.length > 1 ? 'the same command goes on with what is missing' : 'nothing is left of this picture'}`,
      )
      for (const { input, output } of work) {
        if (failures.has(input)) continue
        if (stop.signal.aborted) break
        const line = liveLine()
        const result = await upscale(opened, {
          ...enlargement,
          input,
          output,
          ...(flags.profile && { profile: true }),
          ...(work.length > 1 && { keepsDone: true }),
          signal: stop.signal,
          onPlan: (plan) => {
            const { from, to, scope, estimate, seconds, notes } = plan
            notes.forEach((note) => remark(`${input}: ${note}`))
            const said = compressionLine(plan, weights, flags.compression, factor)
            if (said !== undefined) remark(`${input}: ${said}`)
            remark(
              `${input}: ${from.join(' x ')} to ${to.join(' x ')}, ${estimate.tiles} ${estimate.tiles === 1 ? 'tile' : `tiles overlapping by ${estimate.overlap}`}, scope ${scope}, ${roughly(seconds)} and ${memory(estimate.bytes)}`,
            )
            if (work.length === 1) agree(seconds, yes, shorter)
            line.show('computing')
          },
          onProgress: ({ share, secondsLeft }) => share < 1 && line.show(`${Math.floor(100 * share)} %`, { left: secondsLeft }),
        }).catch((error: unknown) => {
          if (!stop.signal.aborted) failures.note(input, error)
        })
        line.end()
        if (!result) continue
        if (result.isKept) remark(`${output} is there already, made of the same file in the same way: kept`)
        const compression = takenAs(result.compression, flags.compression)
        const expected = weights && expectationOf(compression, weights, factor)
        const better = weights && betterWeights(compression, weights, factor)
        if (flags.json)
          print(
            JSON.stringify({
              input,
              ...(weights && { weights: weights.name }),
              ...(expected && { expected }),
              ...(better && { better: better.name }),
              ...result,
            }),
          )
        else if (!result.isKept)
          print(
            `${output}: ${result.to.join(' x ')} in ${duration(result.took)}${result.deviation > 0 ? `, tiles deviate by up to ${result.deviation.toFixed(2)} of 255` : ''}; made smaller again ${result.consistency === undefined ? 'it is what came in' : `${result.consistency.toFixed(1)} dB from what came in`}`,
          )
        if (result.profile && !flags.json) profileLines(result.profile).forEach((each) => print(each))
      }
      stop.end()
      process.exitCode = stop.exitCode
      failures.end()
    })
}

/** The factor by which pictures are enlarged. @throws UsageError where there is none, or what is said is of slides alone. */
function scaleOf(flags: Flags): number {
  const other = Object.entries(flags).find(([name, value]) => slideFlags.includes(name) && value !== undefined)
  if (other) throw new UsageError(`--${dashed(other[0])} is of slides`, 'a slide becomes a slide: one file, and -o out.tif')
  if (flags.scale === undefined) throw new UsageError('how large is it to become?', 'say --scale 2')
  return flags.scale
}

/** `sourceMpp` as `source-mpp`. */
const dashed = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** A table of stages. */
function profileLines(times: readonly StageTime[]): string[] {
  const cells = times.map(({ stage, steps, seconds, share, cpuSeconds }) => [
    stage,
    String(steps),
    seconds.toFixed(2),
    `${Math.round(100 * share)} %`,
    cpuSeconds.toFixed(2),
  ])
  const rows = [['stage', 'steps', 'seconds', 'share', 'CPU seconds'], ...cells]
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map(
    (row) =>
      `  ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join('  ')}`,
  )
}

/** The quality of a JPEG, or `none`. */
function jpegQuality(text: string): number | 'none' {
  if (text === 'none') return text
  const quality = positive(text)
  if (quality > 100) throw new InvalidArgumentError('It takes a quality of 1 to 100, or none.')
  return quality
}

interface Work {
  readonly input: string
  readonly output: string
}

/** Which picture goes where. No picture is written over itself or over another's. */
async function listWork(pictures: readonly string[], out: string): Promise<Work[]> {
  if (pictures.length === 1 && !kindOf(pictures[0]!)) throw new UserError(`${pictures[0]}: there is no such file or folder`)
  if (pictures.length === 1 && kindOf(pictures[0]!) === 'file') {
    const { sinkEndings } = await import('../runtime/data/sink.ts')
    if (!sinkEndings.includes(path.extname(out).toLowerCase()))
      throw new UsageError(`${out} is no ${sinkEndings.join(' or ')}`, 'one picture in, one PNG out')
    return requireOthers([{ input: pictures[0]!, output: out }])
  }
  if (kindOf(out) === 'file') throw new UserError(`cannot write into ${out}: it is a file`, 'several pictures go to a folder')
  const { findData, leftOutText } = await import('../runtime/data/dataset.ts')
  const { entries, leftOut } = await findData(pictures)
  remark(`${plural(entries.length, 'picture')}${leftOutText(leftOut)}`)
  const work = requireOthers(
    entries.map((entry) => ({
      input: entry.path,
      output: path.join(out, `${path.basename(entry.name, path.extname(entry.name))}.png`),
    })),
  )
  return work
}

function requireOthers(work: Work[]): Work[] {
  const inputs = new Set(work.map(({ input }) => realpathSync(input)))
  const taken = new Map<string, string>()
  for (const { input, output } of work) {
    if (kindOf(output) && inputs.has(realpathSync(output)))
      throw new UserError(`${output} is a picture to enlarge: it is not written over`, 'choose another place with -o')
    const other = taken.get(output)
    if (other !== undefined)
      throw new UserError(`${other} and ${input} would both become ${output}`, 'enlarge them one by one, or rename one')
    taken.set(output, input)
  }
  return work
}
