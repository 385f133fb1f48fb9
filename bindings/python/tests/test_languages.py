"""One name used by Python, the command, which is Rust, and C."""

import ctypes
import glob
import json
import math
import os
import pathlib
import signal
import struct
import subprocess
import sys
import tempfile
import unittest

import filemap
import support
from filemap import FileMapping, MappedFile, Mutex, Shared

BUILT = pathlib.Path(os.environ.get("FILEMAP_BUILT", pathlib.Path(__file__).parents[3] / "target" / "debug"))
COMMAND = BUILT / "filemap"
LIBRARY = BUILT / "libfilemap.so"

TELEMETRY = BUILT / "examples" / "telemetry"

FILE_MAP_WRITE = 2
WAIT_OBJECT_0, WAIT_ABANDONED = 0, 0x80


def command(*arguments, **options):
    """Runs the command, and returns what it printed and its exit code."""
    merged = subprocess.STDOUT if arguments[0] == "lock" else None
    done = subprocess.run(
        [COMMAND, *arguments], stdout=subprocess.PIPE, stderr=merged, timeout=60, **{"text": True, **options}
    )
    return done.stdout, done.returncode


def library():
    """Returns the library for C, with the types of what is called."""
    c = ctypes.CDLL(str(LIBRARY))
    c.OpenFileMappingA.restype = c.MapViewOfFile.restype = c.OpenMutexA.restype = ctypes.c_void_p
    c.OpenFileMappingA.argtypes = c.OpenMutexA.argtypes = [ctypes.c_uint32, ctypes.c_int32, ctypes.c_char_p]
    c.MapViewOfFile.argtypes = [ctypes.c_void_p, *[ctypes.c_uint32] * 3, ctypes.c_size_t]
    c.WaitForSingleObject.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
    c.UnmapViewOfFile.argtypes = c.CloseHandle.argtypes = c.ReleaseMutex.argtypes = [ctypes.c_void_p]
    return c


@unittest.skipUnless(sys.platform == "linux" and COMMAND.exists(), "the command is not built here")
class Languages(unittest.TestCase):
    def test_one_name_is_used_by_python_rust_and_the_command(self):
        name = support.name()
        with FileMapping.create(name, 4096) as mapping:
            view = mapping.map()
            command("write", name, "--offset", "10", "--text", "hello")
            self.assertEqual(view[10:15], b"hello")
            printed, code = command("ls", "--json")
            self.assertEqual(code, 0)
            self.assertIn(name, [entry["name"] for entry in json.loads(printed)])
            view[100:104] = b"from"
            printed, code = command("read", name, "--raw", "-s", "100", "-n", "4")
            self.assertEqual((code, printed), (0, "from"))

    def test_an_object_of_python_is_read_and_written_by_the_command(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "objects"
            file = MappedFile(path)
            file.write_object(0, {"name": "Größe", "points": [1, 2.5, None, True]})
            printed, code = command("get", str(path), "--offset", "0")
            self.assertEqual((code, json.loads(printed)), (0, file.read_object(0)))
            _, code = command("put", str(path), "--offset", "1000", '{"from": ["the command", 7]}')
            self.assertEqual((code, file.read_object(1000)), (0, {"from": ["the command", 7]}))

    def test_a_mutex_of_a_killed_python_process_is_told_as_abandoned_in_rust(self):
        name = support.name()
        keeper = Mutex(name)
        code = """if 1:
            import sys, filemap
            mutex = filemap.Mutex.open(sys.argv[1])
            mutex.acquire()
            print("owned", flush=True)
            sys.stdin.read()
        """
        with support.started(code, name) as child:
            child.stdout.readline()
            child.kill()
            child.wait()
        printed, code = command("lock", name, "--", "echo", "next")
        self.assertEqual((printed.splitlines()[-1], code), ("next", 0))
        self.assertIn("was abandoned", printed)
        self.assertFalse(keeper.closed)

    @unittest.skipUnless(LIBRARY.exists(), "the library for C is not built here")
    def test_the_same_name_and_mutex_are_used_in_c(self):
        c, name, lock = library(), support.name(), support.name()
        with FileMapping.create(name, 4096) as mapping, Mutex(lock) as mutex:
            view = mapping.map()
            handle = c.OpenFileMappingA(FILE_MAP_WRITE, 0, name.encode())
            self.assertTrue(handle)
            address = c.MapViewOfFile(handle, FILE_MAP_WRITE, 0, 0, 0)
            ctypes.memmove(address + 20, b"from C", 6)
            self.assertEqual(view[20:26], b"from C")
            view[30] = 77
            self.assertEqual(ctypes.string_at(address + 30, 1), b"M")
            c.UnmapViewOfFile(address)
            c.CloseHandle(handle)
            mutex.release()
            handle = c.OpenMutexA(0x1F0001, 0, lock.encode())
            self.assertEqual(c.WaitForSingleObject(handle, 10_000), WAIT_OBJECT_0)
            c.ReleaseMutex(handle)
            c.CloseHandle(handle)
            mutex.acquire()

    @unittest.skipUnless(LIBRARY.exists() and TELEMETRY.exists(), "the library for C and the examples are not built here")
    def test_one_name_is_used_at_once_by_python_rust_c_and_the_command(self):
        name = support.name()
        in_c = """if 1:
            import ctypes, os, sys
            c = ctypes.CDLL(sys.argv[1])
            c.OpenFileMappingA.restype = c.MapViewOfFile.restype = ctypes.c_void_p
            c.MapViewOfFile.argtypes = [ctypes.c_void_p, *[ctypes.c_uint32] * 3, ctypes.c_size_t]
            handle = c.OpenFileMappingA(4, 0, sys.argv[2].encode())
            print(ctypes.string_at(c.MapViewOfFile(handle, 4, 0, 0, 0), 16).hex())
            sys.stdin.read()
        """
        # A program in Rust publishes under the name, 60 times a second, for two readers that it starts.
        publish = [TELEMETRY, "publish", name, "100000"]
        with subprocess.Popen(publish, stdout=subprocess.DEVNULL, start_new_session=True) as rust:
            try:
                def found():
                    try:
                        return Shared(FileMapping.open(name).map(), 0, 16, create=False)
                    except (FileNotFoundError, ValueError, filemap.Error):
                        return None

                support.eventually(lambda: found() is not None)
                mapping = FileMapping.open(name)
                view = mapping.map()
                samples, seen = Shared(view, 0, 16, create=False), 0
                with support.started(in_c, LIBRARY, name) as c:
                    start = bytes.fromhex(c.stdout.readline())
                    self.assertEqual(start, view[:16])
                    for _ in range(10):
                        seen, sample = samples.wait_next(seen, 60)
                        x, y, z, frame = struct.unpack("3fI", sample)
                        turn = math.tau * (frame % 60) / 60
                        self.assertAlmostEqual(x, math.cos(turn), places=5)
                        self.assertAlmostEqual(y, math.sin(turn), places=5)
                    printed, _ = command("read", name, "-n", "16", "--raw", text=False)
                    self.assertEqual(printed, start)
                    printed, _ = command("ls", "--json")
                    [listed] = [entry for entry in json.loads(printed) if entry["name"] == name]
                    holders = {holder["process"] for holder in listed["holders"]}
                    self.assertLessEqual({os.getpid(), rust.pid, c.pid}, holders)
            finally:
                os.killpg(rust.pid, signal.SIGKILL)
        # The event by which its readers waited for it; the kernel ends them a little later.
        registry = filemap.Registry.system()
        support.eventually(lambda: registry.collect() is not None and not glob.glob(f"{registry.path}/*runs"))


if __name__ == "__main__":
    unittest.main()
