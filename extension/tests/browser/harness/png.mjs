// PNG files whose pixels depend on a name, so that each has a hash of its own.
import { createHash } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';

export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** A photograph-like field of smooth colours with grain. Sides in pixels. */
export function makePng(name, width = 320, height = 240) {
  const seed = createHash('sha256').update(name).digest();
  const rows = Buffer.alloc(height * (1 + width * 3));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const grain = (x * 7919 + y * 104729 + seed[(x + y) % 32] * 31) % 23;
      for (let c = 0; c < 3; c++) {
        const wave = Math.sin(x / (20 + seed[c] / 8)) + Math.cos(y / (16 + seed[c + 3] / 8));
        rows[y * (1 + width * 3) + 1 + x * 3 + c] = Math.max(0, Math.min(255, 128 + wave * 50 + grain));
      }
    }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8); // 8 bits, RGB
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  return Buffer.concat([signature, chunk('IHDR', head), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(body) >>> 0);
  return Buffer.concat([length, body, check]);
}

/** Sides in pixels, or null where the bytes are no PNG. */
export function pngSides(bytes) {
  if (bytes.toString('latin1', 1, 4) !== 'PNG') return null;
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
}
