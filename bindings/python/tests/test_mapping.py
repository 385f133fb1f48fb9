"""`FileMapping`, `View`, `Atomic`, `Registry`, and their errors."""

import errno
import gc
import os
import pathlib
import pickle
import struct
import sys
import tempfile
import unittest

import filemap
import support
from filemap import Access, ErrorKind, FileMapping, Flush, Protection, Registry, Rights


class Mappings(unittest.TestCase):
    def test_a_name_leads_to_the_same_bytes(self):
        name = support.name()
        with FileMapping.create(name, 1000) as made, FileMapping.open(name) as found:
            made.map()[100:103] = b"abc"
            self.assertEqual(found.map(50)[50:53], b"abc")
            self.assertEqual((found.name, found.size), (name, 1000))
            self.assertEqual((made.existed, made.closed), (False, False))
        with self.assertRaises(filemap.NotFoundError):
            FileMapping.open(name)

    def test_a_view_outlives_its_mapping_and_keeps_no_name(self):
        name = support.name()
        view = FileMapping.create(name, 4096).map()
        gc.collect()
        view[0] = 1
        self.assertEqual(view[0], 1)
        with self.assertRaises(FileNotFoundError):
            FileMapping.open(name)

    def test_a_withdrawn_name_is_free_at_once(self):
        if os.name == "nt":
            self.skipTest("names of Windows live as long as handles")
        name = support.name()
        made = FileMapping.create(name, 10)
        made.withdraw()
        self.assertTrue(made.withdrawn)
        self.assertFalse(FileMapping.create(name, 20).existed)

    def test_exclusive_creation_refuses_a_name_that_exists(self):
        name = support.name()
        made = FileMapping.create(name, 10)
        self.assertTrue(FileMapping.create(name, 10).existed)
        with self.assertRaises(FileExistsError):
            FileMapping.create(name, 10, exclusive=True)
        del made

    def test_files_are_mapped_by_path_descriptor_or_object(self):
        with support.file_of(5000) as file:
            for given in (file.name, pathlib.Path(file.name), file, file.fileno()):
                mapping = FileMapping.create(file=given, protection=Protection.READ_ONLY)
                self.assertEqual((mapping.size, mapping.map()[4999]), (5000, ord("a")))
            writer = FileMapping.create(file=file.name).map()
            writer[0] = ord("z")
            writer.flush(level=Flush.DURABLE)
            with open(file.name, "rb") as reader:
                self.assertEqual(reader.read(2), b"za")
        with self.assertRaises(FileNotFoundError) as caught:
            FileMapping.create(file="/no/such/file")
        self.assertEqual(caught.exception.filename, "/no/such/file")

    def test_rights_limit_what_a_handle_maps(self):
        name = support.name()
        made = FileMapping.create(name, 4096)
        reader = FileMapping.open(name, rights=Rights.READ)
        self.assertEqual(reader.rights, Rights.READ)
        view = reader.map()
        self.assertTrue(view.readonly)
        self.assertEqual(view.access, Access.READ)
        with self.assertRaises(TypeError):
            view[0] = 1
        with self.assertRaises(PermissionError):
            reader.map(access=Access.WRITE)
        with self.assertRaises(TypeError):
            memoryview(view)[0] = 1
        self.assertEqual(made.duplicate(Rights.READ).rights, Rights.READ)

    def test_a_copy_on_write_view_keeps_its_stores(self):
        mapping = FileMapping.create(size=4096)
        shared, private = mapping.map(), mapping.map(access=Access.COPY)
        private[0] = 1
        self.assertEqual((shared[0], private[0]), (0, 1))

    def test_a_closed_mapping_and_a_closed_view_say_so(self):
        mapping = FileMapping.create(size=10)
        view = mapping.map()
        lent = memoryview(view)
        view.close()
        view.close()
        lent[3] = 3
        self.assertEqual((lent[3], view.closed), (3, True))
        for use in (lambda: view[0], lambda: len(view), lambda: view.read_at(0, 1)):
            with self.assertRaises(ValueError):
                use()
        mapping.close()
        with self.assertRaises(ValueError):
            mapping.map()


