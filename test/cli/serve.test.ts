import http from 'node:http'
import net from 'node:net'
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRandom } from '../../src/runtime/files/random.ts'
import { root, temporaryFolder } from '../runtime/network/small.ts'
import { archc, startArchc, type Started } from './run-archc.ts'

const folder = temporaryFolder()
const served = path.join(folder, 'served')
const slide = 'CMU-1-Small-Region.svs'
const text = `model Sampled {
  scale m in 1 .. 64
  input lr: [B, h, w, 3] as image
  input coord: [B, q, 2] as coordinates
  output rgb: [B, q, 3] as samples
  return sample(lr, coord, kernel: bicubic)
}
evaluate { m: 2 }
`
const network = path.join(folder, 'sampled.arch')

interface Got {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: Buffer
}

interface Serving {
  readonly started: Started
  readonly port: number
  readonly address: string
}

async function serve(...args: readonly string[]): Promise<Serving> {
  const started = startArchc(['serve', served, '--run', network, ...args])
  const address = await new Promise<string>((resolve, reject) => {
    createInterface({ input: started.child.stdout! }).once('line', resolve)
    void started.outcome.then(({ stderr }) => reject(new Error(stderr)))
  })
  return { started, address, port: Number(new URL(address).port) }
}

function get(port: number, address: string, options: http.RequestOptions = {}): Promise<Got> {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port, path: address, agent: false, ...options }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(parts) }))
      response.on('error', reject)
    })
    request.on('error', reject).end()
  })
}

let serving: Serving
const ask = (address: string, options?: http.RequestOptions): Promise<Got> => get(serving.port, address, options)
const image = (rest: string, id = slide): string => `/iiif/3/${encodeURIComponent(id)}/${rest}`
const pixels = async ({ body }: Got) => {
  const { data, info } = await sharp(body).raw().toBuffer({ resolveWithObject: true })
  return { data, width: info.width, height: info.height }
}

beforeAll(async () => {
  mkdirSync(path.join(served, 'below'), { recursive: true })
  writeFileSync(network, text)
  copyFileSync(path.join(root, 'samples', 'slides', slide), path.join(served, slide))
  const secret = path.join(folder, 'secret.png')
  const picture = { create: { width: 90, height: 60, channels: 3, background: '#345' } } as const
  await sharp(picture).png().toFile(secret)
  await sharp(picture)
    .png()
    .toFile(path.join(served, 'below', 'a b.png'))
  await sharp(picture).png().toFile(path.join(served, '.hidden.png'))
  symlinkSync(secret, path.join(served, 'link.png'))
  symlinkSync(folder, path.join(served, 'up'))
  writeFileSync(path.join(served, 'notes.txt'), 'names')
  serving = await serve()
})

afterAll(async () => {
  serving.started.child.kill('SIGTERM')
  const { code } = await serving.started.outcome
  expect(code).toBe(143)
})

