/** The compiler's only door to files. */
export interface CompilerHost {
  /** The text of a file, or why there is none, and what may have been meant. */
  read(file: string): { readonly text: string } | { readonly problem: string; readonly near?: readonly string[] }
  /** The name of the file that `path` means when it is written in `from`. */
  resolve(from: string, path: string): string
}
