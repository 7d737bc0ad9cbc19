import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'

/** How a value is written: as one of the wire types of Protocol Buffers. */
export interface Kind<T> {
  readonly wire: WireType
  readonly write: (writer: BinaryWriter, value: T) => void
}

/** A numbered place in a message. */
export interface Field<T> {
  readonly write: (writer: BinaryWriter, value: T) => void
}

/** What a message of these fields holds. */
export type Contents<Fields> = { readonly [Name in keyof Fields]?: Fields[Name] extends Field<infer T> ? T : never }

export interface Message<C> extends Kind<C> {
  readonly encode: (contents: C) => Uint8Array
}

/** What is written as a kind of value. */
export type Written<K> = K extends Kind<infer T> ? T : never

const length = WireType.LengthDelimited

export const text: Kind<string> = { wire: length, write: (writer, value) => writer.string(value) }
export const bytes: Kind<Uint8Array> = { wire: length, write: (writer, value) => writer.bytes(value) }
export const bool: Kind<boolean> = { wire: WireType.Varint, write: (writer, value) => writer.bool(value) }
/** Enumerations too. */
export const int32: Kind<number> = { wire: WireType.Varint, write: (writer, value) => writer.int32(value) }
export const int64: Kind<number> = { wire: WireType.Varint, write: (writer, value) => writer.int64(value) }
/** Rounded to single precision; what is beyond it is infinite. */
export const float: Kind<number> = { wire: WireType.Bit32, write: (writer, value) => writer.float(Math.fround(value)) }
export const double: Kind<number> = { wire: WireType.Bit64, write: (writer, value) => writer.double(value) }

/**
 * A message by its fields. They are written in the order they have here. What is given is written, a zero or an empty text
 * too; what is undefined is not.
 */
export function message<Fields extends Readonly<Record<string, Field<never>>>>(fields: Fields): Message<Contents<Fields>> {
  const all = Object.entries(fields) as [keyof Fields, Field<unknown>][]
  const writeFields = (writer: BinaryWriter, contents: Contents<Fields>): BinaryWriter => {
    for (const [name, field] of all) if (contents[name] !== undefined) field.write(writer, contents[name])
    return writer
  }
  return {
    wire: length,
    write: (writer, contents) => writeFields(writer.fork(), contents).join(),
    encode: (contents) => writeFields(new BinaryWriter(), contents).finish(),
  }
}

/** A field that holds one value. */
export const one = <T>(number: number, { wire, write }: Kind<T>): Field<T> => ({
  write: (writer, value) => write(writer.tag(number, wire), value),
})

/** A field that holds any number of values, each with its tag. */
export const repeated = <T>(number: number, kind: Kind<T>): Field<readonly T[]> => ({
  write: (writer, values) => {
    for (const value of values) kind.write(writer.tag(number, kind.wire), value)
  },
})

/** A field that holds any number of numbers, end to end; without any it is left out. */
export const packed = (number: number, kind: Kind<number>): Field<readonly number[]> => ({
  write: (writer, values) => {
    if (values.length === 0) return
    writer.tag(number, length).fork()
    for (const value of values) kind.write(writer, value)
    writer.join()
  },
})

/** A field that holds values by name, written in the names' order. */
export function map<T>(number: number, kind: Kind<T>): Field<Readonly<Record<string, T>>> {
  const entries = repeated(number, message({ key: one(1, text), value: one(2, kind) }))
  return {
    write: (writer, values) => {
      const names = Object.keys(values).sort()
      entries.write(writer, names.map((key) => ({ key, value: values[key]! }))) // prettier-ignore
    },
  }
}
