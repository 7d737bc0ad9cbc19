/** The pure compiler, for other programs. */
export { check, compile, type Compilation, type CompiledModel, type CompileOptions, type CompilerHost } from './compiler/index.ts'
