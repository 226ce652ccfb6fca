// LZF, by which PCD files are compressed (Lehmann's liblzf): literals, and copies of what came before.
export function unpackedLzf(packed, size) {
  const out = new Uint8Array(size);
  let place = 0, at = 0;
  while (place < packed.length) {
    const control = packed[place++];
    if (control < 32) {
      if (place + control + 1 > packed.length || at + control + 1 > size) throw new Error("its compressed data break off");
      out.set(packed.subarray(place, place + control + 1), at);
      place += control + 1;
      at += control + 1;
      continue;
    }
    let length = control >> 5;
    if (length === 7) length += packed[place++];
    let from = at - ((control & 31) << 8) - packed[place++] - 1;
    if (!(from >= 0) || at + length + 2 > size) throw new Error("its compressed data are damaged");
    for (const end = at + length + 2; at < end; ) out[at++] = out[from++];
  }
  if (at !== size) throw new Error(`its compressed data have ${at} bytes, not ${size}`);
  return out;
}
