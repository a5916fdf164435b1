"""What the workers of a training tell each other while it runs.

The chief decides and the others follow, so that all take part in every step. Each
notices when another one has gone or is silent: TensorFlow's exchange would wait for it.
"""

import os
import queue
import threading
import time
from contextlib import contextmanager, suppress

from dcgan.errors import InputError, Lost, in_a_line, one_line, own_failures
from dcgan.origin import digest_of, picture_changes
from dcgan.watchdog import killed_after

LOST, REFUSED = Lost.exit_code, InputError.exit_code
GONE = (
    "has gone, or did not answer for a minute (ten while it starts): it was killed or "
    "stopped, or its machine or the network is down. The same command on all machines "
    "goes on from the last checkpoint"
)
BEAT = 5.0  # seconds between two signs of life
# So many of this process without one of another mean that the other has gone, though
# its connection stays. Not seconds: those also pass while this process is suspended.
SILENCE = 12
STARTING = 120  # ten minutes: the same while the other one imports from a slow disk
JOINING = 300.0  # seconds for TensorFlow to connect workers that are all there
LISTED = 100_000  # pictures of which a message tells the names
VERDICT = (SILENCE + 3) * BEAT  # seconds in which the loss of a worker is known


class Team:
    """The workers, as one of them sees them. Without others, it is the chief.

    Args:
        cluster: The `Cluster`; None for a training of one process.
        links: From `dcgan.rendezvous.meet`.
    """

    def __init__(self, cluster=None, links=None):
        self.cluster = cluster
        self.links = links or {}
        self.is_chief = cluster is None or cluster.number == 0
        self._mail = {number: queue.Queue() for number in self.links}
        self._asked = None  # a signal that another worker got
        self._told = False
        self._stopped = None
        self._left = threading.Event()
        self._silent = dict.fromkeys(self.links, 0)
        self._farewells, self._starting = set(), set()
        self._ending = threading.Lock()
        # Not `sys.stderr`, which is caught while TensorFlow starts.
        self._said_to = os.dup(2) if self.links else None
        for number in self.links:
            threading.Thread(target=self._read, args=(number,), daemon=True).start()
        if self.links:
            threading.Thread(target=self._beat, daemon=True).start()

    @property
    def size(self):
        """Workers, 1 or more."""
        return len(self.cluster.addresses) if self.cluster else 1

    def from_chief(self, value=None):
        """Tells the others the chief's value; they wait for it.

        Args:
            value: What JSON can hold; only the chief's counts.

        Returns:
            The chief's value, on every worker.
        """
        if not self.is_chief:
            return self._mail[0].get()["value"]
        self._tell(value=value)
        return value

    def agree(self, received, stop):
        """Agrees after a step whether to go on; all workers have done that step.

        Args:
            received: The number of a signal that this process got, or None.
            stop: Whether training is to end; the chief's counts.

        Returns:
            The same two, on every worker.
        """
        if received and not self.is_chief and not self._told:
            self._told = True
            self._tell(signal=received)
        decided = self.from_chief([received or self._asked, bool(stop)])
        self._stopped = decided[0]
        return decided

    def compare_pictures(self, digests):
        """Refuses workers whose pictures differ from the chief's.

        Args:
            digests: From `describe_pictures`.

        Raises:
            InputError: If one has others, or in another order; for all of them.
        """
        own = digest_of(digests)
        others = [worker for worker, theirs in self._at_chief(own) if theirs != own]
        if not self.from_chief(bool(others)):
            return
        listed = digests if len(digests) <= LISTED else {}  # else too long a message
        for worker, theirs in self._at_chief(listed):
            found = picture_changes(listed, theirs) or ["others, or another order"]
            if worker in others:
                raise InputError(
                    "data: the pictures differ between machines. Received: "
                    f"{'; '.join(found)} on {worker}, compared with the chief. "
                    "Allowed: the same pictures everywhere"
                )
        self.from_chief()  # the others have to wait for that

    def compare_cards(self, count):
        """Refuses workers with more or fewer GPUs than the chief.

        Args:
            count: GPUs that this process uses.

        Raises:
            InputError: If one has another number; for all of them.
        """
        for worker, theirs in self._at_chief(count):
            if theirs != count:
                raise InputError(
                    "distribute: the number of GPUs differs between workers. Received: "
                    f"{theirs} on {worker}, and {count} on the chief. Allowed: the "
                    "same number, such as by CUDA_VISIBLE_DEVICES"
                )
        self.from_chief()

    def _at_chief(self, value):
        """Tells the chief a value. Returns the names and values of others there."""
        if not self.is_chief:
            self._tell(value=value)
            return []
        return [
            (self.cluster.name(number), self._mail[number].get()["value"])
            for number in self.links
        ]

    @contextmanager
    def starting(self):
        """Lets the others wait: an import from a slow disk holds up signs of life."""
        self._tell(starting=True)
        yield
        self._tell(starting=False)

    @contextmanager
    def joining(self):
        """Bounds the time in which TensorFlow connects the workers.

        Its call holds Python's lock, so that no thread here hears of one that goes.
        """
        if not self.links:
            yield
            return
        line = (
            f"\nerror: {self.cluster}: TensorFlow did not reach all workers within "
            f"{JOINING:g} seconds: one has gone, or its port is taken. The same "
            "command on all machines goes on from the last checkpoint\n"
        )
        with killed_after(JOINING, line, self._said_to):
            yield

    @contextmanager
    def explained(self):
        """Lets the news of a lost worker come before the failure of an exchange."""
        import tensorflow as tf

        try:
            yield
        except tf.errors.OpError as error:
            if self.links and not isinstance(error, own_failures()):
                time.sleep(VERDICT)  # `_read` ends the process
                reason = f"an exchange failed: {in_a_line(error)}"
                self._end(LOST, f"{self.cluster}: {reason}")
            raise

    def leave(self, error=None):
        """Tells the others that this worker ends, and why if that is not planned."""
        self._left.set()
        if error is None or (self._stopped and isinstance(error, KeyboardInterrupt)):
            self._tell(bye=True)
        elif isinstance(error, KeyboardInterrupt):
            self._tell(end=[LOST, f"{self.cluster} was stopped"])
        elif isinstance(error, InputError):
            self._tell(end=[error.exit_code, f"{self.cluster}: {error}"])
        elif isinstance(error, OSError | MemoryError):
            self._tell(end=[REFUSED, f"{self.cluster}: {error}"])
        else:
            failure = f"{type(error).__name__}: {in_a_line(error)}"
            self._tell(end=[LOST, f"{self.cluster} failed: {failure}"])

    def _tell(self, **message):
        for link in self.links.values():
            link.send(**message)

    def _beat(self):
        """Gives signs of life, and counts for how many of them others gave none."""
        while not self._left.wait(BEAT):
            self._tell(alive=True)
            for number in self.links.keys() - self._farewells:
                self._silent[number] += 1
                if self._silent[number] > self._patience(number):
                    return self._end(LOST, f"{self.cluster.name(number)} {GONE}")

    def _patience(self, number):
        return STARTING if number in self._starting else SILENCE

    def _read(self, number):
        """Takes in what a worker says, until it or this one ends."""
        verdict = [LOST, f"{self.cluster.name(number)} {GONE}"]
        while message := self.links[number].receive():
            self._silent[number] = 0
            if "bye" in message:
                self._farewells.add(number)
                return
            if "end" in message:
                verdict = message["end"]
                break
            if "starting" in message:
                starting = self._starting
                (starting.add if message["starting"] else starting.discard)(number)
            elif "signal" in message:
                self._asked = message["signal"]
            elif "alive" not in message:
                self._mail[number].put(message)
        if not self._left.is_set():  # else this one's own words are the last
            self._end(*verdict)

    def _end(self, code, sentence):
        """Ends the process, whose main thread may wait for a worker that has gone."""
        if not self._ending.acquire(blocking=False):
            return  # another thread does it
        self._tell(end=[code, sentence])
        line = f"\nerror: {one_line(sentence)}\n"
        with suppress(OSError):
            os.write(self._said_to, line.encode(errors="backslashreplace"))
        os._exit(code)
