/** What stands in for a person's devices while one develops: an authenticator app, a mailbox, a camera. */
import { createHmac, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { crc32, deflateSync } from 'node:zlib';

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** RFC 6238 with SHA-1 and six digits, as apps do it; each code works once. */
export class Authenticator {
  private readonly key: Buffer;
  private step = Math.floor(Date.now() / 30_000) - 1;

  constructor(secret: string) {
    const bits = [...secret.replace(/=+$/, '')]
      .map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'))
      .join('');
    this.key = Buffer.from(bits.match(/.{8}/g)!.map((byte) => parseInt(byte, 2)));
  }

  next(): string {
    this.step += 1;
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(this.step));
    const digest = createHmac('sha1', this.key).update(counter).digest();
    const at = digest[digest.length - 1]! & 15;
    return String((digest.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
  }
}

/** The development outbox: one file for each mail and SMS. What was found once is not found again. */
export class Mailbox {
  private readonly seen = new Set<string>();

  constructor(private readonly folder: string) {}

  async find(address: string, pattern: RegExp): Promise<string> {
    for (let tries = 0; tries < 300; tries++) {
      // What is being written has a name that begins with a dot.
      for (const name of readdirSync(this.folder).filter((name) => !name.startsWith('.')).sort()) {
        const text = readFileSync(`${this.folder}/${name}`, 'utf8').replaceAll('\r\n', '\n').replaceAll('=\n', '').replaceAll('=3D', '=');
        const found = pattern.exec(text);
        if (!this.seen.has(name) && text.includes(`To: ${address}\n`) && found) {
          this.seen.add(name);
          return found[1]!;
        }
      }
      await pause(100);
    }
    throw new Error(`no message to ${address} says ${pattern}`);
  }
}

/** Looks until there is something. */
export async function eventually<T>(look: () => Promise<T | null | undefined>): Promise<T> {
  for (let tries = 0; tries < 240; tries++) {
    const found = await look();
    if (found !== null && found !== undefined) return found;
    await pause(500);
  }
  throw new Error('waited in vain');
}

/** A PNG of 480 by 320 that nothing else shows. */
export function picture(): Blob {
  const chunk = (kind: string, data: Buffer) => {
    const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    check.writeUInt32BE(crc32(Buffer.concat([Buffer.from(kind), data])));
    return Buffer.concat([length, Buffer.from(kind), data, check]);
  };
  const header = Buffer.from([0, 0, 1, 0xe0, 0, 0, 1, 0x40, 8, 2, 0, 0, 0]);
  const rows = Array.from({ length: 320 }, () => Buffer.concat([Buffer.alloc(1), randomBytes(480 * 3)]));
  const mark = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const parts = [mark, chunk('IHDR', header), chunk('IDAT', deflateSync(Buffer.concat(rows))), chunk('IEND', Buffer.alloc(0))];
  return new Blob([Buffer.concat(parts)], { type: 'image/png' });
}

/** A PDF of one page. */
export function bill(): Blob {
  const text = 'BT /F1 24 Tf 72 700 Td (Electricity bill) Tj ET';
  const bodies = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Count 1 /Kids [3 0 R] >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>',
    `<< /Length ${text.length} >>\nstream\n${text}\nendstream`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  ];
  let file = '%PDF-1.7\n';
  const offsets = bodies.map((body, index) => {
    const at = file.length;
    file += `${index + 1} 0 obj\n${body}\nendobj\n`;
    return `${String(at).padStart(10, '0')} 00000 n \n`;
  });
  const at = file.length;
  file += `xref\n0 6\n0000000000 65535 f \n${offsets.join('')}trailer << /Size 6 /Root 1 0 R >>\nstartxref\n${at}\n%%EOF`;
  return new Blob([file], { type: 'application/pdf' });
}
