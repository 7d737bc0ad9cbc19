import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { UserError } from '../../errors.ts'
import {
  contents,
  deepZoom,
  deepZoomTile,
  facts,
  figure,
  image,
  information,
  streamView,
  unchanged,
  type Answer,
  type Served,
} from './answers.ts'
import { Busy } from './enlarger.ts'
import { refusal, withoutToken, type Access } from './guard.ts'
import { Refused } from './iiif.ts'
import { pageAssets, type Assets } from './page.ts'

export interface ServerOptions {
  readonly host: string
  /** 0 takes one that is free. */
  readonly port: number
  readonly token?: string
  readonly cors?: boolean
  /** What goes wrong that is nobody's fault who asks. */
  readonly say: (line: string) => void
}

export interface RunningServer {
  /** Where the page is. */
  readonly address: string
  close(): Promise<void>
}

/** Requests of pictures that are answered at once; computing has a queue of its own. */
const mostAtOnce = 64
/** Milliseconds: headers must be there by then, and a connection on which nothing moves is closed. */
const [headersWithin, idle] = [10_000, 30_000]
const mostConnections = 256
const longestAddress = 4096

/** Names of this machine for itself: an address is one, a Host header has brackets. */
export const loopback = ['127.0.0.1', 'localhost', '[::1]', '::1']
/** An address as it stands in front of a port. */
const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host)

/** Serves a page, an IIIF Image API 3 (level 2) and DeepZoom, until it is closed. */
export async function startServer(served: Served, options: ServerOptions): Promise<RunningServer> {
  const { host, token } = options
  const assets = await pageAssets()
  /** Known once the port is. */
  const hosts = new Set<string>()
  const access: Access = { hosts, cors: options.cors ?? false }
  let running = 0
  const server = createServer({ maxHeaderSize: 16_384 }, (request, response) => {
    running += 1
    response.once('close', () => (running -= 1))
    request.socket.setTimeout(0) // who waits for what is computed is not slow
    answer(request, response).catch((error: unknown) => fail(response, error, options.say))
  })
  server.headersTimeout = headersWithin
  server.requestTimeout = idle
  server.maxConnections = mostConnections
  server.setTimeout(idle, (socket) => socket.destroy())

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const refused = refusal(request, access)
    if (refused) return text(response, ...refused)
    if (access.cors) response.setHeader('access-control-allow-origin', '*')
    if (request.method === 'OPTIONS') {
      response.writeHead(204, { allow: 'GET, HEAD, OPTIONS', 'access-control-allow-headers': '*' }).end()
      return undefined
    }
    const url = request.url ?? '/'
    if (url.length > longestAddress) return text(response, 414, 'the address is too long')
    const mark = url.indexOf('?')
    const whole = mark === -1 ? url : url.slice(0, mark)
    const query = new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1))
    const path = withoutToken(whole, token)
    if (path === undefined) return text(response, 403, 'the address lacks its token: take the one that was printed')
    if (running > mostAtOnce) throw new Busy()
    const ended = new AbortController()
    response.once('close', () => ended.abort())
    const base = `http://${request.headers.host!}${token === undefined ? '' : `/${token}`}`
    return route({ served, assets, path, query, base, request, response, signal: ended.signal })
  }

  await listening(server, host, options.port)
  const { port } = server.address() as AddressInfo
  const names = loopback.includes(host) ? loopback : [...loopback, bracketed(host)]
  for (const name of names) hosts.add(`${name.toLowerCase()}:${port}`)
  return {
    address: `http://${bracketed(host)}:${port}/${token === undefined ? '' : `${token}/`}`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await served.library.close()
    },
  }
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new UserError(
          `cannot listen on ${host}, port ${port}: ${error.code === 'EADDRINUSE' ? 'something else does' : error.message}`,
          error.code === 'EADDRINUSE' ? 'leave --port away: a free one is found' : 'name an address of this machine with --host',
        ),
      ),
    )
    server.listen(port, host, resolve)
  })
}

