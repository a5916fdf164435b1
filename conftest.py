"""Settings of the tests and of the notebooks, which are tests too."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("DCGAN_FAST", "1")  # notebooks train for moments only
