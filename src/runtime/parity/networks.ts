import type { ParityCase } from './case.ts'
import { at, numberOf, recordOf, textOf } from './json.ts'
import { asCorners, asPicture, asQueries, perSample, type Arrange, type ImplicitNetwork, type Intermediate } from './implicit.ts'
import { permuted } from '../weights/permute.ts'
import { edsrParameters, encoderOf, hiddenWidths, list, shapeOf, turns } from './shapes.ts'
import { configured } from './subject.ts'
import { joined, sliced, type Address } from './values.ts'

/** Which text of archc, with which parameters, is the network of a case. */

const value = (address: Address, arrange: Arrange = asQueries): Intermediate => ({ at: address, arrange })
const cornerValue = (address: Address): Intermediate => value(address, asCorners)
const mapValue = (address: Address): Intermediate => value(address, asPicture)

/** LFI's tokens: archc has the mean, then the window in raster order; the cases the centre, the mean, then the neighbours. */
const attention: Arrange = (share) => {
  const tokens = share.shape.at(-1)!
  const centre = 1 + (tokens - 2) / 2
  const order = [centre, 0, ...Array.from({ length: tokens - 1 }, (_, token) => token + 1).filter((token) => token !== centre)]
  return joined(order.map((token) => sliced(share, 4, token, token + 1)), 4) // prettier-ignore
}

/** ISTE and its ablations: a module whose weights the case lacks is taken out. */
export function isteOf({ weights, hyper, network }: ParityCase): ImplicitNetwork {
  const encoder = encoderOf(weights, hyper)
  const dim = shapeOf(weights, 'liifconv.weight')[0]!
  const heads = String(numberOf(hyper, 'lfi', 'heads') ?? 8)
  const released = weights.has('pix_attn.qk_linear.weight')
  const has = (name: string): boolean => weights.has(name)
  const variants = [
    ...(has('pix_attn.proj.weight') ? [] : ['ablations/wo-lfi.arch']),
    ...(has('fusionlinear.weight') ? [] : ['ablations/wo-stf.arch']),
    ...(has('imnet_texture.layers.0.weight') ? [] : ['ablations/wo-ltd.arch']),
  ]
  const edits = [
    ...encoder.edits,
    ...(released ? ['import LFIReleased from "./lib/lfi-released.arch"', `replace lfi with LFIReleased(heads: ${heads})`] : []),
  ]
  const sets = [
    `width=${encoder.channels}`,
    `dim=${dim}`,
    ...encoder.sets,
    `lpd.hidden=${list(hiddenWidths(weights, 'imnet_rgb.'))}`,
    ...(has('imnet_texture.layers.0.weight') ? [`ltd.hidden=${list(hiddenWidths(weights, 'imnet_texture.'))}`] : []),
    ...(has('pix_attn.proj.weight') && !released ? [`lfi.heads=${heads}`] : []),
  ]
  const fused: Arrange = (tensor) => asCorners(sliced(tensor, 3, 0, dim))
  return {
    model: configured('ISTE', { file: 'iste.arch', variants, edits, sets }),
    map: released || textOf(network, 'variant') === 'as released' ? 'iste-released' : 'iste',
    intermediates: {
      F_LR: mapValue({ let: 'f' }),
      F_LFI: mapValue({ into: 'pixel.kernel' }),
      LFI_attn: value({ let: 'lfi.share' }, attention),
      F_LFIC: mapValue({ outOf: 'pixel.kernel' }),
      Amp: mapValue({ outOf: 'texture.amplitude.kernel' }),
      FreqX: mapValue({ outOf: 'texture.down.kernel' }),
      FreqY: mapValue({ outOf: 'texture.right.kernel' }),
      rel_cell: value({ let: 'at.cell' }, perSample),
      Phase: value({ let: 'texture.phase' }, perSample),
      idx: cornerValue({ let: 'at.index' }),
      rel: cornerValue({ let: 'at.offset' }),
      Q: cornerValue({ let: 'pixel' }),
      F_TL: cornerValue({ let: 'texture' }),
      s: cornerValue({ let: 'stf.best.score' }),
      t: cornerValue({ let: 'stf.best.index' }),
      F_STF: value({ into: 'lpd.body[0].kernel' }, fused),
      LPD: cornerValue({ outOf: 'lpd.linear.kernel' }),
      LTD: cornerValue({ outOf: 'ltd.linear.kernel' }),
      w: cornerValue({ let: 'at.weight' }),
    },
  }
}

