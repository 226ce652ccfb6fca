// PLY, binary or text: the numbers of the vertices, wherever they stand among the elements.
import { Refusal } from "./refusal.js";
import { arrayOf, bytesOf, read, reader, records } from "./table.js";
import { fillFromLines, wordsOfLines } from "./text.js";

const HEAD = 1 << 22; // bytes that a header may have

// Elements with their properties { name, kind, length }; `length` is the kind of a list's length.
function header(name, bytes, { types, orders }) {
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, HEAD));
  const first = /^ply[ \t]*(\r\n|\r|\n)/.exec(text);
  if (!first) throw new Refusal(`${name}: this is no PLY file, its first line must be 'ply'`);
  const end = first[1], found = { elements: [], comments: [], order: undefined };
  let place = first[0].length;
  for (;;) {
    const stop = text.indexOf(end, place);
    if (stop < 0) throw new Refusal(`${name}: damaged or truncated PLY header, it has no end`);
    const words = text.slice(place, stop).trim().split(/\s+/), [key, ...rest] = words, element = found.elements.at(-1);
    place = stop + end.length;
    if (key === "end_header" && found.order !== undefined) return { ...found, offset: place };
    if (key === "property" && element && rest.length === 2 && types[rest[0]]) element.properties.push({ name: rest[1], kind: types[rest[0]] });
    else if (key === "property" && element && rest.length === 4 && rest[0] === "list" && types[rest[1]] && types[rest[2]])
      element.properties.push({ name: rest[3], kind: types[rest[2]], length: types[rest[1]] });
    else if (key === "element" && rest.length === 2 && /^\d{1,15}$/.test(rest[1])) found.elements.push({ name: rest[0], count: Number(rest[1]), properties: [] });
    else if (key === "format" && rest[0] in orders && rest[1] === "1.0") found.order = orders[rest[0]];
    else if (key === "comment" || key === "obj_info") found.comments.push(rest.join(" "));
    else if (key !== "") throw new Refusal(`${name}: damaged PLY header, it holds the line '${words.join(" ").slice(0, 80)}'`);
  }
}

// Where every row of an element with lists begins and its properties stand; `visit` gets the places of one row.
function walk(view, offset, { count, properties }, little, visit) {
  const gets = properties.map(({ length }) => length && reader(view, length, little));
  for (let i = 0; i < count; i++) {
    const places = properties.map(({ kind, length }, k) => {
      const place = offset;
      const items = length ? gets[k](offset) : 1;
      if (!(items >= 0)) throw new Error("a list of a negative length");
      offset += (length ? bytesOf(length) : 0) + items * bytesOf(kind);
      return place;
    });
    visit?.(i, places);
  }
  return offset;
}

const hasLists = ({ properties }) => properties.some(({ length }) => length);
const stride = ({ properties }) => properties.reduce((all, { kind }) => all + bytesOf(kind), 0);

function behind(view, offset, element, little) {
  return hasLists(element) ? walk(view, offset, element, little) : offset + element.count * stride(element);
}

export function readPly(name, buffer, rules) {
  const bytes = new Uint8Array(buffer), { elements, comments, order, offset } = header(name, bytes, rules.ply);
  const place = elements.findIndex((one) => one.name === "vertex"), vertex = elements[place];
  if (!vertex || vertex.count === 0) throw new Refusal(`${name}: the file has no vertices, but at least one is needed`);
  const { count, properties } = vertex, names = properties.map((one) => one.name);
  const twice = names.find((one, k) => names.indexOf(one) < k);
  if (twice !== undefined) throw new Refusal(`${name}: damaged PLY header, property '${twice}' of 'vertex' is there twice`);
  const table = (fields) => ({ count, comments, fields: fields.filter((one) => !one.length) });
  if (order === "") return table(fromText(name, bytes, offset, elements.slice(0, place), vertex));
  const view = new DataView(buffer), little = order === "<";
  const start = elements.slice(0, place).reduce((at, one) => behind(view, at, one, little), offset);
  if (hasLists(vertex)) {
    const places = properties.map(() => new Float64Array(count));
    walk(view, start, vertex, little, (i, row) => row.forEach((at, k) => (places[k][i] = at)));
    return table(properties.map((one, k) => (one.length ? one : read(view, one, count, (i) => places[k][i], little))));
  }
  const needed = start + elements.slice(place).reduce((all, one) => all + one.count * (hasLists(one) ? one.properties.length : stride(one)), 0);
  if (needed > bytes.length)
    throw new Refusal(`${name}: damaged or truncated PLY file, its header promises at least ${needed - offset} bytes of data, there are ${bytes.length - offset}`);
  return table(records(view, start, stride(vertex), properties, count, little));
}

function fromText(name, bytes, offset, before, vertex) {
  const lines = wordsOfLines(bytes, offset);
  for (const element of before) for (let i = 0; i < element.count && !lines.next().done; i++);
  if (hasLists(vertex)) throw new Refusal(`${name}: the vertices of this text have lists, which this page does not read; bscnet predict does`);
  if (vertex.count > bytes.length) throw new Refusal(`${name}: the file is truncated, most of its ${vertex.count} points are missing`);
  const fields = vertex.properties.map((one) => ({ ...one, values: arrayOf(one.kind, vertex.count) }));
  fillFromLines(name, lines, fields, vertex.count);
  return fields;
}
