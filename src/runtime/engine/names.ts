/** The engines, the fastest first. */
export const engineNames = ['tensorflow', 'wasm', 'cpu'] as const
export type EngineName = (typeof engineNames)[number]
