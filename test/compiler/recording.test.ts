import path from 'node:path'
import { expect, test } from 'vitest'
import type { Application } from '../../src/compiler/elaborate/context.ts'
import { elaborateModel } from '../../src/compiler/elaborate/model.ts'
import type { Memory } from '../../src/compiler/elaborate/calls/recording.ts'
import { printGraph } from '../../src/compiler/ir/print.ts'
import { Program } from '../../src/compiler/names/program.ts'
import { archFiles, fileHost } from '../../src/runtime/host.ts'

test('every shipped model is the same, built with what others have recorded and alone', () => {
  const program = new Program(fileHost)
  const memory: Memory = new Map()
  let count = 0
  for (const file of archFiles(path.join(import.meta.dirname, '..', '..', 'models'))) {
    const { variant, models } = program.load(file)!
    const base = variant && program.load(fileHost.resolve(file, variant.declaration.from))!
    const model = variant ? base!.models.get(variant.declaration.base.text)! : [...models.values()][0]
    for (const preset of model ? ['', ...model.presets.keys()] : []) {
      const application: Application = { preset, variants: variant ? [variant] : [], sets: [] }
      const built = (own: Memory): unknown => {
        const { graph, train, checks } = elaborateModel(model!, application, own, (problem) =>
          expect(problem.severity).toBe('warning'),
        )!
        return [[graph, ...(train?.objectives ?? []).map((each) => each.graph)].map(printGraph), [...graph.lets], checks]
      }
      expect(built(memory)).toEqual(built(new Map()))
      count += 1
    }
  }
  expect(count).toBeGreaterThan(100)
})
