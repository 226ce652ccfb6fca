// Lines of bytes that are text, and the numbers in them.
import { Refusal } from "./refusal.js";
import { isReal } from "./table.js";

const PIECE = 1 << 20;
const LIMITS = { i1: [-128, 127], u1: [0, 255], i2: [-32768, 32767], u2: [0, 65535], i4: [-(2 ** 31), 2 ** 31 - 1], u4: [0, 2 ** 32 - 1] };

// Words of every line that is not empty; lines end with a line feed, a carriage return, or both.
export function* wordsOfLines(bytes, offset) {
  const decoder = new TextDecoder("latin1");
  let rest = "";
  for (let place = offset; place < bytes.length; place += PIECE) {
    const lines = (rest + decoder.decode(bytes.subarray(place, place + PIECE))).split(/[\r\n]/);
    rest = lines.pop();
    for (const line of lines) if (line.trim()) yield line.trim().split(/\s+/);
  }
  if (rest.trim()) yield rest.trim().split(/\s+/);
}

// A number as C's strtod and Microsoft's printf spell it.
export function numberOf(word) {
  const number = Number(word);
  if (!Number.isNaN(number) && !/^[-+]?0[xob]/i.test(word)) return number;
  if (/^[-+]?(nan(\([a-z]*\))?|1\.#(qnan|snan|ind|nan)\d*)$/i.test(word)) return NaN;
  const infinite = /^([-+]?)(inf(inity)?|1\.#inf\d*)$/i.exec(word);
  if (infinite) return infinite[1] === "-" ? -Infinity : Infinity;
  throw new Error(`'${word.slice(0, 40)}' is no number`);
}

// The same for a field of a kind: a whole number that it holds, or any.
export function valueOf(word, kind) {
  const number = numberOf(word);
  const limits = LIMITS[kind];
  if (!isReal(kind) && !(Number.isInteger(number) && (!limits || (number >= limits[0] && number <= limits[1]))))
    throw new Error(`'${word.slice(0, 40)}' is no whole number that its field holds`);
  return number;
}

// Fills the fields' arrays (P * items each) from lines, one a point, which must be as many as there are points.
export function fillFromLines(name, lines, fields, count, take = valueOf) {
  const width = fields.reduce((all, { items = 1 }) => all + items, 0);
  for (let i = 0; i < count; i++) {
    const { value: words, done } = lines.next();
    if (done) throw new Refusal(`${name}: the file is truncated, ${count - i} of its ${count} points are missing`);
    if (words.length !== width) throw new Refusal(`${name}: point ${i} has ${words.length} values, ${width} are needed`);
    let place = 0;
    for (const { kind, items = 1, values } of fields)
      for (let k = 0; k < items; k++) values[i * items + k] = take(words[place++], kind);
  }
}