/** LIIF and its ablations, told by the width of the decoder's input. */
export function liifOf({ weights, hyper }: ParityCase): ImplicitNetwork {
  const encoder = encoderOf(weights, hyper)
  const seen = shapeOf(weights, 'imnet.layers.0.weight')[1]!
  const unfolded = seen >= 9 * encoder.channels
  const cell = seen === (unfolded ? 9 : 1) * encoder.channels + 4
  const variants = [
    ...(unfolded ? [] : ['liif-ablations/wo-unfolding.arch']),
    ...(cell ? [] : ['liif-ablations/wo-cell.arch']),
    ...(at(hyper, 'local_ensemble') === false ? ['liif-ablations/wo-ensemble.arch'] : []),
  ]
  const sets = [`width=${encoder.channels}`, ...encoder.sets, `decoder.hidden=${list(hiddenWidths(weights, 'imnet.'))}`]
  return {
    model: configured('LIIF', { file: 'liif.arch', variants, edits: encoder.edits, sets }),
    map: 'liif',
    intermediates: { F_LR: mapValue({ let: 'f' }), ...corners },
  }
}

/** LTE, with or without the bilinear residual. */
export function lteOf({ weights, hyper }: ParityCase): ImplicitNetwork {
  const encoder = encoderOf(weights, hyper)
  const sets = [
    `width=${encoder.channels}`,
    `dim=${shapeOf(weights, 'coef.weight')[0]!}`,
    ...encoder.sets,
    `decoder.hidden=${list(hiddenWidths(weights, 'imnet.'))}`,
  ]
  const bare = at(hyper, 'global_bilinear_residual') === false
  const edits = [...encoder.edits, ...(bare ? [noBase] : [])]
  return {
    model: configured('LTE', { file: 'lte.arch', edits, sets }),
    map: 'lte',
    intermediates: {
      F_LR: mapValue({ let: 'f' }),
      coef: mapValue({ outOf: 'amplitude.kernel' }),
      freq: mapValue({ outOf: 'frequency.kernel' }),
      ...corners,
    },
  }
}

/** LM-LIIF, with the code of the latent network or the encoder's features as what the narrow one reads. */
export function lmliifOf({ weights, hyper }: ParityCase): ImplicitNetwork {
  const encoder = encoderOf(weights, hyper)
  const { depth, narrow, latent, shifts, codes } = modulationsOf(weights)
  const bare = at(hyper, 'mod_input') === false
  const variants = bare ? ['variants/lmliif-without-latent.arch'] : []
  const sets = [`width=${encoder.channels}`, `narrow=${narrow}`, `depth=${depth}`, `latent.hidden=${latent}`, ...encoder.sets]
  return {
    model: configured('LMLIIF', { file: 'lmliif.arch', variants, edits: encoder.edits, sets }),
    map: 'lmliif',
    intermediates: {
      F_LR: mapValue({ let: 'f' }),
      scale: part(0, shifts),
      shift: part(shifts, codes),
      latent: part(codes, codes + narrow),
      ...rendered(depth),
      ...corners,
    },
  }
}

/** LM-LTE, with or without the bilinear residual. */
export function lmlteOf({ weights, hyper }: ParityCase): ImplicitNetwork {
  const encoder = encoderOf(weights, hyper)
  const { depth, narrow, latent, shifts, codes } = modulationsOf(weights)
  const sets = [
    `width=${encoder.channels}`,
    `dim=${shapeOf(weights, 'coef.weight')[0]!}`,
    `narrow=${narrow}`,
    `depth=${depth}`,
    `latent.hidden=${latent}`,
    ...encoder.sets,
  ]
  const bare = at(hyper, 'global_bilinear_residual') === false
  return {
    model: configured('LMLTE', { file: 'lmlte.arch', edits: [...encoder.edits, ...(bare ? [noBase] : [])], sets }),
    map: 'lmlte',
    intermediates: {
      F_LR: mapValue({ let: 'f' }),
      coef: mapValue({ outOf: 'amplitude.kernel' }),
      freq: mapValue({ outOf: 'frequency.kernel' }),
      scale: part(0, shifts),
      shift: part(shifts, codes),
      latent_coef: part(codes, codes + narrow),
      latent_freq: part(codes + narrow, codes + 2 * narrow),
      ...rendered(depth),
      ...corners,
    },
  }
}

