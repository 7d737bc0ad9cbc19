import { InvalidArgumentError, type Command } from 'commander'

/** --size. */
export const sizeFlag = (command: Command): Command =>
  command.option('--size <name=n>', 'a size for the costs (B, h, w, q, ..); those of the train block without it', sizeOption)

function sizeOption(text: string, before: Readonly<Record<string, number>> = {}): Readonly<Record<string, number>> {
  const [, name, value] = /^(\w+)=([1-9]\d*)$/.exec(text) ?? []
  if (name === undefined || !Number.isSafeInteger(Number(value))) throw new InvalidArgumentError('It takes name=n, such as h=64.')
  return { ...before, [name]: Number(value) }
}
