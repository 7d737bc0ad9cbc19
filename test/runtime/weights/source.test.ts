import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import { writeSafetensors } from '../../../src/runtime/files/safetensors.ts'
import { openWeights } from '../../../src/runtime/weights/source.ts'
import { root, temporaryFolder } from '../network/small.ts'
import {
  bytes,
  dict,
  global,
  int,
  legacyFile,
  list,
  pickle,
  reduce,
  storage,
  tensor,
  text,
  tuple,
  zip,
  zipFile,
} from './torch-bytes.ts'

const folder = temporaryFolder()
const fixture = (name: string): string => path.join(root, 'test', 'fixtures', 'weights', name)

let written = 0
function fileOf(content: Uint8Array, extension = '.pth'): string {
  written += 1
  const file = path.join(folder, `${written}${extension}`)
  writeFileSync(file, content)
  return file
}

interface Loaded {
  readonly shape: readonly number[]
  readonly dtype: string
  readonly values: readonly number[]
}

/** All tensors of every dict of a file by `key/name`. */
async function everything(file: string): Promise<Map<string, Loaded>> {
  const source = await openWeights(file)
  try {
    const all = new Map<string, Loaded>()
    for (const { key, names, shapeOf, load } of source.dicts)
      for (const [name, { shape, dtype, data }] of await load(names)) {
        expect(shapeOf(name)).toEqual(shape)
        all.set(`${key}/${name}`, { shape, dtype, values: [...data] })
      }
    return all
  } finally {
    await source.close()
  }
}

/** The formula of make.py. */
const formula = (shape: readonly number[], k: number): number[] =>
  Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, i) => (((7 * i + 13 * k) % 64) - 32) / 64)

const whole = formula([4, 6], 0)
const floats = (shape: readonly number[], values: readonly number[]): Loaded => ({ shape, dtype: 'F32', values })
const at = (rows: readonly number[], columns: readonly number[]): number[] =>
  rows.flatMap((row) => columns.map((column) => whole[6 * row + column]!))

const types: readonly (readonly [string, Loaded])[] = [
  ['float', floats([4, 6], whole)],
  ['same', floats([4, 6], whole)],
  ['transposed', floats([6, 4], [0, 1, 2, 3, 4, 5].flatMap((column) => at([0, 1, 2, 3], [column])))], // prettier-ignore
  ['window', floats([2, 3], at([1, 2], [2, 3, 4]))],
  ['every_second', floats([4, 3], at([0, 1, 2, 3], [0, 2, 4]))],
  ['expanded', floats([3, 6], at([0, 0, 0], [0, 1, 2, 3, 4, 5]))],
  ['double', floats([4, 6], whole)],
  ['half', floats([4, 6], whole)],
  ['bfloat', floats([4, 6], whole)],
  ['int', { shape: [6], dtype: 'I32', values: [-3, -2, -1, 0, 1, 2] }],
  ['long', { shape: [6], dtype: 'I32', values: [-3, -2, -1, 0, 1, 2] }],
  ['byte', { shape: [6], dtype: 'U8', values: [0, 1, 2, 3, 4, 5] }],
  ['bool', { shape: [3], dtype: 'U8', values: [1, 0, 1] }],
  ['scalar', floats([], [0.5])],
  ['empty', floats([0, 3], [])],
  ['parameter', floats([4, 6], whole)],
  ['channels_last', floats([2, 3, 4, 2], formula([2, 3, 4, 2], 1))],
]

