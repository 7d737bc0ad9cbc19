import path from 'node:path'

export interface Places {
  /** What `archc.path` says, empty where it says nothing. */
  readonly setting: string
  /** Folders of the workspace. */
  readonly folders: readonly string[]
  /** PATH. */
  readonly searchPath: string
  isFile(file: string): boolean
}

export type Found = { readonly kind: 'found'; readonly command: string } | { readonly kind: 'missing'; readonly message: string }

/** The archc to start: the one that is set, else the workspace's own, else the one on PATH. */
export function findArchc({ setting, folders, searchPath, isFile }: Places): Found {
  if (setting !== '') {
    const command = path.resolve(folders[0] ?? '', setting)
    return isFile(command)
      ? { kind: 'found', command }
      : { kind: 'missing', message: `archc.path is ${setting}, and there is no such file. Correct it, or leave it empty.` }
  }
  const places = [
    ...folders.map((folder) => path.join(folder, 'node_modules', '.bin')),
    ...searchPath.split(path.delimiter).filter((folder) => path.isAbsolute(folder)),
  ]
  const command = places.map((folder) => path.join(folder, 'archc')).find(isFile)
  return command
    ? { kind: 'found', command }
    : {
        kind: 'missing',
        message:
          'archc was not found, so there are colours only. Install it in the workspace (npm i archc), or say where it is in archc.path.',
      }
}
