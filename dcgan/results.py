"""What the trainings of a comparison came to, read from their run folders."""

from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from dcgan.epochs import epoch_files
from dcgan.figures.grids import GAP
from dcgan.figures.scores import read_scores
from dcgan.resume import differences
from dcgan.tables import read_columns, read_rows


@dataclass(frozen=True)
class Result:
    """One training of a comparison.

    Attributes:
        cell: The `dcgan.cells.Cell`.
        problem: Why it failed, empty if it did not.
        scores: Dict as in `evaluation.json`, or None.
        curve: Dict of lists as in `scores.csv`; empty if there is none.
        minutes: Time that it took, None if unknown.
        sheets: Dict from epoch to the path of its sample sheet.
    """

    cell: object
    problem: str = ""
    scores: dict | None = None
    curve: dict = field(default_factory=dict)
    minutes: float | None = None
    sheets: dict = field(default_factory=dict)

    def sheet(self, epoch, shown=None):
        """Reads a sample sheet, uint8 (H, W, 3).

        Args:
            epoch: One of `sheets`.
            shown: Cut out so many pictures along a side; all of them if left out.
        """
        with Image.open(self.sheets[epoch]) as picture:
            pixels = np.asarray(picture.convert("RGB"))
        grid = self.cell.config.sample_grid
        side = (len(pixels) - GAP) // grid  # of a picture with the gap after it
        kept = side * min(shown or grid, grid) + GAP
        return pixels[:kept, :kept]


def read_result(cell, problem=""):
    """Reads what a training has left in its run folder, finished or not.

    Args:
        cell: The `dcgan.cells.Cell`.
        problem: Why it failed, empty if it did not.
    """
    run = cell.run
    if not run.is_run() or any(differences(run.config, cell.config)):
        return Result(cell, problem)  # nothing, or another training's
    # After a failure they are of an earlier start.
    scores = None if problem else read_scores(run.evaluation)
    minutes = None
    if run.has_epochs():
        minutes = sum(row["seconds"] for row in read_rows(run.timing)) / 60
    return Result(
        cell,
        problem,
        scores,
        read_columns(run.scores) if run.scores.is_file() else {},
        minutes,
        epoch_files(run.samples, r"\.png"),
    )
