// A labelled cloud as a PLY file: every column of the file that was read in its own type, then label and confidence.
import { columnOf, findColumn } from "./reading/columns.js";
import { arrayOf, bytesOf } from "./reading/table.js";

const PIECE = 1 << 16; // points

// A name that an added column takes is kept under another one, as bscnet.clouds.writer has it.
function movedName(name, taken) {
  let other = `${name}_input`;
  for (let number = 2; findColumn(taken, other) !== undefined; number++) other = `${name}_input${number}`;
  return other;
}

export function plyBlob(read, { labels, confidence }, rules) {
  const { columns: words, ply } = rules, names = Object.keys(read.columns);
  const first = [...words.axes, ...words.colours].filter((name) => names.includes(name));
  const added = [
    { name: words.label, kind: rules.labels.kind, values: labels },
    { name: words.confidence, kind: "f4", values: confidence },
  ];
  const kept = [...first, ...names.filter((name) => !first.includes(name))].map((name) => {
    const taken = added.some((one) => one.name === name.toLowerCase());
    const { kind, values } = columnOf(read.table, read.columns[name]);
    const real = words.axes.includes(name) && kind !== "f4" ? "f8" : kind;
    return { name: (taken ? movedName(name, names) : name).replace(/\s+/g, "_"), kind: real, values };
  });
  const fields = [...kept, ...added], width = fields.reduce((all, { kind }) => all + bytesOf(kind), 0);
  const comments = rules.labels.comments.map((line) => `comment ${line}\n`).join("");
  const header = `ply\nformat binary_little_endian 1.0\n${comments}element vertex ${read.count}\n`;
  const parts = [header + fields.map(({ kind, name }) => `property ${ply.written[kind]} ${name}\n`).join("") + "end_header\n"];
  for (let start = 0; start < read.count; start += PIECE) {
    const points = Math.min(PIECE, read.count - start), bytes = new Uint8Array(points * width);
    let place = 0;
    for (const { kind, values } of fields) {
      const size = bytesOf(kind), column = arrayOf(kind, points);
      column.set(values.subarray(start, start + points));
      const raw = new Uint8Array(column.buffer);
      for (let i = 0; i < points; i++) for (let k = 0; k < size; k++) bytes[i * width + place + k] = raw[i * size + k];
      place += size;
    }
    parts.push(bytes);
  }
  return new Blob(parts, { type: "application/octet-stream" });
}
