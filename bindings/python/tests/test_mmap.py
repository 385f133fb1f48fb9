"""`filemap.mmap` beyond what the interpreter's own tests look at."""

import errno
import faulthandler
import gc
import os
import re
import sys
import threading
import unittest

import filemap
import support
from filemap import mmap


class Truncation(unittest.TestCase):
    def test_a_lost_byte_is_an_error_that_says_where(self):
        with support.file_of(3 * mmap.PAGESIZE) as file:
            m = mmap.mmap(file.fileno(), 0)
            os.ftruncate(file.fileno(), mmap.PAGESIZE)
            self.assertEqual(m[10], ord("a"))
            with self.assertRaises(OSError) as caught:
                m[2 * mmap.PAGESIZE]
            self.assertEqual(caught.exception.errno, errno.EIO)
            self.assertEqual(caught.exception.offset, 2 * mmap.PAGESIZE)
            for use in (
                lambda: m[:],
                lambda: m.read(),
                lambda: m.find(b"b"),
                lambda: m.__setitem__(mmap.PAGESIZE, 1),
                lambda: m.__setitem__(slice(mmap.PAGESIZE, mmap.PAGESIZE + 3), b"xyz"),
                lambda: m.move(0, mmap.PAGESIZE, 5),
            ):
                with self.assertRaises(OSError):
                    use()
            os.ftruncate(file.fileno(), 3 * mmap.PAGESIZE)
            self.assertEqual(m[2 * mmap.PAGESIZE], 0)

    @unittest.skipUnless(sys.platform == "linux", "Windows cuts no file that is mapped")
    def test_who_was_lent_lost_bytes_reads_zeros_and_is_told(self):
        page = mmap.PAGESIZE
        with support.file_of(4 * page) as file:
            m = mmap.mmap(file.fileno(), 0)
            lent = memoryview(m)
            self.assertEqual((m.lost, m.restore()), ([], []))
            os.ftruncate(file.fileno(), page)
            self.assertEqual((lent[5], lent[3 * page], bytes(lent[2 * page :])), (97, 0, bytes(2 * page)))
            self.assertIsNone(re.search(b"b", m))
            self.assertEqual([end for _, end in m.lost], [4 * page])
            for use in (lambda: m[3 * page], m.flush):
                with self.assertRaises(filemap.LostError):
                    use()
            os.ftruncate(file.fileno(), 4 * page)
            self.assertEqual(m.restore()[-1][1], 4 * page)
            lent[3 * page] = 7
            self.assertEqual((m.lost, m[3 * page], m.flush()), ([], 7, None))
            with open(file.name, "rb") as reader:
                self.assertEqual(reader.read()[3 * page], 7)

    @unittest.skipUnless(sys.platform == "linux", "Windows cuts no file that is mapped")
    def test_arrays_live_on_zeros(self):
        try:
            import numpy
        except ImportError:
            self.skipTest("numpy is not installed")
        with support.file_of(1 << 20) as file:
            array = numpy.frombuffer(mmap.mmap(file.fileno(), 0), dtype="u1")
            os.ftruncate(file.fileno(), 0)
            self.assertEqual(array.sum(), 0)

    def test_faulthandler_does_not_take_the_handlers_away(self):
        code = """if 1:
            import faulthandler, os, sys
            from filemap import mmap
            with open(sys.argv[1], "r+b") as file:
                m = mmap.mmap(file.fileno(), 0)
                faulthandler.enable()
                n = mmap.mmap(file.fileno(), 0)
                file.truncate(0)
                for one in (m, n):
                    try:
                        one[0]
                    except OSError as error:
                        print(error.errno)
        """
        with support.file_of(mmap.PAGESIZE) as file:
            self.assertEqual(support.run(code, file.name).split(), [str(errno.EIO)] * 2)


