"""How fast the panel of `dcgan.explore` answers: `python benchmarks/explore_speed.py`.

It moves the sliders of the panel on an untrained generator of a recipe, 64x64, and
takes the time until the new picture is encoded: in a notebook the browser comes on top.
The goal is 100 ms, for one picture and for the 16 candidates of a seed. It takes about
60 seconds.
"""

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.measure import parser_of, positive, print_machine
from dcgan.cli import quiet_tensorflow, run_command
from dcgan.config import load_config

GOAL = 100  # milliseconds


def main(argv=None):
    """Prints the median and the slowest time of each kind of slider."""
    parser = parser_of(__doc__)
    parser.add_argument("--recipe", default="default", help="(default)")
    parser.add_argument("--moves", type=positive, default=50, help="of a slider (50)")
    options = parser.parse_args(argv)
    print_machine()
    panel = _panel(options.recipe)
    sliders = {
        "a direction: one picture": (panel.sliders[0], 0.05),
        "the candidate: one picture": (panel.number, 1),
        "the seed: 16 candidates and one picture": (panel.seed, 1),
    }
    for name, (slider, step) in sliders.items():
        took = _times(slider, step, options.moves)
        verdict = "met" if median(took) < GOAL else "missed"
        print(
            f"{name:40} {median(took):5.0f} ms, at most {max(took):.0f} ms: "
            f"the goal of {GOAL} ms is {verdict}"
        )


def _panel(recipe):
    quiet_tensorflow()
    from dcgan.exploring.explorer import Explorer
    from dcgan.exploring.panel import Panel
    from dcgan.models.generator import build_generator
    from dcgan.networks import save_network
    from dcgan.run import Run

    with tempfile.TemporaryDirectory() as folder:
        run = Run.create(load_config(recipe, size=64, runs=folder, name="a"))
        save_network(build_generator(run.config), run.generator_file)
        return Panel(Explorer(run))


def _times(slider, step, moves):
    """Returns the milliseconds of each move of a slider, there and back."""
    took = []
    for move in range(moves):
        start = time.perf_counter()
        slider.value = (slider.min + slider.max) // 2 + step * (move % 7 + 1)
        took.append(1000 * (time.perf_counter() - start))
    return took


if __name__ == "__main__":
    run_command(main)
