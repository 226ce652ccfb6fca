// The page: a file comes in, a worker labels it, the viewer shows it. `unpacked`, `byId`, `fillFacts` and `show` are the
// viewer's.
const parts = {}; // bytes that a worker needs: engine, model, laz
let rules, worker, left;

// The smallest module with an instruction on vectors: (func (result v128) (i8x16.splat (i32.const 0)))
const VECTORS = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11];

const textOf = (id) => byId(id).textContent;

function say(sentence, wrong = false) {
  byId("said-here").textContent = sentence;
  byId("said-here").classList.toggle("wrong", wrong);
}

async function begin() {
  if (typeof DecompressionStream === "undefined" || typeof WebAssembly === "undefined")
    return say("This browser is too old: it has no DecompressionStream or no WebAssembly. A version of 2023 or later has both.", true);
  rules = JSON.parse(textOf("rules"));
  const engine = WebAssembly.validate(new Uint8Array(VECTORS)) ? "engine" : "engine-scalar";
  [parts.engine, parts.model, parts.laz] = await Promise.all([engine, "model", "laz"].map((id) => unpacked(textOf(id))));
  byId("unit").append(...["", ...Object.keys(rules.units)].map((unit) => new Option(unit || "as the file says", unit)));
  byId("file").addEventListener("change", () => byId("file").files[0] && take(byId("file").files[0]));
  byId("unit").addEventListener("change", () => taken && take(taken));
  byId("drop").addEventListener("click", () => take(taken, true));
  addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("over-page");
  });
  addEventListener("dragleave", (event) => event.relatedTarget === null && document.body.classList.remove("over-page"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("over-page");
    if (event.dataTransfer.files.length === 1) take(event.dataTransfer.files[0]);
    else say("One file at a time can be labelled.", true);
  });
  say("");
  byId("file").disabled = byId("unit").disabled = false;
}

let taken = null; // the file that was dropped last

// Label a file; what another worker is about ends. dropping: leave out points without a place.
function take(file, dropping = false) {
  taken = file;
  byId("drop").hidden = true;
  worker?.terminate();
  worker = new Worker(take.address ??= URL.createObjectURL(new Blob([textOf("worker")], { type: "text/javascript" })));
  document.body.classList.add("busy");
  const ended = (sentence, wrong) => {
    document.body.classList.remove("busy");
    worker.terminate();
    say(sentence, wrong);
  };
  worker.onerror = (event) => ended(`${file.name}: the labelling broke off (${event.message})`, true);
  worker.onmessage = ({ data }) => {
    if (data.step) return say(`${data.step} \u2026`);
    byId("drop").hidden = !data.droppable;
    if (data.refused) return ended(data.refused, true);
    ended("");
    draw(data);
  };
  worker.postMessage({ parts, rules, file, units: byId("unit").value, dropping });
  byId("file").value = "";
}

// A new viewer each time: its elements come from the template, and what listened for the last one goes.
function draw({ scene, cloud, labelled }) {
  left?.abort();
  left = new AbortController();
  byId("viewer").replaceChildren(byId("template").content.cloneNode(true));
  document.body.classList.add("labelled");
  document.querySelector("h1").textContent = scene.name;
  byId("link").hidden = true; // the address of a view would open the page without the cloud
  fillFacts(scene);
  show(scene, cloud, left.signal);
  if (cloud.truth) window.viewer?.setCompared(true);
  const link = byId("download");
  URL.revokeObjectURL(link.href);
  link.href = URL.createObjectURL(labelled);
  link.download = scene.name.replace(/\.[^.]*$/, "") + "-labelled.ply";
  link.hidden = false;
}

begin().catch((error) => {
  say(`The page is damaged: ${error.message}`, true);
  throw error;
});
