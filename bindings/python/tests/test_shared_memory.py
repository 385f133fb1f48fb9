"""`filemap.shared_memory` beyond what the interpreter's own tests look at."""

import gc
import multiprocessing
import os
import pickle
import sys
import unittest

import filemap
import support
from filemap import shared_memory
from filemap.shared_memory import ShareableList, SharedMemory, SharedMemoryManager


def memory_files():
    files = [(fd, f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")]
    return [fd for fd, path in files if os.path.exists(path) and "memfd:" in os.readlink(path)]


class Blocks(unittest.TestCase):
    def test_a_block_has_the_size_that_it_was_made_with_for_everybody(self):
        block = SharedMemory(create=True, size=100)
        self.assertEqual((block.size, len(block.buf)), (100, 100))
        self.assertEqual(SharedMemory(block.name).size, 100)

    def test_close_never_fails_and_frees_the_name_at_once(self):
        block = SharedMemory(create=True, size=100)
        held, name = block.buf[10:20], block.name
        held[0] = 5
        block.close()
        block.close()
        self.assertIsNone(block.buf)
        self.assertEqual(held[0], 5)
        with self.assertRaises(FileNotFoundError):
            SharedMemory(name)
        SharedMemory(name, create=True, size=7)

    def test_an_array_lives_on_after_its_block(self):
        try:
            import numpy
        except ImportError:
            self.skipTest("numpy is not installed")
        block = SharedMemory(create=True, size=8000)
        array = numpy.ndarray((1000,), dtype="f8", buffer=block.buf)
        array[:] = 1.5
        block.close()
        del block
        gc.collect()
        self.assertEqual(array.sum(), 1500.0)

    def test_unlink_frees_the_name_and_leaves_the_block_to_those_who_have_it(self):
        block = SharedMemory(create=True, size=100)
        other = SharedMemory(block.name)
        block.unlink()
        other.buf[3] = 4
        self.assertEqual(block.buf[3], 4)
        fresh = SharedMemory(block.name, create=True, size=200)
        self.assertEqual((fresh.size, fresh.buf[3]), (200, 0))
        with self.assertRaises(FileNotFoundError):
            other.unlink()

    def test_a_name_that_exists_is_an_error_unless_it_may(self):
        block = SharedMemory(create=True, size=100)
        with self.assertRaises(FileExistsError) as caught:
            SharedMemory(block.name, create=True, size=100)
        self.assertEqual(caught.exception.filename, block.name)
        self.assertEqual(caught.exception.kind, filemap.ErrorKind.ALREADY_EXISTS)
        self.assertEqual(SharedMemory(block.name, create=True, size=100, exist_ok=True).size, 100)

    def test_a_block_can_be_read_only(self):
        block = SharedMemory(create=True, size=100)
        reader = SharedMemory(block.name, readonly=True)
        with self.assertRaises(TypeError):
            reader.buf[0] = 1

    def test_it_says_who_keeps_the_memory(self):
        block = SharedMemory(create=True, size=100)
        self.assertEqual(block.lifetime, filemap.Lifetime.HOLDERS)

    @unittest.skipUnless(sys.platform == "linux", "Windows promises all memory")
    def test_memory_is_taken_as_it_is_written(self):
        for taken, options in ((0, {}), (1, {"preallocate": True})):
            block = SharedMemory(create=True, size=8 << 20, **options)
            sizes = [os.stat(f"/proc/self/fd/{fd}").st_blocks >> 14 for fd in memory_files()]
            self.assertEqual(max(sizes), taken)
            block.close()
            del block
        with self.assertRaises(OSError):
            SharedMemory(create=True, size=1 << 45, preallocate=True)


class Lists(unittest.TestCase):
    def test_text_and_bytes_come_back_exactly(self):
        items = ["", "\0", "a\0", "Größe", "日本語", b"", b"\0\0", b"1234567\0", "12345678", None, True, -1]
        made = ShareableList(items)
        self.assertEqual(list(made), items)
        self.assertEqual(list(ShareableList(name=made.shm.name)), items)
        self.assertEqual(list(pickle.loads(pickle.dumps(made))), items)
        made[3] = "é"
        self.assertEqual(made[3], "é")

    def test_what_does_not_fit_or_cannot_be_kept_is_refused(self):
        made = ShareableList(["abc", 1])
        with self.assertRaises(ValueError):
            made[0] = "123456789"
        with self.assertRaises(TypeError):
            made[1] = []
        self.assertEqual(list(made), ["abc", 1])


class Managers(unittest.TestCase):
    def test_a_manager_unlinks_what_it_made(self):
        with SharedMemoryManager() as manager:
            block, items = manager.SharedMemory(100), manager.ShareableList([1, "a"])
            names = [block.name, items.shm.name]
            self.assertEqual(SharedMemory(names[0]).size, 100)
        for name in names:
            with self.assertRaises(FileNotFoundError):
                SharedMemory(name)


def write(block, at):
    block.buf[at] = at
    block.close()


def squared(name, at):
    block = SharedMemory(name)
    block.buf[at] = at * at
    block.close()
    return at


class Processes(unittest.TestCase):
    def test_a_pool_works_on_one_block_however_it_is_started(self):
        for method in multiprocessing.get_all_start_methods():
            with multiprocessing.get_context(method).Pool(2) as pool, SharedMemory(create=True, size=16) as block:
                arguments = [(block.name, at) for at in range(16)]
                self.assertEqual(pool.starmap(squared, arguments), list(range(16)), method)
                self.assertEqual(list(block.buf), [at * at for at in range(16)], method)

    def test_blocks_travel_to_children_however_they_are_started(self):
        for method in multiprocessing.get_all_start_methods():
            context = multiprocessing.get_context(method)
            block = SharedMemory(create=True, size=100)
            children = [context.Process(target=write, args=(block, at)) for at in range(1, 4)]
            for child in children:
                child.start()
            for child in children:
                child.join()
                self.assertEqual(child.exitcode, 0, method)
            self.assertEqual(bytes(block.buf[1:4]), b"\1\2\3", method)

    def test_nothing_is_left_of_a_killed_holder(self):
        code = """if 1:
            import sys
            from filemap.shared_memory import SharedMemory
            block = SharedMemory(create=True, size=1 << 20)
            block.buf[:] = b"x" * len(block.buf)
            print(block.name)
            sys.stdin.read()
        """
        with support.started(code) as child:
            name = child.stdout.readline().strip()
            other = SharedMemory(name)
            child.kill()
            child.wait()
            self.assertEqual(other.buf[5], ord("x"))
            other.close()
        with self.assertRaises(FileNotFoundError):
            SharedMemory(name)

    def test_install_takes_the_place_of_the_standard_module(self):
        code = """if 1:
            import filemap.shared_memory
            filemap.shared_memory.install()
            from multiprocessing import resource_tracker, shared_memory
            from multiprocessing.managers import SharedMemoryManager
            block = shared_memory.SharedMemory(create=True, size=10)
            resource_tracker.unregister(block._name, "shared_memory")
            print(type(block).__module__, SharedMemoryManager.__module__)
        """
        self.assertEqual(support.run(code).split(), ["filemap.shared_memory"] * 2)


if __name__ == "__main__":
    unittest.main()
