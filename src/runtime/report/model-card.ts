import { createHash } from 'node:crypto'
import path from 'node:path'
import { exactText, type Evaluation, type TileResult } from '../evaluate/evaluate.ts'
import { decibelGain, decibels, finiteMean, finitePlaces, meanAt } from '../metrics/mean.ts'
import { readLog, type Run } from '../files/run-folder.ts'
import { drawLossCurve } from './loss-curve.ts'

/** What a model card is made of. */
export interface ModelCard {
  /** The weights file that it is of, and its SHA-256. */
  readonly file: string
  readonly sha256: string
  readonly parameters: number
  /** Where its weights are running means of those that training moved: the share of a mean that an update kept. */
  readonly averaged?: number
  /** The trainings that led to it, each from the weights of the one before. */
  readonly runs: readonly Run[]
  readonly evaluations: readonly { readonly title: string; readonly evaluation: Evaluation }[]
  /** Markdown that only people can write: licences of the data, what it is for, what is known to fail. */
  readonly about: string
}

export interface WrittenCard {
  readonly markdown: string
  /** The curve of the loss; undefined where no loss was logged. */
  readonly svg: string | undefined
}

/** More groups of pictures than these are counted, not named. */
const mostNamed = 8
/** How many of the weakest pictures are named at each scale. */
const weakest = 3

/** A model card in Markdown, with the curve that it shows as `curve`. */
export async function modelCard(
  { file, sha256, parameters, averaged, runs, evaluations, about }: ModelCard,
  curve: string,
): Promise<WrittenCard> {
  const last = runs.at(-1)!.record
  const logs = await Promise.all(runs.map(readLog))
  const lengths = logs.map((log) => log.at(-1)?.step ?? 0)
  const before = lengths.map((_, at) => lengths.slice(0, at).reduce((sum, length) => sum + length, 0))
  const drawn = await drawLossCurve(
    logs.flatMap((log, at) =>
      log.flatMap(({ step, loss }) => (typeof loss === 'number' ? [{ step: before[at]! + step, loss }] : [])),
    ),
  )
  const name = [last.model, ...last.variants].join(', ')
  const total = lengths.reduce((sum, length) => sum + length, 0)
  const markdown = [
    `# ${path.basename(file)}: model card`,
    `Written by \`archc weights card\`; the sections "About" and what follows it up to the next rule are by people.`,
    table(
      ['', ''],
      [
        [
          'network',
          `${name}${last.preset ? `, preset \`${last.preset}\`` : ''}, ${parameters.toLocaleString('en')} parameters, text \`${last.file}\``,
        ],
        [
          'trained',
          `${total.toLocaleString('en')} steps in ${runs.length} ${runs.length === 1 ? 'part' : 'parts'}, ${hours(logs)} on ${String(last.engine['description'] ?? 'an engine')}`,
        ],
        ...(averaged === undefined ? [] : [['weights', `averaged in training (ema ${averaged})`]]),
        ['SHA-256', sha256],
      ],
    ),
    '## Training',
    'Each part starts from the weights of the one before. What is not named is as the text has it.',
    table(
      ['part', 'steps', 'seed', 'set', 'pictures'],
      runs.map(({ record }, at) => [
        String(at + 1),
        lengths[at]!.toLocaleString('en'),
        String(record.seed),
        (record.options.sets ?? []).map((set) => `\`${set}\``).join(' '),
        picturesOf(record),
      ]),
    ),
    ...degradationOf(last),
    ...(drawn ? [`![${drawn.summary}](${curve})`, drawn.caption] : []),
    '---',
    about.trim(),
    '---',
    '## Scores',
    ...evaluations.flatMap(({ title, evaluation }) => scores(title, evaluation)),
  ].join('\n\n')
  return { markdown: `${markdown}\n`, svg: drawn && standing(drawn.svg) }
}

/** The curve as a picture of its own: the colours are a page's there. */
const standing = (svg: string): string =>
  svg.replace(
    '<svg ',
    '<svg style="color: #1b1f24; --point: #7aa6c8; --line: #0a5c94; background: #fff; font-family: sans-serif" ',
  )

function hours(logs: readonly (readonly Record<string, unknown>[])[]): string {
  const minutes = logs.flat().reduce((sum, { milliseconds }) => sum + Number(milliseconds ?? 0), 0) / 60_000
  return minutes < 90 ? `${minutes.toFixed(0)} minutes` : `${(minutes / 60).toFixed(1)} hours`
}

/** What the last part did to its pictures, as its text and its settings have it; nothing where they say nothing. */
function degradationOf({ values, data }: Run['record']): string[] {
  const lines = ['train.degrade', 'train.augment'].flatMap((field) => {
    const value = values.findLast(({ path: name }) => name === field)?.value
    return typeof value === 'string' ? [`- \`${field}\`: \`${value.replace(/\s+/g, ' ')}\``] : []
  })
  const used = data.filter(({ split }) => split === 'train')
  const ready = used.filter(({ low }) => low !== undefined).length
  if (ready > 0) lines.push(`- low-resolution pictures of ${ready} of ${used.length} were ready-made`)
  return lines.length === 0 ? [] : ['What was done to pictures, in the last part:', lines.join('\n')]
}

