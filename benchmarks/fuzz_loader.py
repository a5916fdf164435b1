"""Feeds damaged picture files to the loader: `python benchmarks/fuzz_loader.py`.

Real files of every format that is read are changed at random by hypothesis. Each must
come out as pixels or as a skipped file with a reason; any other exception, a crash,
a case of more than 20 seconds or a picture of another shape is a failure, which
hypothesis shrinks to a small one.
"""

import argparse
import faulthandler
import io
import resource
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

import hypothesis
import numpy as np
from hypothesis import strategies as st
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent))
from dcgan.data.pictures import UnreadablePicture, read_picture, to_square

SIDE, LONGEST = 16, 20  # pixels; seconds
KINDS = (
    *("AVIF", "BMP", "GIF", "ICNS", "ICO", "JPEG", "JPEG2000", "PCX", "PNG", "PPM"),
    *("QOI", "SGI", "TGA", "TIFF", "WEBP"),
)
EXTREMES = (0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 0x8000, 0xFFFF, 0x10000)


def real_files():
    """Returns a list of (name, bytes): a drawing in each format, and in other modes."""
    rng = np.random.default_rng(0)
    drawing = np.zeros((24, 20, 4), np.uint8)
    drawing[4:20, 3:15] = 200, 40, 90, 255
    drawing[8:12] = rng.integers(0, 256, (4, 20, 4), dtype=np.uint8)
    rgba = Image.fromarray(drawing)
    found = [(kind, _encode(rgba.convert("RGB"), kind)) for kind in KINDS]
    for mode in ("RGBA", "P", "L", "1", "LA"):
        found.append((f"PNG {mode}", _encode(rgba.convert(mode), "PNG")))
    found.append(("JPEG CMYK", _encode(rgba.convert("CMYK"), "JPEG")))
    more = {"save_all": True, "append_images": [rgba.rotate(90)]}
    for kind in ("GIF", "WEBP", "PNG", "TIFF"):
        found.append((f"{kind} moving", _encode(rgba, kind, **more)))
    for compression in ("tiff_lzw", "tiff_deflate", "packbits", "jpeg"):
        tiff = _encode(rgba.convert("RGB"), "TIFF", compression=compression)
        found.append((f"TIFF {compression}", tiff))
    return found


def _encode(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def damaged_files(originals):
    """Returns a strategy of (name, bytes): real files with one to four changes."""
    place, byte = st.floats(0, 1, exclude_max=True), st.integers(0, 255)
    change = st.one_of(
        st.tuples(st.just("set"), place, byte),
        st.tuples(st.just("number"), place, st.sampled_from(EXTREMES)),
        st.tuples(st.just("cut"), place, st.just(0)),
        st.tuples(st.just("repeat"), place, st.integers(1, 64)),
        st.tuples(st.just("remove"), place, st.integers(1, 64)),
    )
    changes = st.lists(change, min_size=1, max_size=4)
    return st.builds(_damage, st.sampled_from(originals), changes)


def _damage(original, changes):
    name, content = original
    content = bytearray(content)
    for kind, place, value in changes:
        at = int(place * len(content))
        if kind == "set":
            content[at : at + 1] = bytes([value])
        elif kind == "number":
            content[at : at + 4] = value.to_bytes(4, "big")
        elif kind == "cut":
            del content[at:]
        elif kind == "repeat":
            content[at:at] = content[at : at + value]
        else:
            del content[at : at + value]
    return name, bytes(content)


def check(content, path):
    """Loads a file as training does; returns "loaded" or "skipped".

    Raises:
        Exception: Whatever a folder must not be able to cause.
    """
    path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="PIL")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            picture = read_picture(path)
        except UnreadablePicture as error:
            assert str(error) and "\n" not in str(error)
            return "skipped"
        pixels = to_square(picture, SIDE, 4)
    assert pixels.shape == (SIDE, SIDE, 4) and pixels.dtype == np.uint8
    return "loaded"


def main(argv=None):
    """Runs the cases and prints what came of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=100_000)
    options = parser.parse_args(argv)
    faulthandler.enable()
    faulthandler.register(signal.SIGALRM, chain=True)
    outcomes, slowest, started = Counter(), (0.0, ""), time.time()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "case.png")

        @hypothesis.settings(
            max_examples=options.cases,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(damaged_files(real_files()))
        def run(case):
            nonlocal slowest
            signal.alarm(LONGEST)
            begun = time.perf_counter()
            outcomes[check(case[1], path)] += 1
            slowest = max(slowest, (time.perf_counter() - begun, case[0]))
            signal.alarm(0)

        run()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{sum(outcomes.values())} cases: {outcomes['loaded']} loaded, "
        f"{outcomes['skipped']} skipped, 0 failed; slowest {slowest[0]:.2f} s "
        f"({slowest[1]}); at most {memory:.0f} MB; {time.time() - started:.0f} s"
    )


if __name__ == "__main__":
    main()
