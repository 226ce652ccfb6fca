// From a file to points as the network is given them: the rules of bscnet.clouds, whose tables come with the page.
import { columnOf, findColumn, sources } from "./columns.js";
import { eightBit, rangeOf } from "./colours.js";
import { readLas } from "./las.js";
import { readPcd } from "./pcd.js";
import { readPly } from "./ply.js";
import { inOneSentence, Refusal } from "./refusal.js";

const READERS = { ".ply": readPly, ".pcd": readPcd, ".las": readLas, ".laz": readLas };

export const ENDINGS = Object.keys(READERS);

// table: all fields. columns: where each comes from. xyz: (P * 3) float64 as the file has them. metres: in a unit of
// each axis. rgb: (P * 3) bytes, null without colours. label: the column of the file's own labels, or null.
// units: of x and y; stated: whether the file says so.
export function readCloud(name, buffer, rules, chosenUnit, unpacked) {
  const ending = name.slice(name.lastIndexOf(".")).toLowerCase(), read = READERS[ending];
  if (!read) throw new Refusal(`${name}: this page reads ${ENDINGS.join(", ")}`);
  if (buffer.byteLength === 0) throw new Refusal(`${name}: the file is empty`);
  const table = inOneSentence(name, () => read(name, buffer, rules, unpacked));
  const columns = inOneSentence(name, () => sources(name, table, rules)), { count } = table;
  if (table.units === rules.angle)
    throw new Refusal(`${name}: x and y are longitude and latitude in degrees, a unit of length is needed: project the file first`);
  const units = table.units ?? (chosenUnit || rules.reading.units || "m");
  const level = rules.units[units], height = table.heightUnits ? rules.units[table.heightUnits] : level;
  const xyz = new Float64Array(3 * count);
  rules.columns.axes.forEach((axis, k) => {
    const { values } = columnOf(table, columns[axis]);
    for (let i = 0; i < count; i++) xyz[3 * i + k] = values[i];
  });
  const isRead = (i) => Number.isFinite(xyz[3 * i]) && Number.isFinite(xyz[3 * i + 1]) && Number.isFinite(xyz[3 * i + 2]);
  let rgb = null;
  if (rules.columns.colours[0] in columns) {
    const channels = rules.columns.colours.map((colour) => columnOf(table, columns[colour]));
    rgb = eightBit(channels, rangeOf(name, channels, isRead, rules.reading.colors), count);
  } else if (rules.needsColours)
    throw new Refusal(`${name}: the points have no colours, but the network needs them; the columns are ${Object.keys(columns).join(", ")}`);
  const names = Object.keys(columns), label = rules.columns.labels.map((word) => findColumn(names, word)).find((one) => one !== undefined) ?? null;
  return { table, columns, count, xyz, metres: [level, level, height], rgb, isRead, label, units, stated: table.units != null };
}