/** The modulated network of a case: where in the latent network's channels shifts and codes begin. */
function modulationsOf(weights: ParityCase['weights']) {
  const widths = hiddenWidths(weights, 'imnet.')
  const [depth, narrow] = [widths.length, widths[0]!]
  const latent = list(hiddenWidths(weights, 'hypernet.'))
  return { depth, narrow, latent, shifts: depth * narrow, codes: 2 * depth * narrow }
}

/** Some channels of the modulations. */
const part = (from: number, to: number): Intermediate =>
  value({ let: 'modulation' }, (tensor) => asPicture(sliced(tensor, 3, from, to)))

const rendered = (depth: number): ImplicitNetwork['intermediates'] => ({
  render_input: cornerValue({ let: 'seen' }),
  pred: cornerValue({ let: 'rendered' }),
  // after its ReLU it is what the next layer reads
  ...Object.fromEntries(
    Array.from({ length: depth }, (_, layer) => [
      `hidden${layer}`,
      cornerValue({ into: layer + 1 < depth ? `rendered.body[${layer + 1}].linear.kernel` : 'rendered.linear.kernel' }),
    ]),
  ),
})

const noBase = 'replace base with (_, _) => 0'

/** SRNO, with or without the bilinear residual. */
export function srnoOf({ weights, hyper }: ParityCase): ImplicitNetwork {
  const encoder = encoderOf(weights, hyper)
  const layers = turns(weights, 'conv', '.qkv_proj.weight').length
  const sets = [
    `width=${shapeOf(weights, 'conv00.weight')[0]!}`,
    `heads=${shapeOf(weights, 'conv0.kln.weight')[0]!}`,
    `layers=${layers}`,
    `last_width=${shapeOf(weights, 'fc1.weight')[0]!}`,
    ...encoder.sets,
  ]
  const bare = at(hyper, 'global_bilinear_residual') === false
  const isEdsr = encoder.edits.length > 0
  const swinir = ['import SwinIR from "./lib/swinir.arch"', `replace encoder with SwinIR(out: ${encoder.channels})`]
  const edits = [...(isEdsr ? [] : swinir), ...(bare ? [noBase] : [])]
  const edsr = isEdsr ? Object.entries(edsrParameters(weights, 'encoder.', recordOf(hyper, 'encoder'))) : []
  const layer = (turn: number): ImplicitNetwork['intermediates'] => ({
    [`attn${turn}.k`]: value({ let: `mixed[${turn}].key` }, asHeads),
    [`attn${turn}.v`]: value({ let: `mixed[${turn}].value` }, asHeads),
    [`attn${turn}.kv`]: value({ let: `mixed[${turn}].table` }),
    [`attn${turn}.mixed`]: value({ let: `mixed[${turn}].mixed` }),
    [`attn${turn}.out`]: value({ into: turn + 1 < layers ? `mixed[${turn + 1}].parts.kernel` : 'hidden.kernel' }),
  })
  return {
    model: configured('SRNO', {
      file: 'srno.arch',
      edits,
      sets: [...sets, ...edsr.map(([name, value]) => `encoder.${name}=${value}`)],
    }),
    map: 'srno',
    intermediates: {
      F_LR: mapValue({ let: 'f' }),
      tokens: value({ let: 'token' }),
      lifted: value({ let: 'lifted' }),
      ...Object.assign({}, ...Array.from({ length: layers }, (_, turn) => layer(turn))),
      fc1: value({ let: 'hidden' }),
      painted: value({ let: 'painted' }),
      ...corners,
    },
  }
}

/** [B, q, n, d] to [B, n, q, d]. */
const asHeads: Arrange = (tensor) => permuted(tensor, [0, 2, 1, 3])

/** What the local ensemble gives, under the names of the ISTE cases. */
const corners: ImplicitNetwork['intermediates'] = {
  idx: cornerValue({ let: 'at.index' }),
  rel: cornerValue({ let: 'at.offset' }),
  rel_cell: value({ let: 'at.cell' }, perSample),
  w: cornerValue({ let: 'at.weight' }),
}
