/** A value of a pickle. `E` are the values that the caller's world adds. */
export type Value<E> =
  null | boolean | number | bigint | string | Uint8Array | List<E> | Tuple<E> | Dict<E> | Global | Opaque<E> | E

export interface List<E> {
  readonly kind: 'list'
  readonly items: Value<E>[]
}

export interface Tuple<E> {
  readonly kind: 'tuple'
  readonly items: readonly Value<E>[]
}

/** A dict, ordered ones too. Keys are compared as Map does: texts and numbers by value. */
export interface Dict<E> {
  readonly kind: 'dict'
  readonly items: Map<Value<E>, Value<E>>
}

/** A global by its name, `torch.FloatStorage`: it stands for itself until it is called. */
export interface Global {
  readonly kind: 'global'
  readonly name: string
}

/**
 * An object of a class that nobody here knows: a numpy scalar, an argparse.Namespace, an optimiser, a module. It is a name with what the file
 * says of it, and nothing is made of it: `items` are those of a class that is a kind of dict, `state` is what BUILD gives to an object.
 */
export interface Opaque<E> {
  readonly kind: 'opaque'
  readonly name: string
  readonly items: Map<Value<E>, Value<E>>
  state: Value<E>
}

export const opaque = <E>(name: string): Opaque<E> => ({ kind: 'opaque', name, items: new Map(), state: null })

/** What a pickle may speak of. */
export interface World<E> {
  /** Throws for a global that may not be named. */
  allow(name: string): void
  /** What calling a global gives: an opaque value where it is none that is known. Throws where it takes other arguments. */
  call(name: string, args: readonly Value<E>[]): Value<E>
  /** What a persistent id stands for. */
  persistent(id: Value<E>): Value<E>
  /** The error for a pickle that is damaged or does what it must not. */
  broken(what: string): Error
}

/** Opcodes that are known and refused. */
const refused: Readonly<Record<number, string>> = {
  0x69: 'INST', 0x6f: 'OBJ', 0x82: 'EXT1', 0x83: 'EXT2', 0x84: 'EXT4', 0x50: 'PERSID', 0x97: 'NEXT_BUFFER', 0x98: 'READONLY_BUFFER',
  0x49: 'INT', 0x4c: 'LONG', 0x46: 'FLOAT', 0x53: 'STRING', 0x56: 'UNICODE', 0x70: 'PUT', 0x67: 'GET', 0x32: 'DUP',
} // prettier-ignore

const mark = Symbol('mark')

/**
 * The most lists, dicts and objects that a pickle may make, and the most values that it may keep: one byte of it makes an empty dict, which takes
 * some hundred. A checkpoint of ten thousand tensors with its optimiser makes some two hundred thousand.
 */
const most = { containers: 1_000_000, memo: 4_000_000 } as const

/**
 * Reads a pickle as data, from `start` up to STOP; `end` is the position after it. A pickle is a program for a small stack
 * machine; this one has only what builds plain values. Which globals a pickle may name, what calling them gives and what its
 * persistent ids stand for is the world's; nothing is ever imported or run.
 * Throws the world's errors.
 */
export function unpickle<E>(bytes: Uint8Array, start: number, world: World<E>): { value: Value<E>; end: number } {
  return new Machine(bytes, start, world).run()
}

class Machine<E> {
  private readonly stack: (Value<E> | typeof mark)[] = []
  private readonly memo = new Map<number, Value<E>>()
  private containers = 0
  private readonly view: DataView
  private readonly text = new TextDecoder('utf-8', { fatal: true })

