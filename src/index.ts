/** The compiler for other programs: what both archc and archc-check give. Nothing of an engine is loaded. */
export {
  check,
  compile,
  type CheckedFile,
  type Compilation,
  type CompiledModel,
  type CompileOptions,
  type CompilerHost,
} from './compiler/index.ts'
export type { Diagnostic, Fix, Label, Severity, Span } from './compiler/diagnostics/diagnostic.ts'
export { renderPretty } from './compiler/diagnostics/render-pretty.ts'
export { UserError } from './errors.ts'
export { fileHost, textHost } from './runtime/host.ts'
