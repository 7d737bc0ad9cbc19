import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { createServices } from '../../../editors/playground/services.ts'
import { archcRoot } from '../../../src/root.ts'

const names = ['models/iste.arch', 'models/lib/swinir.arch', 'models/lib/mlp.arch']
const text = 'variant "mine" of ISTE from "archc/iste.arch"\nreplace lfi with (x) => x\n'

test('archc’s own networks have their names in the playground too', () => {
  const services = createServices(
    Object.fromEntries(names.map((name) => [name, readFileSync(path.join(archcRoot, name), 'utf8')])),
  )
  services.write('mine.arch', text)
  expect(services.look('mine.arch').diagnostics).toEqual([])
  expect(services.definition('mine.arch', text.indexOf('iste.arch'))).toEqual({ file: 'models/iste.arch', start: 0, end: 0 })
  const offered = services.complete('mine.arch', text.indexOf('iste.arch'))
  expect(offered.map(({ label }) => label)).toEqual(['archc/iste.arch', 'archc/lib/swinir.arch', 'archc/lib/mlp.arch'])
})
