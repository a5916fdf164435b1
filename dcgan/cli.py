"""What the commands share: one line for an error, exit codes, a quiet TensorFlow."""

import argparse
import atexit
import os
import signal
import sys
import tempfile
import warnings

from dcgan.errors import InputError, Stopped, invalid, one_line

USAGE_ERROR, INTERRUPTED = InputError.exit_code, 130  # the shell's numbers for both


class Parser(argparse.ArgumentParser):
    """`argparse` with the text of the example kept as written, and one-line errors."""

    def __init__(self, command, description, example):
        super().__init__(
            prog=f"python -m dcgan.{command}",
            description=description,
            epilog=f"example:\n  {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,  # a mistyped flag must not pass for another
        )

    def add_best(self):
        """Adds the flag of the commands that take the best generator of a run."""
        text = "take the best generator of the run"
        self.add_argument("--best", action="store_true", help=text)

    def error(self, message):
        raise InputError(f"{message}. See {self.prog} --help")


def check_one_generator(options):
    """Refuses flags that ask for two generators of a run."""
    if options.best and options.epoch is not None:
        raise invalid("--best", options.epoch, "without --epoch")


def run_command(main, argv=None):
    """Runs a command's `main(argv)` and ends the process with the right exit code.

    0 is success, 2 wrong input (one line on stderr), 130 Ctrl-C, 143 SIGTERM.
    """
    signal.signal(signal.SIGTERM, _stop)
    for stream in (sys.stdout, sys.stderr):  # file names may hold any bytes
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    warnings.showwarning = _show_warning
    try:
        main(argv)
    except InputError as error:
        print(f"error: {one_line(error)}", file=sys.stderr)
        sys.exit(error.exit_code)
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        said = one_line(f"{error.strerror or error}{where}")
        print(f"error: {said}", file=sys.stderr)
        sys.exit(USAGE_ERROR)
    except MemoryError:
        print("error: not enough memory for that", file=sys.stderr)
        sys.exit(USAGE_ERROR)
    except KeyboardInterrupt as stop:
        for number in (signal.SIGINT, signal.SIGTERM):  # it ends anyhow
            signal.signal(number, signal.SIG_IGN)
        print("interrupted", file=sys.stderr)
        _end(getattr(stop, "exit_code", INTERRUPTED))


def quiet_tensorflow():
    """Imports TensorFlow without its start-up lines.

    The user sees them with `TF_CPP_MIN_LOG_LEVEL=0`. Some lines are written before
    that variable is read, so stderr is caught during the import, and shown if it fails.
    """
    level = os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "tensorflow" in sys.modules or level == "0":
        return
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            import tensorflow  # noqa: F401
        except Exception:
            caught.seek(0)
            os.write(kept, caught.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _stop(number, frame):
    raise Stopped(number)


def _show_warning(message, category, *where, **more):
    """One line without the place in the code, for what the package warns of."""
    if category is UserWarning:
        print(f"warning: {one_line(message)}", file=sys.stderr)


def _end(code):
    """Ends the process with `code`, whatever the interrupt has passed through.

    After an interrupt in `exec` of a text, such as every import that makes a dataclass
    runs, CPython ends by the signal and forgets the exit code.
    """
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)
