"""The GAN, its loss, its augmentation and its callbacks."""
