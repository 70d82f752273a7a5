"""Checks all traces: `python3 -m unittest`. The variable AFRESH names the program, by default `afresh`."""

import os
import subprocess
import unittest
from pathlib import Path

FOLDER = Path(__file__).parent


class Traces(unittest.TestCase):
    def test_every_state_is_the_one_that_its_messages_call_for(self):
        traces = sorted(FOLDER.glob("traces/*.jsonl"))
        self.assertTrue(traces)
        checked = subprocess.run(
            [os.environ.get("AFRESH", "afresh"), "check", *traces], cwd=FOLDER, capture_output=True, text=True
        )
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
