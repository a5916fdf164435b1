"""Train a small GAN on a few hundred pictures, see what happens, trust what you see.

The public names are loaded when they are first used, so that `import dcgan` and the
`--help` of the commands do not wait for TensorFlow.
"""

from importlib import import_module

from dcgan.registration import register_with_keras

register_with_keras()

_PUBLIC = {
    "Config": "dcgan.config",
    "load_config": "dcgan.config",
    "InputError": "dcgan.errors",
    "load_images": "dcgan.data.folder",
    "make_dataset": "dcgan.data.pipeline",
    "build_generator": "dcgan.models.generator",
    "build_discriminator": "dcgan.models.discriminator",
    "GAN": "dcgan.training.gan",
    "diff_augment": "dcgan.training.augment",
    "SampleGrid": "dcgan.training.callbacks",
    "train": "dcgan.train",
    "to_float": "dcgan.pixels",
    "to_uint8": "dcgan.pixels",
    "Run": "dcgan.run",
    "draw_latents": "dcgan.latent",
    "latent_walk": "dcgan.latent",
    "image_grid": "dcgan.figures.grids",
    "show_grid": "dcgan.figures.grids",
    "save_animation": "dcgan.figures.gifs",
    "show_animation": "dcgan.figures.gifs",
    "plot_losses": "dcgan.figures.plots",
    "show_losses": "dcgan.figures.plots",
    "plan_cells": "dcgan.cells",
    "run_experiment": "dcgan.experiment",
    "show_table": "dcgan.figures.score_table",
    "show_kid": "dcgan.figures.experiment",
    "show_frames": "dcgan.figures.experiment",
    "show_nearest": "dcgan.figures.nearest",
    "show_picture": "dcgan.figures.grids",
    "show_comparison": "dcgan.figures.comparison",
    "show_curves": "dcgan.figures.comparison",
    "spread": "dcgan.figures.comparison",
    "fit": "dcgan.training.in_memory",
    "fit_stage": "dcgan.training.fitting",
    "shrink": "dcgan.data.shrink",
    "plan_stages": "dcgan.stages",
    "grow": "dcgan.training.progressive",
    "Evaluation": "dcgan.training.scoring",
    "Extractor": "dcgan.evaluation.features",
    "Reference": "dcgan.evaluation.reference",
    "Health": "dcgan.training.health",
    "set_aside": "dcgan.data.holdout",
    "GradientFlow": "dcgan.training.gradients",
    "gradient_flow": "dcgan.training.gradients",
    "show_gradient_flow": "dcgan.figures.gradients",
    "thin_out": "dcgan.figures.gifs",
    "find_latent": "dcgan.projection.search",
    "explore": "dcgan.exploring.explorer",
    "show_candidates": "dcgan.exploring.views",
    "show_directions": "dcgan.exploring.views",
    "show_mix": "dcgan.exploring.views",
}
_NEED_TENSORFLOW = {
    "dcgan.data.pipeline",
    "dcgan.evaluation.features",
    "dcgan.evaluation.reference",
    "dcgan.exploring.explorer",
    "dcgan.models.generator",
    "dcgan.models.discriminator",
    "dcgan.projection.search",
    "dcgan.training.fitting",
    "dcgan.training.gan",
    "dcgan.training.augment",
    "dcgan.training.callbacks",
    "dcgan.training.gradients",
    "dcgan.training.health",
    "dcgan.training.in_memory",
    "dcgan.training.progressive",
    "dcgan.training.scoring",
}
__all__ = list(_PUBLIC)


def __getattr__(name):
    if name not in _PUBLIC:
        raise AttributeError(f"module 'dcgan' has no attribute {name!r}")
    if _PUBLIC[name] in _NEED_TENSORFLOW:
        from dcgan.cli import quiet_tensorflow

        quiet_tensorflow()
    module = import_module(_PUBLIC[name])
    # `dcgan.train` is a command's module and a function: that module can be called.
    return module if _PUBLIC[name] == f"dcgan.{name}" else getattr(module, name)


def __dir__():
    return sorted(set(globals()) | set(_PUBLIC))
