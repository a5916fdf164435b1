"""All that a run is looked at by, drawn anew from its files."""

from dcgan.bias import training_scores_by
from dcgan.figures.card import write_card
from dcgan.figures.gifs import progress_gif
from dcgan.figures.plots import plot_losses, save_figure
from dcgan.figures.report import write_report


def draw_overview(run):
    """Writes `progress.gif`, `losses.png`, `report.html` and `README.md` of a run.

    Args:
        run: The `Run`.
    """
    progress_gif(run.samples, run.gif)
    if run.has_epochs():
        save_figure(run.losses, plot_losses(run.log, training_scores_by(run.config)))
    write_report(run)
    write_card(run)
