"""Real pictures, ready to have generated ones compared with them."""

from typing import NamedTuple

import numpy as np

from dcgan.errors import invalid
from dcgan.evaluation import memorisation, metrics
from dcgan.evaluation.features import Extractor
from dcgan.evaluation.limits import FEWEST, MOST, at_most, evenly
from dcgan.evaluation.neighbours import Neighbours

ALPHA = "alpha_"  # in front of the scores of transparency on its own


class Suspects(NamedTuple):
    """Generated pictures and their nearest training pictures, the most suspicious
    first.

    Attributes:
        pictures: uint8 (n, H, W, C).
        originals: uint8 (n, H, W, C), the training picture that each repeats, or the
            nearest one.
        ratios: (n,); see `dcgan.evaluation.memorisation.Nearest`.
        copies: (n,) bool, whether it is a near copy; see
            `dcgan.evaluation.memorisation.near_copies`.
    """

    pictures: np.ndarray
    originals: np.ndarray
    ratios: np.ndarray
    copies: np.ndarray


class Reference:
    """The real pictures of a training, and what they are compared by.

    Args:
        images: uint8 (N, H, W, C), the pictures that were trained on.
        held_out: The same of pictures that were set aside, or None; 10 or more to
            compare copying with.
        extractor: An `Extractor`; Lite0 if left out.

    Attributes:
        images: As given; every n-th if there are more than 5000.
        extractor: As given.

    Raises:
        InputError: If there are fewer than 10 pictures.

    Example:
        >>> scores, suspects = Reference(images).compare(gan.sample(1000))
        >>> scores["kid"], scores["kid_error"]
    """

    def __init__(self, images, held_out=None, extractor=None):
        self.extractor = extractor or Extractor()
        self.images = at_most(images, "real pictures")
        self._neighbours = Neighbours(self.images, self.extractor)
        self._train = self._neighbours.features
        self._set_aside = (
            self.images[:0] if held_out is None else evenly(held_out, MOST)
        )
        self._held_out = self._train[:0]
        if len(self._set_aside):
            self._held_out = self._neighbours.describe(self._set_aside)
        self._real = np.concatenate([self._train, self._held_out])
        self._unseen, self._near_real = self._baseline()

    def quick(self, pictures):
        """Returns the scores that are taken while training, a dict of floats.

        Args:
            pictures: uint8 (n, H, W, C), n of 10 to 5000; another side is allowed.

        Returns:
            `kid`, `kid_error`, `precision`, `recall`, `density`, `coverage`, `variety`,
            `authpct` and `authpct_real`; see `metrics` and `memorisation`.
        """
        fake = self._neighbours.describe(at_most(pictures, "generated pictures"))
        near = self._neighbours.nearest(fake)
        return _quality(self._real, fake) | self._authenticity(near)

    def compare(self, pictures, fid=False):
        """Compares generated pictures with the real ones in every way.

        Args:
            pictures: uint8 (n, H, W, C), n of 10 to 5000, as large as the real ones.
            fid: Whether to take the Frechet distance too, which depends on the numbers
                of pictures.

        Returns:
            `(scores, suspects)`: the dict that `evaluation.json` holds, and the
            `Suspects`.

        Raises:
            InputError: If there are too few pictures, or they have another shape.
        """
        if np.shape(pictures)[1:] != self.images.shape[1:]:
            raise invalid(
                "pictures", np.shape(pictures), f"(n, {self.images.shape[1:]})"
            )
        pictures = at_most(pictures, "generated pictures")
        fake = self._neighbours.describe(pictures)
        near = self._neighbours.nearest(fake)
        repeated = self._neighbours.repeated(pictures, near.index)
        copies = repeated >= 0
        real = self._neighbours.repeated(self._unseen, self._near_real.index)
        originals = self.images[np.where(copies, repeated, near.index[:, 0])]
        scores = {
            "extractor": self.extractor.name,
            "input_size": self.extractor.input_size,
            "n_real": len(self._real),
            "n_fake": len(fake),
            **_quality(self._real, fake),
            "kid_floor": metrics.kid_floor(self._real),
            "fid": metrics.frechet_distance(self._real, fake) if fid else None,
            **self._authenticity(near),
            "ct_score": memorisation.ct_score(near.distance[:, 0], self._apart()),
            "near_copies": int(copies.sum()),
            "near_copies_real": round(np.mean(real >= 0) * len(fake)),
        }
        if pictures.shape[-1] == 4:
            scores |= self._alpha_scores(pictures)
        order = np.lexsort((near.ratio, ~copies))
        found = pictures, originals, near.ratio, copies
        return scores, Suspects(*(values[order] for values in found))

    def _baseline(self, seed=0):
        """Real pictures that were not trained on, and what lies next to each: those
        held out, else one random half of the training pictures as seen from the other.
        """
        if len(self._held_out) >= FEWEST:
            return self._set_aside, self._neighbours.nearest(self._held_out)
        order = np.random.default_rng(seed).permutation(len(self._train))
        one, other = np.array_split(order, 2)
        train, mirrored = self._train[one], self._neighbours.mirrored[one]
        near = memorisation.nearest(self._train[other], train, mirrored)
        return self.images[other], near._replace(index=one[near.index])

    def _authenticity(self, near):
        return {
            "authpct": memorisation.authpct(near.ratio),
            "authpct_real": memorisation.authpct(self._near_real.ratio),
        }

    def _apart(self):
        """How far real pictures are from the nearest training picture."""
        if len(self._held_out) >= FEWEST:
            return self._near_real.distance[:, 0]
        return self._neighbours.apart

    def _alpha_scores(self, pictures):
        """The scores of transparency alone, as grey pictures."""
        real = np.concatenate([self.images, self._set_aside])
        real = self.extractor(real[..., 3:])
        quality = _quality(real, self.extractor(pictures[..., 3:]))
        quality["kid_floor"] = metrics.kid_floor(real)
        return {ALPHA + name: value for name, value in quality.items()}


def _quality(real, fake):
    """Scores of closeness and of variety."""
    value, error = metrics.kid(real, fake)
    return {
        "kid": value,
        "kid_error": error,
        **metrics.precision_recall(real, fake),
        "variety": metrics.variety(real, fake),
    }
