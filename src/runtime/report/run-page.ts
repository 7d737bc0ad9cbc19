import sharp from 'sharp'
import type { Evaluation, TilePictures } from '../evaluate/evaluate.ts'
import { crop, type Picture } from '../data/picture.ts'
import { resize } from '../data/pillow.ts'
import { readLog, type Run } from '../files/run-folder.ts'
import { panelOf } from './panel-of.ts'
import { writeReport, type Panel } from './report.ts'

/** Side of what a panel shows, in high-resolution pixels. */
const shown = 264

/** LR, bicubic, the network and the truth, cut from the middle of a tile. */
export function middlePanel({ picture, m, hr, lr, sr, name }: TilePictures): Promise<Panel> {
  const width = Math.min(shown, hr.width)
  const height = Math.min(shown, hr.height)
  const x = Math.floor((hr.width - width) / 2)
  const y = Math.floor((hr.height - height) / 2)
  const cut = (whole: Picture): Picture => crop(whole, x, y, width, height)
  const low = crop(
    lr,
    Math.floor(x / m),
    Math.floor(y / m),
    Math.max(1, Math.min(lr.width, Math.round(width / m))),
    Math.max(1, Math.min(lr.height, Math.round(height / m))),
  )
  const bicubic = cut(resize(lr, hr.width, hr.height, 'bicubic'))
  return panelOf({ m, field: picture, truth: cut(hr), low, bicubic, results: [{ label: name, picture: cut(sr) }] })
}

/** The pictures of a panel side by side in one PNG: LR (as large as the others), bicubic, the network, the truth. */
export async function panelPicture({ pictures }: Panel): Promise<Buffer> {
  const gap = 8
  const { width, height } = pictures.at(-1)!.image
  const same = await Promise.all(
    pictures.map(({ image }) => sharp(image.bytes).resize(width, height, { kernel: 'nearest', fit: 'fill' }).png().toBuffer()),
  )
  const whole = { width: same.length * (width + gap) - gap, height, channels: 3 as const, background: 'white' }
  return sharp({ create: whole })
    .composite(same.map((input, at) => ({ input, left: at * (width + gap), top: 0 })))
    .png()
    .toBuffer()
}

/** Writes the page of a run; gives the path of index.html. */
export async function writeRunPage(
  folder: string,
  run: Run | undefined,
  evaluation: Evaluation,
  panels: readonly Panel[],
  parameters: number,
): Promise<string> {
  const log = run ? await readLog(run) : []
  const losses = log.flatMap((line) => (typeof line['loss'] === 'number' ? [{ step: line.step, loss: line['loss'] }] : []))
  const name = evaluation.variants[0] ?? evaluation.model
  return writeReport({
    folder,
    title: `${name}${evaluation.preset ? `, ${evaluation.preset}` : ''}`,
    facts: [
      ['model', [evaluation.model, ...evaluation.variants].join(', ')],
      ['preset', evaluation.preset || 'defaults'],
      ['parameters', parameters.toLocaleString('en')],
      ...(run
        ? ([
            ['steps', String(losses.at(-1)?.step ?? 0)],
            ['trained on', `${run.record.data.filter((entry) => entry.split === 'train').length} pictures`],
            ['engine', String(run.record.engine['description'] ?? '')],
            ['seed', String(run.record.seed)],
          ] as const)
        : []),
      [
        'evaluated on',
        `${new Set(evaluation.tiles.map((tile) => tile.picture)).size} pictures, ${evaluation.scales[0]?.tiles ?? 0} tiles a scale`,
      ],
      ['weights', `${evaluation.source} (${evaluation.hash})`],
    ],
    losses,
    evaluation: {
      columns: ['scale', `PSNR ${name} (dB)`, 'PSNR Bicubic (dB)', `SSIM ${name}`, 'SSIM Bicubic'],
      rows: evaluation.scales.map(({ m, model, bicubic }) => [m, model.psnr, bicubic.psnr, model.ssim, bicubic.ssim]),
    },
    panels,
    definitions: Object.entries(evaluation.definitions).map(([key, text]) =>
      text.toLowerCase().startsWith(`${key.toLowerCase().slice(0, 4)}`) ? text : `${key}: ${text}`,
    ),
    warnings: [],
  })
}
