import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Command } from 'commander'
import { UserError } from '../errors.ts'
import { archcRoot } from '../root.ts'
import { writeAtomic } from '../runtime/files/atomic.ts'
import { kindOf, print } from './common.ts'

/** What a new project has, each with its name in `templates/init`; npm leaves out hidden files of some names. */
const files = [
  ['network.arch', 'network.arch'],
  ['ablations/without-attention.arch', 'ablations/without-attention.arch'],
  ['README.md', 'README.md'],
  ['.gitignore', 'gitignore'],
  ['.github/workflows/arch.yml', 'github/workflows/arch.yml'],
  ['package.json', 'package.json'],
] as const

/** Registers `archc init`. */
export function initCommand(program: Command): void {
  program
    .command('init')
    .description('make a new project: a small network, an ablation, and a check for continuous integration')
    .argument('[dir]', 'a folder, made where it is missing', '.')
    .addHelpText(
      'after',
      `
Nothing is overwritten: a folder that has one of the files is refused. Only a package.json stays as it is.

Examples:
  archc init my-network
  archc init`,
    )
    .action(async (folder: string) => {
      if (kindOf(folder) === 'file') throw new UserError(`${folder} is a file`, 'name a folder, or one to be made')
      const isThere = (name: string): boolean => kindOf(path.join(folder, name)) !== undefined
      const taken = files.flatMap(([name]) => (name !== 'package.json' && isThere(name) ? [name] : []))
      if (taken.length > 0)
        throw new UserError(`${folder} has ${taken.join(', ')} already; nothing is written`, 'name another folder')
      const hasPackage = isThere('package.json')
      const fresh = files.filter(([name]) => name !== 'package.json' || !hasPackage)
      for (const [name, template] of fresh) {
        const file = path.join(folder, name)
        await writeAtomic(file, readFileSync(path.join(archcRoot, 'templates', 'init', template), 'utf8'))
      }
      print(
        [
          ...fresh.map(([name]) => `written: ${path.join(folder, name)}`),
          'next:',
          ...(path.resolve(folder) === process.cwd() ? [] : [`  cd ${folder}`]),
          ...(hasPackage ? [] : ['  npm i --ignore-scripts PATH-TO-archc.tgz']),
          '  npx archc check .',
          '  npx archc train network.arch --data node_modules/archc/samples/train.csv --out runs/first --steps 500',
          'README.md has the rest',
        ].join('\n'),
      )
    })
}
