"""The panel of an `Explorer`: sliders and buttons; a picture where there are none."""

from pathlib import Path

from dcgan.errors import InputError
from dcgan.exploring import views
from dcgan.exploring.explorer import COUNT
from dcgan.figures.comparison import comparison_figure
from dcgan.figures.gifs import check_animation, encode_animation, save_animation
from dcgan.figures.grids import LARGEST, few_colours, repeat_to
from dcgan.figures.nearest import nearest_figure
from dcgan.figures.plots import screen_figure
from dcgan.latent import PATHS
from dcgan.origin import check_apart

REACH = 4  # of a slider: a coordinate is beyond once in 16,000 draws
SEEDS = 9999
FPS = 12
SIDE = 256  # within which animations are enlarged, pixels


def mime_bundle(explorer):
    """Returns what a notebook shows of an `Explorer`: a dict from kinds to contents.

    Where ipywidgets is installed that is a `Panel`; a page that has no widgets takes
    the picture of the candidates that comes with it.
    """
    picture = views.png(few_colours(views.candidate_view(explorer)))
    bundle = {"text/plain": f"Explorer of {explorer.run.folder}", "image/png": picture}
    try:
        panel = Panel(explorer)
    except ImportError:
        return bundle
    return panel.widget._repr_mimebundle_() | bundle


