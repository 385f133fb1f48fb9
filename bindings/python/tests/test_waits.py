"""`Mutex`, `Event`, `Semaphore`, and waiting for several."""

import os
import signal
import sys
import threading
import time
import unittest

import filemap
import support
from filemap import Event, FileMapping, Mutex, Semaphore, Shared, wait_all, wait_any


class Objects(unittest.TestCase):
    def test_a_mutex_is_owned_by_one_thread_at_a_time(self):
        name = support.name()
        mutex, twin = Mutex(name), Mutex.open(name)
        self.assertEqual((mutex.existed, Mutex(name).existed, twin.name), (False, True, name))
        found = []
        with mutex:
            self.assertTrue(mutex.acquire(0))
            other = threading.Thread(target=lambda: found.append(twin.acquire(timeout=0)))
            other.start()
            other.join()
            mutex.release()
        self.assertEqual(found, [False])
        with self.assertRaises(OSError) as caught:
            mutex.release()
        self.assertEqual(caught.exception.kind, filemap.ErrorKind.NOT_OWNER)

    def test_an_event_releases_one_or_all(self):
        event = Event()
        self.assertFalse(event.wait(0))
        event.set()
        self.assertEqual((event.is_set(), event.wait(), event.wait(0)), (True, True, False))
        manual = Event(manual_reset=True, is_set=True)
        self.assertEqual((manual.wait(0), manual.wait(0)), (True, True))
        manual.reset()
        self.assertFalse(manual.is_set())
        manual.pulse()
        self.assertFalse(manual.is_set())

    def test_a_semaphore_counts(self):
        semaphore = Semaphore(value=1, maximum=3)
        with semaphore:
            self.assertEqual((semaphore.value, semaphore.acquire(0)), (0, False))
        self.assertEqual((semaphore.release(2), semaphore.value), (1, 3))
        with self.assertRaises(OSError) as caught:
            semaphore.release()
        self.assertEqual(caught.exception.kind, filemap.ErrorKind.SEMAPHORE_FULL)

    def test_objects_lie_in_a_mapping(self):
        if os.name == "nt":
            self.skipTest("objects of Windows are the kernel's")
        mapping = FileMapping.create(size=3 * filemap.PAGESIZE)
        pages = [at * filemap.PAGESIZE for at in range(3)]
        mutex = Mutex.place(mapping, pages[0])
        Event.place(mapping, pages[1], is_set=True)
        Semaphore.place(mapping, pages[2], value=5)
        with Mutex.open_at(mapping, pages[0]):
            pass
        self.assertTrue(Event.open_at(mapping, pages[1]).wait(0))
        self.assertEqual(Semaphore.open_at(mapping, pages[2]).value, 5)
        with self.assertRaises(OSError):
            Event.open_at(mapping, pages[0])
        del mutex

    def test_several_are_waited_for(self):
        mutex, event, semaphore = Mutex(), Event(), Semaphore(value=0)
        self.assertIsNone(wait_any([event, semaphore], 0))
        event.set()
        self.assertEqual(wait_any([semaphore, event], 10).index, 1)
        self.assertIsNone(wait_all([mutex, semaphore], 0.01))
        semaphore.release()
        self.assertEqual(wait_all([mutex, semaphore]).abandoned, False)
        mutex.release()
        for use in (lambda: wait_any([]), lambda: wait_any([object()]), lambda: wait_any([event], -1)):
            with self.assertRaises((OSError, TypeError, ValueError)):
                use()

    def test_a_closed_object_says_so(self):
        mutex = Mutex()
        mutex.close()
        self.assertTrue(mutex.closed)
        with self.assertRaises(ValueError):
            mutex.acquire()


class SharedValues(unittest.TestCase):
    def test_a_value_is_replaced_and_read_whole(self):
        view = FileMapping.create(size=4096).map()
        writer = Shared(view, 64, 100)
        reader = Shared(view, 64, 100, create=False)
        self.assertEqual((writer.size, Shared.taken(100), reader.snapshot(), reader.version), (100, 320, None, 0))
        self.assertEqual(writer.publish(b"a" * 100), 1)
        self.assertEqual(reader.snapshot(), (1, b"a" * 100))
        self.assertIsNone(reader.wait_next(1, 0.01))
        writer.publish(bytearray(b"b" * 100))
        self.assertEqual(reader.wait_next(1), (2, b"b" * 100))
        for use in (lambda: writer.publish(b"short"), lambda: Shared(view, 64, 99),
                    lambda: Shared(view, 4090, 100), lambda: Shared(view, 1024, 8, create=False)):
            with self.assertRaises((ValueError, OSError)):
                use()

    def test_no_value_is_torn(self):
        view = FileMapping.create(size=4096).map()
        writer, torn = Shared(view, 0, 1000), []
        done = threading.Event()

        def read():
            reader = Shared(view, 0, 1000, create=False)
            while not done.is_set():
                found = reader.snapshot()
                if found is not None and len(set(found[1])) != 1:
                    torn.append(found)

        thread = threading.Thread(target=read)
        thread.start()
        for byte in range(2000):
            writer.publish(bytes([byte % 256]) * 1000)
        done.set()
        thread.join()
        self.assertEqual(torn, [])


class Deaths(unittest.TestCase):
    def test_a_mutex_of_a_killed_process_is_told_as_abandoned(self):
        name = support.name()
        mutex = Mutex(name)
        code = """if 1:
            import sys, filemap
            mutex = filemap.Mutex.open(sys.argv[1])
            mutex.acquire()
            print("owned")
            sys.stdin.read()
        """
        with support.started(code, name) as child:
            self.assertEqual(child.stdout.readline(), "owned\n")
            self.assertFalse(mutex.acquire(0))
            child.kill()
            self.assertTrue(mutex.acquire(60))
            self.assertTrue(mutex.abandoned)
            mutex.release()
            with mutex:
                self.assertFalse(mutex.abandoned)


@unittest.skipUnless(hasattr(signal, "setitimer"), "the system has no timer of signals")
class Signals(unittest.TestCase):
    def test_a_signal_interrupts_every_wait(self):
        class Interrupted(Exception):
            pass

        def interrupt(*_):
            raise Interrupted

        before = signal.signal(signal.SIGALRM, interrupt)
        view = FileMapping.create(size=100).map()
        held = Mutex(owned=True)
        owner = threading.Event()
        mutex = Mutex()

        def own():
            with mutex:
                owner.set()
                done.wait()

        done = threading.Event()
        thread = threading.Thread(target=own)
        thread.start()
        owner.wait()
        try:
            for wait in (
                mutex.acquire,
                Event().wait,
                Semaphore(value=0).acquire,
                lambda: wait_any([Event(), mutex]),
                lambda: wait_all([Event(), Semaphore()]),
                lambda: view.atomic("u32", 0).wait(0),
            ):
                signal.setitimer(signal.ITIMER_REAL, 0.01)
                with self.assertRaises(Interrupted):
                    wait()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
            done.set()
            thread.join()
            held.release()

    def test_other_threads_run_while_one_waits(self):
        event = Event()
        thread = threading.Thread(target=event.wait)
        thread.start()
        end = time.monotonic() + 0.01
        while time.monotonic() < end:
            pass
        event.set()
        thread.join()


if __name__ == "__main__":
    unittest.main()