class Changes(unittest.TestCase):
    """What is closed or resized by the very code that a call runs."""

    def test_an_index_that_closes_the_map_is_an_error(self):
        class Closes:
            def __index__(self):
                m.close()
                return 3

        for use in (
            lambda: m[Closes()],
            lambda: m.__setitem__(Closes(), 1),
            lambda: m.__setitem__(1, Closes()),
            lambda: m.__getitem__(slice(Closes(), 5)),
            lambda: m.read(Closes()),
            lambda: m.write_byte(Closes()),
            lambda: m.find(b"x", Closes()),
            lambda: m.move(0, 1, Closes()),
            lambda: m.seek(Closes()),
            lambda: m.resize(Closes()),
            lambda: m.flush(0, Closes()),
            lambda: m.madvise(Closes()) if hasattr(m, "madvise") else m[Closes()],
        ):
            m = mmap.mmap(-1, 4096)
            with self.assertRaises(ValueError):
                use()

    @unittest.skipUnless(sys.platform == "linux", "what Linux allows")
    def test_an_index_that_resizes_the_map_does_not_lead_past_its_end(self):
        class Shrinks:
            def __index__(self):
                m.resize(mmap.PAGESIZE)
                return 3 * mmap.PAGESIZE

        for use in (lambda: m[Shrinks()], lambda: m.__setitem__(Shrinks(), 1)):
            m = mmap.mmap(-1, 4 * mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
            with self.assertRaises(IndexError):
                use()

    def test_a_buffer_keeps_the_map_from_being_closed_and_resized(self):
        m = mmap.mmap(-1, 4096)
        lent = memoryview(m)
        for use in (m.close, lambda: m.resize(8192)):
            with self.assertRaises(BufferError):
                use()
        lent.release()
        m.close()

    def test_a_buffer_outlives_every_reference_to_its_map(self):
        lent = memoryview(mmap.mmap(-1, 4096))
        gc.collect()
        lent[7] = 7
        self.assertEqual(lent[7], 7)


class Names(unittest.TestCase):
    def test_a_tag_names_memory_on_every_system(self):
        tag = support.name()
        one = mmap.mmap(-1, 1000, tagname=tag)
        two = mmap.mmap(-1, 1000, tagname=tag)
        one[5:8] = b"abc"
        self.assertEqual(two[5:8], b"abc")
        del one, two
        self.assertEqual(mmap.mmap(-1, 1000, tagname=tag)[5:8], b"\0\0\0")

    def test_named_memory_is_resized_while_nobody_else_has_it(self):
        tag = support.name()
        one = mmap.mmap(-1, 4096, tagname=tag)
        one[:3] = b"abc"
        two = mmap.mmap(-1, 4096, tagname=tag)
        with self.assertRaises(OSError):
            one.resize(8192)
        self.assertEqual((len(one), one[:3]), (4096, b"abc"))
        two.close()
        one.resize(8192)
        self.assertEqual((len(one), one[:3], one[8191]), (8192, b"abc", 0))
        self.assertEqual(mmap.mmap(-1, 8192, tagname=tag)[:3], b"abc")

    @unittest.skipUnless(sys.platform == "linux", "what Linux has")
    def test_a_file_under_a_name_is_resized_as_a_whole(self):
        with support.file_of(4096) as file:
            m = mmap.mmap(file.fileno(), 4096, tagname=support.name())
            m.resize(10_000)
            self.assertEqual((len(m), m.size(), os.stat(file.name).st_size), (10_000,) * 3)
            self.assertEqual((m[4095], m[9_999]), (ord("a"), 0))


@unittest.skipUnless(sys.platform == "linux", "what Linux has")
class Linux(unittest.TestCase):
    def test_anonymous_memory_takes_no_descriptor(self):
        before = len(os.listdir("/proc/self/fd"))
        maps = [mmap.mmap(-1, 4096) for _ in range(50)]
        self.assertEqual(len(os.listdir("/proc/self/fd")), before)
        for m in maps:
            m.close()

    def test_a_map_of_a_file_takes_one_descriptor_or_none(self):
        with support.file_of(4096) as file:
            before = len(os.listdir("/proc/self/fd"))
            tracked = [mmap.mmap(file.fileno(), 0) for _ in range(10)]
            self.assertEqual(len(os.listdir("/proc/self/fd")), before + 10)
            others = [mmap.mmap(file.fileno(), 0, trackfd=False) for _ in range(10)]
            self.assertEqual(len(os.listdir("/proc/self/fd")), before + 10)
            others[0][0] = 66
            others[0].flush()
            self.assertEqual(tracked[0][0], 66)

    def test_private_memory_grows_and_keeps_its_bytes(self):
        m = mmap.mmap(-1, 5000, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        m[4990:5000] = b"0123456789"
        m.resize(5_000_000)
        self.assertEqual((m[4990:5001], m[4_999_999]), (b"0123456789\0", 0))
        m.resize(100)
        self.assertEqual(len(m), 100)

    def test_memory_is_shared_with_a_forked_child_unless_it_is_private(self):
        shared = mmap.mmap(-1, 4096)
        private = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        child = os.fork()
        if child == 0:
            shared[0] = private[0] = 1
            os._exit(0)
        os.waitpid(child, 0)
        self.assertEqual((shared[0], private[0]), (1, 0))

    def test_a_device_is_mapped_as_the_standard_module_maps_it(self):
        with open("/dev/zero", "r+b") as device:
            m = mmap.mmap(device.fileno(), 8192)
            m[5000] = 9
            self.assertEqual((m[5000], m[0]), (9, 0))
            m.flush()
            m.close()
        with open("/dev/null", "r+b") as device, self.assertRaises(OSError):
            mmap.mmap(device.fileno(), 4096)

    def test_flags_of_the_kernel_are_passed_on(self):
        flags = mmap.MAP_SHARED | mmap.MAP_POPULATE | mmap.MAP_NORESERVE
        with support.file_of(8192) as file:
            m = mmap.mmap(file.fileno(), 0, flags=flags)
            self.assertEqual(m[8191], ord("a"))
        with self.assertRaises(OSError) as caught:
            mmap.mmap(-1, 4096, flags=mmap.MAP_SHARED | 0x10)
        self.assertEqual(caught.exception.errno, errno.EINVAL)

    def test_advice_reaches_the_kernel(self):
        m = mmap.mmap(-1, 4 * mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        m[:] = b"x" * len(m)
        m.madvise(mmap.MADV_DONTNEED, mmap.PAGESIZE, mmap.PAGESIZE)
        self.assertEqual((m[0], m[mmap.PAGESIZE], m[2 * mmap.PAGESIZE]), (120, 0, 120))
        for start in (1, mmap.PAGESIZE - 1):
            with self.assertRaises(OSError):
                m.madvise(mmap.MADV_NORMAL, start)
        with self.assertRaises(OSError) as caught:
            m.madvise(12345)
        self.assertEqual(caught.exception.errno, errno.EINVAL)

    def test_a_flush_takes_flags_and_says_nothing(self):
        with support.file_of(4096) as file:
            m = mmap.mmap(file.fileno(), 0)
            m[0] = 66
            for flags in (mmap.MS_SYNC, mmap.MS_ASYNC, mmap.MS_SYNC | mmap.MS_INVALIDATE):
                self.assertIsNone(m.flush(flags=flags))
            self.assertIsNone(m.flush(0, 10, flags=mmap.MS_SYNC))
            with self.assertRaises(ValueError):
                m.flush(0, 5000)
            with self.assertRaises(OSError):
                m.flush(flags=64)

    def test_a_name_of_memory_is_shown_by_the_kernel(self):
        m = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        with self.assertRaises(ValueError):
            m.set_name("x" * 100)
        with support.file_of(4096) as file, self.assertRaises(ValueError):
            mmap.mmap(file.fileno(), 0).set_name("file")
        try:
            m.set_name("scores")
        except OSError as error:
            self.skipTest(f"the kernel names no memory: {error}")
        with open("/proc/self/maps") as maps:
            self.assertIn("[anon:cpython:mmap:scores]", maps.read())


class Interface(unittest.TestCase):
    def test_everything_of_the_standard_module_is_there(self):
        import mmap as standard

        self.assertEqual([n for n in dir(standard) if n[0] != "_" and not hasattr(mmap, n)], [])
        missing = [n for n in dir(standard.mmap) if not hasattr(mmap.mmap, n)]
        self.assertEqual(missing, [])

    def test_it_is_seekable_and_tells_where_it_is(self):
        m = mmap.mmap(-1, 100)
        self.assertTrue(m.seekable())
        self.assertEqual((m.seek(10), m.seek(5, 1), m.seek(-1, 2), m.tell()), (10, 15, 99, 99))

    def test_install_replaces_the_standard_module(self):
        code = "import filemap; filemap.install_mmap(); import mmap; print(mmap.mmap.__module__)"
        self.assertEqual(support.run(code).strip(), "filemap.mmap")

    def test_regular_expressions_search_it(self):
        m = mmap.mmap(-1, 10_000)
        m[9_000:9_005] = b"x=123"
        self.assertEqual(re.search(rb"x=(\d+)", m).span(1), (9_002, 9_005))


class Threads(unittest.TestCase):
    def test_a_map_is_closed_while_other_threads_copy(self):
        size = 32 << 20
        for _ in range(3):
            m = mmap.mmap(-1, size)
            done = []

            def copy(m=m, done=done):
                try:
                    while True:
                        done.append(len(m[:]))
                        m[:] = bytes(size)
                except ValueError:
                    done.append(-1)

            threads = [threading.Thread(target=copy) for _ in range(3)]
            for thread in threads:
                thread.start()
            support.eventually(lambda done=done: len(done) >= 3)
            m.close()
            for thread in threads:
                thread.join()
            self.assertEqual(set(done), {size, -1})


if __name__ == "__main__":
    unittest.main()
