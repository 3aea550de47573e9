"""Verifies what the service says of its log, by the algorithms of the RFCs and nothing of ours.

RFC 6962 (hashes of the tree), RFC 9162 sections 2.1.3.2 and 2.1.4.2 (proofs), RFC 8032 (Ed25519),
C2SP signed-note and tlog-checkpoint, RFC 7515 (the promise). Exits with 1 at the first thing that is
wrong.
"""
import base64
import hashlib
import json
import sys


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def check_inclusion(leaf, index, size, path, root):
    assert index < size
    fn, sn, r = index, size - 1, leaf
    for p in path:
        assert sn != 0
        if fn & 1 or fn == sn:
            r = node(p, r)
            while not fn & 1 and fn:
                fn >>= 1
                sn >>= 1
        else:
            r = node(r, p)
        fn >>= 1
        sn >>= 1
    assert sn == 0 and r == root, "the audit path does not lead to the root"


def root_from_consistency(first, second, path, first_root=None):
    """The roots of both trees that a consistency proof speaks of."""
    if first & (first - 1) == 0:
        path = [first_root, *path]
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn >>= 1
        sn >>= 1
    fr = sr = path[0]
    for c in path[1:]:
        assert sn != 0
        if fn & 1 or fn == sn:
            fr, sr = node(c, fr), node(c, sr)
            while not fn & 1 and fn:
                fn >>= 1
                sn >>= 1
        else:
            sr = node(sr, c)
        fn >>= 1
        sn >>= 1
    assert sn == 0
    return fr, sr


# Ed25519, after RFC 8032, section 6

P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)


def add(a, b):
    A, B = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    C, E = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    F, G, H, I = B - A, E - C, E + C, B + A
    return F * G % P, H * I % P, G * H % P, F * I % P


def multiply(s, point):
    result = (0, 1, 1, 0)
    while s > 0:
        if s & 1:
            result = add(result, point)
        point = add(point, point)
        s >>= 1
    return result


def equal(a, b):
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def recover(y, sign):
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * SQRT_M1 % P
    assert (x * x - x2) % P == 0, "not a point"
    return P - x if x & 1 != sign else x


def decompress(encoded):
    y = int.from_bytes(encoded, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    x = recover(y, sign)
    return x, y, 1, x * y % P


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = recover(BASE_Y, 0)
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def check_signature(public, message, signature):
    a, r, s = decompress(public), decompress(signature[:32]), int.from_bytes(signature[32:], "little")
    assert len(signature) == 64 and s < Q
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % Q
    assert equal(multiply(s, BASE), add(r, multiply(h, a))), "the signature does not verify"


def unpadded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def main():
    said = json.load(open(sys.argv[1]))
    checkpoint, inclusion, consistency = said["checkpoint"], said["inclusion"], said["consistency"]

    name, key_hash, key = checkpoint["public_keys"][0].split("+", 2)
    key = base64.b64decode(key)
    assert key[0] == 1 and hashlib.sha256(name.encode() + b"\n" + key).digest()[:4].hex() == key_hash
    text, signatures = checkpoint["note"].rsplit("\n\n", 1)
    text += "\n"
    origin, size, root = text.splitlines()[:3]
    size, root = int(size), base64.b64decode(root)
    assert origin == name == checkpoint["origin"] and size == checkpoint["tree_size"]
    assert root.hex() == checkpoint["root_hash"]
    dash, signer, signature = signatures.splitlines()[0].split(" ")
    signature = base64.b64decode(signature)
    assert dash == "\u2014" and signer == name and signature[:4].hex() == key_hash
    check_signature(key[1:], text.encode(), signature[4:])

    hashes = lambda texts: [bytes.fromhex(text) for text in texts]
    assert inclusion["tree_size"] == size
    check_inclusion(bytes.fromhex(inclusion["leaf_hash"]), inclusion["leaf_index"], size, hashes(inclusion["audit_path"]), root)
    assert consistency["to_size"] == size and consistency["from_size"] & (consistency["from_size"] - 1)
    _, newer = root_from_consistency(consistency["from_size"], size, hashes(consistency["hashes"]))
    assert newer == root, "the log does not begin with the older tree"

    header, payload, signature = said["promise"].split(".")
    keys = {key["kid"]: key for key in said["jwks"]["keys"]}
    public = unpadded(keys[json.loads(unpadded(header))["kid"]]["x"])
    check_signature(public, f"{header}.{payload}".encode(), unpadded(signature))
    promise = json.loads(unpadded(payload))
    assert inclusion["leaf_hash"] in promise["leaf_hashes"] and promise["merged_by"] - promise["iat"] == 60
    print(f"another implementation: checkpoint of {size} leaves, inclusion, consistency and promise verified")


if __name__ == "__main__":
    try:
        main()
    except Exception as error:
        sys.exit(f"refused: {type(error).__name__}: {error}")
