"""Other packages over `install()` and `install_mmap()`, where they are installed: joblib, torch's shared
tensors, and numpy's own tests of mapped arrays."""

import importlib.util
import unittest

import support

JOBLIB = """if 1:
    import filemap.shared_memory
    filemap.shared_memory.install()
    from multiprocessing import resource_tracker, shared_memory
    import numpy
    from joblib import Parallel, delayed

    def work(name, at):
        # In a process of joblib, which has installed nothing of its own.
        import filemap.shared_memory
        filemap.shared_memory.install()
        from multiprocessing import shared_memory
        block = shared_memory.SharedMemory(name)
        numbers = numpy.frombuffer(block.buf, dtype="i8")
        numbers[at] = at * at
        return type(block).__module__, int(numbers[:at].sum() >= 0)

    block = shared_memory.SharedMemory(create=True, size=8 * 1000)
    for method in ("loky", "multiprocessing"):
        found = Parallel(n_jobs=2, backend=method)(delayed(work)(block.name, at) for at in range(1000))
        assert {module for module, _ in found} == {"filemap.shared_memory"}, found
        numbers = numpy.frombuffer(block.buf, dtype="i8")
        assert (numbers == numpy.arange(1000) ** 2).all()
        numbers[:] = 0
    # What joblib maps itself: a large array goes to its workers as a file.
    large = numpy.arange(1 << 20)
    assert sum(Parallel(n_jobs=2, max_nbytes=1000)(delayed(numpy.sum)(large) for _ in range(4))) == 4 * large.sum()
    block.close()
    print("done")
"""

TORCH = """if 1:
    import filemap.shared_memory
    filemap.shared_memory.install()
    from multiprocessing import shared_memory
    import torch
    import torch.multiprocessing as multiprocessing

    def work(tensor, name):
        block = shared_memory.SharedMemory(name)
        mine = torch.frombuffer(block.buf, dtype=torch.int64)
        mine += tensor
        tensor.zero_()
        del mine
        block.close()

    if __name__ == "__main__":
        block = shared_memory.SharedMemory(create=True, size=8 * 1000)
        mine = torch.frombuffer(block.buf, dtype=torch.int64)
        mine[:] = torch.arange(1000)
        # Torch's own shared memory, and a block of ours, in one child.
        shared = torch.arange(1000).share_memory_()
        context = multiprocessing.get_context("fork")
        child = context.Process(target=work, args=(shared, block.name))
        child.start()
        child.join()
        assert child.exitcode == 0
        assert (mine == 2 * torch.arange(1000)).all() and not shared.any()
        del mine
        block.close()
        print(type(block).__module__)
"""

NUMPY = """if 1:
    import sys
    import filemap
    filemap.install_mmap()
    import pytest
    sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "--pyargs", "numpy._core.tests.test_memmap"]))
"""


class Libraries(unittest.TestCase):
    @unittest.skipUnless(
        all(map(importlib.util.find_spec, ["numpy", "pytest", "hypothesis"])), "there is no numpy, pytest or hypothesis"
    )
    def test_numpy_passes_its_tests_of_mapped_arrays(self):
        printed = support.run(NUMPY)
        self.assertIn("passed", printed)
        self.assertNotIn("skipped", printed)

    @unittest.skipUnless(importlib.util.find_spec("joblib"), "there is no joblib")
    def test_joblib_works_over_install(self):
        self.assertEqual(support.run(JOBLIB).split(), ["done"])

    @unittest.skipUnless(importlib.util.find_spec("torch"), "there is no torch")
    def test_tensors_of_torch_are_shared_over_install(self):
        self.assertEqual(support.run(TORCH).split(), ["filemap.shared_memory"])


if __name__ == "__main__":
    unittest.main()
