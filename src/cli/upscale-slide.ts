import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { InvalidArgumentError, Option, type Command } from 'commander'
import { plural, UserError } from '../errors.ts'
import type { Share } from '../runtime/slides/enlarged-slide.ts'
import type { SlidePlan, SlideResult } from '../runtime/upscale/slide.ts'
import type { Region, Wanted } from '../runtime/upscale/slide-target.ts'
import { carriedFile, defaultWeights, plainWeights } from '../runtime/weights/carried.ts'
import { agree } from './agree.ts'
import { aboveZero, count, positive, print, remark, UsageError } from './common.ts'
import { duration, roughly } from './durations.ts'
import { liveLine } from './live-line.ts'
import { openEngine } from './open-engine.ts'
import { stopOnSignals } from './stop-on-signals.ts'
import { compressionLine, memory } from './upscale-lines.ts'
import type { Flags } from './upscale.ts'

/** Of slides alone. */
export interface SlideFlags {
  readonly mpp?: number
  readonly magnification?: number
  readonly like?: string
  readonly level?: number
  readonly sourceMpp?: number
  readonly region?: Region
  readonly regionMm?: Region
  readonly tissue?: boolean
  readonly everything?: boolean
  readonly quality?: number
  readonly lossless?: boolean
  readonly part?: Share
  readonly jobs?: number
  readonly resume?: boolean
}

/** Their names. */
export const slideFlags: readonly string[] = ['mpp', 'magnification', 'like', 'level', 'sourceMpp', 'region', 'regionMm', 'tissue', 'everything', 'quality', 'lossless', 'part', 'jobs', 'resume'] satisfies (keyof SlideFlags)[] // prettier-ignore

const slideOutputs = ['.tif', '.tiff', '.dcm']
const usual = { quality: 90, tile: 256 } as const

/** Whether this is the work of slides: a pyramid is asked for. */
export const isSlideWork = (out: string): boolean => slideOutputs.includes(path.extname(out).toLowerCase())

export function slideOptions(command: Command): void {
  const sizes = ['scale', 'mpp', 'magnification', 'like']
  const others = (own: string): string[] => sizes.filter((each) => each !== own)
  const sized = (flags: string, description: string, parse: (text: string) => unknown, own: string): Option =>
    new Option(flags, description).argParser(parse).conflicts(others(own))
  command
    .addOption(sized('--mpp <micrometres>', 'slides: micrometres a pixel of the result, instead of a factor', aboveZero, 'mpp'))
    .addOption(sized('--magnification <times>', 'slides: magnification of the result, as 40', aboveZero, 'magnification'))
    .addOption(sized('--like <slide>', 'slides: as many micrometres a pixel as this slide has', String, 'like'))
    .option('--level <n>', 'slides: the level that is enlarged; 0, the full size, without it', count)
    .option('--source-mpp <micrometres>', 'slides: micrometres a pixel of the full size, whatever the file says', aboveZero)
    .addOption(
      new Option('--region <x,y,w,h>', 'slides: only this part, in pixels of the full size')
        .argParser(regionOption)
        .conflicts('regionMm'),
    )
    .addOption(new Option('--region-mm <x,y,w,h>', 'slides: the same in millimetres').argParser(millimetreOption))
    .addOption(
      new Option(
        '--tissue',
        'slides: compute where there is tissue; the rest has the colour of the glass (the default)',
      ).conflicts('everything'),
    )
    .option('--everything', 'slides: compute the glass too')
    .addOption(
      new Option('--quality <n>', `slides: of the JPEG tiles, 1 to 100; ${usual.quality} without it`)
        .argParser(quality)
        .conflicts('lossless'),
    )
    .option('--lossless', 'slides: tiles lose nothing (deflate), and take some ten times the space')
    .addOption(
      new Option(
        '--part <i/n>',
        'slides: compute this share of the blocks, on this machine; archc slide join makes one file of all',
      ).argParser(shareOption),
    )
    .addOption(
      new Option(
        '--jobs <n>',
        'slides: compute with so many processes, which share the cores; each takes the memory that is said',
      )
        .argParser(positive)
        .conflicts('part'),
    )
    .option('--resume', 'slides: go on with what was begun; begin where nothing was')
}

