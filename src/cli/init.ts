import path from 'node:path'
import type { Command } from 'commander'
import { UserError } from '../errors.ts'
import { writeAtomic } from '../runtime/files/atomic.ts'
import { kindOf, print } from './common.ts'

/** Registers `archc init`. */
export function initCommand(program: Command): void {
  program
    .command('init')
    .description(
      "make a new project: a small network, or ablations of one of archc's own, and their check for continuous integration",
    )
    .argument('[dir]', 'a folder, made where it is missing', '.')
    .option(
      '--ablation-of <network>',
      "instead of a network of its own: ablations of iste, liif, lte, edsr or another of archc's own",
    )
    .addHelpText(
      'after',
      `
Nothing is overwritten: a folder that has one of the files is refused. Only a package.json stays as it is.

Examples:
  archc init my-network
  archc init --ablation-of iste ablations-of-iste
  archc init`,
    )
    .action(async (folder: string, { ablationOf }: { ablationOf?: string }) => {
      if (kindOf(folder) === 'file') throw new UserError(`${folder} is a file`, 'name a folder, or one to be made')
      const { ablationProject, networkProject } = await import('../runtime/project/project.ts')
      const { checkTarball, packCheck } = await import('../runtime/project/pack-check.ts')
      const texts = ablationOf === undefined ? networkProject() : ablationProject(ablationOf)
      const isThere = (name: string): boolean => kindOf(path.join(folder, name)) !== undefined
      const taken = [...texts.keys(), checkTarball()].filter((name) => name !== 'package.json' && isThere(name))
      if (taken.length > 0)
        throw new UserError(`${folder} has ${taken.join(', ')} already; nothing is written`, 'name another folder')
      const hasPackage = isThere('package.json')
      const fresh = [...texts, [checkTarball(), await packCheck()] as const].filter(
        ([name]) => name !== 'package.json' || !hasPackage,
      )
      for (const [name, content] of fresh) await writeAtomic(path.join(folder, name), content)
      print(
        [
          ...fresh.map(([name]) => `written: ${path.join(folder, name)}`),
          'next:',
          ...(path.resolve(folder) === process.cwd() ? [] : [`  cd ${folder}`]),
          `  npm i --ignore-scripts${hasPackage ? ` -D ./${checkTarball()}` : ''}`,
          '  npx archc check .',
          'README.md has the rest',
        ].join('\n'),
      )
    })
}
