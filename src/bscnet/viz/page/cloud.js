// The points, read back from the page: layout and planes are those of payload.py.

const NO_CLASS = 255;
const NO_VALUE = 65535;

// The bytes of base64 of gzip.
async function unpacked(text) {
  const packed = Uint8Array.from(atob(text.trim()), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// Positions are metres relative to `origin`, the middle of the cloud, where 32-bit floats are finest.
async function readCloud(layout, text) {
  const bytes = await unpacked(text);
  const count = layout.count;
  const cloud = { count, truth: null, prediction: null, confidence: null, values: [] };
  let place = 0;
  for (const name of layout.planes) {
    if (name === "position") {
      Object.assign(cloud, positions(layout, new DataView(bytes.buffer, place, 6 * count)));
      place += 6 * count;
    } else if (name === "colour") {
      cloud.colour = bytes.subarray(place, place + 3 * count);
      place += 3 * count;
    } else if (name.startsWith("value ")) {
      const view = new DataView(bytes.buffer, place, 2 * count);
      cloud.values.push(readValue(layout.values[cloud.values.length], view, count));
      place += 2 * count;
    } else {
      cloud[name] = bytes.subarray(place, place + count);
      place += count;
    }
  }
  if (place !== bytes.length) throw new Error(`${bytes.length} bytes of points where ${place} were expected`);
  return cloud;
}

// A further quantity: its name, the `inner` range over which colours change, and the number of every point or NaN.
function readValue({ name, low, step, inner }, view, count) {
  const numbers = Float64Array.from({ length: count }, (_, i) => {
    const steps = view.getUint16(2 * i, true);
    return steps === NO_VALUE ? NaN : low + step * steps;
  });
  return { name, inner, numbers };
}

function positions({ count, low, step }, values) {
  const half = step.map((width) => (width * 65535) / 2);
  const position = new Float32Array(3 * count);
  for (let axis = 0; axis < 3; axis++)
    for (let i = 0; i < count; i++)
      position[3 * i + axis] = step[axis] * values.getUint16(2 * (axis * count + i), true) - half[axis];
  return { position, half, origin: low.map((corner, axis) => corner + half[axis]), radius: Math.hypot(...half) };
}
