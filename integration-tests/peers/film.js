// Draws a film of noise, and returns it as a WebM file that can be skipped through: a key frame every second, with the place of each told
// at the beginning. It plays for so many seconds and has about 1.5 MB for each.
async function film(name, seconds) {
  const [width, height, rate] = [640, 360, 10];
  const blocks = [];
  const encoder = new VideoEncoder({
    output(chunk) {
      const data = new Uint8Array(chunk.byteLength);
      chunk.copyTo(data);
      blocks.push({ at: chunk.timestamp / 1000, key: chunk.type === "key", data });
    },
    error(error) { throw error; },
  });
  encoder.configure({ codec: "vp8", width, height, bitrate: 12e6, framerate: rate });
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const noises = Array.from({ length: 8 }, () => {
    const noise = context.createImageData(width, height);
    const pixels = new Uint32Array(noise.data.buffer);
    for (let at = 0; at < pixels.length; at += 1) pixels[at] = 0xff000000 | Math.random() * 0x1000000;
    return noise;
  });
  for (let number = 0; number < seconds * rate; number += 1) {
    context.putImageData(noises[number % noises.length], 0, 0);
    const frame = new VideoFrame(canvas, { timestamp: number * 1e6 / rate });
    encoder.encode(frame, { keyFrame: number % rate === 0 });
    frame.close();
    while (encoder.encodeQueueSize > 8) await new Promise((done) => setTimeout(done, 5));
  }
  await encoder.flush();
  return new File([webm(width, height, seconds * 1000, blocks)], name, { type: "video/webm" });
}

// Puts blocks of VP8 into the container (RFC 9559).
function webm(width, height, length, blocks) {
  const join = (parts) => {
    const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    parts.reduce((at, part) => { all.set(part, at); return at + part.length; }, 0);
    return all;
  };
  const number = (value) => { const bytes = new DataView(new ArrayBuffer(8)); bytes.setBigUint64(0, BigInt(Math.round(value))); return new Uint8Array(bytes.buffer); };
  const float = (value) => { const bytes = new DataView(new ArrayBuffer(8)); bytes.setFloat64(0, value); return new Uint8Array(bytes.buffer); };
  const text = (value) => new TextEncoder().encode(value);
  const element = (id, ...content) => {
    const data = join(content);
    const size = number(data.length);
    // A length of eight bytes.
    size[0] = 0x01;
    return join([Uint8Array.from(id.match(/../g), (byte) => parseInt(byte, 16)), size, data]);
  };

  const head = element("1A45DFA3", element("4282", text("webm")), element("4287", number(4)), element("4285", number(2)));
  const info = element("1549A966", element("2AD7B1", number(1e6)), element("4489", float(length)), element("4D80", text("peers")), element("5741", text("peers")));
  const track = element("AE", element("D7", number(1)), element("73C5", number(1)), element("83", number(1)), element("86", text("V_VP8")), element("E0", element("B0", number(width)), element("BA", number(height))));
  const tracks = element("1654AE6B", track);
  const clusters = [];
  for (const { at, key, data } of blocks) {
    if (key) clusters.push({ at, blocks: [] });
    const cluster = clusters.at(-1);
    const since = at - cluster.at;
    cluster.blocks.push(element("A3", Uint8Array.of(0x81, since >> 8, since & 255, key ? 0x80 : 0), data));
  }
  const written = clusters.map(({ at, blocks }) => element("1F43B675", element("E7", number(at)), ...blocks));
  const cues = (first) => {
    let place = first;
    return element("1C53BB6B", ...clusters.map(({ at }, index) => {
      const point = element("BB", element("B3", number(at)), element("B7", element("F7", number(1)), element("F1", number(place))));
      place += written[index].length;
      return point;
    }));
  };
  const before = info.length + tracks.length + cues(0).length;
  return join([head, element("18538067", info, tracks, cues(before), ...written)]);
}
