/**
 * What `import .. from 'archc'` gives: the compiler, and networks that compute. What computes is loaded by the first network that
 * is opened, so that a program which only checks loads no engine; and no type here speaks of TensorFlow.
 */
import { existsSync, realpathSync } from 'node:fs'
import path from 'node:path'
import type { CompiledModel } from './compiler/index.ts'
import type { Scope } from './compiler/plan.ts'
import { UserError } from './errors.ts'
import type { EngineName } from './runtime/engine/names.ts'
import type { OpenedNetwork } from './runtime/network/open-network.ts'

export * from './index.ts'
export type { EngineName, Scope }

export interface OpenOptions {
  /** What computes; without it TensorFlow, brought at its first use, and where that fails the wasm engine, then the cpu's. */
  readonly engine?: EngineName
  /** Takes what is said while an engine is brought; stderr without it. */
  readonly say?: (line: string) => void
}

/** A network with its weights, ready to compute. */
export interface Network {
  readonly model: CompiledModel
  /** Over text and weights: what the metadata of a picture name. */
  readonly hash: string
  /** Where it came from, as `openNetwork` was given it. */
  readonly source: string
}

export interface UpscaleOptions {
  /** A PNG, JPEG or TIFF file. */
  readonly input: string
  /** A .png; folders that are missing are made. */
  readonly output: string
  /** Any real number from 1 to 64 that the network can. */
  readonly scale: number
  /** What best_match may choose from; what the text says, without it. */
  readonly scope?: Scope
  /** The quality of the JPEG that the picture was, 1 to 100, or none, for a network that is told it; what file and pixels say, without it. */
  readonly compression?: number | 'none'
  /** Low-resolution pixels that tiles share; the reach of the network without it. */
  readonly overlap?: number
  /** Low-resolution pixels along a tile. */
  readonly tile?: number
  /** Gets what it will take before anything is computed; with it this machine's pace is measured once, for a few seconds. */
  readonly onPlan?: (plan: UpscalePlan) => void
  /** `share`: of the work, from 0 to 1. */
  readonly onProgress?: (progress: { readonly share: number; readonly secondsLeft: number }) => void
}

export interface UpscalePlan {
  /** Pixels. */
  readonly from: readonly [width: number, height: number]
  readonly to: readonly [width: number, height: number]
  readonly tiles: number
  readonly seconds: number
  /** What the process is predicted to hold at its fullest, the engine included. */
  readonly bytes: number
  readonly notes: readonly string[]
}

export interface Upscaled {
  readonly output: string
  /** Pixels. */
  readonly from: readonly [width: number, height: number]
  readonly to: readonly [width: number, height: number]
  /** Seconds that it took. */
  readonly took: number
  /** Largest difference (of 255) that an `overlap` below the reach makes, on one probed tile; 0 without one. */
  readonly deviation: number
}

/** The runtime's side of the networks that were opened. */
const opened = new WeakMap<Network, OpenedNetwork>()

/**
 * Opens a run folder (its newest whole weights), a checkpoint of it, a network file (text and weights in one), or a model that
 * learns nothing. Loads the engine where none is loaded.
 * @throws UserError where there is no such network, or no such engine.
 */
export async function openNetwork(source: string, { engine, say }: OpenOptions = {}): Promise<Network> {
  if (!existsSync(source)) throw new UserError(`${source}: there is no such file or folder`)
  const { loadEngine } = await import('./runtime/engine/index.ts')
  await loadEngine({ ...(engine && { name: engine }), ...(say && { say }) })
  const { openNetwork: open } = await import('./runtime/network/open-network.ts')
  const inside = await open(source)
  const network: Network = { model: inside.loaded.model, hash: inside.hash, source }
  opened.set(network, inside)
  return network
}

/**
 * Enlarges one picture into a PNG, band by band: memory is bounded whatever the size.
 * @throws UserError for a picture that cannot be read, a place that cannot be written, a scale that the network does not have.
 */
export async function upscale(network: Network, options: UpscaleOptions): Promise<Upscaled> {
  const inside = opened.get(network)
  if (!inside) throw new TypeError('upscale takes a network that openNetwork gave')
  await requireOptions(options)
  const { checkScale } = await import('./runtime/network/open-network.ts')
  const { upscale: enlarge } = await import('./runtime/upscale/upscale.ts')
  checkScale(inside, options.scale)
  const { onPlan, ...others } = options
  const result = await enlarge(inside, { ...others, ...(onPlan && (await planned(onPlan))) })
  const { output, from, to, took, deviation } = result
  return { output, from, to, took, deviation }
}

async function requireOptions({ input, output, scale, compression = 'none' }: UpscaleOptions): Promise<void> {
  if (compression !== 'none' && !(Number.isInteger(compression) && compression >= 1 && compression <= 100))
    throw new UserError(`a compression is a quality of 1 to 100 or none, not ${compression}`)
  if (!(scale >= 1 && scale <= 64)) throw new UserError(`a scale is a number from 1 to 64, not ${scale}`)
  const { sinkEndings } = await import('./runtime/data/sink.ts')
  if (!sinkEndings.includes(path.extname(output).toLowerCase()))
    throw new UserError(`${output} is no ${sinkEndings.join(' or ')}`, 'one picture in, one PNG out')
  if (existsSync(input) && existsSync(output) && realpathSync(input) === realpathSync(output))
    throw new UserError(`${output} is the picture to enlarge: it is not written over`, 'choose another place')
}

/** The options of an enlargement whose time is stated before it begins. */
async function planned(onPlan: NonNullable<UpscaleOptions['onPlan']>) {
  const { machinePace } = await import('./runtime/predict/pace.ts')
  return {
    pace: await machinePace(() => undefined),
    onPlan: ({ from, to, estimate, seconds, notes }: import('./runtime/upscale/upscale.ts').UpscalePlan): void =>
      onPlan({ from, to, tiles: estimate.tiles, seconds, bytes: estimate.bytes, notes }),
  }
}
