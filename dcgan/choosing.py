"""What `sample` chooses from many candidates: the best of a run, and none twice."""

import logging

from dcgan.errors import check_choice, invalid
from dcgan.evaluation.limits import MOST
from dcgan.validation import RANKS

POOL = 4  # candidates for each picture that is asked for
BY_DISTANCE = ("near", "far")  # ranks that need the training pictures
FLAGS = "--rank, --drop_alike or --drop_copies"


def check_choosing(options):
    """Raises `InputError` if flags of `sample` do not go together."""
    check_choice("--rank", options.rank, (None, *RANKS))
    choosing = options.rank or options.drop_alike or options.drop_copies
    if choosing and options.epoch == "all":
        raise invalid("--epoch", "all", f"N or ensemble with {FLAGS}")
    if choosing and options.count > MOST:
        raise invalid("-n", options.count, f"1 to {MOST} with {FLAGS}")
    if options.candidates is not None:
        if not choosing:
            raise invalid("--candidates", options.candidates, f"with {FLAGS} only")
        if not options.count <= options.candidates <= MOST:
            allowed = f"-n to {MOST}, which is {options.count} to {MOST}"
            raise invalid("--candidates", options.candidates, allowed)
    if options.data and not (options.rank in BY_DISTANCE or options.drop_copies):
        allowed = "with --rank near, --rank far or --drop_copies only"
        raise invalid("--data", options.data, allowed)


def pool_size(count, candidates=None):
    """Returns how many pictures to choose `count` from."""
    return candidates or min(POOL * count, MOST)


def choose_pictures(run, pictures, count, rank, drop_alike, drop_copies, data=None):
    """Returns the best `count` pictures, or as many as there are.

    Args:
        run: The `Run` that they come from.
        pictures: uint8 (N, H, W, C).
        count: How many.
        rank: One of `RANKS`; None keeps the order.
        drop_alike: Whether to leave out near copies of better pictures.
        drop_copies: Whether to leave out near copies of training pictures.
        data: Folder of the training pictures; the run's if left out.

    Raises:
        InputError: If the run lacks what is needed, or no picture is left.
    """
    from dcgan.data.holdout import load_split
    from dcgan.evaluation.candidates import choose

    train = judge = None
    if rank in BY_DISTANCE or drop_copies:
        train = load_split(run, pictures.shape[1], data).train
    if rank == "discriminator":
        judge = run.load_discriminator()
    batch = run.config.batch_size
    found = choose(pictures, rank, judge, train, drop_copies, drop_alike, batch)
    left = len(found.order)
    if drop_alike or drop_copies:
        whole = len(train) if drop_copies else 0
        trained = f"{MOST} of {whole} training" if whole > MOST else "training"
        dropped = {f"{trained} pictures": found.copies} if drop_copies else {}
        dropped |= {"better ones": found.alike} if drop_alike else {}
        told = ", ".join(f"{n} are near copies of {of}" for of, n in dropped.items())
        print(f"of {len(pictures)} candidates {told}, {left} are left")
    if not left:
        raise invalid("--candidates", len(pictures), "more, as none of them is left")
    if left < count:
        log = logging.getLogger("dcgan")
        more = ": more --candidates leave more" if len(pictures) < MOST else ""
        log.warning("%d of %d pictures%s", left, count, more)
    return pictures[found.order[:count]]
