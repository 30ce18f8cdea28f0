"""The process of the HTTP server, beside its supervisor."""

from __future__ import annotations

import subprocess
import sys

from waiting import LIMIT_S

#: Is told to stop while it forks, when Python forgets what a handler raises.
TOLD_IN_THE_MIDDLE = """
import os, signal
from pycore.scoring.http_process import HttpProcess

signal.signal(signal.SIGTERM, signal.default_int_handler)
os.register_at_fork(before=lambda: os.kill(os.getpid(), signal.SIGTERM))
try:
    HttpProcess(lambda: print("served"))
except KeyboardInterrupt:
    print("stopped")
"""


def test_a_supervisor_that_is_told_to_stop_while_it_forks_stops():
    done = subprocess.run(
        [sys.executable, "-c", TOLD_IN_THE_MIDDLE], capture_output=True, text=True, timeout=LIMIT_S
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "stopped\n", "")
