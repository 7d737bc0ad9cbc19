import type { Command } from 'commander'
import type { SlideFacts } from '../runtime/data-recipes/slide-facts.ts'
import { jsonFlag, print, remark } from './common.ts'
import { joinCommand } from './slide-join.ts'

/** Registers `archc slide info` and `archc slides install | remove`. */
export function slideCommand(program: Command): void {
  const slide = program
    .command('slide')
    .description('whole slides: what one says of itself, and the parts of one that was enlarged on several machines')
  jsonFlag(slide.command('info').description('levels, micrometres a pixel, magnification, profile, tissue'))
    .argument('<file>', 'a slide: SVS, NDPI, MRXS, SCN, BIF, DICOM, OME or pyramidal TIFF')
    .option('--all', 'also all else that the file says, which may be names and dates')
    .addHelpText('after', '\nExamples:\n  archc slide info slide.svs\n  archc slide info slide.ndpi --json')
    .action(async (file: string, flags: { json?: boolean; all?: boolean }) => {
      const { slideFacts } = await import('../runtime/data-recipes/slide-facts.ts')
      const facts = await slideFacts(file, flags.all ?? false, remark)
      print(flags.json ? JSON.stringify({ file, ...facts }) : factsText(file, facts))
    })
  joinCommand(slide)

  const slides = program
    .command('slides')
    .description('OpenSlide, which reads slides: bring it, remove it')
    .addHelpText(
      'after',
      '\nThe first command that needs it brings it by itself (a download of 3 MB).\n\nExamples:\n  archc slides install\n  archc slides install --from ~/wheels    without a network',
    )
  slides
    .command('install')
    .description('bring OpenSlide into the cache folder, from the index that pip is configured with')
    .option('--from <DIR>', 'a folder with the wheel openslide_bin-..: without a network')
    .addHelpText('after', '\nExamples:\n  archc slides install\n  archc slides install --from ~/wheels')
    .action(async ({ from }: { from?: string }) => {
      const { bringOpenslide, openslideHome, openslideLibrary } = await import('../runtime/slides/bring-openslide.ts')
      if (openslideLibrary() !== undefined) {
        print(`OpenSlide is in ${openslideHome()} already`)
        return
      }
      await bringOpenslide({
        ...(from !== undefined && { from }),
        steps: { say: print, progress: () => undefined, signal: new AbortController().signal },
      })
    })
  slides
    .command('remove')
    .description('remove OpenSlide from the cache folder')
    .addHelpText('after', '\nExamples:\n  archc slides remove && archc slides install')
    .action(async () => {
      const { removeOpenslide } = await import('../runtime/slides/bring-openslide.ts')
      print((await removeOpenslide()) ? 'removed' : 'there is no OpenSlide to remove')
    })
}

function factsText(file: string, facts: SlideFacts): string {
  const { vendor, levels, mpp, magnification, profile, compression, fluorescence, tissue, associated, blank, properties } = facts
  const rows: (readonly [string, string])[] = [
    ['format', vendor ?? 'TIFF'],
    ...levels.map(
      ({ width, height, downsample }, level) =>
        [
          `level ${level}`,
          `${width} x ${height}${level === 0 ? '' : `, smaller by ${Number(downsample.toPrecision(5))}`}`,
        ] as const,
    ),
    ['micrometres a pixel', mpp ? `${resolution(mpp.x, mpp.y)} (${mpp.from})` : 'not said'],
    ['magnification', magnification ? `${magnification.value} (${magnification.from})` : 'not said'],
    ['colour profile', profile ?? 'none'],
    ...(compression
      ? [
          [
            'compressed',
            `JPEG of quality ${compression.quality}${compression.subsampling ? `, ${compression.subsampling}` : ''}`,
          ] as const,
        ]
      : []),
    ...(fluorescence === undefined ? [] : [['fluorescence', fluorescence] as const]),
    ['tissue', `${Math.round(100 * tissue.share)} %`],
    ...(blank === undefined ? [] : [['not in the file', blank] as const]),
    [
      'beside it',
      associated.length === 0
        ? 'nothing'
        : associated.map(({ kind, width, height }) => `${kind} ${width} x ${height}`).join(', '),
    ],
    ...Object.entries(properties ?? {}),
  ]
  const wide = Math.max(...rows.map(([name]) => name.length))
  return [file, ...rows.map(([name, text]) => `  ${name.padEnd(wide)}  ${text}`)].join('\n')
}

/** `0.499`, or both where they are not equal. */
const resolution = (x: number, y: number): string => {
  const [across, down] = [x, y].map((each) => String(Number(each.toPrecision(5))))
  return across === down ? across! : `${across} x ${down}`
}
