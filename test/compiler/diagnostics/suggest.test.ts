import { expect, test } from 'vitest'
import { nearest } from '../../../src/compiler/diagnostics/suggest.ts'

const cases: [string, string, string[], string[]][] = [
  ['a swap costs one', 'lif', ['base', 'encoder', 'lfi', 'lpd', 'ltd', 'stf'], ['lfi']],
  ['a letter left out', 'texure', ['texture', 'pixel'], ['texture']],
  ['a letter too many', 'kernnel', ['kernel', 'stride'], ['kernel']],
  ['another letter', 'kernal', ['out', 'kernel', 'stride'], ['kernel']],
  ['the best only', 'epoch', ['repeat', 'epochs', 'epach', 'ebachs'], ['epach', 'epochs']],
  ['ties in order of the alphabet', 'cat', ['hat', 'bat', 'rat'], ['bat', 'hat', 'rat']],
  ['a change of case costs one in all', 'SWINIR', ['swinir', 'SwinIR', 'edsr', 'SWIN'], ['SwinIR', 'swinir']],
  ['one letter in another case', 'W', ['h', 'w', 'q'], ['w']],
  ['what shares no letter is not near', 'k', ['h', 'w'], []],
  ['the limit is floor(0.4 * length) + 1', 'abcde', ['abxyz', 'axyze'], ['abxyz', 'axyze']],
  ['beyond the limit', 'abcd', ['axyz'], []],
  ['an unfinished name', 'con', ['concat', 'conv', 'convolution', 'icon'], ['conv', 'icon', 'concat', 'convolution']],
  ['not the name itself, none twice', 'conv', ['conv', 'convs', 'convs'], ['convs']],
  ['nothing near', 'gradient', ['h', 'w'], []],
  ['an empty name', '', ['h'], []],
  ['no candidates', 'x', [], []],
]
test.each(cases)('%s: %s', (_, name, candidates, expected) => expect(nearest(name, candidates)).toEqual(expected))
