// The points of a file as typed arrays: fields of { name, kind, items }, as the rules' tables spell their kinds.

// By the kind: its array, its bytes and DataView's word for it. Integers of 64 bits become float64.
const KINDS = {
  i1: [Int8Array, 1, "Int8"], u1: [Uint8Array, 1, "Uint8"],
  i2: [Int16Array, 2, "Int16"], u2: [Uint16Array, 2, "Uint16"],
  i4: [Int32Array, 4, "Int32"], u4: [Uint32Array, 4, "Uint32"],
  i8: [Float64Array, 8, "BigInt64"], u8: [Float64Array, 8, "BigUint64"],
  f4: [Float32Array, 4, "Float32"], f8: [Float64Array, 8, "Float64"],
};

export const bytesOf = (kind) => KINDS[kind][1];
export const isReal = (kind) => kind[0] === "f";
export const arrayOf = (kind, size) => new KINDS[kind][0](size);

// What the values of a kind are kept as.
export const keptAs = (kind) => (KINDS[kind][0] === Float64Array ? "f8" : kind);

// One number at a place of a view, whatever its kind.
export function reader(view, kind, little = true) {
  const get = view[`get${KINDS[kind][2]}`].bind(view);
  return kind === "i8" || kind === "u8" ? (place) => Number(get(place, little)) : (place) => get(place, little);
}

// A field with its values: item k of point i at `first(i) + k * (bytes of the kind)`. mask, shift: of some bits of them.
export function read(view, field, count, first, little) {
  const { kind, items = 1, mask, shift = 0 } = field;
  const values = arrayOf(kind, count * items), get = reader(view, kind, little), width = bytesOf(kind);
  for (let i = 0, at = 0; i < count; i++) {
    const place = first(i);
    for (let k = 0; k < items; k++, at++) values[at] = get(place + k * width);
  }
  if (mask !== undefined) for (let i = 0; i < values.length; i++) values[i] = (values[i] & mask) >> shift;
  return { ...field, kind: keptAs(kind), values };
}

// Values (P * items) of fields that stand behind each other in records of `stride` bytes.
export function records(view, offset, stride, fields, count, little) {
  let within = 0;
  return fields.map((field) => {
    const start = field.place ?? within;
    within += bytesOf(field.kind) * (field.items ?? 1);
    return read(view, field, count, (i) => offset + i * stride + start, little);
  });
}
