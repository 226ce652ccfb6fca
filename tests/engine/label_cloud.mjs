// Labels a cloud by the engine of a page: label_cloud.mjs ENGINE MODEL FOLDER. FOLDER has xyz (float64) and rgb (uint8);
// labels (int32) and confidence (float32) are put there. Prints what the kernels are called and what refusals say.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const [engineFile, modelFile, folder] = process.argv.slice(2);
const start = createRequire(import.meta.url)(engineFile);
const engine = await start({ wasmBinary: readFileSync(engineFile.replace(/js$/, "wasm")) });

// Bytes in the engine's memory, to be given to _free.
function copied(bytes) {
  const place = engine._malloc(Math.max(bytes.length, 1));
  engine.HEAPU8.set(bytes, place);
  return place;
}

function load(bytes) {
  const place = copied(bytes), pointer = engine._malloc(4);
  const status = engine._bscnet_load_memory(place, bytes.length, pointer);
  return [status, engine.HEAPU32[pointer >> 2]];
}

const sentence = () => engine.UTF8ToString(engine._bscnet_last_error());
const [empty] = load(new Uint8Array(0));
const said = { implementation: engine.UTF8ToString(engine._bscnet_implementation()), empty: [empty, sentence()] };
const [loaded, model] = load(readFileSync(modelFile));
if (loaded !== 0) throw new Error(sentence());

const xyz = readFileSync(`${folder}/xyz`), points = xyz.length / 24;
const places = copied(xyz), colours = copied(readFileSync(`${folder}/rgb`));
const labels = engine._malloc(4 * points), sure = engine._malloc(4 * points);
const label = (rgb) => engine._bscnet_label(model, BigInt(points), places, rgb, 0, 1, labels, sure);
said.colourless = [label(0), sentence()];
const begun = process.cpuUsage().user;
if (label(colours) !== 0) throw new Error(sentence());
if (process.env.BSCNET_TIMES) process.stderr.write(`${(process.cpuUsage().user - begun) / 1e6} s\n`);
writeFileSync(`${folder}/labels`, engine.HEAPU8.slice(labels, labels + 4 * points));
writeFileSync(`${folder}/confidence`, engine.HEAPU8.slice(sure, sure + 4 * points));
console.log(JSON.stringify(said));
