"""Real pictures, ready to have generated ones compared with them."""

from typing import NamedTuple

import numpy as np

from dcgan.evaluation import memorisation, metrics
from dcgan.evaluation.features import Extractor
from dcgan.evaluation.limits import at_most
from dcgan.pixels import over_white

ALPHA = "alpha_"  # in front of the scores of transparency on its own


class Suspects(NamedTuple):
    """Generated pictures and their nearest training pictures, the most suspicious
    first.

    Attributes:
        pictures: uint8 (n, H, W, C).
        originals: uint8 (n, H, W, C), the nearest training picture of each.
        ratios: (n,); see `dcgan.evaluation.memorisation.Nearest`.
        copies: (n,) bool; see `dcgan.evaluation.memorisation.near_copies`.
    """

    pictures: np.ndarray
    originals: np.ndarray
    ratios: np.ndarray
    copies: np.ndarray


class Reference:
    """The real pictures of a training, and what they are compared by.

    Args:
        images: uint8 (N, H, W, C), the pictures that were trained on.
        held_out: The same of pictures that were set aside, or None.
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
        self._train = self.extractor(over_white(self.images))
        self._mirrored = self.extractor(over_white(self.images[:, :, ::-1]))
        self._set_aside = self.images[:0] if held_out is None else held_out
        self._held_out = self._train[:0]
        if len(self._set_aside):
            self._held_out = self.extractor(over_white(self._set_aside))
        self._real = np.concatenate([self._train, self._held_out])

    def quick(self, pictures):
        """Returns the scores that are taken while training, a dict of floats.

        Args:
            pictures: uint8 (n, H, W, C), n of 10 to 5000; another side is allowed.

        Returns:
            `kid`, `kid_error`, `precision`, `recall`, `density`, `coverage`, `variety`
            and `authpct`; see the functions of `metrics` and `memorisation`.
        """
        fake = self.extractor(over_white(at_most(pictures, "generated pictures")))
        return _quality(self._real, fake) | {"authpct": self._authpct(fake)}

    def compare(self, pictures, fid=False):
        """Compares generated pictures with the real ones in every way.

        Args:
            pictures: As for `quick`.
            fid: Whether to take the Frechet distance too, which depends on the numbers
                of pictures.

        Returns:
            `(scores, suspects)`: the dict that `evaluation.json` holds, and the
            `Suspects`.
        """
        pictures = at_most(pictures, "generated pictures")
        fake = self.extractor(over_white(pictures))
        near = memorisation.nearest(fake, self._train, self._mirrored)
        # Over white: the colour of what is transparent is nobody's to see.
        copies = memorisation.near_copies(
            over_white(pictures), over_white(self.images), near.index
        )
        scores = {
            "extractor": self.extractor.name,
            "input_size": self.extractor.input_size,
            "n_real": len(self._real),
            "n_fake": len(fake),
            **_quality(self._real, fake),
            "kid_floor": metrics.kid_floor(self._real),
            "fid": metrics.frechet_distance(self._real, fake) if fid else None,
            "authpct": memorisation.authpct(near.ratio),
            **self._copying(near),
            "near_copies": int(copies.sum()),
        }
        if pictures.shape[-1] == 4:
            scores |= self._alpha_scores(pictures)
        order = np.lexsort((near.ratio, ~copies))
        found = pictures, self.images[near.index[:, 0]], near.ratio, copies
        return scores, Suspects(*(values[order] for values in found))

    def _copying(self, near):
        """Compares with how close real pictures come to the training pictures."""
        if len(self._held_out):
            real = memorisation.nearest(self._held_out, self._train, self._mirrored)
            ratio, apart = real.ratio, real.distance[:, 0]
        else:
            ratio = self._ratio_of_halves()
            apart = memorisation.among(self._train, self._mirrored)
        return {
            "authpct_real": memorisation.authpct(ratio),
            "ct_score": memorisation.ct_score(near.distance[:, 0], apart),
        }

    def _ratio_of_halves(self, seed=0):
        """One random half of the training pictures as seen from the other."""
        order = np.random.default_rng(seed).permutation(len(self._train))
        one, other = np.array_split(order, 2)
        train, mirrored = self._train[one], self._mirrored[one]
        return memorisation.nearest(self._train[other], train, mirrored).ratio

    def _authpct(self, fake):
        near = memorisation.nearest(fake, self._train, self._mirrored)
        return memorisation.authpct(near.ratio)

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