/** `104 pictures of A, B, C (manifest 0123456789abcdef)` */
function picturesOf({ data }: Run['record']): string {
  const used = data.filter(({ split }) => split === 'train')
  const groups = [...new Set(used.flatMap(({ group }) => group ?? []))]
  const digest = createHash('sha256')
    .update(used.map((entry) => entry.sha256).join('\n'))
    .digest('hex')
    .slice(0, 16)
  const named = groups.length > mostNamed ? `${groups.length} groups` : groups.join(', ')
  return `${used.length}${named && ` of ${named}`} (${digest})`
}

function scores(title: string, { scales, tiles, definitions }: Evaluation): string[] {
  const pictures = new Set(tiles.map(({ picture }) => picture))
  const gains = scales.map(({ m }) => gainsOf(tiles.filter((tile) => tile.m === m)))
  return [
    `### ${title}`,
    `${pictures.size} pictures, ${scales[0]?.tiles ?? 0} tiles a scale. The mean is over pictures, each the mean of its tiles.`,
    table(
      ['scale', 'PSNR (dB)', 'Bicubic', 'gain', 'least and most gain of a picture', 'SSIM', 'Bicubic', 'pictures above Bicubic'],
      scales.map(({ m }, at) => {
        const rows = gains[at]!
        const mean = (of: (row: Gain) => number): number => finiteMean(rows.map(of))
        const places = finitePlaces([rows.map(({ model }) => model.psnr), rows.map(({ bicubic }) => bicubic.psnr)])
        const both = (of: (row: Gain) => number): number => meanAt(rows.map(of), places)
        const isAbove = rows.filter(({ model, bicubic }) => model.psnr > bicubic.psnr && model.ssim > bicubic.ssim).length
        const psnr = rows.map(gain).filter(Number.isFinite)
        return [
          `x${m}`,
          decibels(both(({ model }) => model.psnr)),
          decibels(both(({ bicubic }) => bicubic.psnr)),
          decibelGain(both(gain)),
          psnr.length > 0 ? `${signed(Math.min(...psnr))} to ${signed(Math.max(...psnr))}` : '',
          mean(({ model }) => model.ssim).toFixed(4),
          mean(({ bicubic }) => bicubic.ssim).toFixed(4),
          `${isAbove} of ${rows.length}`,
        ]
      }),
    ),
    'Where it gains least:',
    scales
      .map(
        ({ m }, at) =>
          `- x${m}: ${gains[at]!.filter((row) => Number.isFinite(gain(row)))
            .toSorted((a, b) => gain(a) - gain(b))
            .slice(0, weakest)
            .map((row) => `${path.basename(row.picture)} (${signed(gain(row))})`)
            .join(', ')}`,
      )
      .join('\n'),
    `<details><summary>Every picture</summary>\n\n${table(
      ['picture', ...scales.flatMap(({ m }) => [`x${m} PSNR`, 'gain', 'SSIM', 'gain'])],
      [...pictures].map((picture) => [
        path.basename(picture),
        ...gains.flatMap((rows) => {
          const row = rows.find((each) => each.picture === picture)!
          return [
            decibels(row.model.psnr),
            decibelGain(gain(row)),
            row.model.ssim.toFixed(4),
            signed(row.model.ssim - row.bicubic.ssim, 4),
          ]
        }),
      ]),
    )}\n\n</details>`,
    ...scales.flatMap(({ m, tiles: count, exact }) => (exact ? [`x${m}: ${exactText(exact, count)}.`] : [])),
    Object.values(definitions)
      .map((line) => `- ${line}`)
      .join('\n'),
  ]
}

type Gain = Pick<TileResult, 'picture'> & { readonly model: Means; readonly bicubic: Means }
type Means = { readonly psnr: number; readonly ssim: number }

const gain = ({ model, bicubic }: Gain): number => model.psnr - bicubic.psnr
const signed = (value: number, places = 2): string => `${value > 0 ? '+' : ''}${value.toFixed(places)}`

/** The pictures' means over their tiles. */
function gainsOf(tiles: readonly TileResult[]): Gain[] {
  return [...new Set(tiles.map(({ picture }) => picture))].map((picture) => {
    const own = tiles.filter((tile) => tile.picture === picture)
    const valuesOf = (side: 'model' | 'bicubic', metric: keyof Means) => own.map((tile) => tile[side][metric])
    const mean = (side: 'model' | 'bicubic', metric: keyof Means): number =>
      meanAt(valuesOf(side, metric), finitePlaces([valuesOf('model', metric), valuesOf('bicubic', metric)]))
    const means = (side: 'model' | 'bicubic'): Means => ({ psnr: mean(side, 'psnr'), ssim: mean(side, 'ssim') })
    return { picture, model: means('model'), bicubic: means('bicubic') }
  })
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n')
