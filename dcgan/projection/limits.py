"""How long a search may be."""

from dcgan.errors import invalid

RESTARTS = 32  # of a picture that is hard to find, few of them come close
STEPS = 2000
DRAWN = 256  # random latents, of which the closest are where the search starts
RANGES = {"restarts": (1, DRAWN), "steps": (1, 10_000), "seed": (0, 2**31 - 1)}


def check_search(restarts, steps, seed, flag=""):
    """Raises `InputError` if there is no such search.

    Args:
        restarts: See `find_latent`, as for the others.
        steps: Likewise.
        seed: Likewise.
        flag: What stands before the names in the message.
    """
    given = {"restarts": restarts, "steps": steps, "seed": seed}
    for name, (lowest, highest) in RANGES.items():
        if not lowest <= given[name] <= highest:
            raise invalid(f"{flag}{name}", given[name], f"{lowest} to {highest}")
