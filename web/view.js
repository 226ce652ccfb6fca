// What the viewer is given of a labelled cloud: as bscnet.viz.page writes it, of the points that bscnet predict draws.
import { rint } from "./reading/colours.js";
import { columnOf } from "./reading/columns.js";

const NO_CLASS = 255;

// Percentiles by NumPy's rule, linear between the two neighbours.
function percentiles(values, shares) {
  const sorted = Float64Array.from(values).sort();
  return shares.map((share) => {
    const place = (share / 100) * (sorted.length - 1), low = Math.floor(place), high = Math.min(low + 1, sorted.length - 1);
    return sorted[low] + (sorted[high] - sorted[low]) * (place - low);
  });
}

// `view_direction` of bscnet.viz.camera: along the shorter axis of the footprint, from the emptier side, a bit aside.
export function viewDirection(axes, { elevation, aside }) {
  const count = axes[0].length, mean = axes.map((axis) => axis.reduce((all, value) => all + value, 0) / count);
  let xx = 0, xy = 0, yy = 0;
  for (let i = 0; i < count; i++) {
    const x = axes[0][i] - mean[0], y = axes[1][i] - mean[1];
    xx += x * x;
    xy += x * y;
    yy += y * y;
  }
  const long = Math.atan2(2 * xy, xx - yy) / 2;
  let short = [-Math.sin(long), Math.cos(long)];
  if (short[1] > 0 || (short[1] === 0 && short[0] > 0)) short = short.map((value) => -value);
  const depth = Float64Array.from({ length: count }, (_, i) => (axes[0][i] - mean[0]) * short[0] + (axes[1][i] - mean[1]) * short[1]);
  const [low, high] = percentiles(depth, [2, 98]), margin = 0.1 * (high - low);
  const far = depth.reduce((all, value) => all + (value > high - margin), 0), near = depth.reduce((all, value) => all + (value < low + margin), 0);
  if (far > 1.25 * near) short = short.map((value) => -value);
  const azimuth = Math.atan2(short[1], short[0]) + aside;
  return [Math.cos(elevation) * Math.cos(azimuth), Math.cos(elevation) * Math.sin(azimuth), Math.sin(elevation)];
}

// `point_spacing` of bscnet.viz.camera: from how many cells hold how many points. A cloud that the engine takes has fewer
// than 2^53 cells.
export function pointSpacing(axes) {
  const count = axes[0].length, low = axes.map((axis) => axis.reduce((a, b) => Math.min(a, b), Infinity));
  const extent = Math.max(...axes.map((axis, k) => axis.reduce((a, b) => Math.max(a, b), -Infinity) - low[k]));
  if (extent < 1e-6) return 0.01;
  for (let cell = Math.min(0.1, extent / 50); ; cell *= 2) {
    const side = Math.floor(extent / cell) + 1, keys = new Float64Array(count);
    axes.forEach((axis, k) => {
      for (let i = 0; i < count; i++) keys[i] = keys[i] * side + Math.floor((axis[i] - low[k]) / cell);
    });
    const cells = keys.sort().reduce((all, key, i) => all + (i === 0 || key !== keys[i - 1]), 0);
    if (count >= 4 * cells || cell > extent) return cell * Math.sqrt(cells / count);
  }
}

// Rows of bscnet.viz.page.summary, over all points: their class or NO_CLASS each.
function classRows(classes, truth, prediction) {
  const rows = classes.map((one) => ({ ...one, iou: null, truth: truth && 0, predicted: 0, right: truth && 0 }));
  for (let i = 0; i < prediction.length; i++) {
    if (truth && truth[i] === NO_CLASS) continue;
    if (truth) rows[truth[i]].truth += 1;
    if (prediction[i] === NO_CLASS) continue;
    rows[prediction[i]].predicted += 1;
    if (truth && truth[i] === prediction[i]) rows[truth[i]].right += 1;
  }
  for (const row of rows) {
    const union = row.truth + row.predicted - row.right;
    if (truth && union) row.iou = row.right / union;
  }
  return rows;
}

// Class of each label, as a byte.
function classesOf(labels, known) {
  const place = new Map(known.map((label, k) => [label, k]));
  return Uint8Array.from(labels, (label) => place.get(label) ?? NO_CLASS);
}

// The scene and the cloud of the viewer. read: a cloud of reading/cloud.js.
export function viewOf(name, read, { labels, confidence }, facts, rules) {
  const { count, xyz, metres, rgb, isRead, label } = read, prediction = classesOf(labels, rules.labels.known);
  let truth = label === null ? null : classesOf(columnOf(read.table, read.columns[label]).values, rules.labels.known);
  for (let i = 0; truth && i < count; i++) if (!isRead(i)) truth[i] = NO_CLASS;
  if (truth?.every((one) => one === NO_CLASS)) truth = null;
  const corner = [0, 1, 2].map((k) => {
    let low = Infinity;
    for (let i = 0; i < count; i++) if (isRead(i)) low = Math.min(low, xyz[3 * i + k] * metres[k]);
    return Math.floor(low);
  });
  const step = Math.ceil(count / rules.view.most), kept = [];
  for (let i = 0; i < count; i += step) if (isRead(i)) kept.push(i);
  const axes = corner.map((low, k) => Float32Array.from(kept, (i) => xyz[3 * i + k] * metres[k] - low));
  const ends = axes.map((axis) => [axis.reduce((a, b) => Math.min(a, b), Infinity), axis.reduce((a, b) => Math.max(a, b), -Infinity)]);
  const half = ends.map(([low, high]) => (high - low) / 2), origin = ends.map(([low], k) => low + half[k]);
  const position = new Float32Array(3 * kept.length), colour = new Uint8Array(3 * kept.length);
  kept.forEach((i, place) => {
    for (let k = 0; k < 3; k++) {
      position[3 * place + k] = axes[k][place] - origin[k];
      colour[k * kept.length + place] = rgb ? rgb[3 * i + k] : rules.view.grey;
    }
  });
  const cloud = { count: kept.length, position, half, origin, radius: Math.hypot(...half), colour, values: [] };
  cloud.truth = truth && Uint8Array.from(kept, (i) => truth[i]);
  cloud.prediction = Uint8Array.from(kept, (i) => prediction[i]);
  cloud.confidence = Uint8Array.from(kept, (i) => rint(confidence[i] * 255));

  const inner = axes.map((axis) => percentiles(axis, [1, 99])), [floor, top] = inner[2];
  const { height: [lowest, highest], width, ceiling } = rules.view.room;
  const size = inner.map(([low, high]) => high - low), room = lowest <= size[2] && size[2] <= highest && Math.min(size[0], size[1]) >= width;
  const classes = classRows(rules.classes, truth, prediction), rated = classes.filter(({ iou }) => iou !== null);
  const scene = {
    name, facts, classes, room, floor,
    total: count,
    miou: rated.length ? rated.reduce((all, { iou }) => all + iou, 0) / rated.length : null,
    towards: viewDirection(axes, rules.view),
    ceiling: room ? Math.min(ends[2][1], Math.max(floor + ceiling, top - 0.1 * (top - floor))) : ends[2][1],
    spacing: pointSpacing(axes),
    layout: { count: kept.length, low: ends.map(([low]) => low) },
    ...rules.view.colours,
  };
  return { scene, cloud };
}