describe('what PyTorch wrote', () => {
  test.each([
    ['types-zip.pt', 'PyTorch, zip'],
    ['types-legacy.pt', 'PyTorch, legacy'],
    ['types-protocol-4.pt', 'PyTorch, zip'],
  ])('%s: every type, however it lies in its storage', async (name, form) => {
    const source = await openWeights(fixture(name))
    expect(source.form).toBe(form)
    expect(source.dicts.map(({ key }) => key)).toEqual(['state_dict', 'norm'])
    await source.close()
    const all = await everything(fixture(name))
    for (const [tensorName, expected] of types)
      expect([tensorName, all.get(`state_dict/${tensorName}`)]).toEqual([tensorName, expected])
    expect(all.get('norm/running_var')).toEqual(floats([2], [1, 1]))
    expect(all.get('norm/num_batches_tracked')).toEqual({ shape: [], dtype: 'I32', values: [0] })
    expect(all.size).toBe(types.length + 5)
  })

  test('averaged weights come first, without the prefix of DataParallel', async () => {
    const all = await everything(fixture('ema.pth'))
    expect([...all]).toEqual([
      ['params_ema/a', floats([2], formula([2], 1))],
      ['params/a', floats([2], formula([2], 0))],
    ])
  })

  test('a training’s moments are no weights', async () => {
    for (const name of ['liif-zip.pth', 'liif-legacy.pth']) {
      const source = await openWeights(fixture(name))
      expect(source.dicts.map(({ key, names }) => [key, names.length])).toEqual([['model.sd', 32]])
      await source.close()
    }
  })

  test('a module that was saved whole has the tensors of its state dict; its class is never made', async () => {
    const all = await everything(fixture('network.pt'))
    expect([...all.keys()]).toEqual(['/weight', '/bias'])
  })

  test('numbers of a type that is not read are named where there are no others', async () => {
    const refused = openWeights(fixture('complex.pt'))
    await expect(refused).rejects.toThrow(UserError)
    await expect(refused).rejects.toThrow(/complex\.pt .*torch\.ComplexFloatStorage/)
  })
})

const ran = path.join(folder, 'ran')
const command = text(`touch ${ran}`)
const a = tensor(storage({ key: '0', count: 2 }), [2])
const two = new Map([['0', new Uint8Array(new Float32Array([1, 2]).buffer)]])
const short = (value: string): Buffer => bytes(0x8c, value.length, value)

/** A zip with its first entry deflated. */
const deflated = (name: string, content: Uint8Array, ...others: readonly (readonly [string, Uint8Array])[]): Buffer =>
  zip(new Map([[name, content], ...others]), undefined, true)

/** A zip whose directory says a byte less of every entry than there is. */
function lying(whole: Buffer): Buffer {
  const copy = Buffer.from(whole)
  for (let at = copy.indexOf('PK\x01\x02'); at >= 0; at = copy.indexOf('PK\x01\x02', at + 1))
    copy.writeUInt32LE(copy.readUInt32LE(at + 24) - 1, at + 24)
  return copy
}