class Errors(unittest.TestCase):
    def test_an_error_has_the_numbers_of_both_systems_its_kind_and_its_name(self):
        with self.assertRaises(filemap.Error) as caught:
            FileMapping.open("Local\\none-such")
        error = caught.exception
        self.assertIsInstance(error, FileNotFoundError)
        self.assertEqual((error.errno, error.winerror), (errno.ENOENT, 2))
        self.assertEqual((error.kind, error.filename), (ErrorKind.NOT_FOUND, "Local\\none-such"))
        again = pickle.loads(pickle.dumps(error))
        self.assertEqual(
            (type(again), again.kind, again.errno, again.filename, again.winerror, str(again)),
            (type(error), error.kind, error.errno, error.filename, error.winerror, str(error)),
        )

    def test_bad_arguments_are_errors_and_never_more(self):
        for use in (
            lambda: FileMapping.create(size=-1),
            lambda: FileMapping.create(size=0),
            lambda: FileMapping.create("a\\b", 10),
            lambda: FileMapping.create("a\0b", 10),
            lambda: FileMapping.create("x" * 40_000, 10),
            lambda: FileMapping.create(size=10, protection="read-write"),
            lambda: FileMapping.create(size=10, file=object()),
            lambda: FileMapping.create(file=-1),
            lambda: FileMapping.create(size=10).map(11),
            lambda: FileMapping.create(size=10).map(0, 0),
            lambda: FileMapping.create(size=10).map(5, 6),
            lambda: FileMapping.create(size=10).map(access=Protection.READ_ONLY),
            lambda: FileMapping.from_fd(-1),
        ):
            with self.assertRaises((OSError, ValueError, TypeError, OverflowError)):
                use()


class Views(unittest.TestCase):
    def setUp(self):
        self.view = FileMapping.create(size=1000).map()

    def test_it_reads_and_writes_as_a_sequence_of_bytes(self):
        view = self.view
        view[990:] = b"0123456789"
        self.assertEqual((len(view), view[-1], view[990:993]), (1000, ord("9"), b"012"))
        self.assertEqual((view[998:980:-4], view[::499]), (b"840\0\0", b"\0\0" + b"8"))
        view[0:6:2] = b"abc"
        self.assertEqual(view[:6], b"a\0b\0c\0")
        for use in (lambda: view[1000], lambda: view[-1001], lambda: view.__setitem__(1000, 1)):
            with self.assertRaises(IndexError):
                use()
        for value in (256, -1):
            with self.assertRaises(ValueError):
                view[0] = value
        with self.assertRaises(IndexError):
            view[0:3] = b"ab"

    def test_it_copies_by_offset(self):
        view = self.view
        self.assertEqual(view.write_at(5, bytearray(b"hello")), 5)
        self.assertEqual(view.read_at(5, 5), b"hello")
        to = bytearray(10)
        self.assertEqual((view.readinto_at(995, to), view.readinto_at(4, memoryview(to)[:3])), (5, 3))
        self.assertEqual(bytes(to[:3]), b"\0he")
        for use in (
            lambda: view.read_at(999, 2),
            lambda: view.write_at(996, b"hello"),
            lambda: view.read_at(2**63, 1),
            lambda: view.read_at(0, 2**63),
        ):
            with self.assertRaises((IndexError, OverflowError)):
                use()
        with self.assertRaises((TypeError, BufferError)):
            view.readinto_at(0, b"immutable")

    def test_it_has_numbers_at_any_offset(self):
        view = self.view
        numbers = {"u8": 255, "i8": -1, "u16": 65535, "i16": -2, "u32": 2**32 - 1, "i32": -3,
                   "u64": 2**64 - 1, "i64": -4, "f32": 0.5, "f64": -1.25}
        for offset in (0, 3, 8):
            for kind, number in numbers.items():
                view.store(kind, offset, number)
                self.assertEqual(view.load(kind, offset), number)
        for use in (
            lambda: view.load("u128", 0),
            lambda: view.load("u64", 993),
            lambda: view.store("u8", 0, 256),
            lambda: view.store("u8", 0, "a"),
        ):
            with self.assertRaises((ValueError, IndexError, OverflowError, TypeError)):
                use()

    def test_it_packs_and_unpacks(self):
        self.view.pack("<IhB", 100, 7, -1, 9)
        self.assertEqual(self.view.unpack("<IhB", 100), (7, -1, 9))
        self.assertEqual(self.view[100:107], struct.pack("<IhB", 7, -1, 9))
        with self.assertRaises(IndexError):
            self.view.pack("<Q", 993, 1)

    def test_it_is_filled_copied_compared_and_searched(self):
        view = self.view
        view.fill(10, 5, ord("x"))
        view.copy(12, view, 10, 5)
        self.assertEqual(view[10:18], b"xxxxxxx\0")
        self.assertIsNone(view.compare(10, b"xxx"))
        self.assertEqual(view.compare(10, b"xxy"), 2)
        self.assertEqual((view.find(b"xx"), view.rfind(b"xx"), view.find(b"y")), (10, 15, -1))
        self.assertEqual((view.find(b"x", 11, 12), view.find(b"", 5), view.find(b"x", -985)), (11, 5, 15))
        other = FileMapping.create(size=10).map()
        other.copy(0, view, 10, 3)
        self.assertEqual(other[:4], b"xxx\0")

    def test_the_system_is_told_about_its_pages(self):
        view = self.view
        view.advise(filemap.Advice.RANDOM)
        view.prefetch(0, 10)
        view.lock(0, 10)
        view.unlock(0, 10)
        view.flush()
        if sys.platform == "linux":
            view[0] = 1
            view.discard(0, 1000)
            self.assertEqual(view[0], 0)

    def test_buffers_are_lent_without_a_copy(self):
        lent = memoryview(self.view)
        lent[5:8] = b"abc"
        self.assertEqual(self.view[5:8], b"abc")
        self.assertEqual((len(lent), lent.format, lent.readonly), (1000, "B", False))

    def test_numpy_sees_the_bytes_themselves(self):
        try:
            import numpy
        except ImportError:
            self.skipTest("numpy is not installed")
        array = numpy.frombuffer(self.view, dtype="<u4")
        array[3] = 77
        self.assertEqual(self.view.load("u32", 12), 77)
        made = numpy.ndarray((10, 10), dtype="f8", buffer=self.view, offset=200)
        made[:] = numpy.eye(10)
        self.view.close()
        self.assertEqual(made.trace(), 10)

    @unittest.skipUnless(sys.platform == "linux", "Windows cuts no file that is mapped")
    def test_who_was_lent_lost_bytes_reads_zeros_and_is_told(self):
        page = filemap.PAGESIZE
        with support.file_of(2 * page) as file:
            view = FileMapping.create(file=file).map()
            number, lent = view.atomic("u32", page), memoryview(view)
            os.ftruncate(file.fileno(), page)
            self.assertEqual((lent[page], lent[0]), (0, ord("a")))
            self.assertEqual(view.lost, [(page, 2 * page)])
            for use in (number.load, lambda: view[page], view.flush):
                with self.assertRaises(filemap.LostError):
                    use()
            os.ftruncate(file.fileno(), 2 * page)
            self.assertEqual((view.restore(), view.lost, number.load()), ([(page, 2 * page)], [], 0))

    def test_a_view_is_not_made_without_a_mapping(self):
        with self.assertRaises(TypeError):
            filemap.View()


