"""Commands in other processes."""

import os
import signal
import threading
import time

import pytest

from dcgan import jobs
from dcgan.errors import Stopped
from dcgan.jobs import run_jobs


@pytest.fixture(autouse=True)
def modules(tmp_path, monkeypatch):
    """Small modules for `python -m`."""
    for name, text in {
        "say": "import sys; print(*sys.argv[1:])",
        "fail": "import sys; print('first'); sys.exit('the last line')",
        "die": "import os; print('50 %', flush=True); os.kill(os.getpid(), 9)",
        "wait": "import time; print(time.time(), flush=True); time.sleep(1.5);"
        "print(time.time())",
        "long": "import time; time.sleep(60)",
        "threads": "import os; print(os.environ.get('OMP_NUM_THREADS'))",
        "memory": "import os; print(os.environ.get('TF_FORCE_GPU_ALLOW_GROWTH'))",
        "package": "import dcgan, os; print(os.path.dirname(dcgan.__file__))",
    }.items():
        (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.delenv("TF_FORCE_GPU_ALLOW_GROWTH", raising=False)
    for name in jobs.THREADS:
        monkeypatch.delenv(name, raising=False)


def run(tmp_path, at_once=1, **commands):
    logs = {key: tmp_path / "logs" / f"{key}.log" for key in commands}
    planned = {key: (commands[key], logs[key]) for key in commands}
    found = dict(run_jobs(planned, at_once))
    return found, {key: log.read_text() for key, log in logs.items() if log.exists()}


def test_commands_of_a_job_run_one_after_the_other_into_its_log(tmp_path):
    found, logs = run(tmp_path, a=[["say", "one"], ["say", "two", "three"]])
    assert found == {"a": ""} and logs == {"a": "one\ntwo three\n"}


def test_a_job_that_fails_ends_and_leaves_the_others_alone(tmp_path):
    found, logs = run(tmp_path, a=[["fail"], ["say", "never"]], b=[["say", "fine"]])
    assert found == {"a": "the last line", "b": ""}
    assert "never" not in logs["a"] and logs["b"] == "fine\n"


def test_a_job_that_is_killed_says_so_not_its_last_line(tmp_path):
    found, _ = run(tmp_path, a=[["die"]])
    assert found == {"a": "ended by the signal SIGKILL"}


def test_two_at_once_overlap_and_one_at_a_time_does_not(tmp_path):
    for at_once, overlap in ((1, False), (2, True)):
        _, logs = run(tmp_path, at_once, a=[["wait"]], b=[["wait"]])
        times = [[float(t) for t in log.split()] for log in logs.values()]
        assert (max(t[0] for t in times) < min(t[1] for t in times)) == overlap


def test_jobs_at_once_share_the_cores_unless_the_user_says_otherwise(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(jobs, "count_cores", lambda: 6)
    for at_once, said in ((1, "None"), (2, "3"), (12, "1")):
        assert run(tmp_path, at_once, a=[["threads"]])[1] == {"a": f"{said}\n"}
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    assert run(tmp_path, 2, a=[["threads"]])[1] == {"a": "5\n"}


def test_jobs_at_once_share_a_gpu(tmp_path):
    for at_once, said in ((1, "None"), (2, "true")):
        assert run(tmp_path, at_once, a=[["memory"]])[1] == {"a": f"{said}\n"}


def test_only_the_cores_that_it_is_kept_to_are_counted(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 5}, raising=False)
    assert jobs.count_cores() == 2
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    assert jobs.count_cores() == 7


def test_the_package_is_found_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, logs = run(tmp_path, a=[["package"]])
    assert logs["a"].strip() == os.path.dirname(jobs.__file__)


def test_jobs_are_reported_as_they_end(tmp_path):
    planned = {
        "slow": ([["wait"]], tmp_path / "a"),
        "fast": ([["say"]], tmp_path / "b"),
    }
    started, order = time.monotonic(), []
    for key, _ in run_jobs(planned, 2):
        order.append((key, time.monotonic() - started))
    assert [key for key, _ in order] == ["fast", "slow"]
    assert order[0][1] < order[1][1] - 0.5


def test_sigterm_ends_the_jobs_too(tmp_path):
    def stop(number, frame):
        raise Stopped(number)

    before = signal.signal(signal.SIGTERM, stop)
    started = time.monotonic()
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGTERM)).start()
    try:
        with pytest.raises(Stopped):
            run(tmp_path, 2, a=[["long"]], b=[["long"]], c=[["say", "never"]])
    finally:
        signal.signal(signal.SIGTERM, before)
    assert time.monotonic() - started < 30
    assert not (tmp_path / "logs" / "c.log").exists()
