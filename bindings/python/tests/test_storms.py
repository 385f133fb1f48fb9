"""The storms, in short."""

import pathlib
import subprocess
import sys
import unittest

STORMS = pathlib.Path(__file__).with_name("storms.py")


@unittest.skipUnless(sys.platform == "linux", "what is left is seen through /proc")
class Storms(unittest.TestCase):
    def storm(self, *arguments):
        done = subprocess.run(
            [sys.executable, STORMS, *arguments], capture_output=True, text=True, timeout=300
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_nothing_is_left_of_killed_workers(self):
        self.storm("kills-among-others", "24")

    def test_files_are_cut_under_readers(self):
        self.storm("truncations", "2000")

    def test_maps_are_closed_and_resized_under_copies(self):
        self.storm("threads", "2")


if __name__ == "__main__":
    unittest.main()
