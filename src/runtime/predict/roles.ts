import type { CompiledModel, ModelInput, ModelOutput } from '../../compiler/plan.ts'
import { UserError } from '../../errors.ts'

/** The input that shows the picture. */
export const pictureInput = (model: CompiledModel): ModelInput =>
  model.inputs.find((input) => input.role === 'image' || input.role === 'enlarged')!

/** The input that says how strongly the picture was compressed, if there is one. */
export const compressionInput = (model: CompiledModel): ModelInput | undefined =>
  model.inputs.find((input) => input.role === 'compression')

/** The output that is the picture, or one by its name. Throws a UserError that lists what there is. */
export function outputOf(model: CompiledModel, name: string | undefined): ModelOutput {
  const output = model.outputs.find((candidate) =>
    name ? candidate.name === name : candidate.role === 'samples' || candidate.role === 'image',
  )
  if (!output)
    throw new UserError(
      `${model.name} has no output ${name}`,
      `it has ${model.outputs.map((candidate) => candidate.name).join(', ')}`,
    )
  return output
}
