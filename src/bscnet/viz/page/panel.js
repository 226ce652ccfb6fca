// Everything around the picture: facts, buttons, sliders, the key of the colours, the table of classes.

const byId = (id) => document.getElementById(id);
const grouped = (number) => number.toLocaleString("en");
const percent = (share) => (share === null ? "\u2013" : `${(100 * share).toFixed(1)} %`);
// A value of a quantity, as finely as its range has to be told.
function brief({ unit = "", inner: [low, high] }, value) {
  if (Number.isNaN(value)) return "\u2013";
  const digits = clamp(2 - Math.floor(Math.log10(high - low || 1)), 0, 9);
  return `${value.toLocaleString("en", { maximumFractionDigits: digits })}${unit}`;
}
const css = ([red, green, blue]) => `rgb(${red}, ${green}, ${blue})`;

// An element; text is set as text, so names may hold whatever they like.
function element(tag, { text, title, className, children = [] } = {}) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (title) made.title = title;
  if (className) made.className = className;
  made.append(...children);
  return made;
}

function swatch(colour) {
  const made = element("span", { className: "swatch" });
  made.style.backgroundColor = css(colour);
  return made;
}

function fillFacts(scene) {
  for (const [name, value] of Object.entries(scene.facts))
    byId("facts").append(element("div", { children: [element("dt", { text: name }), element("dd", { text: value })] }));
  const shown = scene.layout.count;
  byId("drawn").textContent =
    shown < scene.total
      ? `${grouped(shown)} of ${grouped(scene.total)} points are drawn; all numbers count all points.`
      : `${grouped(shown)} points.`;
}

const overlays = () => [...document.querySelectorAll(".over")];

// The buttons of both views; those of the second are seen when there is one.
function makeModeButtons(viewer) {
  overlays().forEach((over, view) =>
    viewer.modes.forEach((mode, place) => {
      const keys = view === 0 && place < 9 ? [element("kbd", { text: place + 1 })] : [];
      const button = element("button", { text: `${mode.name} `, children: keys });
      button.type = "button";
      button.dataset.mode = mode.name;
      button.addEventListener("click", () => viewer.setMode(mode.name, view));
      over.querySelector(".modes").append(button);
    }),
  );
}

// A bar of the colours of small to large, with what they stand for below it.
function ramp(scene, title, ticks) {
  const bar = element("i"), scale = element("div", { children: ticks.map((text) => element("span", { text })) });
  bar.style.background = `linear-gradient(90deg, ${scene.ramp.map(css).join(", ")})`;
  return element("div", { className: "ramp", children: [title, bar, scale] });
}

// The colours of a mode that are not those of classes.
function fillKey(scene, mode, key) {
  key.replaceChildren();
  key.dataset.mode = mode.name;
  if (mode.name === "error") {
    const count = (name) => scene.classes.reduce((all, row) => all + row[name], 0);
    const labelled = count("truth"), right = count("right");
    const entries = [["right", right, scene.right], ["wrong", labelled - right, scene.wrong]];
    if (labelled < scene.total) entries.push(["ignored", scene.total - labelled, scene.ignored]);
    for (const [name, points, colour] of entries) {
      const share = percent(points / scene.total);
      key.append(element("span", { title: `${grouped(points)} points`, children: [swatch(colour), `${name} ${share}`] }));
    }
  }
  if (mode.name === "confidence") key.append(ramp(scene, "how sure the network is", ["0 %", "50 %", "100 %"]));
  if (mode.value) {
    const [low, high] = mode.value.inner;
    key.append(ramp(scene, mode.name, [low, (low + high) / 2, high].map((value) => brief(mode.value, value))));
  }
}

