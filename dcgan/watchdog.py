"""Ends a process in which nothing of Python runs any more."""

import os
import subprocess
import sys
from contextlib import contextmanager

WATCH = """
import os, select, signal, sys
process, seconds, line = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
if not select.select([sys.stdin], [], [], seconds)[0]:
    os.write(2, line.encode(errors="backslashreplace"))
    os.kill(process, signal.SIGKILL)
"""


@contextmanager
def killed_after(seconds, line, stderr=None):
    """Kills this process, after a last line, if what is inside takes too long.

    For calls that hold Python's lock while they wait: no thread and no handler of a
    signal runs meanwhile, so that another process has to watch. It ends with this one.

    Args:
        seconds: How long is long enough.
        line: What is said then.
        stderr: Where, a file descriptor; that of this process if left out.
    """
    arguments = [str(os.getpid()), str(seconds), line]
    watch = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", WATCH, *arguments],
        stdin=subprocess.PIPE,  # closed when this process ends, however it does
        stderr=stderr,
        start_new_session=True,  # Ctrl-C is not for it
    )
    try:
        yield
    finally:
        watch.stdin.close()
        watch.wait()
