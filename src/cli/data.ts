import { InvalidArgumentError, Option, type Command } from 'commander'
import { listing, UserError } from '../errors.ts'
import type { Plan } from '../runtime/data-recipes/plan.ts'
import type { Counts } from '../runtime/data-recipes/split.ts'
import { count, jsonFlag, positive, print, remark, share } from './common.ts'
import { liveLine } from './live-line.ts'

interface PrepareFlags {
  readonly out: string
  readonly split: Counts
  readonly seed: number
  readonly tile: number | 'whole'
  readonly json?: boolean
}

interface PictureFlags extends PrepareFlags {
  readonly splitBy?: 'picture' | 'group'
  readonly groupBy?: string
}

interface SlideFlags extends PrepareFlags {
  readonly in: string
  readonly side: number
  readonly level: number
  readonly lowLevel?: number
  readonly tissue: number
  readonly splitBy: 'sub-image' | 'slide'
}

/** Registers `archc data`. */
export function dataCommand(program: Command): void {
  const data = program.command('data').description('data sets for training and evaluation, with checksums of all that is in them')
  const prepare = data.command('prepare').description('make a set: pictures, train.csv, val.csv, test.csv, manifest.json')

  prepareFlags(
    prepare
      .command('tma')
      .description('the cores of a tissue microarray, as the paper takes those of Drifka 2016: 460/57/56 pictures')
      .argument('<where...>', 'a folder of pictures, or a CSV path,group,mpp'),
    '460/57/56',
    768,
  )
    .addOption(
      new Option('--split-by <what>', 'pictures at random, as in the paper, or whole groups')
        .choices(['picture', 'group'])
        .default('picture'),
    )
    .option('--group-by <how>', groupByText)
    .addHelpText(
      'after',
      '\nExamples:\n  archc data prepare tma cores/ -o sets/tma\n  archc data prepare tma cores/ -o sets/tma --split-by group --group-by "^(patient[0-9]+)_"',
    )
    .action((from: string[], flags: PictureFlags) => preparePictures('tma', from, flags, flags.splitBy ?? 'picture'))

  prepareFlags(
    prepare
      .command('tcga')
      .description('slides, as the paper takes five of TCGA: sub-images of 3072 x 3072 with tissue, 320/40/40')
      .argument('<slide...>', 'files, folders of slides, or identifiers such as TCGA-XX-0001'),
    '320/40/40',
    768,
  )
    .option('--in <folder>', 'where slides are looked for by their identifiers', '.')
    .option('--side <n>', 'side of the sub-images in pixels of the level', positive, 3072)
    .option('--level <n>', 'the resolution of the slide: 0 is the full one', count, 0)
    .option(
      '--low-level <n>',
      'also low-resolution pictures, from this coarser level: folder low, column low of the lists',
      count,
    )
    .option('--tissue <share>', 'the least share of tissue in a sub-image', share, 0.5)
    .addOption(
      new Option('--split-by <what>', 'sub-images at random, as in the paper, which leaks, or whole slides')
        .choices(['sub-image', 'slide'])
        .default('sub-image'),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  archc data prepare tcga slides/*.svs -o sets/tcga\n  archc data prepare tcga TCGA-XX-0001 TCGA-XX-0002 TCGA-XX-0003 --in gdc/ -o sets/tcga --split-by slide\n  archc data prepare tcga slides/*.svs -o sets/levels --low-level 1 --split-by slide',
    )
    .action(async (slides: string[], flags: SlideFlags) => {
      const { planSlides } = await import('../runtime/data-recipes/plan-slides.ts')
      const line = liveLine()
      const { split, seed, tile, side, level, lowLevel, tissue, splitBy } = flags
      const onProgress = (done: number, total: number, what: string): void =>
        line.show(`looked at ${done} of ${total}: ${what}`, { force: done === total })
      const low = lowLevel === undefined ? {} : { lowLevel }
      const plan = await planSlides({
        slides,
        within: flags.in,
        split,
        seed,
        tile,
        side,
        level,
        ...low,
        tissue,
        splitBy,
        onProgress,
        say: line.say,
      })
      line.end()
      await write(plan, flags)
    })

  prepareFlags(
    prepare
      .command('fields')
      .description('pictures at hand: groups of them stay on one side')
      .argument('<where...>', 'a folder of pictures, or a CSV path,group,mpp'),
    '80/10/10',
    'whole',
  )
    .option('--group-by <how>', groupByText)
    .addHelpText(
      'after',
      '\nExamples:\n  archc data prepare fields fields.csv -o sets/fields\n  archc data prepare fields fields/ -o sets/fields --group-by folder\n  archc data prepare fields fields/ -o sets/fields --group-by "^[^_]+"',
    )
    .action((from: string[], flags: PictureFlags) => preparePictures('fields', from, flags, 'group'))

  jsonFlag(data.command('verify').description('compare a set with its manifest: every picture, the lists'))
    .argument('<set>', 'a folder that archc data prepare made')
    .addHelpText('after', '\nSets are the same where the digest is the same.\n\nExamples:\n  archc data verify sets/tcga')
    .action(async (folder: string, flags: { json?: boolean }) => {
      const { verifySet } = await import('../runtime/data-recipes/verify.ts')
      const line = liveLine()
      const { manifest, problems } = await verifySet(folder, (done, total) => line.show(`${done} of ${total}`))
      line.end()
      const { digest, outputs } = manifest
      if (flags.json) print(JSON.stringify({ digest, pictures: outputs.length, problems }))
      else if (problems.length === 0) print(`${folder}: ${outputs.length} pictures, all as the manifest says\ndigest ${digest}`)
      if (problems.length > 0)
        throw new UserError(
          listing(`${folder} is not as its manifest says:`, problems),
          'get these files again, or prepare the set anew',
        )
    })
}

const groupByText =
  'what belongs together: folder, the first one; column, the CSV’s; or a regular expression, whose group or match in the path counts'

const prepareFlags = (command: Command, split: string, tile: number | 'whole'): Command =>
  jsonFlag(
    command
      .requiredOption(
        '-o, --out <folder>',
        'the folder to make; under another name until it is whole, and gone on with after a kill',
      )
      .addOption(
        new Option('--split <counts>', 'how many go to train, val and test; of fewer, in this proportion')
          .argParser(counts)
          .default(counts(split), split),
      )
      .option('--seed <n>', 'decides what is chosen and where it goes', count, 0)
      .addOption(
        new Option('--tile <n>', 'side of the tiles that all is cut in, or whole')
          .argParser((value) => (value === 'whole' ? value : positive(value)))
          .default(tile),
      ),
  )

function counts(value: string): Counts {
  const numbers = value.split('/').map((part) => count(part))
  const [train, val, test] = numbers
  if (numbers.length !== 3 || !train) throw new InvalidArgumentError('It takes three counts, such as 320/40/40.')
  return [train, val!, test!]
}

async function preparePictures(
  recipe: 'tma' | 'fields',
  from: readonly string[],
  flags: PictureFlags,
  splitBy: 'picture' | 'group',
): Promise<void> {
  const { parseGroupBy } = await import('../runtime/data-recipes/groups.ts')
  const { planPictures } = await import('../runtime/data-recipes/plan-pictures.ts')
  const { split, seed, tile, groupBy } = flags
  const by = groupBy === undefined ? undefined : parseGroupBy(groupBy)
  await write(await planPictures({ recipe, from, split, seed, tile, splitBy, ...(by !== undefined && { groupBy: by }) }), flags)
}

async function write(plan: Plan, { out, json }: PrepareFlags): Promise<void> {
  const { prepareSet } = await import('../runtime/data-recipes/prepare.ts')
  plan.remarks.forEach(remark)
  const line = liveLine()
  const { manifest, resumed } = await prepareSet(plan, out, (done, total, what) =>
    line.show(`written ${done} of ${total}: ${what}`, { force: done === total }),
  )
  line.end()
  if (resumed > 0) remark(`${resumed} of ${plan.pieces.length} were there from before`)
  const { split, digest, outputs } = manifest
  if (json) return print(JSON.stringify({ set: out, digest, split }))
  const { train, val, test } = split.pictures
  print(`${out}: ${outputs.length} pictures (train ${train}, val ${val}, test ${test})\nsplit: ${split.says}\ndigest ${digest}`)
}
