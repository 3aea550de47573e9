"""What stands in for a person's devices while one develops: an authenticator app, a mailbox, a camera."""
import base64
import hmac
import random
import re
import struct
import time
import zlib


class Authenticator:
    """RFC 6238 with SHA-1 and six digits, as apps do it; each code works once."""

    def __init__(self, secret):
        self.key = base64.b32decode(secret + "=" * (-len(secret) % 8))
        self.step = int(time.time()) // 30 - 1

    def next(self):
        self.step += 1
        digest = hmac.new(self.key, struct.pack(">Q", self.step), "sha1").digest()
        at = digest[-1] & 15
        return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


class Mailbox:
    """The development outbox: one file for each mail and SMS. What was found once is not found again."""

    def __init__(self, folder):
        self.folder, self.seen = folder, set()

    def find(self, address, pattern, seconds=30):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            # What is being written has a name that begins with a dot.
            for file in sorted(self.folder.glob("[!.]*")):
                text = file.read_text().replace("=\n", "").replace("=3D", "=")
                found = re.search(pattern, text)
                if file not in self.seen and f"To: {address}\n" in text and found:
                    self.seen.add(file)
                    return found[1]
            time.sleep(0.1)
        raise SystemExit(f"no message to {address} says {pattern}")


def picture(seed):
    """A PNG of 480 by 320 that nothing else shows."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    noise = random.Random(seed)
    rows = b"".join(b"\0" + noise.randbytes(480 * 3) for _ in range(320))
    header = struct.pack(">IIBBBBB", 480, 320, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")


def bill():
    """A PDF of one page."""
    text = b"BT /F1 24 Tf 72 700 Td (Electricity bill) Tj ET"
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    file, offsets = b"%PDF-1.7\n", []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return file + b"xref\n0 6\n0000000000 65535 f \n%strailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (
        table, len(file))
