import type { Command } from 'commander'
import { engineFlags, jsonFlag, openEngine, print, remark, type CommonFlags } from './common.ts'

/** Registers `archc weights show | export`. */
export function weightsCommand(program: Command): void {
  const weights = program.command('weights').description('look at weights, write them with their text into one file')

  jsonFlag(weights.command('show').description('names and shapes').argument('<file>', 'a safetensors file'))
    .addHelpText('after', '\nExample:\n  archc weights show runs/first/weights.safetensors')
    .action(async (file: string, flags: { json?: boolean }) => {
      const { readSafetensors } = await import('../runtime/files/safetensors.ts')
      const { tensors } = await readSafetensors(file)
      if (flags.json) return print(JSON.stringify([...tensors].map(([path, { shape }]) => ({ path, shape }))))
      for (const [path, { shape }] of tensors) print(`${path}  [${shape.join(', ')}]`)
    })

  engineFlags(weights.command('export').description('text and weights of a run in one file, which upscale and evaluate take').argument('<run>', 'a run folder'))
    .requiredOption('-o, --out <file>', 'a .safetensors file')
    .addHelpText('after', '\nExample:\n  archc weights export runs/first -o first.safetensors')
    .action(async (run: string, flags: CommonFlags & { out: string }) => {
      await openEngine(flags)
      const { openNetwork, packNetwork } = await import('../runtime/network/open-network.ts')
      const opened = await openNetwork(run)
      await packNetwork(opened, flags.out)
      remark(`${flags.out}: ${opened.network.weights.length} weights (${opened.hash})`)
    })
}
