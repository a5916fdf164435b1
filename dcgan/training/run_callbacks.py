"""What a run writes and watches while it trains."""

from dcgan.bias import FLATTERS, helped_to_train, training_scores_by
from dcgan.data.pipeline import epoch_steps
from dcgan.evaluation.features import EXTRACTORS
from dcgan.evaluation.limits import FEWEST
from dcgan.training import checkpoint, logs
from dcgan.training.callbacks import Progress, SampleGrid, SaveNetworks, Snapshots
from dcgan.training.divergence import StopOnNaN
from dcgan.training.gradients import GradientFlow
from dcgan.training.health import Health
from dcgan.training.how_long import SayHowLong
from dcgan.training.scoring import (
    COUNT,
    Evaluation,
    fewest_for_gap,
    scores_in_words,
)

PLOTS = 4  # sheets between two drawings of the curves, which take longer than a sheet


def run_callbacks(config, run, images, held_out, length):
    """Returns the callbacks of a run in their order: what is written comes after what
    it is made of.

    Args:
        config: The `Config`.
        run: The `Run`.
        images: uint8 array (N, size, size, channels), the pictures to train on.
        held_out: The same of those that are set aside.
        length: The `Length` of the run.
    """
    every = config.sample_every
    samples = SampleGrid(
        run.samples, every, count=config.sample_grid**2, seed=config.seed
    )
    flow, scores = None, None
    if config.gradients_every:
        flow = GradientFlow(images, run.gradients, config.gradients_every)
    if has_scores(config, images):
        scores = Evaluation(
            images,
            config.eval_every,
            held_out,
            seed=config.seed,
            run=run,
            patience=config.patience,
            extractor=training_scores_by(config),
        )
    health = Health(scores, run)
    chosen = [
        StopOnNaN(health),
        length.stop,  # before all that do something in the last epoch
        *([scores] if scores else []),
        Progress(lambda epoch: scores_in_words(logs.scores_of(scores, epoch))),
        SayHowLong(epoch_steps(images, config.batch_size), length),
        logs.CSVLog(run.log, run.timing, scores),
        health,
        samples,
        *([flow] if flow else []),
        logs.TensorBoardLog(run.tensorboard, samples, flow, scores),
        logs.LossPlot(run.log, run.losses, PLOTS * every),
    ]
    if config.snapshot_every:
        chosen.append(Snapshots(run, config.snapshot_every))
    # Last: whatever an epoch leaves is there when its checkpoint is.
    chosen.append(checkpoint.SaveCheckpoint(run, config.checkpoint_every))
    return [*chosen, SaveNetworks(run, every)]


def describe_scores(config, images, held_out):
    """Returns a line that says what the scores of a run are taken from, if any."""
    if config.eval_every == 0:
        return ""
    if not has_scores(config, images):
        return f"No scores: they take {FEWEST} pictures or more"
    extractor = training_scores_by(config)
    side = EXTRACTORS[extractor].input_size
    fewest = fewest_for_gap(config)
    too_few = f"; the gap takes {fewest} pictures set aside"
    return (
        f"Scores every {config.eval_every} epochs: {COUNT} generated pictures and "
        f"{len(images) + len(held_out)} real ones, as {extractor} sees them at "
        f"{side}x{side}"
        f"{too_few if 0 < len(held_out) < fewest else ''}"
        f"{f'; {FLATTERS}' if helped_to_train(config, extractor) else ''}"
    )


def has_scores(config, images):
    """Tells whether a run has scores."""
    return config.eval_every > 0 and len(images) >= FEWEST
