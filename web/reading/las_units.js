// The units of length that a LAS file states: in WKT, in GeoTIFF keys, or by an EPSG code that the rules list.
import { Refusal } from "./refusal.js";

const NOTHING = { units: null, heightUnits: null };

// Where a file has both, its header says which counts; the other one is taken where that one tells of no unit.
export function statedUnits(name, wkt, vlrs, rules) {
  const ways = wkt ? [ofWkt, ofKeys] : [ofKeys, ofWkt];
  let height = null;
  for (const way of ways) {
    const stated = way(name, vlrs, rules);
    height ??= stated.heightUnits;
    if (stated.units !== null) return stated;
  }
  return { units: null, heightUnits: height };
}

function unknown(name, unit, { units }) {
  return new Refusal(`${name}: the coordinate system of the file has the unit ${unit}, known are ${Object.keys(units).join(", ")}: project it to another one first`);
}

function ofSize(name, metres, word, rules) {
  if (!(Number.isFinite(metres) && metres > 0)) return null;
  const same = ([, size]) => Math.abs(metres - size) <= rules.las.same * Math.max(metres, size);
  const found = Object.entries(rules.units).find(same);
  if (!found) throw unknown(name, `'${word}' of ${metres} m`, rules);
  return found[0];
}

// In WKT 1 the first unit of length in a projected system is its own, and so it is behind the words of axes in WKT 2.
function ofWkt(name, vlrs, rules) {
  for (const { user, id, data } of vlrs) {
    if (id !== rules.las.wkt || !rules.las.wktUsers.includes(user)) continue;
    const text = new TextDecoder().decode(data).split("\0")[0].toLowerCase();
    for (const [plane, height, angle] of rules.las.wktWords) {
      const [level, above, turned] = [plane, height, angle].map((word) => new RegExp(word).exec(text)?.index ?? -1);
      const up = above < 0 ? null : firstLength(name, text.slice(above), rules);
      if (level >= 0) return { units: firstLength(name, text.slice(level, above > level ? above : undefined), rules), heightUnits: up };
      if (turned >= 0) return { units: rules.angle, heightUnits: up ?? firstLength(name, text.slice(turned), rules) };
      if (up !== null) return { units: null, heightUnits: up };
    }
  }
  return NOTHING;
}

function firstLength(name, text, rules) {
  for (const [, word, size] of text.matchAll(new RegExp(rules.las.wktUnit, "g"))) {
    if (new RegExp(rules.las.angular).test(word)) continue;
    const unit = ofSize(name, Number(size), word, rules);
    if (unit !== null) return unit;
  }
  return null;
}

function ofKeys(name, vlrs, rules) {
  const { ids, codes, lengths, epsg } = rules.las.keys;
  const record = (id) => vlrs.find((one) => one.user === rules.las.projection && one.id === id)?.data;
  const directory = record(ids.directory), doubles = record(ids.doubles);
  if (!directory || directory.length < 8) return NOTHING;
  const view = new DataView(directory.buffer), keys = {};
  const number = Math.min(view.getUint16(6, true), Math.floor(directory.length / 8) - 1);
  for (let entry = 0; entry < number; entry++) {
    const [key, place, , value] = [0, 2, 4, 6].map((byte) => view.getUint16(8 + 8 * entry + byte, true));
    if (place === 0) keys[key] = value;
    else if (place === ids.doubles && doubles && 8 * value + 8 <= doubles.length) keys[key] = new DataView(doubles.buffer).getFloat64(8 * value, true);
  }
  const coded = (code) => {
    if (code === undefined || codes[code]) return codes[code] ?? null;
    if (lengths.some(([first, end]) => code >= first && code < end)) throw unknown(name, `EPSG:${code}`, rules);
    return null;
  };
  const listed = (code) => {
    const unit = Object.keys(epsg).find((one) => epsg[one].some(([first, last]) => code >= first && code <= last));
    if (unit === "") throw unknown(name, `of EPSG:${code}`, rules);
    return unit ?? null;
  };
  const projected = Boolean(keys[ids.projected]), height = coded(keys[ids.heightUnit]);
  if (!projected && keys[ids.model] === ids.geographicModel) return { units: rules.angle, heightUnits: height };
  const own = coded(keys[ids.unit]) ?? ofSize(name, keys[ids.unitSize], "", rules);
  return { units: own ?? listed(projected ? keys[ids.projected] : keys[ids.geographic]), heightUnits: height };
}
