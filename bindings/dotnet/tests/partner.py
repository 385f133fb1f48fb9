"""The first or the second process of the example `two_processes`: partner.py NAME, or partner.py --second COMMAND..."""

import os
import struct
import subprocess
import sys

from filemap import FileMapping

GREETING = b"hello from the first"
ANSWER_AT = 2000

if sys.argv[1] == "--second":
    name = f"Python {os.getpid()}"
    with FileMapping.create(name, 4096) as mapping:
        view = mapping.map()
        view[:len(GREETING)] = GREETING
        subprocess.run([*sys.argv[2:], name], check=True)
        print("the answer is", *struct.unpack("<I", bytes(view[ANSWER_AT:ANSWER_AT + 4])))
else:
    with FileMapping.open(sys.argv[1]) as mapping:
        view = mapping.map()
        assert bytes(view[:len(GREETING)]) == GREETING
        view[ANSWER_AT:ANSWER_AT + 4] = struct.pack("<I", 42)
