"""Trainings that are scored, and scores that are given beforehand."""

KNOBS = {"size": 16, "g_features": 2, "d_features": 2, "latent_dim": 4, "name": "a"}
KNOBS |= {"batch_size": 4, "sample_every": 9, "sample_grid": 2, "gradients_every": 0}
KNOBS |= {"aug_prob": 0.0}
KNOBS |= {"eval_every": 1, "snapshot_every": 1, "checkpoint_every": 1}


class FakeReference:
    """Scores that are given beforehand, one after the other."""

    def __init__(self, *kids):
        self.kids = list(kids)

    def __call__(self, images, held_out, extractor):
        return self

    def quick(self, pictures):
        shares = dict.fromkeys(("precision", "recall", "density", "coverage"), 0.5)
        sound = {"variety": 0.9, "authpct": 0.9, "authpct_real": 0.8}
        return {"kid": self.kids.pop(0), "kid_error": 1.0} | shares | sound
