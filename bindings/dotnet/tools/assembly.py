"""What compilers leave to do with an assembly: what it refers to, its identity, its strong name.

The layouts are those of ECMA-335, II.24 and II.25.
"""

import hashlib
import pathlib
import struct

PRIMES = [int(line, 16) for line in (pathlib.Path(__file__).parent / "key.txt").read_text().split("\n") if line[:1] not in ("", "#")]
EXPONENT = 65537
MODULUS = PRIMES[0] * PRIMES[1]
LENGTH = MODULUS.bit_length() // 8
NETSTANDARD_TOKEN = bytes.fromhex("cc7b13ffcd2ddd51")


def key_file():
    """Returns the key as the file that compilers read."""
    p, q = PRIMES
    d = pow(EXPONENT, -1, (p - 1) * (q - 1))
    head = struct.pack("<BBHI4sII", 7, 2, 0, 0x2400, b"RSA2", LENGTH * 8, EXPONENT)
    half = LENGTH // 2
    parts = [(MODULUS, LENGTH), (p, half), (q, half), (d % (p - 1), half), (d % (q - 1), half), (pow(q, -1, p), half), (d, LENGTH)]
    return head + b"".join(number.to_bytes(count, "little") for number, count in parts)


class Assembly:
    """The bytes of a file, and where in them the parts are."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.bytes = bytearray(self.path.read_bytes())
        self.pe = self.number(0x3C)
        optional = self.pe + 24
        self.sections = optional + self.number(self.pe + 20, "<H")
        self.directories = optional + (112 if self.number(optional, "<H") == 0x20B else 96)
        self.cli = self.at(self.number(self.directories + 14 * 8))
        self.metadata = self.at(self.number(self.cli + 8))
        place = self.metadata + 16 + self.number(self.metadata + 12)
        self.streams = {}
        count, place = self.number(place + 2, "<H"), place + 4
        for _ in range(count):
            offset, size = self.number(place), self.number(place + 4)
            end = self.bytes.index(0, place + 8)
            self.streams[bytes(self.bytes[place + 8:end]).decode()] = (self.metadata + offset, size)
            place += 8 + (end - place - 8) // 4 * 4 + 4

    def number(self, at, kind="<I"):
        return struct.unpack_from(kind, self.bytes, at)[0]

    def at(self, address):
        """Returns where in the file the bytes are that are loaded at an address."""
        for index in range(self.number(self.pe + 6, "<H")):
            size, start, length, place = struct.unpack_from("<IIII", self.bytes, self.sections + 40 * index + 8)
            if start <= address < start + max(size, length):
                return place + address - start
        raise ValueError(f"nothing is at {address:#x}")

    def redirect(self, before, version):
        """Makes references to an assembly, or a part of the runtime, ones to .NET Standard."""
        strings, size = self.streams["#Strings"]
        name = self.bytes.index(b"\0" + before.encode() + b"\0", strings, strings + size) + 1
        tables, length = self.streams["#~"]
        heaps = self.bytes[tables + 6]
        names, blobs = ("<I" if heaps & 1 else "<H"), ("<I" if heaps & 4 else "<H")
        wanted = struct.pack(names, name - strings)
        width = struct.calcsize(blobs)
        found = None
        for place in range(tables, tables + length - 20):
            # A row: the version in four numbers, flags, the token, the name, the culture.
            at = place + 12 + width
            if self.bytes[at:at + len(wanted)] == wanted and self.number(place + 8) == 0 and self.number(place, "<H") in (4, 8):
                found = place
        if found is None:
            raise ValueError(f"{self.path} does not refer to {before}")
        struct.pack_into("<HHHH", self.bytes, found, *version)
        token = self.streams["#Blob"][0] + self.number(found + 12, blobs)
        assert self.bytes[token] == 8
        self.bytes[token + 1:token + 9] = NETSTANDARD_TOKEN
        self.bytes[name:name + len(before)] = b"netstandard".ljust(len(before), b"\0")

    def identify(self):
        """Makes equal assemblies of equal sources: the time is 0, and the identity a digest of the rest."""
        guid, _ = self.streams["#GUID"]
        struct.pack_into("<I", self.bytes, self.pe + 8, 0)
        self.bytes[guid:guid + 16] = bytes(16)
        self.clear_signature()
        digest = bytearray(hashlib.sha256(self.bytes).digest()[:16])
        digest[7], digest[8] = digest[7] & 0x0F | 0x40, digest[8] & 0x3F | 0x80
        self.bytes[guid:guid + 16] = digest

    def clear_signature(self):
        address, size = struct.unpack_from("<II", self.bytes, self.cli + 32)
        if not size:
            raise ValueError(f"{self.path} has no room for a strong name")
        place = self.at(address)
        self.bytes[place:place + size] = bytes(size)
        return place, size

    def sign(self):
        """Gives the assembly its strong name."""
        place, size = self.clear_signature()
        struct.pack_into("<I", self.bytes, self.cli + 16, self.number(self.cli + 16) | 8)
        hashed = bytearray(self.bytes)
        struct.pack_into("<I", hashed, self.pe + 24 + 64, 0)
        hashed[self.directories + 32:self.directories + 40] = bytes(8)
        # The headers to the end of the last one, then each section, without the signature.
        count = self.number(self.pe + 6, "<H")
        parts = [(0, self.sections + 40 * count)]
        for index in range(count):
            length, start = struct.unpack_from("<II", self.bytes, self.sections + 40 * index + 16)
            parts.append((start, start + length))
        digest = hashlib.sha1()
        for start, end in parts:
            if start <= place < end:
                digest.update(hashed[start:place])
                start = place + size
            digest.update(hashed[start:end])
        known = bytes.fromhex("3021300906052b0e03021a05000414") + digest.digest()
        padded = b"\0\1" + b"\xff" * (LENGTH - 3 - len(known)) + b"\0" + known
        p, q = PRIMES
        signature = pow(int.from_bytes(padded, "big"), pow(EXPONENT, -1, (p - 1) * (q - 1)), MODULUS)
        self.bytes[place:place + size] = signature.to_bytes(LENGTH, "little").ljust(size, b"\0")

    def save(self):
        self.path.write_bytes(self.bytes)
