"""`MappedFile`, and objects in the format that every language reads."""

import io
import os
import pathlib
import pickle
import re
import tempfile
import unittest

import filemap
import support
from filemap import Codec, MappedFile

OBJECTS = pathlib.Path(__file__).parents[3] / "docs" / "objects.md"


class Files(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name) / "file"

    def test_it_grows_as_it_is_written(self):
        with MappedFile(self.path) as file:
            self.assertEqual((len(file), file.write_at(1_000_000, b"end")), (0, 3))
            self.assertEqual(len(file), 1_000_003)
            self.assertEqual(file.read_at(999_999, 100), b"\0end")
            self.assertEqual(file.read_at(2_000_000, 5), b"")
            file.store("u32", 16, 7)
            self.assertEqual(file.load("u32", 16), 7)
            to = bytearray(10)
            self.assertEqual((file.readinto_at(999_998, to), bytes(to[:5])), (5, b"\0\0end"))
            file.flush()
            file.truncate(10)
            self.assertEqual((len(file), self.path.stat().st_size, file.path), (10, 10, str(self.path)))
        self.assertTrue(file.closed)

    def test_a_mode_says_whether_it_must_be_there(self):
        with self.assertRaises(FileNotFoundError):
            MappedFile(self.path, "r")
        with self.assertRaises(FileNotFoundError):
            MappedFile(self.path, "r+")
        MappedFile(self.path, "x").write_at(0, b"abc")
        with self.assertRaises(FileExistsError):
            MappedFile(self.path, "x")
        reader = MappedFile(self.path, "r")
        self.assertTrue(reader.readonly)
        with self.assertRaises(PermissionError):
            reader.write_at(0, b"x")
        with self.assertRaises(ValueError):
            MappedFile(self.path, "w")

    def test_it_heals_when_others_cut_it(self):
        file = MappedFile(self.path)
        file.write_at(0, b"x" * 100_000)
        os.truncate(self.path, 10)
        self.assertEqual(file.read_at(0, 100), b"x" * 10)
        file.write_at(50_000, b"y")
        self.assertEqual((len(file), file.read_at(49_999, 2)), (50_001, b"\0y"))

    def test_a_name_leads_to_the_file(self):
        name = support.name()
        file = MappedFile(self.path, name=name)
        file.write_at(0, b"shared")
        self.assertEqual(MappedFile.from_name(name).read_at(0, 6), b"shared")
        self.assertEqual(file.name, name)

    def test_it_is_a_file_object(self):
        file = MappedFile(self.path)
        with io.TextIOWrapper(io.BufferedWriter(file.open("rb+")), encoding="utf-8") as text:
            text.write("first\nsecond\n")
        with io.TextIOWrapper(io.BufferedReader(file.open()), encoding="utf-8") as text:
            self.assertEqual(text.read().splitlines(), ["first", "second"])
        raw = file.open()
        self.assertEqual((raw.seek(-3, 2), raw.read(), raw.tell()), (10, b"nd\n", 13))
        with self.assertRaises(io.UnsupportedOperation):
            raw.write(b"x")


class Objects(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.file = MappedFile(pathlib.Path(self.folder.name) / "file")

    def test_values_come_back(self):
        values = [None, True, False, 0, -1, 2**63, 2**64 - 1, -(2**63), 1.5, float("inf"), "", "Größe",
                  b"", b"\0\xff", [], [1, [2, [3]]], {}, {"a": 1, 7: [None]}, {"nested": {"x": b"y"}}]
        for value in [*values, values]:
            size = self.file.write_object(100, value)
            self.assertEqual(size, self.file.object_size(value))
            self.assertEqual(self.file.read_object(100), value)
        self.file.write_object(0, ((1, 2), bytearray(b"x")))
        self.assertEqual(self.file.read_object(0), [[1, 2], b"x"])

    def test_the_bytes_are_those_that_other_languages_read_and_write(self):
        if not OBJECTS.exists():
            self.skipTest("the page of the format is not here")
        rows = dict(re.findall(r"^\| `(.+?)` \| `([0-9A-F ]+)` \|$", OBJECTS.read_text(), re.M))
        expected = {
            "None": None, "true": True, "7": 7, "-1": -1, "300": 300,
            "18446744073709551615": 2**64 - 1, "-9223372036854775808": -(2**63), "1.0": 1.0,
            '"Größe"': "Größe", "bytes 00 FF": b"\0\xff", "[1, 300, -1]": [1, 300, -1],
            '("Ada", 1815)': ["Ada", 1815], "{7: true}": {7: True}, "Shape::Empty": "Empty",
            "Shape::Line(-1, 1)": {"Line": [-1, 1]}, "Shape::Named { id: 7 }": {"Named": {"id": 7}},
        }
        for name, value in expected.items():
            encoded = bytes.fromhex(rows[name])
            self.file.write_at(0, encoded)
            self.assertEqual(self.file.read_object(0), value, name)
            self.assertEqual(self.file.write_object(1000, value), len(encoded), name)
            self.assertEqual(self.file.read_at(1000, len(encoded)), encoded, name)

    def test_a_program_has_codecs_of_its_own(self):
        codec = Codec(200, pickle.dumps, pickle.loads)
        size = self.file.write_object(0, {1, 2}, codec=codec)
        self.assertEqual(size, self.file.object_size({1, 2}, codec=codec))
        self.assertEqual(self.file.read_object(0, codec=codec), {1, 2})
        with self.assertRaises(ValueError):
            self.file.read_object(0)
        with self.assertRaises(ValueError):
            Codec(127, pickle.dumps, pickle.loads)

    def test_what_is_no_object_or_cannot_be_one_is_an_error(self):
        self.file.write_at(0, b"no object" + bytes(100))
        with self.assertRaises(filemap.ObjectError) as caught:
            self.file.read_object(0)
        self.assertEqual(caught.exception.kind, filemap.ErrorKind.NO_OBJECT)
        self.file.write_object(0, "abc")
        self.file.write_at(26, b"x")
        with self.assertRaises(filemap.ObjectError):
            self.file.read_object(0)
        deep = []
        for _ in range(1000):
            deep = [deep]
        looped = []
        looped.append(looped)
        for value in (object(), 2**64, "\ud800", [1, {2}], deep, looped, {(1, 2): [object()]}):
            with self.assertRaises((TypeError, ValueError, OverflowError, OSError)):
                self.file.write_object(0, value)


if __name__ == "__main__":
    unittest.main()
