// What is seen now, for others: as an address, and as a picture.

const rounded = (value) => Number(value.toPrecision(7));

// The state of the viewer as the fragment of an address.
function viewText(viewer) {
  const { azimuth, elevation, distance, target } = viewer.camera;
  const parts = new URLSearchParams();
  parts.set("view", [azimuth, elevation, distance, ...target].map(rounded).join());
  viewer.views.forEach(({ mode }) => parts.append("colour", mode.name));
  parts.set("cut", rounded(viewer.ceiling));
  parts.set("size", rounded(viewer.size));
  parts.set("open", Number(viewer.walls));
  parts.set("shaded", Number(viewer.shading));
  if (viewer.hidden.size) parts.set("hidden", [...viewer.hidden].join());
  return parts.toString();
}

// The state that a fragment tells; what it does not tell, or not in numbers, stays as it is.
function takeView(viewer, text) {
  const parts = new URLSearchParams(text);
  const numbers = (name) => (parts.get(name) || "x").split(",").map(Number);
  const told = (name, take, count = 1) => {
    const values = numbers(name);
    if (values.length === count && values.every(Number.isFinite)) take(...values);
  };
  const names = parts.getAll("colour").slice(0, 2);
  if (names.length && names.length !== viewer.views.length) viewer.setCompared(names.length > 1);
  names.forEach((name, view) => viewer.setMode(name, view));
  told("cut", (share) => viewer.setCeiling(clamp(share, 0, 1)));
  told("size", (size) => viewer.setSize(size));
  told("open", (open) => viewer.setWalls(open === 1));
  told("shaded", (on) => viewer.setShading(on === 1));
  if (parts.has("hidden")) viewer.setHidden(numbers("hidden").filter(Number.isInteger));
  told(
    "view",
    (azimuth, elevation, distance, ...target) => {
      const { camera } = viewer;
      Object.assign(camera, { azimuth, elevation: clamp(elevation, -STEEPEST, STEEPEST), target });
      camera.approach(distance / camera.distance);
      viewer.untouched = false;
      viewer.stale.fit = false;
      viewer.changed("walls");
    },
    6,
  );
}

// Put it where addresses stand, and to what is pasted next where the browser allows that.
async function linkToView(viewer) {
  const said = byId("said");
  try {
    location.hash = viewText(viewer);
  } catch {
    said.textContent = "A page inside another has no address of its own.";
    return;
  }
  said.textContent = "The address of this page now shows this view.";
  try {
    await navigator.clipboard.writeText(location.href);
    said.textContent = "The address of this view is copied.";
  } catch {
    // not allowed: the address bar has it
  }
}

// The points as a PNG on the stage's colour, offered as a file.
function savePicture(viewer) {
  viewer.draw();
  const { width, height } = viewer.canvas;
  const sheet = Object.assign(document.createElement("canvas"), { width, height });
  const pen = sheet.getContext("2d");
  pen.fillStyle = getComputedStyle(byId("stage")).backgroundColor;
  pen.fillRect(0, 0, width, height);
  pen.drawImage(viewer.canvas, 0, 0);
  sheet.toBlob((blob) => {
    const name = viewer.scene.name.replace(/[^\p{L}\p{N}._-]+/gu, "-");
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: `${name}.png` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    byId("said").textContent = `${link.download}: ${grouped(width)} by ${grouped(height)} pixels`;
  });
}