/** `x,y,w,h`, whole pixels. */
function regionOption(text: string): Region {
  return fourOf(text, Number.isInteger, 'four whole numbers: x,y,width,height')
}

function millimetreOption(text: string): Region {
  return fourOf(text, Number.isFinite, 'four numbers: x,y,width,height in millimetres')
}

function fourOf(text: string, isRight: (value: number) => boolean, what: string): Region {
  const parts = text.split(',')
  const [x, y, width, height] = parts.map((part) => (part.trim() === '' ? NaN : Number(part))) as [number, number, number, number]
  if (parts.length !== 4 || ![x, y, width, height].every((each) => isRight(each) && each >= 0) || width === 0 || height === 0)
    throw new InvalidArgumentError(`It takes ${what}.`)
  return { x, y, width, height }
}

function quality(text: string): number {
  const value = positive(text)
  if (value > 100) throw new InvalidArgumentError('It takes a whole number from 1 to 100.')
  return value
}

function shareOption(text: string): Share {
  const [, index, of] = /^(\d+)\/(\d+)$/.exec(text) ?? []
  const share = { index: Number(index), of: Number(of) }
  if (!(share.index >= 1 && share.index <= share.of)) throw new InvalidArgumentError('It takes i/n, as 2/8: part 2 of 8.')
  return share
}

/** Enlarges one slide. */
export async function enlargeSlide(input: string, flags: Flags): Promise<void> {
  if (flags.overlap !== undefined)
    throw new UsageError('--overlap is of pictures', 'blocks of slides share the reach of the network')
  if (flags.profile) throw new UsageError('--profile is of pictures', 'of a slide the speed is said, and the time that is left')
  const tile = flags.tile ?? usual.tile
  if (flags.jobs !== undefined && flags.jobs > 1) return enlargeByJobs(flags.jobs, flags)
  if (tile % 16 !== 0) throw new UsageError(`--tile ${tile}: tiles of a slide are multiples of 16 pixels`, 'take 256 or 512')
  await openEngine(flags)
  const { checkScale, openNetwork } = await import('../runtime/network/open-network.ts')
  const { machinePace } = await import('../runtime/predict/pace.ts')
  const { upscaleSlide } = await import('../runtime/upscale/slide.ts')
  const wanted = await wantedOf(input, flags)
  const carried = flags.plain ? plainWeights : (flags.weights ?? defaultWeights)
  const pace = await machinePace(remark)
  const opened = await openNetwork(flags.run ?? carriedFile(carried), {}, 'loaded')
  if (opened.averaged !== undefined) remark(`${opened.source}: averaged weights (ema ${opened.averaged})`)
  const stop = stopOnSignals('stopping after this block; --resume goes on')
  const line = liveLine()
  try {
    const result = await upscaleSlide(opened, {
      ...wanted,
      input,
      output: flags.out,
      quality: flags.quality ?? usual.quality,
      tile,
      pace,
      signal: stop.signal,
      say: remark,
      ...(flags.everything && { everything: true }),
      ...(flags.lossless && { lossless: true }),
      ...(flags.part && { share: flags.part }),
      ...(flags.resume && { resume: true }),
      ...(flags.scope && { scope: flags.scope }),
      ...(flags.compression !== undefined && { compression: flags.compression }),
      ...(flags.consistent !== undefined && { consistent: flags.consistent }),
      onPlan(plan) {
        checkScale(opened, plan.target.m)
        const said = compressionLine(plan, flags.run === undefined ? carried : undefined, flags.compression, plan.target.m)
        ;[...planLines(plan), ...(said === undefined ? [] : [said])].forEach((each) => remark(`${input}: ${each}`))
        agree(plan.seconds, flags.yes ?? false)
      },
      onProgress({ doing, share, megapixelsPerSecond, secondsLeft }) {
        const speed = megapixelsPerSecond === undefined ? '' : `, ${megapixelsPerSecond.toPrecision(2)} MP/s`
        const left = secondsLeft === undefined ? {} : { left: secondsLeft }
        if (share < 1) line.show(`${doing === 'levels' ? 'smaller levels ' : ''}${Math.floor(100 * share)} %${speed}`, left)
      },
    })
    line.end()
    if (flags.json) print(JSON.stringify({ input, ...result }))
    else resultLines(result).forEach((each) => print(each))
  } catch (error) {
    line.end()
    if (!stop.signal.aborted) throw error
    remark(`${flags.out}: not whole yet; the same command with --resume goes on`)
  } finally {
    line.end()
    stop.end()
    process.exitCode = stop.exitCode
  }
}

