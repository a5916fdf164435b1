"""How good after how long: `python benchmarks/time_to_quality.py`.

Trains some recipes one after the other, for the same minutes each, and writes
`time_to_quality.png`, KID against minutes, and `time_to_quality.md`, a table. A run
that exists goes on. All are scored by lite1, which takes part in no training. Further
flags, such as `--channels 4`, go to every training.

The minutes are those of the epochs in `timing.csv`. An epoch with scores counts as the
median of those without, so that scoring takes no time, unless `--eval_every 1` leaves
none without. What is written after an epoch (sheets, networks, checkpoints) is not in
them.

It takes the minutes times the number of recipes, 2 hours by default, and the scores.
"""

import sys
from itertools import accumulate
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.measure import (
    parser_of,
    positive,
    positive_number,
    print_machine,
    table,
)
from dcgan.cells import Cell
from dcgan.cli import run_command
from dcgan.config import load_config, load_flags
from dcgan.errors import InputError, check_choice
from dcgan.figures.experiment import kid_figure
from dcgan.figures.plots import save_figure
from dcgan.files import whole_file
from dcgan.jobs import run_jobs
from dcgan.results import Result
from dcgan.resume import differences
from dcgan.run import Run
from dcgan.sources import recipe_names
from dcgan.tables import read_rows

RECIPES = ("keras-dcgan", "diffaugment", "r3gan", "default")
# Epochs between scores: those of the large recipes take minutes on a CPU.
EVAL_EVERY = {"keras-dcgan": 2, "diffaugment": 4, "r3gan": 20, "default": 20}
OTHERS = 10
EXTRACTOR = "lite1"  # one for all, which trains none of them
HEADER = ["recipe", "epochs", "minutes", "KID x 1000", "recall", "coverage", "AuthPct"]
HEADER += ["lowest KID (minutes)"]


def command_of(recipe, options, more):
    """Returns the arguments of `python -m` that train a recipe."""
    every = options.eval_every or EVAL_EVERY.get(recipe, OTHERS)
    flags = {"recipe": recipe, "name": recipe, "runs": options.runs}
    flags |= {"data": options.data, "minutes": options.minutes, "eval_every": every}
    flags |= {"snapshot_every": 0}  # they take time, and gigabytes
    flags |= {"extractor": EXTRACTOR}
    flags |= {"size": options.size} if options.size else {}
    return [
        "dcgan.train",
        *(f"--{name}={value}" for name, value in flags.items()),
        *more,
    ]


def minutes_of(run):
    """Returns a dict from epochs to the minutes of training until their end.

    Args:
        run: The `Run`.
    """
    seconds = {row["epoch"]: row["seconds"] for row in read_rows(run.timing)}
    scored = {row["epoch"] for row in read_rows(run.scores)}
    plain = [seconds[epoch] for epoch in seconds if epoch not in scored]
    if plain:
        seconds |= dict.fromkeys(scored & set(seconds), median(plain))
    return dict(zip(seconds, (total / 60 for total in accumulate(seconds.values()))))


def read_result(recipe, run, problem="", asked=None):
    """Returns the `Result` of a training; its curve has `minutes`, too.

    Args:
        recipe: Its recipe.
        run: The `Run`, which may not exist.
        problem: Why the training failed, empty if it did not.
        asked: The `Config` that it should have; None for any.
    """
    config = load_config(recipe, extractor=EXTRACTOR)
    if asked and run.is_run() and any(differences(run.config, asked)):
        return Result(Cell(recipe, config), problem)  # another training's
    minutes = minutes_of(run)
    # A training that died may have scores of an epoch that it did not finish.
    rows = [row for row in read_rows(run.scores) if row["epoch"] in minutes]
    rows = [row | {"minutes": minutes[row["epoch"]]} for row in rows]
    curve = {name: [row.get(name) for row in rows] for name in (rows or [{}])[0]}
    return Result(Cell(recipe, config), problem, curve=curve)


def row_of(result):
    """Returns a line of the table: the last scores, and the lowest KID."""
    name, curve = result.cell.name, result.curve
    if not curve:
        return [name, *[""] * (len(HEADER) - 2), result.problem or "no scores"]
    last = {name: values[-1] for name, values in curve.items()}
    shares = [f"{last[share]:.2f}" for share in ("recall", "coverage", "authpct")]
    kid, minutes = min(zip(curve["kid"], curve["minutes"]))
    return [
        *(name, f"{last['epoch']:.0f}", f"{last['minutes']:.1f}"),
        *(f"{last['kid']:.0f} +- {last['kid_error']:.0f}", *shares),
        "; ".join(filter(None, [f"{kid:.0f} ({minutes:.1f})", result.problem])),
    ]


def write(folder, title, results):
    """Writes the picture and the table, and prints the table.

    Args:
        folder: Where to.
        title: Text above both.
        results: List of `Result`s of `read_result`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = f"{title}\n\n{table(HEADER, map(row_of, results))}\n"
    with whole_file(folder / "time_to_quality.md") as temporary:
        temporary.write_text(text, encoding="utf-8")
    if any(result.curve for result in results):
        figure = kid_figure(results, title, against="minutes")
        save_figure(folder / "time_to_quality.png", figure)
    print(f"\n{text}")


def main(argv=None):
    """Trains, draws and prints."""
    parser = parser_of(__doc__)
    add = parser.add_argument
    add("--recipes", default=",".join(RECIPES), help="comma list (%(default)s)")
    add("--minutes", type=positive_number, default=30.0, help="of each training (30)")
    add("--data", default="openmoji", help="or a folder of pictures")
    add("--size", type=positive, help="side of the pictures; the recipe's")
    add("--eval_every", type=positive, help="epochs between scores; by the recipe")
    add("--runs", type=Path, default="runs/time_to_quality", help="(%(default)s)")
    add("--out", type=Path, help="folder of picture and table; that of the runs")
    options, more = parser.parse_known_args(argv)
    recipes = options.recipes.split(",")
    for recipe in recipes:
        check_choice("--recipes", recipe, recipe_names())
    print_machine()
    jobs = {
        recipe: ([command_of(recipe, options, more)], options.runs / f"{recipe}.log")
        for recipe in recipes
    }
    problems = {}
    for recipe, problem in run_jobs(jobs, 1):
        problems[recipe] = problem
        print(f"{recipe} {problem or 'done'}", flush=True)
    results = []
    for recipe in recipes:
        asked = load_flags(jobs[recipe][0][0][1:])
        run = Run(options.runs / recipe)
        results.append(read_result(recipe, run, problems[recipe], asked))
    title = f"{options.minutes:g} minutes of each recipe on {Path(options.data).name}"
    title += f", KID by {EXTRACTOR}"
    write(options.out or options.runs, title, results)
    failed = [recipe for recipe in recipes if problems[recipe]]
    if failed:
        said = f"{failed[0]}: {problems[failed[0]]}"
        raise InputError(
            f"{len(failed)} of {len(recipes)} failed. Received: {said}. "
            f"All that it said: {jobs[failed[0]][1]}"
        )


if __name__ == "__main__":
    run_command(main)
