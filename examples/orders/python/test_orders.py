"""Checks the order service with Afresh: `python3 -m unittest`. AFRESH names the program, if it is not `afresh`."""

import os
import subprocess
import unittest

TRACES = ["../traces/night.jsonl", "../traces/late-line.jsonl"]


def check(*arguments):
    afresh = os.environ.get("AFRESH", "afresh")
    folder = os.path.dirname(os.path.abspath(__file__))
    return subprocess.run([afresh, "check", *arguments], cwd=folder, capture_output=True, text=True, check=False)


class OrdersTest(unittest.TestCase):
    def test_the_traces_are_right(self):
        done = check(*TRACES)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_bug_is_found(self):
        done = check("../traces/late-line.jsonl", "--system", "orders+late-line")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("incremental/lines", done.stdout)


if __name__ == "__main__":
    unittest.main()