describe('what is served', () => {
  it('lists slides and pictures, and nothing that a link leads out to', async () => {
    const { status, body, headers } = await ask('/contents.json')
    expect(status).toBe(200)
    expect((JSON.parse(body.toString()) as { pictures: unknown }).pictures).toEqual([
      { id: slide, name: slide },
      { id: 'below/a b.png', name: 'below/a b.png' },
    ])
    expect(headers['access-control-allow-origin']).toBeUndefined()
  })

  it('says of a slide its size, micrometres and magnification, and nothing else', async () => {
    const { body } = await ask(`/facts/${slide}`)
    expect(JSON.parse(body.toString())).toEqual({ id: slide, width: 2220, height: 2967, mpp: { x: 0.499, y: 0.499 }, magnification: 20 }) // prettier-ignore
  })

  it('gives a page that asks nobody else', async () => {
    const { status, headers, body } = await ask('/')
    expect(status).toBe(200)
    expect(headers['content-security-policy']).toContain("default-src 'none'")
    expect(body.toString()).not.toMatch(/https?:\/\//)
    for (const asset of ['/page.js', '/page.css', '/openseadragon.js']) expect((await ask(asset)).status).toBe(200)
  })

  it('is an IIIF image service of level 2, also 16 times as large', async () => {
    const own = JSON.parse((await ask(image('info.json'))).body.toString()) as Record<string, unknown>
    expect(own).toMatchObject({ id: `http://127.0.0.1:${serving.port}/iiif/3/${slide}`, type: 'ImageService3', profile: 'level2', width: 2220, height: 2967, maxArea: 4096 ** 2 }) // prettier-ignore
    const large = JSON.parse((await ask(image('info.json', `${slide}@x16`))).body.toString()) as Record<string, unknown>
    expect(large).toMatchObject({ width: 16 * 2220, height: 16 * 2967 })
    expect((await ask(`/iiif/3/${slide}`)).headers['location']).toBe(`http://127.0.0.1:${serving.port}/iiif/3/${slide}/info.json`)
  })

  it.each([
    ['full/max/0/default.jpg', [2220, 2967]],
    ['square/200,/0/default.png', [200, 200]],
    ['600,900,300,200/max/0/default.png', [300, 200]],
    ['600,900,300,200/,100/0/gray.jpg', [150, 100]],
    ['600,900,300,200/pct:50/0/default.jpg', [150, 100]],
    ['600,900,300,200/!60,60/0/bitonal.png', [60, 40]],
    ['600,900,300,200/150,90/90/color.jpg', [90, 150]],
    ['2200,2900,300,200/max/0/default.png', [20, 67]],
    ['pct:25,25,10,10/max/!180/default.png', [222, 297]],
    ['600,900,300,200/^999,666/0/default.png', [999, 666]],
    ['600,900,300,200/^!700,700/0/default.jpg', [700, 467]],
    ['600,900,300,200/^600,100/0/default.png', [600, 100]],
  ])('%s', async (rest, size) => {
    const got = await ask(image(rest))
    expect(got.status, got.body.toString().slice(0, 200)).toBe(200)
    const { width, height } = await pixels(got)
    expect([width, height]).toEqual(size)
  })

  it('enlarges a region as archc upscale does, also as a part of the larger picture', async () => {
    const out = path.join(folder, 'region.tif')
    const upscale = ['upscale', path.join(served, slide), '--scale', '3', '--region', '620,560,300,200', '--everything', '--lossless', '--run', network, '-o', out] // prettier-ignore
    expect((await archc(upscale)).code).toBe(0)
    const wanted = await sharp(out).removeAlpha().raw().toBuffer()
    const far = (data: Buffer): number => data.reduce((most, value, at) => Math.max(most, Math.abs(value - wanted[at]!)), 0)
    expect(far((await pixels(await ask(image('620,560,300,200/^900,600/0/default.png')))).data)).toBeLessThanOrEqual(1)
    const large = await ask(image('9920,8960,4800,3200/900,600/0/default.png', `${slide}@x16`))
    expect(far((await pixels(large)).data)).toBeLessThanOrEqual(1)
    const view = await ask(`/view/${slide}?network=sampled.arch&zoom=3&left=1860&top=1680&right=2760&bottom=2280`)
    expect(view.status).toBe(200)
    const shown = Buffer.alloc(wanted.length)
    for (let at = 0; at < view.body.length;) {
      const [left, top, across, down, length] = [0, 4, 8, 12, 16].map((offset) => view.body.readUInt32LE(at + offset)) as [number, number, number, number, number] // prettier-ignore
      for (let row = 0; row < down; row += 1)
        view.body.copy(
          shown,
          3 * ((top - 1680 + row) * 900 + left - 1860),
          at + 20 + 3 * row * across,
          at + 20 + 3 * (row + 1) * across,
        )
      at += 20 + length
    }
    expect(far(shown)).toBeLessThanOrEqual(1)
  })

  it('gives DeepZoom, and tells what has not changed', async () => {
    expect((await ask(`/deepzoom/${slide}.dzi`)).body.toString()).toContain('<Size Width="2220" Height="2967"/>')
    const tile = await ask(`/deepzoom/${slide}_files/12/2_3.jpg`)
    expect(await pixels(tile)).toMatchObject({ width: 256, height: 256 })
    expect(await pixels(await ask(`/deepzoom/${slide}_files/12/8_11.jpg`))).toMatchObject({ width: 172, height: 151 })
    expect(await pixels(await ask(`/deepzoom/${slide}_files/0/0_0.jpg`))).toMatchObject({ width: 1, height: 1 })
    const again = await ask(`/deepzoom/${slide}_files/12/2_3.jpg`, { headers: { 'if-none-match': tile.headers.etag! } })
    expect([again.status, again.body.length]).toEqual([304, 0])
  })

  it('saves a view as a figure with what it is', async () => {
    const { status, body, headers } = await ask(
      `/figure/${slide}?network=sampled.arch&zoom=3&left=1860&top=1680&right=2360&bottom=1980`,
    )
    expect(status).toBe(200)
    expect(headers['content-disposition']).toContain('attachment')
    const { exif, width, height } = await sharp(body).metadata()
    expect([width, height! > 300]).toEqual([500, true])
    expect(exif!.toString('latin1')).toContain('enlarged 3 times, as 60x')
    expect(exif!.toString('latin1')).toContain('not for diagnosis')
  })
})

describe('what is refused', () => {
  it.each([
    '/iiif/3/..%2Fsecret.png/info.json',
    '/iiif/3/%2e%2e%2fsecret.png/info.json',
    '/iiif/3/%2Fetc%2Fpasswd/info.json',
    '/iiif/3/link.png/info.json',
    '/iiif/3/up%2Fsecret.png/info.json',
    '/iiif/3/.hidden.png/info.json',
    '/iiif/3/notes.txt/info.json',
    '/deepzoom/..%2Fsecret.png.dzi',
    '/../secret.png',
    '/facts/below%2F..%2F..%2Fsecret.png',
    '/page.js/..%2f..%2fsecret.png',
    `/iiif/3/${slide}@x65/info.json`,
    `/deepzoom/${slide}_files/13/0_0.jpg`,
  ])('%s is not there', async (address) => {
    const { status, body } = await ask(address)
    expect(status).toBe(404)
    expect(body.toString()).not.toContain(folder)
  })

  it.each([
    '0,0,0,10/max/0/default.jpg',
    '3000,0,10,10/max/0/default.jpg',
    'full/^9000,/0/default.jpg',
    'full/^8000,8000/0/default.jpg',
    'full/3000,/0/default.jpg',
    '0,0,1,1/^500,500/0/default.jpg',
    'full/max/361/default.jpg',
    'full/max/0/best.jpg',
    'full/max/0/default.gif',
    'full/max/0/default.jpg/more',
    '1e9,0,1,1/max/0/default.jpg',
    '-1,0,1,1/max/0/default.jpg',
    'full/,/0/default.jpg',
    '%E0%A4%A/max/0/default.jpg',
  ])('%s is a wrong image', async (rest) => {
    expect((await ask(image(rest))).status).toBe(400)
  })

  it.each([
    ['zoom=1e9&left=0&top=0&right=9&bottom=9', 400],
    ['zoom=NaN&left=0&top=0&right=9&bottom=9', 400],
    ['zoom=2&left=0&top=0&right=4440&bottom=5934', 400],
    ['zoom=2&left=-5&top=0&right=9&bottom=9', 400],
    ['zoom=0.5&left=0&top=0&right=9&bottom=9', 400],
  ])('the view %s', async (query, status) => {
    expect((await ask(`/view/${slide}?network=sampled.arch&${query}`)).status).toBe(status)
    expect((await ask(`/view/${slide}?network=none&${query}`)).status).toBe(404)
  })

  it('other hosts (DNS rebinding), other origins, other methods', async () => {
    expect((await ask('/contents.json', { headers: { host: `evil.example:${serving.port}` } })).status).toBe(421)
    expect((await ask('/contents.json', { headers: { host: `localhost:${serving.port}` } })).status).toBe(200)
    expect((await ask('/contents.json', { headers: { origin: 'http://evil.example' } })).status).toBe(403)
    expect((await ask('/contents.json', { headers: { origin: 'null' } })).status).toBe(403)
    expect((await ask('/contents.json', { headers: { origin: serving.address.slice(0, -1) } })).status).toBe(200)
    expect((await ask('/contents.json', { method: 'POST' })).status).toBe(405)
    expect((await ask('/contents.json', { method: 'HEAD' })).body).toHaveLength(0)
    expect((await ask(`/${'a'.repeat(5000)}`)).status).toBe(414)
  })

  it('floods: what is too much is told to come again', async () => {
    const view = (at: number): string =>
      `/view/${slide}?network=sampled.arch&zoom=${2 + at / 100}&left=0&top=0&right=700&bottom=700`
    const all = await Promise.all(Array.from({ length: 40 }, (_, at) => ask(view(at))))
    const busy = all.filter(({ status }) => status === 503)
    expect(busy.length).toBeGreaterThan(0)
    expect(busy[0]!.headers['retry-after']).toBe('1')
    expect(all.filter(({ status }) => status === 200).length).toBeGreaterThan(0)
    expect((await ask('/contents.json')).status).toBe(200)
  })

  it('survives who leaves, who is slow, and whatever is asked', async () => {
    const sockets = Array.from({ length: 20 }, (_, at) => {
      const socket = net.connect(serving.port, '127.0.0.1')
      socket.on('error', () => undefined)
      const begun = `GET /view/${slide}?network=sampled.arch&zoom=2&left=0&top=0&right=2000&bottom=2000 HTTP/1.1\r\nHost: 127.0.0.1:${serving.port}\r\n`
      socket.write(at % 2 === 0 ? begun : `${begun}\r\n`)
      if (at % 2 === 1) setTimeout(() => socket.destroy(), 5 * at)
      return socket
    })
    const random = createRandom(3)
    const words = [slide, 'full', 'max', '^max', '0', 'default.jpg', '..', '%00', '%2e%2e', 'iiif', '3', 'view', 'deepzoom', '-1', '99999999999', '^1,1', 'info.json', '<script>', '%ff'] // prettier-ignore
    for (let at = 0; at < 300; at += 1) {
      const address = `/${Array.from({ length: 1 + random.int(7) }, () => random.pick(words)).join('/')}`.replaceAll('<', '%3C').replaceAll('>', '%3E') // prettier-ignore
      const { status } = await ask(address)
      expect([200, 303, 400, 404, 500, 503], address).toContain(status)
      expect(status, address).not.toBe(500)
    }
    for (const socket of sockets) socket.destroy()
    expect((await ask('/contents.json')).status).toBe(200)
  })
})

it('--cors answers other origins; --host needs a token', async () => {
  const open = await serve('--cors')
  const { status, headers } = await get(open.port, '/contents.json', { headers: { origin: 'http://viewer.example' } })
  expect([status, headers['access-control-allow-origin']]).toEqual([200, '*'])
  open.started.child.kill('SIGTERM')
  await open.started.outcome
  const shared = await serve('--host', '127.0.0.2')
  const { pathname, host } = new URL(shared.address)
  const options = { host: '127.0.0.2', headers: { host } }
  expect(pathname).toMatch(/^\/[\w-]{22}\/$/)
  expect((await get(shared.port, `${pathname}contents.json`, options)).status).toBe(200)
  expect((await get(shared.port, '/contents.json', options)).status).toBe(403)
  expect((await get(shared.port, `/${'A'.repeat(22)}/contents.json`, options)).status).toBe(403)
  const own = JSON.parse((await get(shared.port, `${pathname}iiif/3/${slide}/info.json`, options)).body.toString()) as {
    id: string
  }
  expect(own.id).toBe(`http://${host}${pathname}iiif/3/${slide}`)
  shared.started.child.kill('SIGTERM')
  const { stderr } = await shared.started.outcome
  expect(stderr).toContain('others can reach this')
})

it.each([
  [['serve', 'nowhere'], /nowhere is no folder\n +help: name a folder/],
  [['view', 'nowhere.svs'], /nowhere\.svs: there is no such file/],
  [['serve', '.', '--port', '70000'], /--port 70000: ports end at 65535/],
])('%s', async (args, said) => {
  const { code, stderr } = await archc(args)
  expect(code).not.toBe(0)
  expect(stderr).toMatch(said)
})
