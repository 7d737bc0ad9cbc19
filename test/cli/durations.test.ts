import { expect, it } from 'vitest'
import { duration, roughly } from '../../src/cli/durations.ts'

it.each([
  [0, 'under 1 s'],
  [0.6, '1 s'],
  [59.4, '59 s'],
  [59.6, '1 min 0 s'],
  [91, '1 min 31 s'],
  [3600, '1 h 0 min'],
  [8100, '2 h 15 min'],
])('%f seconds that something took are %s', (seconds, text) => expect(duration(seconds)).toBe(text))

it.each([
  [0, 'a second or two'],
  [1.9, 'a second or two'],
  [2, 'some seconds'],
  [9.9, 'some seconds'],
  [11, 'about 10 s'],
  [31, 'about 30 s'],
  [57, 'about 55 s'],
  [58, 'about 1 min'],
  [91, 'about 1 min 30 s'],
  [110, 'about 2 min'],
  [150, 'about 2 min 30 s'],
  [200, 'about 3 min'],
  [2220, 'about 37 min'],
  [3569, 'about 59 min'],
  [3570, 'about 1 h'],
  [12_000, 'about 3 h 20 min'],
])('%f seconds that something will take are %s', (seconds, text) => expect(roughly(seconds)).toBe(text))
