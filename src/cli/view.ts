import { randomBytes } from 'node:crypto'
import { spawn } from 'node:child_process'
import type { Command } from 'commander'
import { UserError } from '../errors.ts'
import type { ViewNetwork } from '../runtime/view/enlarger.ts'
import type { Library } from '../runtime/view/library.ts'
import { carriedFile, carriedWeights, defaultWeights, type CarriedWeights } from '../runtime/weights/carried.ts'
import { carriedOption } from './carried-option.ts'
import { collect, count, engineFlags, networkSource, print, remark, UsageError, type CommonFlags } from './common.ts'
import { openEngine } from './open-engine.ts'

interface Flags extends CommonFlags {
  readonly weights?: CarriedWeights
  readonly run?: string
  readonly compare?: readonly string[]
  readonly port: number
  readonly host: string
  readonly cors?: boolean
  readonly open?: boolean
}

export function viewCommand(program: Command): void {
  const command = program
    .command('view')
    .argument('<pictures...>', 'slides and pictures')
    .description('look at slides in a browser: beyond their own resolution a network computes exactly the zoom that is shown')
    .option('--no-open', 'print the address, and open no browser')
    .addHelpText(
      'after',
      '\nExamples:\n  archc view slide.svs\n  archc view slide.svs --compare plain --compare runs/first\n  archc view a.svs b.png --port 8080 --no-open\n\nThe page is for this machine alone, and asks nobody but it. Computed pictures are for research, not for diagnosis.',
    )
  serving(command).action(async (files: string[], _: unknown, own: Command) => {
    const flags = own.optsWithGlobals<Flags>()
    const { Library } = await import('../runtime/view/library.ts')
    await requireFiles(files)
    const address = await serve(Library.ofFiles(files, remark), flags)
    if (flags.open !== false && process.stdout.isTTY) openBrowser(address)
  })
}

export function serveCommand(program: Command): void {
  const command = program
    .command('serve')
    .argument('<folder>', 'its slides and pictures, and those below it')
    .description(
      'serve slides to other viewers: IIIF Image API 3, level 2, and DeepZoom; what is larger than the scan is computed',
    )
    .addHelpText(
      'after',
      '\nAddresses, of slide.svs:\n  iiif/3/slide.svs/info.json                            what there is\n  iiif/3/slide.svs/1000,2000,512,512/^1300,/0/default.jpg   a region, enlarged by the network\n  iiif/3/slide.svs@x16/info.json                        a picture 16 times as large, for viewers that never ask for more\n  deepzoom/slide.svs.dzi                                DeepZoom\n\nExamples:\n  archc serve slides/ --port 8182 --cors\n  archc serve slides/ --host 10.0.0.5 --port 8182',
    )
  serving(command).action(async (folder: string, _: unknown, own: Command) => {
    const { Library } = await import('../runtime/view/library.ts')
    await serve(await Library.ofFolder(folder, remark), own.optsWithGlobals<Flags>())
  })
}

/** What both take. */
function serving(command: Command): Command {
  command
    .addOption(carriedOption())
    .option('--run <run>', `other weights: ${networkSource}`)
    .option('--compare <network>', 'one more to choose from, by the name of carried weights or a run; again for more', collect)
    .option('--port <n>', 'where to listen; a free one without it', count, 0)
    .option(
      '--host <address>',
      'an address of this machine that others reach; its page then has a token in its address',
      '127.0.0.1',
    )
    .option('--cors', 'let pages of other origins read pictures')
  return engineFlags(command).option('--json', 'print the address as a JSON object')
}

async function requireFiles(files: readonly string[]): Promise<void> {
  const { stat } = await import('node:fs/promises')
  for (const file of files)
    if (!(await stat(file).catch(() => undefined))?.isFile())
      throw new UserError(`${file}: there is no such file`, 'of a folder: archc serve')
}

/** Serves until it is told to stop. */
async function serve(library: Library, flags: Flags): Promise<string> {
  if (flags.port > 65_535) throw new UsageError(`--port ${flags.port}: ports end at 65535`)
  const { shareHeaps } = await import('../runtime/view/arenas.ts')
  shareHeaps()
  await openEngine(flags)
  const { openNetwork } = await import('../runtime/network/open-network.ts')
  const { Enlarger, requireAnyScale, viewNetwork } = await import('../runtime/view/enlarger.ts')
  const { loopback, startServer } = await import('../runtime/view/server.ts')
  const { openBicubic } = await import('../runtime/view/bicubic.ts')
  const path = await import('node:path')
  const opened = async (name: string): Promise<ViewNetwork> => {
    const carried = carriedWeights.find((each) => each.name === name)
    const source = carried ? carriedFile(carried) : name
    const network = viewNetwork(carried ? name : path.basename(name), await openNetwork(source, {}, 'layers'))
    requireAnyScale(network)
    return network
  }
  const chosen = flags.run ?? (flags.weights ?? defaultWeights).name
  const networks = [await opened(chosen), viewNetwork('bicubic', openBicubic())]
  for (const name of new Set(flags.compare)) if (name !== chosen) networks.push(await opened(name))
  const isLocal = loopback.includes(flags.host)
  const server = await startServer(
    { library, enlarger: new Enlarger(), networks },
    {
      host: flags.host,
      port: flags.port,
      say: remark,
      ...(!isLocal && { token: randomBytes(16).toString('base64url') }),
      ...(flags.cors && { cors: true }),
    },
  )
  if (!isLocal)
    remark(`${flags.host}: others can reach this; whoever has the address sees all pictures, and nothing is encrypted`)
  print(flags.json ? JSON.stringify({ address: server.address }) : server.address)
  remark('Ctrl-C ends it')
  const end = (signal: NodeJS.Signals): void => {
    void server.close().then(() => process.exit(signal === 'SIGINT' ? 130 : 143))
  }
  process.once('SIGINT', end)
  process.once('SIGTERM', end)
  return server.address
}

function openBrowser(address: string): void {
  const opener = process.platform === 'darwin' ? 'open' : 'xdg-open'
  spawn(opener, [address], { stdio: 'ignore', detached: true })
    .on('error', () => undefined)
    .unref()
}
