// What files call their columns: by the tables of bscnet.clouds.columns, in the order in which it asks them.
import { Refusal } from "./refusal.js";
import { bytesOf } from "./table.js";

const plain = (name) => name.toLowerCase().replace(/^scalar_/, "");

// The column of that name: as written, else whatever its case and without CloudCompare's `scalar_`.
export const findColumn = (names, name) => (names.includes(name) ? name : names.find((one) => plain(one) === plain(name)));

// Three fields of one value under other names.
function triple(fields, names, to) {
  const single = fields.filter(({ items = 1 }) => items === 1).map(({ name }) => name);
  const found = names.map((name) => (single.includes(name) ? name : single.find((one) => one.toLowerCase() === name)));
  return found.every((one) => one !== undefined) ? Object.fromEntries(to.map((name, k) => [name, { field: found[k] }])) : null;
}

// The best field of three values; a fourth colour is the opacity.
function wide(fields, to, rules, most) {
  const fits = (name) => fields.find((one) => one.name.toLowerCase() === name && one.items >= 3 && one.items <= most);
  const field = rules.wide[to[0]].map(fits).find(Boolean);
  return field ? Object.fromEntries([...to, "alpha"].slice(0, field.items).map((name, item) => [name, { field: field.name, item }])) : null;
}

function packedColours(fields, names, to) {
  const fits = ({ name, kind, items = 1 }, word) => name === word && items === 1 && bytesOf(kind) === 4;
  const name = names.find((word) => fields.some((field) => fits(field, word)));
  if (name === undefined) return null;
  const found = Object.fromEntries(to.map((colour, k) => [colour, { field: name, shift: 16 - 8 * k }]));
  return name === "rgba" ? { ...found, alpha: { field: name, shift: 24 } } : found;
}

// Where every column comes from, by its name: x, y and z, the colours if there are some, and all other fields.
export function sources(file, { fields, packed = [] }, { columns: rules }) {
  const { axes, colours, colourNames } = rules;
  const found = triple(fields, axes, axes) ?? wide(fields, axes, rules, 3);
  if (!found) {
    const missing = axes.find((axis) => !fields.some(({ name }) => name.toLowerCase() === axis));
    throw new Refusal(`${file}: the points have no column '${missing}', the columns are ${fields.map(({ name }) => name).join(", ") || "none"}`);
  }
  const shades = [() => triple(fields, colours, colours), () => wide(fields, colours, rules, 4), ...colourNames.map((names) => () => triple(fields, names, colours)), () => packedColours(fields, packed, colours)];
  for (const look of shades) {
    const some = look();
    if (!some) continue;
    Object.assign(found, some);
    break;
  }
  const used = new Set(Object.values(found).map(({ field }) => field));
  for (const { name, items = 1 } of fields) {
    if (used.has(name)) continue;
    const own = [...axes, ...colours].includes(name) ? `${name} alone` : name;
    for (let item = 0; item < items; item++) {
      let free = items === 1 ? own : `${own}_${item}`;
      for (let number = 1, first = free; free in found; ) free = `${first}_${++number}`;
      found[free] = items === 1 ? { field: name } : { field: name, item };
    }
  }
  return found;
}

// The values of a column (P,) and their kind.
export function columnOf(table, { field, item, shift }) {
  const { kind, items = 1, values } = table.fields.find((one) => one.name === field);
  if (shift !== undefined) {
    const bits = new Uint32Array(values.buffer, values.byteOffset, table.count);
    return { kind: "u1", values: Uint8Array.from(bits, (value) => (value >>> shift) & 255) };
  }
  return { kind, values: items === 1 ? values : values.constructor.from({ length: table.count }, (_, i) => values[i * items + item]) };
}
