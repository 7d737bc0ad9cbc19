import type { Command, CommanderError, Option } from 'commander'
import { nearest } from '../compiler/diagnostics/suggest.ts'
import { UsageError } from './common.ts'

/** What commander complains of word by word and is said at once here. */
const incomplete = new Set(['commander.unknownOption', 'commander.missingMandatoryOptionValue', 'commander.missingArgument'])

/** What is wrong with how a command was called, instead of commander's first complaint; help that was asked for stays what it is. */
export function usageError(command: Command, error: CommanderError, argv: readonly string[]): CommanderError | UsageError {
  if (error.exitCode === 0 || error.code === 'commander.help') return error
  const name = withParents(command)
    .map((each) => each.name())
    .toReversed()
    .join(' ')
  const said = error.message.replace(/^error: /, '').replace(/\n\(Did you mean (.*)\?\)$/, '; did you mean $1?')
  const lines = incomplete.has(error.code) ? missing(command, name, argv) : [said]
  return new UsageError(lines.join('\n'), `${name} --help`)
}

/** A command and those that it stands below. */
function withParents(command: Command): Command[] {
  return [command, ...(command.parent ? withParents(command.parent) : [])]
}

/** The options that a command does not have, each with the nearest; then everything that it needs and did not get. */
function missing(command: Command, name: string, argv: readonly string[]): string[] {
  const end = argv.indexOf('--')
  const written = end < 0 ? argv : argv.slice(0, end)
  const strange = command.args.filter((word) => /^-[^\d]/.test(word) && written.includes(word)).map((word) => word.split('=')[0]!)
  const known = [...withParents(command).flatMap(({ options }) => options.flatMap(({ long }) => long ?? [])), '--help']
  const lacks = (option: Option): boolean => option.mandatory && command.getOptionValue(option.attributeName()) === undefined
  const needs = [
    // What stands behind a strange option may be its value or an argument: nobody can tell.
    ...(strange.length > 0
      ? []
      : command.registeredArguments
          .filter(({ required }, at) => required && command.args[at] === undefined)
          .map((argument) => `<${argument.name()}${argument.variadic ? '...' : ''}>`)),
    ...command.options.filter(lacks).map(({ flags }) => flags.replace(/^-\w, /, '')),
  ]
  return [
    ...strange.map((word) => `${name} has no option ${word}${meantOption(word, known)}`),
    ...(needs.length > 0 ? [`${name} needs ${listed(needs)}`] : []),
  ]
}

/** Names are compared without their dashes, which all have. */
function meantOption(word: string, known: readonly string[]): string {
  if (!word.startsWith('--')) return ''
  const near = nearest(
    word.slice(2),
    known.map((long) => long.slice(2)),
  )
  return near.length > 0 ? `; did you mean ${near.map((long) => `--${long}`).join(' or ')}?` : ''
}

const listed = (words: readonly string[]): string => words.join(', ').replace(/, ([^,]*)$/, ' and $1')
