"""The options of graphs; that trainings are then equal is for test_kill.py."""

import tensorflow as tf

from dcgan import GAN, build_discriminator, build_generator, load_config
from dcgan.evaluation.features import Extractor


def is_on():
    options = tf.config.optimizer.get_experimental_options()
    return options.get("arithmetic_optimization", True)


def test_a_gan_and_an_extractor_have_steady_graphs():
    config = load_config("narrow", size=16, g_features=2, d_features=2)
    gan = GAN(build_generator(config), build_discriminator(config), config)
    for start in (gan.compile, Extractor):
        tf.config.optimizer.set_experimental_options({"arithmetic_optimization": True})
        assert is_on()
        start()
        assert not is_on()
