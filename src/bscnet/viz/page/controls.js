// Mouse, touch and keys on the canvas, told to the viewer as turns, moves, steps nearer and clicks.

const TURN_PER_PIXEL = 0.006;
const CLICK_PIXELS = 5;

// A pointer that presses, and how far it has come since; two of them pinch.
function listenToPointers(canvas, viewer) {
  const pressed = new Map();
  let travelled = 0;
  const at = (event) => [event.offsetX, event.offsetY];
  const middle = (points) => [0, 1].map((k) => points.reduce((all, p) => all + p[k], 0) / points.length);
  const spread = ([a, b]) => Math.hypot(a[0] - b[0], a[1] - b[1]);

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    if (pressed.size === 0) travelled = 0;
    pressed.set(event.pointerId, at(event));
    canvas.classList.add("dragged");
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!pressed.has(event.pointerId)) {
      if (event.pointerType === "mouse") viewer.hover(...at(event));
      return;
    }
    const before = [...pressed.values()];
    pressed.set(event.pointerId, at(event));
    const after = [...pressed.values()];
    const [x, y] = [0, 1].map((k) => middle(after)[k] - middle(before)[k]);
    travelled += Math.hypot(x, y);
    const moves = after.length > 1 || event.shiftKey || (event.buttons & 6) !== 0;
    if (moves) viewer.move(-x / viewer.matrices.height, y / viewer.matrices.height);
    else viewer.turn(-x * TURN_PER_PIXEL, y * TURN_PER_PIXEL);
    if (after.length === 2) {
      viewer.approach(spread(before) / Math.max(spread(after), 1));
      travelled += Math.abs(spread(after) - spread(before));
    }
  });
  const release = (event) => {
    const clicked = pressed.size === 1 && travelled < CLICK_PIXELS && event.type === "pointerup" && event.button === 0;
    pressed.delete(event.pointerId);
    if (pressed.size === 0) canvas.classList.remove("dragged");
    if (clicked) viewer.select(...at(event));
  };
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("pointerleave", () => viewer.hover(null));
  canvas.addEventListener("dblclick", (event) => viewer.centre(...at(event)));
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const pixels = event.deltaY * (event.deltaMode === 1 ? 16 : 1);
      viewer.approach(Math.exp(clamp(pixels, -300, 300) * 0.0015));
    },
    { passive: false },
  );
}

// Letters and numbers work everywhere on the page; arrows and Enter stay with sliders and buttons that have the focus.
function listenToKeys(canvas, viewer, left) {
  const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  const letters = {
    "+": () => viewer.approach(1 / 1.15),
    "=": () => viewer.approach(1 / 1.15),
    "-": () => viewer.approach(1.15),
    "[": () => viewer.setSize(viewer.size - 0.2),
    "]": () => viewer.setSize(viewer.size + 0.2),
    r: () => viewer.reset(),
    w: () => viewer.setWalls(!viewer.walls),
    s: () => viewer.setShading(!viewer.shading),
    a: () => viewer.setHidden([]),
    c: () => viewer.setCompared(viewer.views.length === 1),
    l: () => linkToView(viewer),
    p: () => savePicture(viewer),
    escape: () => viewer.deselect(),
  };
  const pressed = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const onCanvas = event.target === canvas || event.target === document.body;
    const mode = viewer.modes[Number(event.key) - 1];
    if (mode) viewer.setMode(mode.name);
    else if (letters[event.key.toLowerCase()]) letters[event.key.toLowerCase()]();
    else if (onCanvas && arrows[event.key]) {
      const [right, up] = arrows[event.key];
      if (event.shiftKey) viewer.move(right * 0.04, up * 0.04);
      else viewer.turn(right * 0.08, up * 0.08);
    } else if (event.target === canvas && event.key === "Enter") {
      viewer.select(viewer.matrices.width / 2, viewer.matrices.height / 2);
    } else return;
    event.preventDefault();
  };
  document.addEventListener("keydown", pressed, { signal: left });
}
