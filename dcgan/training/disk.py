"""TensorFlow's errors of the disk, as Python's own."""

import errno
import os
from contextlib import contextmanager

import tensorflow as tf

from dcgan.errors import in_a_line


@contextmanager
def disk_errors(path):
    """Turns TensorFlow's errors into an `OSError` with the name of what is written.

    Args:
        path: The file or folder.
    """
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        message = os.strerror(errno.ENOSPC)
        raise OSError(errno.ENOSPC, message, str(path)) from error
    except tf.errors.OpError as error:
        raise OSError(errno.EIO, in_a_line(error), str(path)) from error
