import { expect, test } from 'vitest'
import { putInto } from './put-into.ts'

const file = `/// Small.
model A {
  input x: [B, c]
  output [B, c]
  return x
}
`

test.each<readonly [what: string, pieces: string, text: string]>([
  ['a statement replaces its like', '  return relu(x)\n', file.replace('return x', 'return relu(x)')],
  ['a new one stands with its like', '  let y = relu(x)\n  return y\n', file.replace('return x', 'let y = relu(x)\n  return y')],
  ['a model replaces the model, with its documentation', '/// Other.\nmodel A {\n  return x\n}\n', '/// Other.\nmodel A {\n  return x\n}\n'],
  ['an import stands first', 'import B from "b.arch"\n', `import B from "b.arch"\n\n${file}`],
  ['a preset stands below the model', 'preset p {}\n', file.trimEnd() + '\n\npreset p {}\n'],
])('%s', (_, pieces, text) => expect(putInto(file, pieces)).toBe(text)) // prettier-ignore