class Panel:
    """Sliders, buttons and pictures around an `Explorer`.

    Args:
        explorer: The `Explorer`, which keeps the picks.

    Attributes:
        widget: What a notebook displays; the others are parts of it.

    Raises:
        ImportError: If ipywidgets is not installed.
    """

    def __init__(self, explorer):
        import ipywidgets

        self.explorer = explorer
        self._make = ipywidgets
        self.seed = self._slider("IntSlider", "seed", 0, SEEDS, 1)
        self.truncation = self._slider("FloatSlider", "truncation", 0, 3, 0.25)
        self.number = self._slider("IntSlider", "candidate", 0, COUNT - 1, 1)
        self.sliders = [
            self._slider("FloatSlider", f"direction {number}", -REACH, REACH, 0.05)
            for number in range(1, len(explorer.directions) + 1)
        ]
        self.picture, self.grid, self.picks = (self._image() for _ in range(3))
        self.status = ipywidgets.Label()
        tabs = {
            "Picture": self._picture_tab(),
            "Candidates": self._candidate_tab(),
            "Picks": self._pick_tab(),
            "Walk": self._walk_tab(),
            "Arithmetic": self._mix_tab(),
            "Training pictures": self._result_tab("Find the nearest", self._nearest),
            "Epochs": self._result_tab("Show the epochs", self._epochs),
        }
        self.tabs = ipywidgets.Tab(list(tabs.values()), titles=list(tabs))
        top = self._row(self.seed, self.truncation)
        self.widget = ipywidgets.VBox([top, self.tabs, self.status])
        for part in (self.seed, self.truncation):
            part.observe(self._new_candidates, "value")
        self.number.observe(self._new_latent, "value")
        for slider in self.sliders:
            slider.observe(self._moved, "value")
        self._new_candidates()
        self._show_picks()

    # What the sliders do.

    def _new_candidates(self, change=None):
        chosen = self.seed.value, self.truncation.value
        self._candidates = self.explorer.candidates(*chosen)
        self.grid.value = views.png(views.candidate_view(self.explorer, *chosen))
        self._new_latent()

    def _new_latent(self, change=None):
        self._latent = self._candidates[self.number.value]
        self._setting = True  # the sliders follow, and do not lead
        for slider, place in zip(self.sliders, self.explorer.places(self._latent)):
            slider.value = float(place)
        self._setting = False
        self._draw()

    def _moved(self, change=None):
        if not self._setting:
            places = [slider.value for slider in self.sliders]
            self._latent = self.explorer.moved(self._latent, places)
            self._draw()

    def _draw(self):
        (picture,) = self.explorer.pictures(self._latent[None])
        self.picture.value = views.png(views.single_view(picture))

    # What the buttons do. Each returns what the status says.

    def _pick(self, latent):
        self.explorer.picks.append(latent)
        return self._show_picks()

    def _forget(self):
        self.explorer.picks.clear()
        return self._show_picks()

    def _show_picks(self):
        count = len(self.explorer.picks)
        if count:
            pictures = self.explorer.pictures(self.explorer.picked())
            self.picks.value = views.png(views.named_grid(pictures, range(count)))
        else:
            self.picks.value = b""
        for part in self.parts:
            part.options = list(range(count))
        return f"{count} picked"

    def _save(self):
        files = self.explorer.save(self.folder.value, self.enlarge.value)
        return f"{files[0].name} to {files[-1].name} in {self.folder.value}"

    def _walk(self, image):
        file = self.file.value
        check_animation("file", file)
        check_apart("file", file, self.explorer.run, Path(file).parent)
        frames = self.explorer.walk(self.path.value, self.frames.value)
        frames = repeat_to(frames, SIDE)
        save_animation(file, frames, FPS)
        image.format, image.value = "gif", encode_animation(frames, fps=FPS)
        return f"{len(frames)} frames in {file}"

    def _mix(self, image):
        chosen = [part.value for part in self.parts]
        image.value = views.png(views.mix_view(self.explorer, *chosen))
        return ""

    def _nearest(self, image):
        figure = nearest_figure(*self.explorer.nearest())
        image.value = views.png(screen_figure(figure))
        return ""

    def _epochs(self, image):
        figure = comparison_figure(self.explorer.epochs())
        image.value = views.png(screen_figure(figure))
        return ""

    # How it is laid out.

    def _picture_tab(self):
        pick = self._button("Pick it", lambda: self._pick(self._latent))
        controls = self._make.VBox([self.number, *self.sliders, pick])
        return self._row(self.picture, controls)

    def _candidate_tab(self):
        picks = [
            self._button(f"{k}", lambda k=k: self._pick(self._candidates[k]), "40px")
            for k in range(COUNT)
        ]
        hint = self._make.Label(value="Pick:")
        return self._make.VBox([self.grid, self._row(hint, *picks)])

    def _pick_tab(self):
        self.folder = self._path("folder", "picks")
        self.enlarge = self._slider("BoundedIntText", "enlarge", 1, LARGEST, 1, 4)
        save = self._button("Save as PNG", self._save)
        forget = self._button("Forget all", self._forget)
        controls = self._row(self.folder, self.enlarge, save, forget)
        return self._make.VBox([self.picks, controls])

    def _walk_tab(self):
        self.path = self._make.Dropdown(options=list(PATHS), description="path")
        self.frames = self._slider("BoundedIntText", "frames", 1, 100, 1, 12)
        self.file = self._path("file", "walk.gif")
        parts = self.path, self.frames, self.file
        return self._result_tab("Walk through the picks", self._walk, *parts)

    def _mix_tab(self):
        names = "from", "minus", "plus"
        self.parts = [
            self._make.SelectMultiple(description=name, options=[]) for name in names
        ]
        return self._result_tab("Add up", self._mix, *self.parts)

    def _result_tab(self, name, function, *controls):
        image = self._image()
        button = self._button(name, lambda: function(image))
        return self._make.VBox([self._row(*controls, button), image])

    def _slider(self, kind, name, lowest, highest, step, value=0):
        options = {"min": lowest, "max": highest, "step": step, "value": value}
        return getattr(self._make, kind)(description=name, **options)

    def _path(self, name, proposed):
        path = str(self.explorer.run.folder / proposed)
        return self._make.Text(value=path, description=name)

    def _image(self):
        # As large as it is: a box would stretch it, and blur what is small.
        layout = {"align_self": "flex-start", "max_width": "100%", "display": "none"}
        image = self._make.Image(format="png", layout=layout)

        def show(change):  # a browser draws a broken picture for an empty one
            image.layout.display = None if image.value else "none"

        image.observe(show, "value")
        return image

    def _row(self, *parts):
        return self._make.HBox(parts, layout={"flex_flow": "row wrap"})

    def _button(self, name, function, width="auto"):
        layout = {"width": width, "flex": "0 0 auto"}  # its text is never cut
        button = self._make.Button(description=name, layout=layout)

        def click(button):
            self.status.value = "..."
            try:
                self.status.value = function()
            except (InputError, OSError) as error:
                self.status.value = str(error)

        button.on_click(click)
        return button