// One row for each class that occurs and, where there is a truth, one for ignored points; the name hides and shows.
function fillClasses(scene, cloud, viewer) {
  const columns = [["truth", "truth"], ["predicted", "predicted"]].filter(([key]) => scene.classes[0]?.[key] != null);
  if (columns.length === 0) return;
  const rated = scene.miou !== null;
  for (const text of ["class", ...(rated ? ["IoU"] : []), ...columns.map(([, title]) => title)])
    byId("columns").append(element("th", { text }));
  [...byId("columns").children].forEach((heading) => (heading.scope = "col"));
  const counted = (row) => columns.some(([key]) => row[key] > 0);
  scene.classes.forEach((row, label) => {
    if (!counted(row) && row.iou === null) return;
    const cells = columns.map(([key]) => element("td", { text: grouped(row[key]) }));
    if (rated) {
      cells.unshift(element("td", { text: percent(row.iou), className: "iou" }));
      cells[0].style.setProperty("--share", `${100 * (row.iou ?? 0)}%`);
    }
    addRow(row.name, row.colour, label, cells, viewer);
  });
  const ignored = scene.total - scene.classes.reduce((all, row) => all + (row.truth ?? row.predicted), 0);
  if (ignored > 0) {
    const cells = columns.map((_, place) => element("td", { text: place === 0 ? grouped(ignored) : "\u2013" }));
    if (rated) cells.unshift(element("td", { text: "\u2013" }));
    addRow(cloud.truth ? "ignored" : "no class", scene.ignored, NO_CLASS, cells, viewer);
  }
  const absent = scene.classes.filter((row) => !counted(row) && row.iou === null).map((row) => row.name);
  byId("absent").textContent = absent.length ? `Not in this scene: ${absent.join(", ")}.` : "";
  if (rated) byId("score").append("mIoU ", element("b", { text: percent(scene.miou) }), " in this scene");
  byId("classes").hidden = false;
}

function addRow(name, colour, label, cells, viewer) {
  const button = element("button", { title: `Hide or show ${name}`, children: [swatch(colour), element("span", { text: name })] });
  button.type = "button";
  button.dataset.label = label;
  button.addEventListener("click", () => viewer.toggleClass(label));
  const heading = element("th", { children: [button] });
  heading.scope = "row";
  byId("rows").append(element("tr", { children: [heading, ...cells] }));
}

// What is known of point i, in words; the picture of a label is its class's colour.
function describePoint(scene, cloud, i) {
  const lines = [];
  const label = (byte) => (byte === NO_CLASS ? ["none", scene.ignored] : [scene.classes[byte].name, scene.classes[byte].colour]);
  for (const name of ["truth", "prediction"]) {
    if (!cloud[name]) continue;
    const [text, colour] = label(cloud[name][i]);
    lines.push([name, [swatch(colour), name === "truth" && text === "none" ? "ignored" : text]]);
  }
  if (cloud.confidence) lines.push(["confidence", [percent(cloud.confidence[i] / 255)]]);
  for (const value of cloud.values) lines.push([value.name, [brief(value, value.numbers[i])]]);
  const colour = [0, 1, 2].map((k) => cloud.colour[k * cloud.count + i]);
  lines.push(["colour", [swatch(colour), colour.join(" ")]]);
  const place = [0, 1, 2].map((k) => (cloud.position[3 * i + k] + cloud.origin[k]).toFixed(2));
  lines.push(["x y z", [`${place.join("  ")} m`]]);
  byId("point").replaceChildren(
    ...lines.map(([name, parts]) =>
      element("div", { children: [element("span", { text: name }), element("span", { children: parts })] }),
    ),
  );
}

// Buttons, sliders and outputs as the viewer's state is.
function showState(viewer, scene) {
  const shape = viewer.isBeside() ? "beside" : "stacked";
  byId("stage").className = viewer.views.length > 1 ? shape : "";
  overlays().forEach((over, k) => {
    const view = viewer.views[k];
    over.hidden = view === undefined;
    if (!view) return;
    for (const button of over.querySelectorAll("button")) button.setAttribute("aria-pressed", button.dataset.mode === view.mode.name);
    const key = over.querySelector(".key");
    if (key.dataset.mode !== view.mode.name) fillKey(scene, view.mode, key);
  });
  byId("compare").setAttribute("aria-pressed", viewer.views.length > 1);
  for (const button of byId("rows").querySelectorAll("button"))
    button.setAttribute("aria-pressed", !viewer.hidden.has(Number(button.dataset.label)));
  byId("walls").setAttribute("aria-pressed", viewer.walls);
  byId("shading").setAttribute("aria-pressed", viewer.shading);
  byId("size").value = viewer.size;
  byId("size-text").textContent = `${viewer.size.toFixed(1)} \u00d7`;
  byId("ceiling").value = 1000 * viewer.ceiling;
  const height = scene.layout.low[2] + 2 * viewer.ceiling * viewer.cloud.half[2] - scene.floor;
  byId("ceiling-text").textContent = viewer.ceiling >= 1 ? "nothing" : `${height.toFixed(2)} m`;
  byId("ceiling").setAttribute("aria-valuetext", byId("ceiling-text").textContent);
}
