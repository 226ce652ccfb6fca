// LAS 1.0 to 1.5 and LAZ: the standard dimensions of points, x, y and z with scale and offset applied.
import { statedUnits } from "./las_units.js";
import { Refusal } from "./refusal.js";
import { records } from "./table.js";

const VLR_HEADER = 54, EVLR_HEADER = 60;

// unpacked(bytes, count, size): the points of a LAZ file as they would stand in a LAS file.
export function readLas(name, buffer, rules, unpacked) {
  const bytes = new Uint8Array(buffer), view = new DataView(buffer), { formats, places, sizes } = rules.las;
  const text = (start, end) => String.fromCharCode(...bytes.subarray(start, end)).split("\0")[0].trimEnd();
  if (text(0, 4) !== "LASF") throw new Refusal(`${name}: no LAS file, its first bytes must be 'LASF'`);
  if (bytes.length < sizes[0]) throw new Refusal(`${name}: the file is truncated within its header`);
  const at = (word) => view.getUint32(places[word], true), [major, minor] = bytes.subarray(places.version);
  if (major !== 1 || minor >= sizes.length) throw new Refusal(`${name}: LAS of version ${major}.${minor} is not known, 1.0 to 1.${sizes.length - 1} are`);
  const kind = bytes[places.kind], compressed = kind >= 128, fields = formats[kind & 63];
  if (!fields || (kind & 192) === 192 || (kind & 192) === 64)
    throw new Refusal(`${name}: points of format ${kind} are not known, 0 to 10 are, and 128 to 138 compressed`);
  const headerSize = view.getUint16(places.header_size, true), toPoints = at("to_points"), size = view.getUint16(places.point_size, true);
  if (!(sizes[minor] <= headerSize && headerSize <= toPoints && toPoints <= bytes.length))
    throw new Refusal(`${name}: damaged or truncated, its points begin at byte ${toPoints} of ${bytes.length}`);
  if (size < fields.size) throw new Refusal(`${name}: damaged, its points have ${size} bytes, those of format ${kind & 63} have at least ${fields.size}`);
  const count = (minor >= 4 && Number(view.getBigUint64(places.count, true))) || at("legacy_count");
  if (count === 0) throw new Refusal(`${name}: the file has no points, but at least one is needed`);
  if (!compressed && toPoints + count * size > bytes.length)
    throw new Refusal(`${name}: the file is truncated, ${count} points of ${size} bytes do not fit behind byte ${toPoints}`);

  function* walk(start, end, most, head) {
    for (let k = 0; k < most && start + head <= end; k++) {
      const length = head === VLR_HEADER ? view.getUint16(start + 20, true) : Number(view.getBigUint64(start + 20, true));
      if (start + head + length > end) return;
      yield { user: text(start + 2, start + 18), id: view.getUint16(start + 18, true), data: bytes.slice(start + head, start + head + length) };
      start += head + length;
    }
  }
  const vlrs = [...walk(headerSize, toPoints, at("num_vlrs"), VLR_HEADER)];
  if (vlrs.length < at("num_vlrs")) throw new Refusal(`${name}: damaged, its variable length records reach into its points`);
  const behind = minor >= 4 ? [...walk(Number(view.getBigUint64(places.evlr_start, true)), bytes.length, at("num_evlrs"), EVLR_HEADER)] : [];
  const wkt = minor >= 4 && (view.getUint16(places.encoding, true) & 16) !== 0;
  const stated = statedUnits(name, wkt, [...vlrs, ...behind], rules);

  const points = compressed ? unpacked(bytes, count, size) : buffer;
  const found = records(new DataView(points), compressed ? 0 : toPoints, size, fields.fields, count);
  const axes = [0, 1, 2].map((axis) => {
    const scale = view.getFloat64(places.scales + 8 * axis, true), offset = view.getFloat64(places.offsets + 8 * axis, true);
    const raw = found.find((one) => one.name === "XYZ"[axis]).values;
    return { name: "xyz"[axis], kind: "f8", values: Float64Array.from(raw, (value) => value * scale + offset) };
  });
  const others = found.filter((one) => !["X", "Y", "Z"].includes(one.name));
  return { count, comments: [], fields: [...axes, ...others], canStateUnits: true, ...stated };
}