/** Pickles that would run code, or speak of what tensors do not need, and what the refusal names. */
const malicious: readonly (readonly [string, Uint8Array, RegExp])[] = [
  ['os.system by REDUCE', reduce(global('os', 'system'), command), /os\.system/],
  ['posix.system, as pickle writes it', reduce(global('posix', 'system'), command), /posix\.system/],
  ['eval', reduce(global('builtins', 'eval'), command), /builtins\.eval/],
  ['Python 2’s eval', reduce(global('__builtin__', 'eval'), command), /__builtin__\.eval/],
  ['a call beside the tensors', dict(['a', a], ['b', reduce(global('os', 'system'), command)]), /os\.system/],
  ['a call as a tensor’s argument', dict(['a', tensor(reduce(global('os', 'system'), command), [2])]), /os\.system/],
  ['a call deep in a checkpoint', dict(['model', dict(['sd', list(tuple(reduce(global('nt', 'system'), command)))])]), /nt\.system/],
  ['a class that is never called', dict(['a', a], ['b', global('subprocess', 'Popen')]), /subprocess\.Popen/],
  ['STACK_GLOBAL', bytes(short('os'), short('system'), 0x93, tuple(command), 'R'), /os\.system/],
  ['a name with dots', bytes(short('torch._utils'), short('_rebuild_tensor_v2.__globals__'), 0x93), /_rebuild_tensor_v2\.__globals__/],
  ['NEWOBJ of a class that reaches the system', bytes(global('subprocess', 'Popen'), tuple(command), 0x81), /subprocess\.Popen/],
  ['__import__', reduce(global('builtins', '__import__'), text('os')), /builtins\.__import__/],
  ['BUILD of a list', bytes(global('torch', 'FloatStorage'), dict(), 'b'), /BUILD/],
  ['a persistent id of another kind', dict(['a', tensor(storage({ key: '0', count: 2 }, 'blob'), [2])]), /persistent id/],
  ['INST', bytes('(', command, 'ios\nsystem\n'), /opcode INST \(at byte/],
  ['OBJ', bytes('(', global('torch', 'FloatStorage'), 'o'), /opcode OBJ/],
  ['EXT1', bytes(0x82, 1), /opcode EXT1/],
  ['PERSID', bytes('Pstorage\n'), /opcode PERSID/],
  ['an opcode that there is not', bytes(0xff), /opcode 0xff/],
  ['a storage of another class', dict(['a', tensor(storage({ key: '0', count: 2 }, 'storage', text('os.system')), [2])]), /storage of the type/],
  ['other arguments', reduce(global('torch._utils', '_rebuild_tensor_v2'), command), /_rebuild_tensor_v2 with other arguments/],
] // prettier-ignore

describe('a malicious pickle is refused by the name of what it asks for, and nothing of it is run', () => {
  const files = malicious.flatMap(([what, value, names]) => [
    [`${what}, zip`, zipFile(value, two), names] as const,
    [`${what}, legacy`, legacyFile(value, two), names] as const,
  ])
  test.each(files)('%s', async (_what, content, names) => {
    const file = fileOf(content)
    const opened = openWeights(file)
    await expect(opened).rejects.toThrow(UserError)
    await expect(opened).rejects.toThrow(names)
    await expect(opened).rejects.toThrow(file)
    expect(existsSync(ran)).toBe(false)
  })

  test('in the parts of a legacy file that come before and after the object', async () => {
    const call = pickle(reduce(global('os', 'system'), command))
    const good = legacyFile(dict(['a', a]), two)
    await expect(openWeights(fileOf(call))).rejects.toThrow(/os\.system/)
    const start = good.indexOf(pickle(dict(['a', a])))
    await expect(openWeights(fileOf(Buffer.concat([good.subarray(0, start), call])))).rejects.toThrow(/os\.system/)
    const keys = good.indexOf(pickle(list(text('0'))))
    await expect(openWeights(fileOf(Buffer.concat([good.subarray(0, keys), call])))).rejects.toThrow(/os\.system/)
  })

  test('the same pieces without the call are read', async () => {
    for (const content of [zipFile(dict(['a', a]), two), legacyFile(dict(['a', a]), two)])
      expect([...(await everything(fileOf(content)))]).toEqual([['/a', floats([2], [1, 2])]])
  })

  test('a dict that holds itself ends', async () => {
    const knot = bytes('}', 'q', 0, '(', text('itself'), 'h', 0, text('a'), a, 'u')
    expect([...(await everything(fileOf(zipFile(knot, two)))).keys()]).toEqual(['/a'])
  })
})

/** What people save beside the tensors: each is a value that nobody looks into, or into whose dicts somebody looks. */
const beside: readonly (readonly [string, Uint8Array])[] = [
  ['a scalar of NumPy', reduce(global('numpy._core.multiarray', 'scalar'), reduce(global('numpy', 'dtype'), text('f8'), bytes(0x89), bytes(0x88)), bytes('C', 2, 'ab'))],
  ['an array of NumPy', bytes(reduce(global('numpy.core.multiarray', '_reconstruct'), global('numpy', 'ndarray'), tuple(int(0)), bytes('C', 1, 'b')), tuple(int(1), tuple(int(2))), 'b')],
  ['argparse.Namespace', bytes(global('argparse', 'Namespace'), ')', 0x81, dict(['lr', int(1)]), 'b')],
  ['argparse.Namespace by protocol 1', bytes(reduce(global('copy_reg', '_reconstructor'), global('argparse', 'Namespace'), global('__builtin__', 'object'), bytes('N')), dict(['lr', int(1)]), 'b')],
  ['NEWOBJ_EX', bytes(global('mine', 'Options'), tuple(), dict(), 0x92)],
  ['a class', global('models.edsr', 'EDSR')],
  ['a name that every object has', bytes(short('constructor'), short('constructor'), 0x93, tuple(), 'R')],
  ['a bound method', reduce(global('builtins', 'getattr'), bytes(global('mine', 'Schedule'), ')', 0x81), text('lambda'))],
  ['what a call gives, called', bytes(reduce(global('functools', 'partial'), global('mine', 'f')), tuple(int(1)), 'R')],
  ['a set', bytes(0x8f, '(', int(1), int(2), 0x90)],
  ['a frozen set', bytes('(', int(1), 0x91)],
  ['a bytearray', bytes(0x96, 2, 0, 0, 0, 0, 0, 0, 0, 'ab')],
  ['a device', reduce(global('torch', 'device'), text('cuda'), int(0))],
  ['a type of numbers', global('torch', 'float32')],
  ['a tensor of a type that is not read', tensor(storage({ key: '9', count: 2 }, 'storage', global('torch', 'ComplexFloatStorage')), [2])],
  ['a quantised tensor', reduce(global('torch._utils', '_rebuild_qtensor'), storage({ key: '9', count: 2 }, 'storage', global('torch', 'QInt8Storage')))],
  ['a list of a class of its own', bytes(global('mine', 'Losses'), ')', 0x81, '(', int(1), int(2), 'e')],
  ['an optimiser by any name', dict(['state', dict(['0', dict(['exp_avg', a])])], ['param_groups', list(dict(['lr', int(1)]))])],
] // prettier-ignore

describe('what stands beside the tensors hides none of them', () => {
  const files = beside.flatMap(([what, value]) => [
    [`${what}, zip`, zipFile(dict(['a', a], ['beside', value]), two)] as const,
    [`${what}, legacy`, legacyFile(dict(['beside', value], ['a', a]), two)] as const,
  ])
  test.each(files)('%s', async (_what, content) => {
    expect([...(await everything(fileOf(content)))]).toEqual([['/a', floats([2], [1, 2])]])
  })

  test.each([
    ['a tuple of state dicts', tuple(dict(['a', a]), dict(['b', a])), ['0/a', '1/b']],
    ['a dict of a class of its own', bytes(global('mine', 'Dict'), ')', 0x81, '(', text('a'), a, 'u'), ['/a']],
    ['attributes of an object', bytes(global('mine', 'Trainer'), ')', 0x81, dict(['net', dict(['a', a])]), 'b'), ['net/a']],
    ['a defaultdict', bytes(reduce(global('collections', 'defaultdict'), global('builtins', 'list')), '(', text('a'), a, 'u'), ['/a']],
    ['a parameter with a state', dict(['a', reduce(global('torch._utils', '_rebuild_parameter_with_state'), a, bytes(0x88), dict(), dict())]), ['/a']],
    ['a tensor of a class of its own', dict(['a', reduce(global('torch._tensor', '_rebuild_from_type_v2'), global('torch._utils', '_rebuild_tensor_v2'), global('fastai', 'TensorImage'), tuple(storage({ key: '0', count: 2 }), int(0), tuple(int(2)), tuple(int(1)), bytes(0x89), dict()), dict())]), ['/a']],
    ['modules in modules', bytes(global('mine', 'Net'), ')', 0x81, dict(['_parameters', dict()], ['_buffers', dict(['mean', a], ['passing', a])], ['_non_persistent_buffers_set', bytes(0x8f, '(', text('passing'), 0x90)], ['_modules', dict(['head', bytes(global('torch.nn', 'Conv2d'), ')', 0x81, dict(['_parameters', dict(['weight', a], ['bias', bytes('N')])], ['_modules', dict()]), 'b')])]), 'b'), ['/mean', '/head.weight']],
  ] as const)('%s', async (_what, value, names) => {
    expect([...(await everything(fileOf(zipFile(value, two)))).keys()]).toEqual(names)
  }) // prettier-ignore
})

describe('a file that would fill the memory is refused before it does', () => {
  const window = (key: string): Uint8Array => tensor(storage({ key, count: 2 }), [1024, 1024], [0, 0])
  const many = (count: number, of: (at: number) => Uint8Array): Uint8Array => dict(...Array.from({ length: count }, (_, at) => [`w${at}`, of(at)] as const)) // prettier-ignore

  test.each([
    ['a pickle of zeros, compressed', deflated('x/data.pkl', new Uint8Array(2 ** 26)), /unpack to 67\.1 MB.*nothing of it was unpacked/],
    ['a storage of zeros, compressed', deflated('x/data/0', new Uint8Array(2 ** 26), ['x/data.pkl', pickle(dict(['a', a]))]), /unpack to/],
    ['an entry that is larger than it says', lying(zipFile(dict(['a', a]), two)), /(?:cannot be unpacked|damaged or cut short)/],
    ['a dict a byte', zipFile(new Uint8Array(1_100_000).fill(0x7d)), /more than 1,000,000 lists and dicts/],
    ['a value kept a byte', zipFile(bytes('N', new Uint8Array(4_100_000).fill(0x94))), /keeps more than 4,000,000 values/],
    ['one storage for a thousand windows', zipFile(many(1000, () => window('0')), two), /repeats 2 elements/],
    ['a tensor of a thousand axes', zipFile(dict(['a', tensor(storage({ key: '0', count: 2 }), new Array<number>(1000).fill(1))]), two), /other arguments/],
  ] as const)('%s', async (_what, content, message) => {
    const file = fileOf(content)
    const before = process.memoryUsage().rss
    const read = everything(file)
    await expect(read).rejects.toThrow(UserError)
    await expect(read).rejects.toThrow(message)
    expect(process.memoryUsage().rss - before).toBeLessThan(600e6)
  }) // prettier-ignore
})

describe('what is no file of weights is named', () => {
  const tar = (name: string): Buffer => {
    const block = Buffer.alloc(1024)
    block.write(name)
    block.write('ustar', 257)
    return block
  }
  test.each([
    ['a tar of early PyTorch', tar('sys_info'), /a tar of PyTorch before version 0\.1\.10/],
    ['a tar', tar('net.pth'), /a tar, of several files/],
    ['a gzip', gzipSync('x'), /packed by gzip/],
    ['an HDF5', Buffer.from('\x89HDF\r\n\x1a\n', 'latin1'), /HDF5/],
    ['an array of NumPy', Buffer.from('\x93NUMPY', 'latin1'), /one array of NumPy/],
    ['a pointer of Git LFS', Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:0\n'), /Git LFS/],
    ['a page of the web', Buffer.from('\n<!DOCTYPE html><html>'), /a page of the web/],
  ])('%s', async (_what, content, message) => {
    for (const extension of ['.pth', '.safetensors']) {
      const refused = openWeights(fileOf(content, extension))
      await expect(refused).rejects.toThrow(UserError)
      await expect(refused).rejects.toThrow(message)
    }
  })

  test.runIf(process.platform === 'linux')('a pipe, a device and a socket are not waited for', async () => {
    const pipe = path.join(folder, 'pipe.pth')
    execFileSync('mkfifo', [pipe])
    const socket = path.join(folder, 'socket.pth')
    const server = createServer().listen(socket)
    await once(server, 'listening')
    await expect(openWeights(pipe)).rejects.toThrow(/cannot read .*pipe\.pth: it is a pipe/)
    await expect(openWeights(socket)).rejects.toThrow(/cannot read .*socket\.pth: it is a socket/)
    await expect(openWeights('/dev/zero')).rejects.toThrow('cannot read /dev/zero: it is a device')
    server.close()
  })
})

describe('a damaged file is refused by its name, and by the tensor at fault', () => {
  const oneOf = (value: Uint8Array): Uint8Array => dict(['net.weight', value])
  const entries = (changes: Readonly<Record<string, Uint8Array | undefined>> = {}): Map<string, Uint8Array> => {
    const all = { 'x/data.pkl': pickle(oneOf(a)), 'x/data/0': two.get('0'), ...changes }
    return new Map(Object.entries(all).flatMap(([name, data]) => (data ? [[name, data] as const] : [])))
  }
  const kept = (name: string, length: number): Buffer => readFileSync(fixture(name)).subarray(0, length)
  const cases: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ['a zip that is cut short', kept('liif-zip.pth', 30_000), /zip is damaged or cut short/],
    ['a zip without its last byte', kept('liif-zip.pth', 64_476), /zip is damaged or cut short/],
    ['a legacy file cut in its numbers', kept('liif-legacy.pth', 30_000), /ends within storage \d+ \(of tensor encoder\.\S+\)/],
    ['a legacy file cut in its pickle', kept('liif-legacy.pth', 1_000), /pickle ends in the middle/],
    ['three bytes', kept('liif-legacy.pth', 3), /pickle ends in the middle/],
    ['nothing at all', new Uint8Array(0), /no file of weights/],
    ['a text', Buffer.from('Not found'), /no file of weights/],
    ['a zip of something else', zip(new Map([['a.txt', Buffer.from('a')]])), /no data\.pkl/],
    ['a TorchScript program', zip(entries({ 'x/constants.pkl': pickle(tuple()) })), /TorchScript/],
    ['a storage that is not there', zip(entries({ 'x/data/0': undefined })), /no x\/data\/0 \(of tensor net\.weight\)/],
    ['a storage of another size', zip(entries({ 'x/data/0': new Uint8Array(4) })), /4 bytes, tensor net\.weight needs 8/],
    ['a flipped bit', zip(entries(), (name, data) => name.endsWith('/0') && (data[0]! ^= 1)), /data\/0 \(of tensor net\.weight\) is damaged/],
    ['a flipped bit in the pickle', zip(entries(), (name, data) => name.endsWith('.pkl') && (data[9]! ^= 1)), /data\.pkl is damaged/],
    ['a tensor beyond its storage', zipFile(oneOf(tensor(storage({ key: '0', count: 2 }), [3])), two), /net\.weight \(\[3\]\) reaches beyond/],
    ['an offset beyond its storage', zipFile(oneOf(tensor(storage({ key: '0', count: 2 }), [2], [1], 1)), two), /net\.weight .* reaches beyond/],
    ['a shape that would fill the memory', zipFile(oneOf(tensor(storage({ key: '0', count: 2 }), [65536, 65536], [0, 0])), two), /net\.weight .* repeats/],
    ['a legacy count below zero', legacyFile(oneOf(a), two, { keys: ['0'], count: () => -1 }), /ends within storage 0/],
    ['a legacy count that lies', legacyFile(oneOf(a), two, { keys: ['0'], count: () => 1 }), /storage 0 has 1 elements, tensor net\.weight needs 2/],
    ['a legacy key of no tensor', legacyFile(oneOf(a), two, { keys: ['7'] }), /storage 7 belongs to no tensor/],
    ['a legacy file without its keys', legacyFile(oneOf(a), two, { keys: [] }), /no storage 0 \(of tensor net\.weight\)/],
    ['a pickle of someone else', pickle(dict(['a', int(1)])), /torch\.save did not write it/],
    ['nothing under names', zipFile(list(a), two), /no tensors under names/],
    ['a stack that runs empty', zipFile(bytes('R')), /more from its stack/],
    ['a value that was not kept', zipFile(bytes('h', 3)), /never kept/],
    ['a text that is not UTF-8', zipFile(bytes('X', 1, 0, 0, 0, 0xff)), /not UTF-8/],
  ] // prettier-ignore

  test.each(cases)('%s', async (_what, content, message) => {
    const file = fileOf(content)
    const read = everything(file)
    await expect(read).rejects.toThrow(UserError)
    await expect(read).rejects.toThrow(message)
    await expect(read).rejects.toThrow(file)
  })

  test('a file that is not there', async () => {
    await expect(openWeights(path.join(folder, 'none.pth'))).rejects.toThrow(/none\.pth: there is no such file/)
  })
})

describe('safetensors', () => {
  test('is told by what it holds', async () => {
    const named = path.join(folder, 'plain.safetensors')
    await writeSafetensors(named, new Map([['a', { shape: [2], dtype: 'F32', data: new Float32Array([1, 2]) }]]))
    const other = fileOf(readFileSync(named), '.bin')
    for (const file of [named, other]) expect([...(await everything(file))]).toEqual([['/a', floats([2], [1, 2])]])
  })

  test.each([
    ['a pickle', 0x0280],
    ['a zip', 0x4b50],
  ])('is not taken for %s because of its header’s length', async (_what, length) => {
    const named = path.join(folder, `${length}.safetensors`)
    const tensors = new Map([['a', { shape: [2], dtype: 'F32' as const, data: new Float32Array([1, 2]) }]])
    await writeSafetensors(named, tensors, { text: '' })
    const bare = Number(readFileSync(named).readBigUInt64LE())
    await writeSafetensors(named, tensors, { text: ' '.repeat(length - bare) })
    expect(Number(readFileSync(named).readBigUInt64LE())).toBe(length)
    expect([...(await everything(named))]).toEqual([['/a', floats([2], [1, 2])]])
  })

  test('cut short is refused by its name', async () => {
    const named = path.join(folder, 'cut.safetensors')
    writeFileSync(named, Buffer.from([200, 0, 0, 0, 0, 0, 0, 0, 123]))
    await expect(openWeights(named)).rejects.toThrow(/cut\.safetensors is not a whole safetensors file/)
  })
})
