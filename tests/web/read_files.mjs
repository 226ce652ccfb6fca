// Reads clouds by the page's readers: read_files.mjs RULES LAZ FOLDER. Of each file of FOLDER it prints what is wrong, or
// its columns, whose values are put into FILE.columns as float64, one column after the other, and the colours in 8 bits
// into FILE.rgb where the network can be given them.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { readCloud } from "../../web/reading/cloud.js";
import { columnOf } from "../../web/reading/columns.js";
import { lazReader } from "../../web/reading/laz.js";
import { Refusal } from "../../web/reading/refusal.js";

const [rulesFile, lazFile, folder] = process.argv.slice(2);
const rules = { ...JSON.parse(readFileSync(rulesFile)), needsColours: false };
const unpacked = await lazReader(readFileSync(lazFile));
const told = {};
for (const name of readdirSync(folder)) {
  const file = readFileSync(`${folder}/${name}`);
  try {
    const read = readCloud(name, file.buffer.slice(file.byteOffset, file.byteOffset + file.length), rules, "", unpacked);
    const names = Object.keys(read.columns);
    const columns = names.map((one) => Float64Array.from(columnOf(read.table, read.columns[one]).values));
    writeFileSync(`${folder}/${name}.columns`, Buffer.concat(columns.map((one) => Buffer.from(one.buffer))));
    if (read.rgb) writeFileSync(`${folder}/${name}.rgb`, read.rgb);
    told[name] = { names, count: read.count, metres: read.metres, label: read.label };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    told[name] = error.message;
  }
}
console.log(JSON.stringify(told));