/** Enlarges one slide by several processes: each computes a part, and the parts are joined. */
async function enlargeByJobs(jobs: number, { out, resume, json }: Flags): Promise<void> {
  const { begunBefore, journalOf } = await import('../runtime/slides/tile-file.ts')
  const { joinParts } = await import('../runtime/slides/enlarged-slide.ts')
  const { unfinished } = await import('../runtime/upscale/slide.ts')
  const parts = Array.from({ length: jobs }, (_, at) => unfinished(out, { index: at + 1, of: jobs }))
  const begun = parts.find((file) => existsSync(journalOf(file)))
  if (begun !== undefined && !resume) throw begunBefore(begun)
  const stop = stopOnSignals('stopping after the blocks that are computed; --resume goes on')
  const threads = String(Math.max(1, Math.floor(os.availableParallelism() / jobs)))
  const env = { TF_NUM_INTRAOP_THREADS: threads, OMP_NUM_THREADS: threads, ...process.env }
  const given = withoutJobs(process.argv.slice(2))
  const codes = await Promise.all(
    parts.map(async (_, at) => {
      const args = [process.argv[1]!, ...given, '--part', `${at + 1}/${jobs}`, '--yes']
      const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'] })
      stop.signal.addEventListener('abort', () => child.kill('SIGTERM'))
      for await (const line of createInterface({ input: child.stderr })) if (line !== '') remark(`part ${at + 1}: ${line}`)
      return new Promise<number>((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode ?? 1)
        else child.once('exit', (code) => resolve(code ?? 1))
      })
    }),
  )
  stop.end()
  process.exitCode = stop.exitCode
  if (stop.signal.aborted) return
  const failed = codes.findIndex((code) => code !== 0)
  if (failed !== -1)
    throw new UserError(
      `part ${failed + 1} of ${jobs} did not end`,
      'see what it said above; the same command with --resume goes on',
    )
  const { width, height } = await joinParts(parts, out)
  for (const file of parts.flatMap((part) => [part, journalOf(part)])) await rm(file, { force: true })
  print(json ? JSON.stringify({ output: out, to: [width, height], jobs }) : `${out}: ${width} x ${height}, by ${jobs} processes`)
}

/** The arguments of this call for one of its processes. */
function withoutJobs(args: readonly string[]): string[] {
  return args.filter((arg, at) => arg !== '--jobs' && args[at - 1] !== '--jobs' && !arg.startsWith('--jobs='))
}

