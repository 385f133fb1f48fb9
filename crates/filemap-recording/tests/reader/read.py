"""Whether another reader of MCAP files sees in a recording what the command exports.

`cargo xtask recordings` runs it, with the path of the command, where `mcap-ros1-support` is installed.
"""

import json
import random
import re
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from mcap.reader import make_reader
from mcap.stream_reader import StreamReader
from mcap.records import Message
from mcap_ros1.decoder import DecoderFactory

LAYOUT = """
root = "Car"
versions = { tick = "version" }

[type.Car]
size = 200
fields = [
    { name = "version", type = "u32" },
    { name = "gear", type = "Gear" },
    { name = "is_driving", type = "bool" },
    { name = "position", type = "f64[3]" },
    { name = "driver", type = "char[9]" },
    { name = "lap", type = "u16" },
    { name = "wheel", type = "Wheel[4]" },
    { name = "wide", type = "i64" },
    { name = "engine", type = "Engine", at = 160 },
]

[type.Wheel]
fields = [
    { name = "temperature", type = "f32[3]", unit = "°C" },
    { name = "flat", type = "i8" },
]

[type.Engine]
fields = [{ name = "rpm", type = "f32" }, { name = "wheel", type = "Wheel" }]

[enum.Gear]
type = "i8"
values = { Neutral = 0, First = 1 }
"""

SIZE = 256


def value(message, path):
    """Returns the value of a field of a message, by its path."""
    for word in re.findall(r"[A-Za-z_]\w*|\[\d+\]", path):
        message = message[int(word[1:-1])] if word.startswith("[") else getattr(message, word)
    return message


def is_same(ours, theirs):
    if isinstance(ours, str) and isinstance(theirs, int):
        # The name of a number.
        return ours in ("Neutral", "First")
    if isinstance(ours, str):
        return ours == bytes(theirs).split(b"\0")[0].decode("latin-1")
    if isinstance(ours, float):
        # A number of 32 bits is exported in as few digits as it takes.
        return ours == theirs or struct.pack("f", ours) == struct.pack("f", theirs)
    return ours == theirs


def main(command):
    random.seed(7)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        names = folder / "names"
        names.mkdir()

        def run(*words, **more):
            words = [command, *words, "--registry", str(names)]
            return subprocess.run(words, check=True, cwd=folder, stdout=subprocess.PIPE, **more).stdout

        (folder / "car.toml").write_text(LAYOUT)
        words = [command, "create", "car", "--size", str(SIZE), "--registry", str(names)]
        holder = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        holder.stdout.readline()
        # Small enough to be finite as any number.
        content = bytearray(random.randrange(64) for _ in range(SIZE))
        content[5] = 1
        run("write", "car", "--offset", "0", input=bytes(content))
        run("record", "car", "-o", "car.mcap", "--layout", "car.toml", "--for", "100ms")
        holder.communicate()
        line = run("export", "car.mcap", "--to", "json").splitlines()[0]
        fields = json.loads(line)["fields"]

        recording = folder / "car.mcap"
        with recording.open("rb") as file:
            reader = make_reader(file, decoder_factories=[DecoderFactory()])
            [(schema, channel, message, decoded)] = reader.iter_decoded_messages()
        assert (schema.encoding, channel.message_encoding) == ("ros1msg", "ros1"), schema
        assert channel.topic == "Local/car" and message.data == content, channel
        wrong = [path for path, ours in fields.items() if not is_same(ours, value(decoded, path))]
        assert not wrong, [(path, fields[path], value(decoded, path)) for path in wrong]

        # As a kill leaves it: without what comes after the last chunk.
        cut = recording.read_bytes()
        with open(folder / "cut.mcap", "wb") as file:
            file.write(cut[: cut.rindex(b"filemap.end") - 13])
        with open(folder / "cut.mcap", "rb") as file:
            found = []
            try:
                for record in StreamReader(file).records:
                    found += [record.data] if isinstance(record, Message) else []
            except Exception as error:
                print(f"(the other reader says of a file that is cut: {type(error).__name__})")
        assert found == [bytes(content)], found
        print(f"{len(fields)} fields are the same as another reader sees, 0 are not")


main(sys.argv[1])
