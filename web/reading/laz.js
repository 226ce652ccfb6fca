// The points of a LAZ file, unpacked by laz-rs, as loaders.gl brings it.
import init, { WasmLasZipDecompressor } from "../node_modules/@loaders.gl/las/dist/libs/laz-rs-wasm/laz_rs_wasm.js";

const AT_ONCE = 1 << 16; // points

// What reads a LAZ file; wasm: the bytes of laz-rs.
export async function lazReader(wasm) {
  await init({ module_or_path: wasm });
  return (bytes, count, size) => {
    if (count > bytes.length * 64) throw new Error("it is too short for its points");
    const points = new Uint8Array(count * size), unpacker = new WasmLasZipDecompressor(bytes);
    for (let place = 0; place < points.length; place += AT_ONCE * size)
      unpacker.decompress_many(points.subarray(place, place + AT_ONCE * size));
    unpacker.free();
    return points.buffer;
  };
}
