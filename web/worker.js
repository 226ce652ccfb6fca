// Labels one file, apart from the page, which stays at hand meanwhile. Gets { parts, rules, file, units, dropping }, tells
// { step } on the way, and at the end { scene, cloud, labelled } or { refused, droppable }: a sentence, and whether it
// would be labelled without the points that have no place.
import { Network } from "./label.js";
import { readCloud } from "./reading/cloud.js";
import { lazReader } from "./reading/laz.js";
import { Refusal } from "./reading/refusal.js";
import { viewOf } from "./view.js";
import { plyBlob } from "./write_ply.js";

const seconds = (begun) => `${((performance.now() - begun) / 1000).toFixed(2)} s`;

// The points in the unit in which the network's engine takes them; untouched where that is the file's.
function inReadingsUnit({ xyz, metres }, reading, units) {
  const own = units[reading.units ?? "m"];
  if (metres.every((one) => one === own)) return xyz;
  return xyz.map((value, place) => (value * metres[place % 3]) / own);
}

// Labels of all points; those without a place are left out.
function labelsOfPlaced(network, name, xyz, rgb, isRead, { none }) {
  const count = xyz.length / 3, kept = Uint32Array.from({ length: count }, (_, i) => i).filter(isRead);
  const only = (rows) => rows && rows.constructor.from({ length: 3 * kept.length }, (_, place) => rows[3 * kept[Math.floor(place / 3)] + (place % 3)]);
  const found = network.label(name, only(xyz), only(rgb));
  const labels = new Int32Array(count).fill(none), confidence = new Float32Array(count);
  kept.forEach((i, place) => {
    labels[i] = found.labels[place];
    confidence[i] = found.confidence[place];
  });
  return { labels, confidence };
}

async function work({ parts, rules, file, units, dropping }) {
  const begun = performance.now();
  postMessage({ step: `${file.name} is read` });
  const unpacked = /\.laz$/i.test(file.name) ? await lazReader(parts.laz) : null;
  const read = readCloud(file.name, await file.arrayBuffer(), rules, units, unpacked);
  const reading = seconds(begun), started = performance.now();
  postMessage({ step: `${read.count.toLocaleString("en")} points are labelled` });
  const network = await Network.load(parts.engine, parts.model);
  const xyz = inReadingsUnit(read, rules.reading, rules.units), { count, isRead, rgb } = read;
  let placed = 0;
  for (let i = 0; i < count; i++) placed += isRead(i);
  if (placed < count && !dropping) {
    const sentence = `${count - placed} of ${count} points have coordinates that are not finite`;
    throw Object.assign(new Refusal(`${file.name}: ${sentence}`), { droppable: placed > 0 });
  }
  const found = placed < count ? labelsOfPlaced(network, file.name, xyz, rgb, isRead, rules.labels) : network.label(file.name, xyz, rgb);
  const labelling = seconds(started);
  const facts = {
    model: rules.model,
    points: read.count.toLocaleString("en"),
    read: reading,
    labelled: `${labelling}, ${network.implementation}`,
    ...(placed < count && { "left out": `${(count - placed).toLocaleString("en")} points without finite coordinates` }),
    unit: read.units + (read.stated ? ", as the file states" : read.table.canStateUnits ? ", the file states none" : ""),
  };
  const view = viewOf(file.name, read, found, facts, rules);
  postMessage({ ...view, labelled: plyBlob(read, found, rules) });
}

onmessage = ({ data }) =>
  work(data).catch((error) => {
    const noMemory = error instanceof RangeError || /memory/i.test(error.message);
    const broken = noMemory ? "there is not enough memory for it here" : `the labelling broke off (${error.message})`;
    postMessage({ refused: error instanceof Refusal ? error.message : `${data.file.name}: ${broken}`, droppable: error.droppable });
  });
