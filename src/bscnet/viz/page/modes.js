// What the points' colours may say. A mode exists where the scene has what it needs.

// needs: planes it shows. by: whose label decides, when a class is hidden, which points go; the first that exists.
const MODES = [
  { name: "colour", needs: [], by: ["truth", "prediction"] },
  { name: "truth", needs: ["truth"], by: ["truth"] },
  { name: "prediction", needs: ["prediction"], by: ["prediction"] },
  { name: "error", needs: ["truth", "prediction"], by: ["truth"] },
  { name: "confidence", needs: ["confidence"], by: ["prediction", "truth"] },
];

// Those of the scene, then the height above the floor and every further value, which have a `value` to show.
function availableModes(cloud, scene) {
  const top = Math.min(scene.ceiling, cloud.origin[2] + cloud.half[2]) - scene.floor;
  const heights = Float32Array.from({ length: cloud.count }, (_, i) => cloud.position[3 * i + 2] + cloud.origin[2] - scene.floor);
  const height = { name: "height", unit: " m", inner: [scene.layout.low[2] - scene.floor, top], numbers: heights };
  const known = MODES.filter((mode) => mode.needs.every((name) => cloud[name]));
  return [...known, ...[height, ...cloud.values].map((value) => ({ name: value.name, by: ["prediction", "truth"], value }))];
}

const labelsOf = (mode, cloud) => cloud[mode.by.find((name) => cloud[name])] ?? null;

// RGBA of every point, alpha 0 where its class is hidden. `hidden`: a Set of label bytes.
function paint(cloud, scene, mode, hidden) {
  const rgba = new Uint8Array(4 * cloud.count);
  const labels = labelsOf(mode, cloud);
  const colourOf = colouring(cloud, scene, mode);
  for (let i = 0; i < cloud.count; i++) {
    rgba.set(colourOf(i), 4 * i);
    rgba[4 * i + 3] = labels && hidden.has(labels[i]) ? 0 : 255;
  }
  return rgba;
}

function colouring(cloud, scene, mode) {
  const { colour, count, truth, prediction, confidence } = cloud;
  const classColour = (label) => (label === NO_CLASS ? scene.ignored : scene.classes[label].colour);
  const ramp = Array.from({ length: 256 }, (_, i) => rampColour(scene.ramp, i / 255));
  if (mode.value) {
    const { numbers, inner: [low, high] } = mode.value;
    const share = (value) => (high > low ? clamp((value - low) / (high - low), 0, 1) : 0.5);
    return (i) => (Number.isNaN(numbers[i]) ? scene.ignored : ramp[Math.round(255 * share(numbers[i]))]);
  }
  return {
    colour: (i) => [colour[i], colour[count + i], colour[2 * count + i]],
    truth: (i) => classColour(truth[i]),
    prediction: (i) => classColour(prediction[i]),
    error: (i) => (truth[i] === NO_CLASS ? scene.ignored : truth[i] === prediction[i] ? scene.right : scene.wrong),
    confidence: (i) => ramp[confidence[i]],
  }[mode.name];
}

// Between the stops of a colour map, `share` in 0..1.
function rampColour(stops, share) {
  const place = share * (stops.length - 1);
  const first = Math.min(Math.floor(place), stops.length - 2);
  const rest = place - first;
  return stops[first].map((value, k) => Math.round((1 - rest) * value + rest * stops[first + 1][k]));
}
