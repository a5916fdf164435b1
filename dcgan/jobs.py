"""Commands of the package in other processes, several at a time."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from dcgan.errors import Stopped

THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")


def run_jobs(jobs, at_once):
    """Runs jobs in processes of their own and yields each as it ends.

    Args:
        jobs: Dict from a key to `(commands, log)`: a list of lists of arguments of
            `python -m`, of which each needs the one before to succeed, and the path of
            the file for what they print.
        at_once: How many jobs run at the same time; they share the cores.

    Yields:
        `(key, problem)`: the empty text, or the last line of the log if it failed.
    """
    # The package may not be installed, and the working folder may be another.
    paths = [str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    if at_once > 1:
        cores = str(max(1, count_cores() // at_once))
        # One process alone would take all of a GPU's memory.
        shared = dict.fromkeys(THREADS, cores) | {"TF_FORCE_GPU_ALLOW_GROWTH": "true"}
        environment = shared | environment
    pool, running = ThreadPoolExecutor(at_once), set()
    try:
        futures = {
            pool.submit(_run, *job, environment, running): key
            for key, job in jobs.items()
        }
        for future in as_completed(futures):
            yield futures[future], future.result()
    except (Stopped, GeneratorExit):  # SIGTERM, which only this process may have got
        for process in list(running):
            process.terminate()
        raise
    finally:  # after Ctrl-C, which the processes have got too: wait until they saved
        pool.shutdown(cancel_futures=True)


def count_cores():
    """Returns how many cores this process may use, which it may be kept to."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _run(commands, log, environment, running):
    log.parent.mkdir(parents=True, exist_ok=True)
    for index, command in enumerate(commands):
        with open(log, "a" if index else "w", encoding="utf-8") as file:
            line = [sys.executable, "-m", *command]
            options = {"stdout": file, "stderr": subprocess.STDOUT}
            process = subprocess.Popen(line, env=environment, **options)
            running.add(process)
            code = process.wait()
            running.discard(process)
        if code < 0:
            return f"ended by the signal {signal.Signals(-code).name}"
        if code:
            return _last_line(log) or f"exit code {code}"
    return ""


def _last_line(log):
    text = log.read_text(encoding="utf-8", errors="replace").replace("\r", "\n")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""
