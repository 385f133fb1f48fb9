"""Holds a name, and ends in the way that it is told while it does."""

import ctypes
import multiprocessing
import os
import sys
import threading

twin = ctypes.CDLL(sys.argv[1])
how = sys.argv[2]


def say(line):
    print("second:", line, flush=True)
    sys.stdin.readline()


def nothing():
    pass


def holds_another():
    assert twin.twin_hold(b"y") == 0


def in_child(act):
    """Runs `act` in a forked child, which ends by `os._exit` without its exit handlers."""
    child = multiprocessing.get_context("fork").Process(target=act)
    child.start()
    child.join()
    assert child.exitcode == 0
    assert twin.twin_is_live(b"x") == 1


assert twin.twin_hold(b"x") == 0
say("holds")

if how == "end":
    pass
elif how == "sys.exit":
    sys.exit(0)
elif how == "exception":
    raise RuntimeError("nobody catches this")
elif how == "daemon thread":
    threading.Thread(target=threading.Event().wait, daemon=True).start()
elif how == "child":
    in_child(nothing)
elif how == "child holds":
    in_child(holds_another)
elif how == "child lives on":
    if os.fork() == 0:
        # Until the first process closes its end.
        while os.read(0, 1):
            pass
        os._exit(0)
elif how == "os._exit":
    os._exit(0)
elif how == "killed":
    os.kill(os.getpid(), 9)
else:
    sys.exit(97)
