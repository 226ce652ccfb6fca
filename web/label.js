// The engine, called as csrc/include/bscnet.h says.
import startEngine from "../build/csrc/wasm/bscnet.js";
import { Refusal } from "./reading/refusal.js";

export class Network {
  // wasmBinary: of the engine. model: bytes of the model's file.
  static async load(wasmBinary, model) {
    const made = new Network();
    made.engine = await startEngine({ wasmBinary });
    made.implementation = made.text(made.engine._bscnet_implementation());
    const bytes = made.copied(model), pointer = made.engine._malloc(4);
    made.check("the network", made.engine._bscnet_load_memory(bytes, model.length, pointer));
    made.handle = made.engine.HEAPU32[pointer >> 2];
    made.engine._free(bytes);
    return made;
  }

  text(pointer) {
    return this.engine.UTF8ToString(pointer);
  }

  check(name, status) {
    if (status !== 0) throw new Refusal(`${name}: ${this.text(this.engine._bscnet_last_error())}`);
  }

  room(bytes) {
    const place = this.engine._malloc(Math.max(bytes, 1));
    if (place === 0) throw new Refusal("there is not enough memory for this cloud: a page has 4 GB at most");
    return place >>> 0;
  }

  copied(array) {
    const place = this.room(array.byteLength);
    this.engine.HEAPU8.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), place);
    return place;
  }

  // Labels (int32) and how sure each is (float32) of points in the unit that the network's reading names.
  label(name, xyz, rgb) {
    const points = xyz.length / 3, places = this.copied(xyz), colours = rgb ? this.copied(rgb) : 0;
    const labels = this.room(4 * points), sure = this.room(4 * points);
    this.check(name, this.engine._bscnet_label(this.handle, BigInt(points), places, colours, 0, 1, labels, sure));
    const { buffer } = this.engine.HEAPU8;
    return { labels: new Int32Array(buffer.slice(labels, labels + 4 * points)), confidence: new Float32Array(buffer.slice(sure, sure + 4 * points)) };
  }
}
