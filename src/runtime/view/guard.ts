import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** Who may ask. */
export interface Access {
  /** `Host` headers that are answered: other names that lead here come from pages that bound theirs to this address (DNS rebinding). */
  readonly hosts: ReadonlySet<string>
  /** Pages of other origins may read pictures. */
  readonly cors: boolean
}

/** Why a request is not answered, with its status; undefined where it is. */
export function refusal({ method, headers }: IncomingMessage, { hosts, cors }: Access): readonly [number, string] | undefined {
  if (!['GET', 'HEAD', 'OPTIONS'].includes(method ?? '')) return [405, 'pictures are only looked at: GET, HEAD, OPTIONS']
  const { host, origin } = headers
  if (host === undefined || !hosts.has(host.toLowerCase())) return [421, 'this host is not served here']
  if (origin !== undefined && !cors && !hosts.has(origin.toLowerCase().replace(/^https?:\/\//, '')))
    return [403, 'pages of other origins may not ask: start with --cors where they are to']
  return undefined
}

/** The path behind the token, which addresses begin with where others than this machine's can ask; undefined where one does not. */
export function withoutToken(path: string, token: string | undefined): string | undefined {
  if (token === undefined) return path
  const [, first = '', rest] = /^\/([^/]*)(\/.*)?$/.exec(path) ?? []
  const [given, wanted] = [Buffer.from(first), Buffer.from(token)]
  return given.length === wanted.length && timingSafeEqual(given, wanted) ? (rest ?? '') : undefined
}
