/** Init segments and fragments, written the way ISO/IEC 14496-12 lays them out. */

/** @param {...number} values @returns {number[]} */
const u32 = (...values) =>
  values.flatMap((value) => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]);

/** @param {string} type @param {...number[]} parts @returns {number[]} */
function box(type, ...parts) {
  const body = parts.flat();
  return [...u32(8 + body.length), ...Buffer.from(type), ...body];
}

/**
 * Return a fragment with these frames, 3000 ticks each.
 *
 * @param {number} pts
 * @param {number[][]} frames
 * @param {{wide?: boolean, defaults?: boolean, offset?: boolean}} [options] `offset`: whether the
 *   `trun` says where the data begins; otherwise they follow the header of the `mdat`
 */
export function fragment(pts, frames, { wide = true, defaults = false, offset = true } = {}) {
  const tfhd = defaults
    ? box("tfhd", u32(0x020018, 1, 3000, frames[0].length))
    : box("tfhd", u32(0x020000, 1));
  const tfdt = wide ? box("tfdt", u32(0x01000000, 0, pts)) : box("tfdt", u32(0, pts));
  const rows = defaults ? [] : frames.flatMap((frame) => u32(3000, frame.length, 0));
  const flags = (defaults ? 0 : 0x700) | (offset ? 0x1 : 0);
  /** @param {number} dataOffset */
  const moof = (dataOffset) =>
    box(
      "moof",
      box("mfhd", u32(0, 1)),
      box("traf", tfhd, tfdt, box("trun", u32(flags, frames.length, ...(offset ? [dataOffset] : [])), rows)),
    );
  const size = moof(0).length;
  return new Uint8Array([...moof(size + 8), ...box("mdat", frames.flat())]);
}

/** Return an init segment with this decoder configuration record. @param {number[]} avcC */
export function initSegment(avcC) {
  const avc1 = box("avc1", Array(78).fill(0), box("pasp", u32(1, 1)), box("avcC", avcC));
  const stbl = box("stbl", box("stts", u32(0, 0)), box("stsd", u32(0, 1), avc1));
  const trak = box("trak", box("tkhd", u32(0)), box("mdia", box("minf", stbl)));
  return new Uint8Array([...box("ftyp", [...Buffer.from("iso6")]), ...box("moov", trak)]);
}
