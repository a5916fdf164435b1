"""`python -m dcgan.experiment`: a named comparison, trained, scored and drawn."""

import re

from dcgan.cells import THE_CELLS, experiment_names, plan_cells
from dcgan.cli import Parser, run_command
from dcgan.config import Config, save_config
from dcgan.data.folder import load_images
from dcgan.errors import InputError, check_choice, invalid
from dcgan.evaluation.limits import check_count
from dcgan.figures.experiment import write_figures
from dcgan.files import whole_file
from dcgan.jobs import run_jobs
from dcgan.parsing import parse_flags
from dcgan.results import read_result
from dcgan.run import Run
from dcgan.validation import EXTRACTORS

COUNT = 1000


def main(argv=None):
    """Parses the flags and runs the comparison."""
    parser = Parser(
        "experiment",
        "Trains every cell of a comparison, scores all with the same latents, and "
        "writes table.md, curves.png, grid.png and comparison.gif to runs/NAME/. What "
        "is done already is not done again; any knob of dcgan.train is for all cells.\n"
        f"Comparisons: {', '.join(experiment_names())}.",
        "python -m dcgan.experiment diffaugment --jobs 2\n"
        "  python -m dcgan.experiment losses --data pictures --epochs 50 --seeds 0,1",
    )
    add = parser.add_argument
    add("experiment", help="one of these names, or a YAML file like theirs")
    add("--jobs", type=int, default=1, help="trainings at a time; they share cores (1)")
    add("--seeds", help="such as 0,1,2; instead of the experiment's own")
    add("--extractor", help="what scores: lite0, lite1 or inception; the cells' knob")
    add("-n", "--count", type=int, default=COUNT, help=f"samples scored ({COUNT})")
    options, rest = parser.parse_known_args(argv)
    if not 1 <= options.jobs <= 64:
        raise invalid("--jobs", options.jobs, "1 to 64")
    seeds = _seeds(options.seeds)
    knobs = parse_flags(Config, {}, {}, rest)
    for knob in (*THE_CELLS, "recipe", "config"):
        if knob in knobs:
            raise invalid(f"--{knob}", knobs[knob], "nothing: each cell has its own")
    scoring = options.extractor, options.count
    run_experiment(options.experiment, options.jobs, seeds, *scoring, **knobs)


def run_experiment(
    source, jobs=1, seeds=None, extractor=None, count=COUNT, **overrides
):
    """Trains and scores all cells of a comparison, and draws them side by side.

    Args:
        source: Name or YAML file; see `dcgan.cells.plan_cells`.
        jobs: How many cells train at the same time.
        seeds: List of seeds instead of the comparison's own.
        extractor: What scores at the end: `lite0`, `lite1` or `inception`. With
            another one only the scores are taken again. If left out, each cell's knob
            `extractor`; `lite0` if that is `auto`, or `lite1` if any cell is
            `projected`, also while training.
        count: How many samples of each training are scored.
        **overrides: Knobs for all cells.

    Returns:
        List of `dcgan.results.Result`s, one a training. The runs are in `runs/NAME/`,
        with `table.md`, `curves.png`, `grid.png` and `comparison.gif`.

    Raises:
        InputError: If a cell failed; what the others came to has been written then.

    Example:
        >>> results = dcgan.run_experiment("diffaugment", jobs=2, epochs=50)
        >>> dcgan.show_kid(results, "DiffAugment")
    """
    check_choice("--extractor", extractor or "lite0", EXTRACTORS)
    check_count(count)
    name, about, cells = plan_cells(source, seeds, **overrides)
    if any(cell.config.distribute == "multiworker" for cell in cells):
        raise invalid("distribute", "multiworker", "none or mirrored: one machine")
    folder = cells[0].run.folder.parent
    if Run(folder).is_run():
        raise InputError(
            f"experiment: its folder is that of a run. Received: {folder}. "
            "Allowed: another folder, by --runs"
        )
    for settings in {_picture_settings(cell.config) for cell in cells}:
        load_images(*settings)  # refused here if at all, and once for all cells
    print(f"{about}: {len(cells)} trainings, {jobs} at a time, in {folder}", flush=True)
    titles = {cell.title: cell for cell in cells}
    planned = {
        title: _job(cell, folder, extractor, count) for title, cell in titles.items()
    }
    problems = {}
    for title, problem in run_jobs(planned, jobs):
        problems[title] = problem
        state = f"failed: {problem}" if problem else "done"
        print(f"[{len(problems)}/{len(cells)}] {title} {state}", flush=True)
    results = [read_result(cell, problems[title]) for title, cell in titles.items()]
    write_figures(folder, about, results)
    print(f"table.md, curves.png, grid.png and comparison.gif in {folder}")
    failed = [title for title, problem in problems.items() if problem]
    if failed:
        raise InputError(
            f"{len(failed)} of {len(cells)} cells failed. Received: {failed[0]}: "
            f"{problems[failed[0]]}. All that it said: {planned[failed[0]][1]}"
        )
    return results


def _job(cell, folder, extractor, count):
    """Returns the commands of a cell and the file for what they print."""
    base = folder / "cells" / cell.config.name
    with whole_file(base.with_name(f"{base.name}.yml")) as temporary:
        save_config(cell.config, temporary)
    train = ["dcgan.train", "--config", f"{base}.yml"]
    score = ["dcgan.evaluate", str(cell.run.folder), "-n", str(count)]
    own = "lite0" if cell.config.extractor == "auto" else cell.config.extractor
    score += ["--extractor", extractor or own]
    overwrite = ["--overwrite"] if cell.config.overwrite else []
    return [train + overwrite, score], base.with_name(f"{base.name}.log")


def _picture_settings(config):
    return config.data, config.size, config.channels, config.fit, config.background


def _seeds(text):
    if text is None:
        return None
    if not re.fullmatch(r"\d{1,9}(,\d{1,9})*", text):
        raise invalid("--seeds", text, "whole numbers with commas, such as 0,1,2")
    return [int(part) for part in text.split(",")]


if __name__ == "__main__":
    run_command(main)
