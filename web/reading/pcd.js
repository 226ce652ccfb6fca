// PCD of the versions .5 to .7: ascii, binary and binary_compressed.
import { unpackedLzf } from "./lzf.js";
import { Refusal } from "./refusal.js";
import { arrayOf, bytesOf, isReal, keptAs, read, records } from "./table.js";
import { fillFromLines, numberOf, valueOf, wordsOfLines } from "./text.js";

function header(name, bytes, { types }) {
  const refuse = (what) => { throw new Refusal(`${name}: damaged PCD header, ${what}`); };
  const words = {}, comments = [];
  let offset = 0;
  while (!words.DATA) {
    const stop = bytes.indexOf(10, offset);
    if (stop < 0 || stop - offset > 100_000)
      throw new Refusal(`${name}: no PCD file, or its header is damaged or truncated (it has no line DATA)`);
    const line = new TextDecoder().decode(bytes.subarray(offset, stop)).trim(), [key, ...rest] = line.split(/\s+/);
    if (line.startsWith("#")) comments.push(line.replace(/^[# ]+/, ""));
    else words[key] = rest;
    offset = stop + 1;
  }
  const whole = (key, word = words[key]?.[0]) => (/^\d{1,15}$/.test(word ?? "") ? Number(word) : refuse(`${key} must be followed by a whole number`));
  const names = words.FIELDS ?? words.COLUMNS ?? [], { TYPE = [], SIZE = [], COUNT = names.map(() => "1") } = words;
  if (!names.length || [TYPE, SIZE, COUNT].some((list) => list.length !== names.length))
    refuse("FIELDS, SIZE, TYPE and COUNT must have one entry a field");
  const fields = names.map((field, k) => ({ name: field, kind: types[TYPE[k] + SIZE[k]], items: whole("COUNT", COUNT[k]) }));
  if (fields.some(({ kind, items }) => !kind || items < 1 || items > 4096)) refuse("it has fields of a type, size or count that PCD does not know");
  const count = whole("WIDTH") * whole("HEIGHT");
  if (words.POINTS && whole("POINTS") !== count) refuse(`POINTS ${words.POINTS[0]} are not WIDTH times HEIGHT, ${count}`);
  return { fields, count, comments, offset, kind: words.DATA[0] };
}

export function readPcd(name, buffer, rules) {
  const bytes = new Uint8Array(buffer), { packed, padding } = rules.pcd;
  const { fields, count, comments, offset, kind } = header(name, bytes, rules.pcd);
  if (count === 0) throw new Refusal(`${name}: the file has no points, but at least one is needed`);
  const width = fields.reduce((all, one) => all + bytesOf(one.kind) * one.items, 0);
  const body = { ascii: fromText, binary: fromRecords, binary_compressed: fromPlanes }[kind];
  if (!body) throw new Refusal(`${name}: DATA '${kind}' is not known, it must be ascii, binary or binary_compressed`);
  const found = body(name, bytes, offset, fields, count, width, packed);
  return { count, comments, packed, fields: found.filter((one) => one.name !== padding) };
}

function fromRecords(name, bytes, offset, fields, count, width) {
  if (bytes.length < offset + count * width)
    throw new Refusal(`${name}: the file is truncated, ${count} points need ${count * width} bytes, there are ${bytes.length - offset}`);
  return records(new DataView(bytes.buffer), offset, width, fields, count);
}

function fromPlanes(name, bytes, offset, fields, count, width) {
  const [packed, size] = [0, 4].map((place) => new DataView(bytes.buffer).getUint32(offset + place, true));
  if (size !== count * width || bytes.length < offset + 8 + packed)
    throw new Refusal(`${name}: damaged or truncated PCD file, its compressed data do not fit its header`);
  const view = new DataView(unpackedLzf(bytes.subarray(offset + 8, offset + 8 + packed), size).buffer);
  let plane = 0;
  return fields.map((one) => {
    const start = plane, step = bytesOf(one.kind) * one.items;
    plane += step * count;
    return read(view, one, count, (i) => start + i * step);
  });
}

// Packed colours that are TYPE F may be written as the float of those bits, or as the number that the bits are.
function fromText(name, bytes, offset, fields, count, width, packed) {
  if (count > bytes.length) throw new Refusal(`${name}: the file is truncated, most of its ${count} points are missing`);
  const colours = packed.map((word) => fields.findIndex((one) => one.name === word && one.items === 1 && bytesOf(one.kind) === 4)).find((place) => place >= 0);
  const spelled = colours !== undefined && isReal(fields[colours].kind);
  const columns = fields.map((one, k) => ({ ...one, values: spelled && k === colours ? new Float64Array(count) : arrayOf(one.kind, count * one.items) }));
  const take = (word, kind) => (isReal(kind) ? numberOf(word) : valueOf(word, kind));
  fillFromLines(name, wordsOfLines(bytes, offset), columns, count, take);
  const kept = columns.map((one) => ({ ...one, kind: keptAs(one.kind) }));
  if (!spelled) return kept;
  const { values } = columns[colours];
  if (values.some(Number.isNaN)) throw new Refusal(`${name}: a point has NaN in place of its packed colour`);
  const whole = values.every((value) => Number.isInteger(value) && value >= 0 && value < 2 ** 32);
  Object.assign(kept[colours], whole ? { kind: "u4", values: Uint32Array.from(values) } : { values: Float32Array.from(values) });
  return kept;
}
