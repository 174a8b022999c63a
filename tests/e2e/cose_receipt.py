"""Receipts of COSE (RFC 9942) read and verified without any code of Redoubt's: CBOR by hand, Ed25519 by OpenSSL."""

import base64
import hashlib
import os
import subprocess
import tempfile


def _item(data, at):
    """One item of CBOR (RFC 8949) in definite length, and where the next one begins."""
    major, info = data[at] >> 5, data[at] & 31
    at += 1
    if info < 24:
        number = info
    elif info < 28:
        size = 1 << (info - 24)
        number, at = int.from_bytes(data[at:at + size], "big"), at + size
    else:
        raise ValueError("not of definite length")
    if major == 0:
        return number, at
    if major == 1:
        return -1 - number, at
    if major in (2, 3):
        if at + number > len(data):
            raise ValueError("cut short")
        part = data[at:at + number]
        return (bytes(part) if major == 2 else part.decode()), at + number
    if major in (4, 5):
        items = []
        for _ in range(number * (major - 3)):
            item, at = _item(data, at)
            items.append(item)
        return (items if major == 4 else dict(zip(items[::2], items[1::2]))), at
    if major == 6:
        value, at = _item(data, at)
        return (number, value), at
    if number == 22:
        return None, at
    raise ValueError("an item of another kind")


def decode(data):
    value, end = _item(data, 0)
    if end != len(data):
        raise ValueError("bytes follow the item")
    return value


def _bytes(value):
    return b"\x58" + bytes([len(value)]) + value if 24 <= len(value) < 256 else bytes([0x40 | len(value)]) + value


def _root(leaf, index, size, path):
    """RFC 9162 §2.1.3.2."""
    if index >= size:
        raise ValueError("the index is beyond the tree")
    node, first, last = leaf, index, size - 1
    for each in path:
        if last == 0:
            raise ValueError("the path is too long")
        if first & 1 or first == last:
            node = hashlib.sha256(b"\x01" + each + node).digest()
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\x01" + node + each).digest()
        first, last = first >> 1, last >> 1
    if last != 0:
        raise ValueError("the path is too short")
    return node


def _is_signed(public_key, message, signature):
    with tempfile.TemporaryDirectory() as folder:
        names = [os.path.join(folder, name) for name in ("key", "message", "signature")]
        # RFC 8410 §4: the SubjectPublicKeyInfo of Ed25519.
        for name, content in zip(names, (bytes.fromhex("302a300506032b6570032100") + public_key, message, signature)):
            with open(name, "wb") as file:
                file.write(content)
        return subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", names[0], "-rawin",
                               "-in", names[1], "-sigfile", names[2]], capture_output=True, check=False).returncode == 0


def proven(receipt, leaf, vkey):
    """(origin, size, index, root) that the receipt proves for the leaf hash; nothing when the signature does not hold."""
    tag, (protected, unprotected, payload, signature) = decode(receipt)
    header = decode(protected)
    name, key_id, material = vkey.split("+", 2)
    if (tag, payload, header[1], header[395]) != (18, None, -8, 1):  # COSE_Sign1, detached; EdDSA; RFC9162_SHA256
        raise ValueError("not a receipt of an RFC 9162 tree signed with EdDSA")
    if (header[15][1], header[4].hex()) != (name, key_id):
        raise ValueError("of another log or key")
    (inclusion,) = unprotected[396][-1]
    size, index, path = decode(inclusion)
    root = _root(leaf, index, size, path)
    to_be_signed = b"\x84\x6aSignature1" + _bytes(protected) + _bytes(b"") + _bytes(root)  # RFC 9052 §4.4
    if not _is_signed(base64.b64decode(material)[1:], to_be_signed, signature):
        return None
    return name, size, index, root
