// Colours as files hold them, 0 to 1, 0 to 255 or 0 to 65535, and the way from them to 8 bits (bscnet.clouds.colors).
import { Refusal } from "./refusal.js";
import { isReal } from "./table.js";

// To the nearest whole number, halves to the even one, as NumPy has it.
export function rint(value) {
  const low = Math.floor(value), rest = value - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 !== 0) ? low + 1 : low;
}

// The largest value of the range that holds the colours of the points that are read.
export function rangeOf(file, channels, isRead, described) {
  let low = Infinity, high = -Infinity, broken = false, finite = true;
  for (const { kind, values } of channels)
    for (let i = 0; i < values.length; i++) {
      if (!isRead(i)) continue;
      const value = values[i];
      finite &&= Number.isFinite(value);
      if (value < low) low = value;
      if (value > high) high = value;
      if (isReal(kind) && value % 1 !== 0) broken = true;
    }
  if (low > high && finite) return 255;
  if (!finite || low < 0) throw new Refusal(`${file}: colours reach from ${low} to ${high}, they must be finite and not negative`);
  const largest = described !== "auto" ? Number(described) : high <= 1 && broken ? 1 : high <= 255 ? 255 : 65535;
  if (high > largest) throw new Refusal(`${file}: a colour channel is ${high}, beyond the range 0..${largest}`);
  return largest;
}

// Bytes (P * 3) of channels that reach to `largest`; 16 bits keep their high byte.
export function eightBit(channels, largest, count) {
  const shades = new Uint8Array(3 * count);
  const byte = { 1: (value) => rint(value * 255), 255: rint, 65535: (value) => Math.trunc(value) >> 8 }[largest];
  channels.forEach(({ values }, k) => {
    for (let i = 0; i < count; i++) shades[3 * i + k] = byte(values[i]);
  });
  return shades;
}
