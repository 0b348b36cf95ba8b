/**
 * Bytes as they arrive: base64, init segments and fragments (ISO/IEC 14496-12).
 *
 * @module
 */

/**
 * @param {string | Uint8Array | DataView} data base64 text, or bytes that came as bytes
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function toBytes(data) {
  if (typeof data !== "string") {
    const { buffer, byteOffset, byteLength } = data;
    return new Uint8Array(/** @type {ArrayBuffer} */ (buffer), byteOffset, byteLength);
  }
  const native = /** @type {any} */ (Uint8Array).fromBase64;
  if (native) return native.call(Uint8Array, data);
  const text = atob(data);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** ISO BMFF boxes (ISO/IEC 14496-12): 32-bit size, four characters, payload. */
class BoxReader {
  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** @returns {Generator<{type: string, start: number, end: number, body: number}>} */
  *boxes(start = 0, end = this.bytes.byteLength) {
    for (let at = start; at + 8 <= end;) {
      const size = this.view.getUint32(at);
      if (size < 8 || at + size > end) throw new RangeError(`bad box size ${size} at byte ${at}`);
      const type = String.fromCharCode(...this.bytes.subarray(at + 4, at + 8));
      yield { type, start: at, end: at + size, body: at + 8 };
      at += size;
    }
  }

  /**
   * @param {string} type
   * @param {number} [start]
   * @param {number} [end]
   */
  find(type, start, end) {
    for (const box of this.boxes(start, end)) if (box.type === type) return box;
    throw new RangeError(`no ${type} box`);
  }
}

/**
 * Return the decoder configuration record (`avcC`, ISO/IEC 14496-15) of an init segment.
 *
 * @param {Uint8Array} bytes `ftyp` + `moov`
 */
export function parseInit(bytes) {
  const reader = new BoxReader(bytes);
  let box = reader.find("moov");
  for (const type of ["trak", "mdia", "minf", "stbl", "stsd"]) {
    box = reader.find(type, box.body, box.end);
  }
  const entry = reader.find("avc1", box.body + 8, box.end);
  const avcC = reader.find("avcC", entry.body + 78, entry.end);
  return bytes.slice(avcC.body, avcC.end);
}

/**
 * Return the samples of a fragment. Offsets count from the start of its `moof`
 * (`default-base-is-moof`).
 *
 * @param {Uint8Array<ArrayBuffer>} bytes one or more `moof` + `mdat`
 * @returns {{pts: number, duration: number, data: Uint8Array<ArrayBuffer>}[]}
 */
export function parseFragment(bytes) {
  const reader = new BoxReader(bytes);
  const { view } = reader;
  const samples = [];
  for (const moof of reader.boxes()) {
    if (moof.type !== "moof") continue;
    const traf = reader.find("traf", moof.body, moof.end);
    const tfhd = reader.find("tfhd", traf.body, traf.end);
    const tfhdFlags = view.getUint32(tfhd.body) & 0xffffff;
    let at = tfhd.body + 8 + (tfhdFlags & 0x1 ? 8 : 0) + (tfhdFlags & 0x2 ? 4 : 0);
    const defaultDuration = tfhdFlags & 0x8 ? view.getUint32(at) : 0;
    at += tfhdFlags & 0x8 ? 4 : 0;
    const defaultSize = tfhdFlags & 0x10 ? view.getUint32(at) : 0;
    const tfdt = reader.find("tfdt", traf.body, traf.end);
    const wide = view.getUint8(tfdt.body) === 1;
    let pts = wide ? Number(view.getBigUint64(tfdt.body + 4)) : view.getUint32(tfdt.body + 4);
    const trun = reader.find("trun", traf.body, traf.end);
    const flags = view.getUint32(trun.body) & 0xffffff;
    const count = view.getUint32(trun.body + 4);
    let offset = flags & 0x1 ? moof.start + view.getInt32(trun.body + 8) : moof.end + 8;
    at = trun.body + 8 + (flags & 0x1 ? 4 : 0) + (flags & 0x4 ? 4 : 0);
    for (let i = 0; i < count; i += 1) {
      const duration = flags & 0x100 ? view.getUint32(at) : defaultDuration;
      at += flags & 0x100 ? 4 : 0;
      const size = flags & 0x200 ? view.getUint32(at) : defaultSize;
      at += (flags & 0x200 ? 4 : 0) + (flags & 0x400 ? 4 : 0) + (flags & 0x800 ? 4 : 0);
      samples.push({ pts, duration, data: bytes.subarray(offset, offset + size) });
      pts += duration;
      offset += size;
    }
  }
  return samples;
}

/** @param {Uint8Array<ArrayBuffer>[]} parts */
export function joined(parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}
