"""What can be done with a generator: latents in, pictures out."""

import functools
import re
from pathlib import Path

import numpy as np
import tensorflow as tf

from dcgan.data.holdout import load_split
from dcgan.directions import directions_of
from dcgan.errors import InputError, invalid
from dcgan.evaluation.features import Extractor
from dcgan.evaluation.limits import MOST, evenly
from dcgan.evaluation.neighbours import Neighbours
from dcgan.figures.gifs import thin_out
from dcgan.figures.grids import check_factor, repeat_pixels, save_picture
from dcgan.latent import draw_latents, latent_arithmetic, latent_walk
from dcgan.models.generator import generate
from dcgan.origin import check_apart
from dcgan.run import Run

COUNT = 16  # candidates of a seed
EPOCHS = 8  # of the run that are shown at most


class Explorer:
    """A run's generator, the candidates of a seed, and those that were picked.

    Args:
        run: A `Run`, or its folder.
        images: uint8 (N, H, W, C), the training pictures; those of the run if left out,
            which are loaded when they are first needed.
        best: Whether to take the run's generator with the best KID, not the newest.

    Attributes:
        picks: List of (latent_dim,) arrays.

    Raises:
        InputError: If the folder is no run, or has no such generator.

    Example:
        >>> explorer = Explorer("runs/default")
        >>> explorer.pick([3, 7], seed=5)
        >>> explorer.walk("linear").shape
        (24, 64, 64, 3)
    """

    def __init__(self, run, images=None, best=False):
        self.run = run if isinstance(run, Run) else Run.open(run)
        self._generator = self.run.load_generator(best=best)
        self._images = images
        self._compiled = tf.function(
            lambda latents: self._generator(latents, training=False),
            input_signature=[tf.TensorSpec((None, self.latent_dim), tf.float32)],
        )
        self._kept = {}
        self.picks = []

    @property
    def latent_dim(self):
        """The length of a latent."""
        return self._generator.input_shape[-1]

    def pictures(self, latents):
        """Returns uint8 (n, H, W, C) of latents (n, latent_dim)."""
        latents = np.asarray(latents, np.float32)
        return generate(lambda part, training: self._compiled(part), latents)

    def candidates(self, seed=0, truncation=0.0):
        """Returns the latents of a seed, (16, latent_dim)."""
        return draw_latents(COUNT, self.latent_dim, seed, truncation)

    @functools.cached_property
    def directions(self):
        """The directions along which pictures change most, (d, latent_dim)."""
        return directions_of(self._generator)[0].astype(np.float32)

    def places(self, latent):
        """Returns where a latent is along the directions, (d,)."""
        return self.directions @ latent

    def moved(self, latent, places):
        """Moves a latent along the directions to `places`, (d,), and nowhere else."""
        return latent + (np.float32(places) - self.places(latent)) @ self.directions

    def pick(self, numbers, seed=0, truncation=0.0):
        """Adds candidates of a seed to the picks, by their numbers.

        Raises:
            InputError: If there is no such candidate.
        """
        found = self.candidates(seed, truncation)
        _check_numbers(numbers, COUNT)
        self.picks += [found[number] for number in numbers]

    def picked(self, numbers=None):
        """Returns picks by their numbers, or all of them, (n, latent_dim).

        Raises:
            InputError: If there is no such pick.
        """
        wanted = range(len(self.picks)) if numbers is None else numbers
        if not self.picks:
            raise InputError(
                "pick: nothing is picked yet. Received: 0. Allowed: 1 or more"
            )
        _check_numbers(wanted, len(self.picks))
        latents = [self.picks[number] for number in wanted]
        return np.reshape(latents, (-1, self.latent_dim))

    def save(self, folder, enlarge=1):
        """Writes the picks to a folder as PNG files, enlarged by a whole factor.

        They are called `pick_00.png` and so on; where there are such files already, the
        numbers go on from the highest, and nothing is overwritten.

        Returns:
            List of their paths.

        Raises:
            InputError: If nothing is picked, there is no such factor, or the folder
                holds the training pictures.
        """
        check_factor("enlarge", enlarge)
        check_apart("folder", folder, self.run)
        pictures = repeat_pixels(self.pictures(self.picked()), enlarge)
        first = _next_number(folder)
        numbers = range(first, first + len(pictures))
        files = [Path(folder) / f"pick_{number:02d}.png" for number in numbers]
        for file, picture in zip(files, pictures):
            save_picture(file, picture)
        return files

    def walk(self, path="spherical", frames=12):
        """Returns pictures on the way through all picks and back, uint8 (n, H, W, C).

        Args:
            path: `spherical` or `linear`.
            frames: From one pick to the next; in all at most 2000.

        Raises:
            InputError: If nothing is picked, or there is no such path or number.
        """
        return self.pictures(latent_walk(self.picked(), frames, path))

    def mixed(self, start, minus=(), plus=()):
        """Returns `latent_arithmetic` of picks, given as lists of numbers.

        Raises:
            InputError: If there is no such pick, or nothing to start from.
        """
        if not len(start):
            raise InputError(
                "mix: there is nothing to start from. Received: no pick. Allowed: 1 "
                "or more"
            )
        return latent_arithmetic(*(self.picked(part) for part in (start, minus, plus)))

    def nearest(self):
        """Returns what `dcgan.figures.nearest.nearest_figure` shows of the picks.

        Returns:
            `(pictures, originals, ratios, copies)`: the pick that is most likely a copy
            of a training picture first.
        """
        pictures, known = self.pictures(self.picked()), self._neighbours
        near = known.nearest(known.describe(pictures))
        copied = known.repeated(pictures, near.index)
        closest = np.where(copied < 0, near.index[:, 0], copied)
        order = np.lexsort([near.ratio, copied < 0])
        found = pictures, known.images[closest], near.ratio, copied >= 0
        return tuple(part[order] for part in found)

    @functools.cached_property
    def _neighbours(self):
        images, side = self._images, self._generator.output_shape[1]
        if images is None:
            images = load_split(self.run, side).train
        return Neighbours(evenly(images, MOST), Extractor())

    def epochs(self):
        """Returns the picks as the generators of `snapshots/` make them.

        Returns:
            Dict from ("picks", "epoch 10"), up to 8 epochs, to uint8 (n, H, W, C), for
            `dcgan.show_comparison`.

        Raises:
            InputError: If the run has kept no generators.
        """
        latents, kept = self.picked(), self.run.snapshot_epochs()
        if not kept:
            raise InputError(
                f"run: no generators were kept. Received: {self.run.folder}. "
                "Allowed: a run trained with --snapshot_every"
            )
        found = {}
        for epoch in thin_out(kept, EPOCHS):
            if epoch not in self._kept:  # loading takes long
                self._kept[epoch] = self.run.load_generator(epoch)
            pictures = generate(self._kept[epoch], latents)
            found["picks", f"epoch {epoch}"] = pictures
        return found

    def _repr_mimebundle_(self, **options):
        """Shows sliders and buttons in a notebook that has widgets, else pictures."""
        from dcgan.exploring.panel import mime_bundle

        return mime_bundle(self)


def _next_number(folder):
    """Returns the number after the highest of the picks that are in a folder."""
    names = [path.name for path in Path(folder).glob("pick_*")]
    found = [re.fullmatch(r"pick_([0-9]+)\.png", name) for name in names]
    return max((int(match[1]) + 1 for match in found if match), default=0)


def _check_numbers(numbers, count):
    for number in numbers:
        if number not in range(count):
            raise invalid("pick", number, f"0 to {count - 1}")


def explore(run, images=None, best=False):
    """Returns an `Explorer`, which a notebook shows as a panel.

    Args:
        run: A `Run`, or its folder.
        images: uint8 (N, H, W, C), the training pictures; those of the run if left out.
        best: Whether to take the run's generator with the best KID, not the newest.

    Returns:
        The `Explorer`.

    Raises:
        InputError: If the folder is no run, or has no such generator.

    Example:
        >>> dcgan.explore("runs/default")  # as the last line of a cell
    """
    return Explorer(run, images, best)