  constructor(
    private readonly bytes: Uint8Array,
    private at: number,
    private readonly world: World<E>,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  run(): { value: Value<E>; end: number } {
    for (;;) {
      const place = this.at
      const opcode = this.take(1)[0]!
      if (opcode === 0x2e) return { value: this.pop(), end: this.at }
      this.step(opcode, place)
    }
  }

  private step(opcode: number, place: number): void {
    switch (opcode) {
      case 0x80: // PROTO
        return void this.take(1)
      case 0x95: // FRAME
        return void this.take(8)
      case 0x28: // MARK
        return void this.stack.push(mark)
      case 0x30: // POP
        return void this.stack.pop()
      case 0x31: // POP_MARK
        return void this.popToMark()
      case 0x4e: // NONE
        return this.push(null)
      case 0x88: // NEWTRUE
        return this.push(true)
      case 0x89: // NEWFALSE
        return this.push(false)
      case 0x4b: // BININT1
        return this.push(this.size(1))
      case 0x4d: // BININT2
        return this.push(this.size(2))
      case 0x4a: // BININT
        return this.push(this.size(4) | 0)
      case 0x8a: // LONG1
        return this.push(this.long(this.size(1)))
      case 0x8b: // LONG4
        return this.push(this.long(this.size(4)))
      case 0x47: // BINFLOAT
        return this.push(this.float())
      case 0x58: // BINUNICODE
      case 0x54: // BINSTRING
        return this.push(this.string(this.size(4)))
      case 0x8c: // SHORT_BINUNICODE
      case 0x55: // SHORT_BINSTRING
        return this.push(this.string(this.size(1)))
      case 0x8d: // BINUNICODE8
        return this.push(this.string(this.size(8)))
      case 0x96: // BYTEARRAY8
        return this.push(this.take(this.size(8)))
      case 0x42: // BINBYTES
        return this.push(this.take(this.size(4)))
      case 0x43: // SHORT_BINBYTES
        return this.push(this.take(this.size(1)))
      case 0x8e: // BINBYTES8
        return this.push(this.take(this.size(8)))
      case 0x5d: // EMPTY_LIST
      case 0x8f: // EMPTY_SET
        return this.made({ kind: 'list', items: [] })
      case 0x6c: // LIST
      case 0x91: // FROZENSET
        return this.made({ kind: 'list', items: this.popToMark() })
      case 0x61: // APPEND
        return this.append([this.pop()])
      case 0x65: // APPENDS
      case 0x90: // ADDITEMS
        return this.append(this.popToMark())
      case 0x29: // EMPTY_TUPLE
        return this.made({ kind: 'tuple', items: [] })
      case 0x74: // TUPLE
        return this.made({ kind: 'tuple', items: this.popToMark() })
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        return this.made({ kind: 'tuple', items: Array.from({ length: opcode - 0x84 }, () => this.pop()).reverse() })
      case 0x7d: // EMPTY_DICT
        return this.made({ kind: 'dict', items: new Map() })
      case 0x64: {
        // DICT
        const pairs = this.popToMark()
        this.made({ kind: 'dict', items: new Map() })
        return this.setItems(pairs)
      }
      case 0x73: // SETITEM
        return this.setItems([this.pop(), this.pop()].reverse())
      case 0x75: // SETITEMS
        return this.setItems(this.popToMark())
      case 0x71: // BINPUT
        return this.put(this.size(1))
      case 0x72: // LONG_BINPUT
        return this.put(this.size(4))
      case 0x94: // MEMOIZE
        return this.put(this.memo.size)
      case 0x68: // BINGET
        return this.get(this.size(1))
      case 0x6a: // LONG_BINGET
        return this.get(this.size(4))
      case 0x63: // GLOBAL
        return this.global(this.line(), this.line())
      case 0x93: {
        // STACK_GLOBAL
        const name = this.pop()
        return this.global(this.pop(), name)
      }
      case 0x52: // REDUCE
        return this.reduce()
      case 0x81: // NEWOBJ
        return this.object([this.pop(), this.pop()][1]!)
      case 0x92: // NEWOBJ_EX
        return this.object([this.pop(), this.pop(), this.pop()][2]!)
      case 0x62: // BUILD
        return this.build()
      case 0x51: // BINPERSID
        return this.made(this.world.persistent(this.pop()))
      default: {
        const name = refused[opcode] ?? `0x${opcode.toString(16).padStart(2, '0')}`
        throw this.world.broken(`its pickle has the opcode ${name} (at byte ${place}), which no state dict of PyTorch needs`)
      }
    }
  }

  private take(length: number): Uint8Array {
    if (this.at + length > this.bytes.length) throw this.world.broken('its pickle ends in the middle')
    this.at += length
    return this.bytes.subarray(this.at - length, this.at)
  }

  /** An unsigned number of 1, 2, 4 or 8 bytes. */
  private size(length: 1 | 2 | 4 | 8): number {
    const at = this.at
    this.take(length)
    if (length === 8) return Number(this.view.getBigUint64(at, true))
    return length === 4 ? this.view.getUint32(at, true) : length === 2 ? this.view.getUint16(at, true) : this.view.getUint8(at)
  }

  private float(): number {
    this.take(8)
    return this.view.getFloat64(this.at - 8, false)
  }

  /** A two's complement number, little-endian; a number where it is a safe one. */
  private long(length: number): number | bigint {
    if (length > 255) throw this.world.broken(`its pickle holds a whole number of ${length} bytes`)
    if (length === 0) return 0
    const digits = [...this.take(length)].reverse().map((byte) => byte.toString(16).padStart(2, '0'))
    const value = BigInt.asIntN(8 * length, BigInt(`0x${digits.join('')}`))
    return Number.isSafeInteger(Number(value)) ? Number(value) : value
  }

  private string(length: number): string {
    const bytes = this.take(length)
    try {
      return this.text.decode(bytes)
    } catch {
      throw this.world.broken('a text in its pickle is not UTF-8')
    }
  }

  private line(): string {
    const end = this.bytes.indexOf(0x0a, this.at)
    if (end < 0) throw this.world.broken('its pickle ends in the middle')
    const text = this.string(end - this.at)
    this.take(1)
    return text
  }

  private push(value: Value<E>): void {
    this.stack.push(value)
  }

  /** Pushes a value that takes memory of its own. */
  private made(value: Value<E>): void {
    this.containers += 1
    if (this.containers > most.containers)
      throw this.world.broken(
        `its pickle makes more than ${most.containers.toLocaleString('en')} lists and dicts, which no state dict needs`,
      )
    this.push(value)
  }

  private pop(): Value<E> {
    const value = this.stack.pop()
    if (value === undefined || value === mark) throw this.world.broken('its pickle takes more from its stack than it put there')
    return value
  }

  private popToMark(): Value<E>[] {
    const at = this.stack.lastIndexOf(mark)
    if (at < 0) throw this.world.broken('its pickle takes more from its stack than it put there')
    return this.stack.splice(at).filter((value): value is Value<E> => value !== mark)
  }

  private top(): Value<E> {
    this.push(this.pop())
    return this.stack.at(-1) as Value<E>
  }

  private append(values: readonly Value<E>[]): void {
    const list = this.top()
    // A list of a class of its own, as a module's ModuleList is none: what it holds is nobody's.
    if (isKind(list, 'opaque')) return
    if (!isKind(list, 'list')) throw this.world.broken('its pickle appends to something that is no list')
    for (const value of values) list.items.push(value)
  }

  private setItems(pairs: readonly Value<E>[]): void {
    const dict = this.top()
    if (!(isKind(dict, 'dict') || isKind(dict, 'opaque')) || pairs.length % 2 !== 0)
      throw this.world.broken('its pickle sets items of something that is no dict')
    for (let at = 0; at < pairs.length; at += 2) dict.items.set(pairs[at]!, pairs[at + 1]!)
  }

  private put(key: number): void {
    if (this.memo.size >= most.memo && !this.memo.has(key))
      throw this.world.broken(`its pickle keeps more than ${most.memo.toLocaleString('en')} values, which no state dict needs`)
    this.memo.set(key, this.top())
  }

  private get(key: number): void {
    const value = this.memo.get(key)
    if (value === undefined) throw this.world.broken(`its pickle recalls value ${key}, which it never kept`)
    this.push(value)
  }

  private global(module: Value<E>, name: Value<E>): void {
    if (typeof module !== 'string' || typeof name !== 'string')
      throw this.world.broken('its pickle names a global by something that is no text')
    this.world.allow(`${module}.${name}`)
    this.push({ kind: 'global', name: `${module}.${name}` })
  }

  private reduce(): void {
    const args = this.pop()
    const called = this.pop()
    // What an opaque object would give is as little known: a bound method, the class of a class.
    if (isKind(called, 'opaque')) return this.made(opaque(called.name))
    if (!isKind(called, 'global') || !isKind(args, 'tuple'))
      throw this.world.broken('its pickle calls something that is no global')
    this.made(this.world.call(called.name, args.items))
  }

  private object(of: Value<E>): void {
    if (!isKind(of, 'global') && !isKind(of, 'opaque'))
      throw this.world.broken('its pickle makes an object of something that is no class')
    this.made(opaque(of.name))
  }

  /** Attributes of an ordered dict (a state dict's `_metadata`) are nothing that weights need; those of an object are kept beside it. */
  private build(): void {
    const state = this.pop()
    const built = this.top()
    if (isKind(built, 'opaque')) built.state = state
    // Of a tensor or a storage with attributes (a Parameter of a class of its own) the numbers stand already.
    else if (built === null || typeof built !== 'object' || isKind(built, 'global') || built instanceof Uint8Array)
      throw this.world.broken('its pickle has the opcode BUILD for something that has no attributes')
  }
}

type Kinds<E> = { list: List<E>; tuple: Tuple<E>; dict: Dict<E>; global: Global; opaque: Opaque<E> }

/** Whether a value is a list, tuple, dict, global or opaque. */
export const isKind = <E, K extends keyof Kinds<E>>(value: Value<E>, kind: K): value is Kinds<E>[K] & Value<E> =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind
