"""What happens by chance, at length: kills of workers, truncations under readers, threads.

    storms.py [kills N] [truncations N] [threads SECONDS]

Each prints what it saw, and fails at the first wrong byte, lost death or page that is left.
"""

import faulthandler
import glob
import multiprocessing
import os
import random
import re
import signal
import sys
import tempfile
import threading
import time

from filemap import Registry, mmap
from filemap.shared_memory import SharedMemory


def shmem():
    """Returns how many KiB of shared memory the machine has in use, but for files in /dev/shm: others may
    make some meanwhile, and of the package only entries are there, which are looked at by themselves."""
    with open("/proc/meminfo") as file:
        used = int(re.search(r"Shmem: +(\d+)", file.read())[1])
    files = os.statvfs("/dev/shm")
    return used - (files.f_blocks - files.f_bfree) * files.f_frsize // 1024


def memory_files():
    """Returns how many descriptors of memory files processes of this user have open."""
    count = 0
    for link in glob.glob("/proc/[0-9]*/fd/*"):
        try:
            count += os.readlink(link).startswith("/memfd:filemap")
        except OSError:
            pass
    return count


def work(size, started):
    """Makes blocks, writes all of them, and drops them in turn, until it is killed."""
    random.seed(os.getpid())
    started.send_bytes(b"x")
    while True:
        block = SharedMemory(create=True, size=size)
        block.buf[:] = b"\xa5" * size
        other = SharedMemory(block.name)
        if other.buf[random.randrange(size)] != 0xA5:
            os._exit(3)
        other.close()
        block.close()


def kills(count, size=100 << 20, at_once=4, alone=True):
    """Kills so many workers at random moments; nothing of them may be left."""
    methods = multiprocessing.get_all_start_methods()
    before, files = shmem(), memory_files()
    for at in range(0, count, at_once):
        context = multiprocessing.get_context(methods[(at // at_once) % len(methods)])
        workers = []
        for _ in range(min(at_once, count - at)):
            receiver, sender = context.Pipe(duplex=False)
            worker = context.Process(target=work, args=(size, sender))
            worker.start()
            workers.append((worker, receiver))
        for worker, receiver in workers:
            receiver.recv_bytes()
        for worker, _ in random.sample(workers, len(workers)):
            time.sleep(random.random() * 0.05)
            os.kill(worker.pid, signal.SIGKILL)
        for worker, _ in workers:
            worker.join()
            if worker.exitcode != -signal.SIGKILL:
                raise SystemExit(f"a worker ended with {worker.exitcode}")
    # Nobody has used the library since the last kill.
    end = time.monotonic() + 10
    while alone and (memory_files() > files or shmem() - before > 8 << 10) and time.monotonic() < end:
        time.sleep(0.01)
    left, open_files = shmem() - before, memory_files() - files
    entries = glob.glob(f"{Registry.system().path}/psm_*")
    sizes = {os.path.getsize(entry) for entry in entries}
    if alone and (open_files > 0 or left > 8 << 10) or not sizes <= {os.sysconf("SC_PAGE_SIZE")}:
        raise SystemExit(f"left: {left} KiB, {open_files} memory files, entries of {sizes} bytes")
    names = [name for name in Registry.system().names() if name.is_live and "psm_" in name.name]
    # Uses of the registry remove what the dead left, at most once a second.
    end = time.monotonic() + 60
    while glob.glob(f"{Registry.system().path}/psm_*") and time.monotonic() < end:
        SharedMemory(create=True, size=1).close()
        time.sleep(0.05)
    rest = glob.glob(f"{Registry.system().path}/psm_*")
    if names or rest:
        raise SystemExit(f"left: {names} {rest}")
    print(f"kills: {count} workers, {left} KiB and no memory file left, {len(entries)} dead entries removed")


def truncations(count):
    """Cuts a file under readers that often, before and after faulthandler takes the signals."""
    size = 64 * mmap.PAGESIZE
    with tempfile.NamedTemporaryFile() as file:
        file.truncate(size)
        done = threading.Event()
        errors = reads = 0
        lock = threading.Lock()
        ready = threading.Event()

        maps = [mmap.mmap(file.fileno(), size) for _ in range(3)]

        def read(m):
            nonlocal errors, reads
            ready.wait()
            while not done.is_set():
                try:
                    at = random.randrange(size - 5000)
                    m[at], m[at : at + 5000], m.find(b"\1", at)
                    m[at] = 0
                    with lock:
                        reads += 1
                except OSError:
                    with lock:
                        errors += 1

        def scan():
            # By addresses: numpy, if it is there, and regular expressions, without the lock meanwhile.
            try:
                from numpy import frombuffer
            except ImportError:
                frombuffer = None
            while not done.is_set():
                try:
                    m = mmap.mmap(file.fileno(), size)
                except ValueError:
                    continue  # It is shorter at the moment.
                if frombuffer is not None:
                    frombuffer(m, dtype="u1").sum()
                re.search(b"\2", m), memoryview(m)[::97].tolist()

        threads = [threading.Thread(target=read, args=(m,)) for m in maps]
        threads += [threading.Thread(target=scan) for _ in range(2)]
        for thread in threads:
            thread.start()
        ready.set()
        for at in range(count):
            os.ftruncate(file.fileno(), random.randrange(size))
            os.ftruncate(file.fileno(), size)
            if at == count // 2:
                faulthandler.enable()
                mmap.mmap(-1, 1).close()
        done.set()
        for thread in threads:
            thread.join()
    print(f"truncations: {count}, {reads} reads and {errors} errors, no death")


def threads(seconds):
    """Closes and resizes maps while other threads copy."""
    end = time.monotonic() + seconds
    rounds = 0
    while time.monotonic() < end:
        size = random.choice([1 << 12, 1 << 20, 20 << 20])
        m = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)

        def copy(m=m):
            try:
                while True:
                    m[:] = bytes(len(m))
                    m[10:], m[-1], m.find(b"x")
            except (ValueError, IndexError):
                pass

        copiers = [threading.Thread(target=copy) for _ in range(3)]
        for copier in copiers:
            copier.start()
        for _ in range(20):
            try:
                m.resize(random.randrange(1, size + 1))
            except BufferError:
                pass
        m.close()
        for copier in copiers:
            copier.join()
        rounds += 1
    print(f"threads: {rounds} maps were closed under copies")


def kills_among_others(count):
    """The same where others use shared memory meanwhile: blocks are small, and theirs are not counted."""
    kills(count, 1 << 20, alone=False)


STORMS = {"kills": kills, "kills-among-others": kills_among_others, "truncations": truncations, "threads": threads}


def main():
    words = sys.argv[1:]
    if not words:
        raise SystemExit(__doc__)
    for name, amount in zip(words[::2], words[1::2], strict=True):
        STORMS[name](int(amount))


if __name__ == "__main__":
    main()
