"""What ends a command: wrong input, in a single line on stderr, and signals."""


class InputError(ValueError):
    """Wrong input by the user: a knob, a folder or a file.

    The message names the knob or file and ends with what was received and what is
    allowed, so that a command can print it as it is.

    Attributes:
        exit_code: Of the command.
    """

    exit_code = 2


class Lost(InputError):
    """Another worker has gone: nothing is wrong with what was asked for.

    Attributes:
        exit_code: What the shell gives a line that was hung up.
    """

    exit_code = 129


def invalid(knob, received, allowed):
    """Returns the `InputError` of a knob or flag with a value that is not allowed.

    Example:
        >>> raise invalid("aug_prob", 1.5, "0 to 1")
        InputError: aug_prob is not valid. Received: 1.5. Allowed: 0 to 1
    """
    return InputError(
        f"{knob} is not valid. Received: {received!r}. Allowed: {allowed}"
    )


def one_line(message):
    """Returns a message, which may quote names from files or what another machine said,
    without line breaks or orders to a terminal.
    """
    line = " ".join(str(message).split())
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)


def in_a_line(error):
    """Returns the message of another library's exception, cut to one short line."""
    return " ".join(str(error).split())[:200]


def check_choice(knob, value, choices):
    """Raises `InputError` if `value` is not one of `choices`."""
    if value not in choices:
        raise invalid(knob, value, ", ".join(map(str, choices)))


class Stopped(KeyboardInterrupt):
    """Ctrl-C or a signal that asks the process to end.

    Args:
        number: The signal's.

    Attributes:
        exit_code: What the shell gives a process that a signal has ended.
    """

    def __init__(self, number):
        super().__init__(number)
        self.exit_code = 128 + number


def own_failures():
    """Returns TensorFlow's errors that no other worker has a part in, as of memory."""
    from tensorflow import errors

    return (
        errors.InvalidArgumentError,
        errors.NotFoundError,
        errors.ResourceExhaustedError,
        errors.UnimplementedError,
    )