class Atomics(unittest.TestCase):
    def test_numbers_are_agreed_on(self):
        view = FileMapping.create(size=100).map()
        number = view.atomic("i64", 8)
        self.assertEqual((number.add(5), number.sub(7), number.load()), (0, 5, -2))
        self.assertEqual((number.swap(3), number.bit_or(4), number.bit_and(6), number.bit_xor(1)), (-2, 3, 7, 6))
        self.assertEqual(number.compare_exchange(7, 9), (True, 7))
        self.assertEqual(number.compare_exchange(7, 10), (False, 9))
        self.assertEqual((number.max(20), number.min(1), number.load()), (9, 20, 1))
        number.store(2)
        self.assertEqual(view.load("i64", 8), 2)
        for use in (lambda: view.atomic("u8", 0), lambda: view.atomic("u32", 1), lambda: view.atomic("u32", 100),
                    lambda: view.atomic("u32", 0).add(-1), lambda: view.atomic("u64", 0).wait(0, 0)):
            with self.assertRaises((ValueError, OSError, OverflowError, TypeError)):
                use()

    def test_a_wait_ends_in_time_or_when_it_is_notified(self):
        view = FileMapping.create(size=100).map()
        number = view.atomic("u32", 0)
        self.assertFalse(number.wait(0, 0.01))
        self.assertTrue(number.wait(1, 10))
        number.notify_one()
        number.notify_all()


class Registries(unittest.TestCase):
    def test_a_registry_tells_which_names_there_are_and_who_holds_them(self):
        with tempfile.TemporaryDirectory() as place:
            registry = Registry(place)
            self.assertEqual(registry.names(), [])
            mapping = FileMapping.create("scores", 100, registry=registry)
            with self.assertRaises(FileNotFoundError):
                FileMapping.open("scores")
            named = registry.inspect("scores")
            self.assertEqual((named.name, named.size, named.is_live), ("Local\\scores", 100, True))
            self.assertEqual((named.kind, named.creator), (filemap.ObjectKind.MAPPING, os.getpid()))
            self.assertEqual([n.name for n in registry.names()], ["Local\\scores"])
            if sys.platform == "linux":
                [holder] = registry.holders("scores")
                self.assertEqual((holder.process, holder.handles), (os.getpid(), 1))
            self.assertEqual(registry.collect(), 0)
            again = pickle.loads(pickle.dumps(mapping))
            self.assertEqual(again.name, "Local\\scores")
            del mapping, again
            self.assertEqual(registry.names(), [])


if __name__ == "__main__":
    unittest.main()
