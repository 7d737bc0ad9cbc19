import { UserError } from '../../errors.ts'
import { archcVersion } from '../../version.ts'
import { writePng } from '../data/png-writer.ts'
import { writeAtomic } from '../files/atomic.ts'
import { hasFont, toPicture, toSvg } from './draw.ts'
import { pixelsPerUnit, type Scene } from './scene.ts'

/** A drawn figure and the numbers behind it. */
export interface Figure {
  /** One sentence: what is shown. */
  readonly title: string
  readonly scene: Scene
  /** As plain data; whatever the figure shows or says as a number is in it. */
  readonly data: Readonly<Record<string, unknown>>
}

/** Where a figure goes: OUT without its ending, in three files. */
export function figureFiles(out: string): { readonly png: string; readonly svg: string; readonly json: string } {
  const stem = out.replace(/\.(png|svg|json)$/i, '')
  return { png: `${stem}.png`, svg: `${stem}.svg`, json: `${stem}.json` }
}

/** Writes the figure as PNG and SVG with its data as JSON beside them; gives their names. */
export async function writeFigure({ title, scene, data }: Figure, out: string): Promise<string[]> {
  if (!(await hasFont()))
    throw new UserError('no font is found to write into the figure with', 'install one, such as fonts-liberation or fonts-dejavu')
  const { png, svg, json } = figureFiles(out)
  await writePng(await toPicture(scene), png, {
    density: 96 * pixelsPerUnit,
    text: {
      Software: `archc ${archcVersion()}`,
      Title: title,
      Comment: 'Pictures computed by a network invent texture. For research, not for diagnosis.',
    },
  })
  await writeAtomic(svg, await toSvg(scene, title))
  await writeAtomic(json, `${JSON.stringify({ title, archc: archcVersion(), ...data }, undefined, 2)}\n`)
  return [png, svg, json]
}