/** What size is asked for; another slide's is looked up. */
async function wantedOf(input: string, flags: Flags): Promise<Wanted> {
  const { level, sourceMpp, regionMm } = flags
  const { openSlide } = await import('../runtime/slides/open-slide.ts')
  const mppIn = async (file: string, help: string): Promise<{ readonly x: number; readonly y: number }> => {
    const slide = await openSlide(file, remark)
    slide.close()
    if (slide.mpp) return slide.mpp
    throw new UserError(`${file} does not say how large its pixels are`, help)
  }
  const size = async (): Promise<Wanted> => {
    if (flags.scale !== undefined) return { scale: flags.scale }
    if (flags.magnification !== undefined) return { magnification: flags.magnification }
    const mpp = flags.mpp ?? (flags.like === undefined ? undefined : await likeOf(flags.like))
    if (mpp !== undefined) return { mpp }
    throw new UsageError('how large is it to become?', 'say --scale 2, --mpp 0.25, --magnification 40 or --like other.svs')
  }
  const likeOf = async (file: string): Promise<number> => {
    const { x, y } = await mppIn(file, 'say --mpp, or name another slide')
    return Math.sqrt(x * y)
  }
  const regionOf = async (): Promise<Region | undefined> => {
    if (!regionMm) return flags.region
    const { x, y } =
      sourceMpp === undefined
        ? await mppIn(input, 'say it with --source-mpp, or take --region in pixels')
        : { x: sourceMpp, y: sourceMpp }
    const across = (length: number): number => Math.round((1000 * length) / x)
    const down = (length: number): number => Math.round((1000 * length) / y)
    return { x: across(regionMm.x), y: down(regionMm.y), width: across(regionMm.width), height: down(regionMm.height) }
  }
  const region = await regionOf()
  return {
    ...(await size()),
    ...(level !== undefined && { level }),
    ...(sourceMpp !== undefined && { sourceMpp }),
    ...(region && { region }),
  }
}

function planLines({
  target,
  to,
  blocks,
  done,
  megapixels,
  computed,
  tissue,
  scope,
  seconds,
  bytes,
  notes,
  reader,
}: SlidePlan): string[] {
  const { low, level, from, mpp, magnification, scale } = target
  const percent = (share: number): string => `${Math.round(100 * share)} %`
  const size = (value: { readonly x: number; readonly y: number } | undefined): string =>
    value === undefined
      ? 'pixels of unknown size'
      : Math.abs(value.x / value.y - 1) < 1e-3
        ? `${value.x.toPrecision(4)} micrometres a pixel`
        : `${value.x.toPrecision(4)} x ${value.y.toPrecision(4)} micrometres a pixel`
  const times =
    scale.x === scale.y
      ? `x${Number(scale.x.toPrecision(5))}`
      : `x${Number(scale.x.toPrecision(5))} across and x${Number(scale.y.toPrecision(5))} down`
  const power = (value: number | undefined): string => (value === undefined ? '' : `, ${Number(value.toPrecision(3))}x`)
  return [
    ...notes,
    `read by ${reader}${level === 0 ? '' : `, level ${level}`}: ${low.width} x ${low.height}, ${size(from.mpp)}${from.mppFrom === undefined ? '' : ` (${from.mppFrom})`}${power(from.magnification)}; tissue on ${percent(tissue)}`,
    `${times} to ${to.join(' x ')}, ${size(mpp)}${power(magnification)}; ${megapixels.toPrecision(3)} megapixels in ${plural(blocks, 'block')} are computed (${percent(computed)} of all)${done > 0 ? `, ${done} of them are there` : ''}`,
    `scope ${scope}, ${roughly(seconds)} and ${memory(bytes)}`,
  ]
}

function resultLines({ output, to, took, megapixelsPerSecond, damage, seam, levels, consistency, share }: SlideResult): string[] {
  const speed = megapixelsPerSecond === undefined ? '' : `, ${megapixelsPerSecond.toPrecision(2)} MP/s`
  const border = seam === undefined ? '' : `; across borders of blocks up to ${seam.toPrecision(1)} of 255`
  const again = consistency === undefined ? '' : `; made smaller again ${consistency.toFixed(1)} dB from what came in`
  const what = share ? `part ${share.index} of ${share.of}` : `${to.join(' x ')}, ${plural(levels, 'level')}`
  return [
    ...damage.map(
      ({ level, x, y, width, height, reason }) =>
        `level ${level}, ${width} x ${height} at ${x}, ${y} cannot be decoded and is glass: ${reason}`,
    ),
    `${output}: ${what}, in ${duration(took)}${speed}${again}${border}`,
  ]
}
