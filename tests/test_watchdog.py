"""A process that stands still is ended from outside, and one that does not is not."""

import signal
import subprocess
import sys

# `PyDLL` keeps Python's lock: no thread and no handler runs while C sleeps.
SLEEPER = """
import ctypes, sys
from dcgan.watchdog import killed_after
with killed_after(float(sys.argv[1]), "\\nerror: it does not end\\n"):
    ctypes.PyDLL(None).sleep(int(sys.argv[2]))
print("over")
"""


def sleep(seconds, limit):
    line = [sys.executable, "-c", SLEEPER, str(limit), str(seconds)]
    return subprocess.run(line, capture_output=True, text=True, timeout=60)


def test_what_takes_too_long_is_killed_after_a_line():
    done = sleep(seconds=50, limit=0.5)
    assert done.returncode == -signal.SIGKILL
    assert done.stderr == "\nerror: it does not end\n" and not done.stdout


def test_what_ends_in_time_goes_on():
    done = sleep(seconds=0, limit=50)
    assert (done.returncode, done.stdout, done.stderr) == (0, "over\n", "")