interface Asked {
  readonly served: Served
  readonly assets: Assets
  readonly path: string
  readonly query: URLSearchParams
  /** Where addresses begin. */
  readonly base: string
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly signal: AbortSignal
}

async function route({ served, assets, path, query, base, request, response, signal }: Asked): Promise<void> {
  const known = request.headers['if-none-match']
  const isHead = request.method === 'HEAD'
  const give = (answer: Answer | typeof unchanged): void => send(response, answer, isHead)
  const asset = assets.get(path)
  if (asset) return send(response, asset, isHead, pageHeaders)
  const [, kind, ...rest] = path.split('/')
  const parts = rest.map(decoded)
  const id = parts[0] ?? ''
  switch (kind) {
    case 'contents.json':
      if (rest.length === 0) return give(await contents(served))
      break
    case 'facts':
      if (parts.length === 1) return give(await facts(served, id))
      break
    case 'view':
      if (parts.length === 1) return streamView(served, id, query, response, signal)
      break
    case 'figure':
      if (parts.length === 1) return give(await figure(served, id, query, signal))
      break
    case 'deepzoom': {
      if (parts.length === 1 && id.endsWith('.dzi')) return give(await deepZoom(served, id.slice(0, -4)))
      if (parts.length === 3 && id.endsWith('_files'))
        return give(await deepZoomTile(served, id.slice(0, -6), `${parts[1]}/${parts[2]}`, known))
      break
    }
    case 'iiif': {
      const [version, name, ...more] = parts
      if (version !== '3' || name === undefined) break
      if (more.length === 0) {
        response.writeHead(303, { location: `${base}/iiif/3/${encodeURIComponent(name)}/info.json` }).end()
        return undefined
      }
      if (more.length === 1 && more[0] === 'info.json') return give(await information(served, name, base))
      return give(await image(served, name, more, known, signal))
    }
  }
  throw new Refused(404, 'there is nothing here')
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new Refused(400, 'the address is not well encoded')
  }
}

const common = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
}
/** Pages ask nobody but this server. */
const pageHeaders = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}

function send(
  response: ServerResponse,
  answer: Answer | typeof unchanged,
  isHead: boolean,
  more: Record<string, string> = {},
): void {
  const shared = response.hasHeader('access-control-allow-origin') ? { ...common, 'cross-origin-resource-policy': 'cross-origin' } : common // prettier-ignore
  if (answer === unchanged) {
    response.writeHead(304, shared).end()
    return
  }
  const { type, body, tag, name } = answer
  response.socket?.setTimeout(idle)
  response.writeHead(200, {
    ...shared,
    ...more,
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': tag === undefined ? 'no-store' : 'no-cache',
    ...(tag !== undefined && { etag: tag }),
    ...(name !== undefined && { 'content-disposition': `attachment; filename="${name}"` }),
  })
  response.end(isHead ? undefined : body)
}

function text(response: ServerResponse, status: number, message: string, more: Record<string, string> = {}): void {
  response.writeHead(status, { ...common, ...more, 'content-type': 'text/plain; charset=utf-8' }).end(`${message}\n`)
}

function fail(response: ServerResponse, error: unknown, say: (line: string) => void): void {
  if (response.destroyed || (error instanceof Error && error.name === 'AbortError')) return
  if (response.headersSent) {
    response.destroy()
    return
  }
  if (error instanceof Refused) text(response, error.status, error.message)
  else if (error instanceof Busy) text(response, 503, 'much is asked for at once: ask again in a second', { 'retry-after': '1' })
  else if (error instanceof UserError) {
    say(error.message)
    text(response, 500, 'this picture cannot be read; archc says why where it was started')
  } else {
    say(error instanceof Error ? (error.stack ?? error.message) : String(error))
    text(response, 500, 'something went wrong; archc says what where it was started')
  }
}
