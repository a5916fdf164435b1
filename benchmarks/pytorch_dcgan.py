"""The PyTorch tutorial's DCGAN and training step, and DiffAugment.

`step_speed.py` measures it, and `tests/fixtures/make_diffaugment.py` computes with it
what the recipe `diffaugment` has to equal. Pictures are (N, 3, 64, 64) in [-1, 1].

Reference:
    Inkawhich, DCGAN Tutorial, docs.pytorch.org/tutorials/beginner/dcgan_faces_tutorial;
    Zhao et al. 2020, Differentiable Augmentation for Data-Efficient GAN Training.
"""

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional


def generator(latent=100, features=64):
    """Latent -> 8f -> 4f -> 2f -> f -> 3 channels."""
    layers = []
    widths = [latent] + [features * k for k in (8, 4, 2, 1)]
    for index, (inner, outer) in enumerate(zip(widths, widths[1:])):
        stride, padding = (1, 0) if index == 0 else (2, 1)
        layers += [
            nn.ConvTranspose2d(inner, outer, 4, stride, padding, bias=False),
            nn.BatchNorm2d(outer),
            nn.ReLU(True),
        ]
    last = nn.ConvTranspose2d(features, 3, 4, 2, 1, bias=False)
    return nn.Sequential(*layers, last, nn.Tanh())


def discriminator(features=64):
    """3 -> f -> 2f -> 4f -> 8f -> 1 logit; no norm after the first convolution."""
    first = nn.Conv2d(3, features, 4, 2, 1, bias=False)
    layers = [first, nn.LeakyReLU(0.2, inplace=True)]
    for k in (1, 2, 4):
        layers += [
            nn.Conv2d(features * k, features * 2 * k, 4, 2, 1, bias=False),
            nn.BatchNorm2d(features * 2 * k),
            nn.LeakyReLU(0.2, inplace=True),
        ]
    return nn.Sequential(*layers, nn.Conv2d(features * 8, 1, 4, 1, 0, bias=False))


def initialise(module):
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


class Step(NamedTuple):
    """What one step computed."""

    fake: torch.Tensor
    real_logits: torch.Tensor
    fake_logits: torch.Tensor
    g_loss: torch.Tensor


class Training:
    """Both networks, their optimizers and the alternating step.

    Args:
        latent: Length of the latent vector.
        features: Width f of G's last and D's first map; the innermost have 8 f.
    """

    def __init__(self, latent=100, features=64):
        self.latent = latent
        self.g, self.d = generator(latent, features), discriminator(features)
        self.g.apply(initialise)
        self.d.apply(initialise)
        self.bce = nn.BCEWithLogitsLoss()
        adam = {"lr": 2e-4, "betas": (0.5, 0.999)}
        self.g_optimizer = torch.optim.Adam(self.g.parameters(), **adam)
        self.d_optimizer = torch.optim.Adam(self.d.parameters(), **adam)

    def step(self, real, latents=None, augment=lambda pictures: pictures):
        """Updates D on real and generated pictures, then G against the updated D.

        Args:
            real: (N, 3, 64, 64) in [-1, 1].
            latents: (N, latent); drawn if left out.
            augment: What both networks' pictures go through.

        Returns:
            A `Step`.
        """
        count = len(real)
        latents = torch.randn(count, self.latent) if latents is None else latents
        ones, zeros = torch.ones(count), torch.zeros(count)
        self.d_optimizer.zero_grad()
        real_logits = self.d(augment(real)).view(-1)
        self.bce(real_logits, ones).backward()
        fake = self.g(latents[:, :, None, None])
        fake_logits = self.d(augment(fake.detach())).view(-1)
        self.bce(fake_logits, zeros).backward()
        self.d_optimizer.step()

        self.g_optimizer.zero_grad()
        g_loss = self.bce(self.d(augment(fake)).view(-1), ones)
        g_loss.backward()
        self.g_optimizer.step()
        return Step(fake, real_logits, fake_logits, g_loss)


def diff_augment(pictures):
    """DiffAugment with the policy color,translation,cutout; (N, C, H, W) pictures."""
    for change in (brightness, saturation, contrast, translation, cutout):
        pictures = change(pictures)
    return pictures


def brightness(pictures):
    return pictures + _uniform(pictures) - 0.5


def saturation(pictures):
    grey = pictures.mean(1, keepdim=True)
    return grey + (pictures - grey) * 2 * _uniform(pictures)


def contrast(pictures):
    mean = pictures.mean((1, 2, 3), keepdim=True)
    return mean + (pictures - mean) * (_uniform(pictures) + 0.5)


def translation(pictures, share=0.125):
    """Moves each picture by up to a share of its side; zeros come in."""
    count, _, side, _ = pictures.shape
    most = round(side * share)
    places = torch.arange(side)
    rows, columns = (
        (places + torch.randint(-most, most + 1, (count, 1)) + 1).clamp(0, side + 1)
        for _ in range(2)
    )
    padded = functional.pad(pictures, (1, 1, 1, 1)).permute(0, 2, 3, 1)
    numbers = torch.arange(count)[:, None, None]
    moved = padded[numbers, rows[:, :, None], columns[:, None, :]]
    return moved.permute(0, 3, 1, 2)


def cutout(pictures, share=0.5):
    """Sets a square of each picture to zero; part of it may be outside."""
    count, _, side, _ = pictures.shape
    length = round(side * share)
    places = torch.arange(side)
    inside = []
    for _ in range(2):
        first = torch.randint(0, side + 1, (count, 1)) - length // 2
        inside.append((places >= first) & (places < first + length))
    hole = inside[0][:, :, None] & inside[1][:, None, :]
    return pictures * ~hole[:, None]


def _uniform(pictures):
    """A number from 0 to 1 for each picture."""
    return torch.rand(len(pictures), 1, 1, 1)
