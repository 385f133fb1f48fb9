"""What the tests share."""

import contextlib
import itertools
import os
import subprocess
import sys
import tempfile
import time

_numbers = itertools.count()


def name():
    """Returns a name that nobody else uses."""
    return f"Local\\python-{os.getpid()}-{next(_numbers)}"


@contextlib.contextmanager
def file_of(size, byte=b"a"):
    """Makes a file of so many bytes, and removes it."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(byte * size)
        file.flush()
        yield file


def run(code, *arguments, **options):
    """Runs a program in a new interpreter, and returns what it prints."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, **options)
    if done.returncode != 0:
        raise AssertionError(f"ended with {done.returncode}: {done.stderr}")
    return done.stdout


@contextlib.contextmanager
def started(code, *arguments):
    """Starts a program in a new interpreter, and kills it in the end."""
    command = [sys.executable, "-u", "-c", code, *map(str, arguments)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield child
    finally:
        child.kill()
        child.wait()
        child.stdin.close()
        child.stdout.close()


def eventually(condition, seconds=60):
    """Waits until a condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("it did not become true in time")
        time.sleep(0.001)
