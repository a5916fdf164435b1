"""Makes saved networks loadable: Keras must know the package's layers by then.

`keras.models.load_model` finds layers that have been registered, which importing
`dcgan.models.discriminator` does. That import needs Keras, and `import dcgan` does not
wait for Keras; so it happens right after whoever imports Keras first has done so.
"""

import importlib.util
import sys
from importlib import import_module

LAYERS = "dcgan.models.discriminator"


def register_with_keras():
    """Registers the layers now if Keras is there, or else as soon as it is."""
    if "keras" in sys.modules:
        import_module(LAYERS)
    elif not any(isinstance(finder, _AfterKeras) for finder in sys.meta_path):
        sys.meta_path.insert(0, _AfterKeras())


class _AfterKeras:
    """Finds the module `keras` as usual, and adds an import to its loading."""

    def find_spec(self, name, path=None, target=None):
        if name != "keras":
            return None
        sys.meta_path.remove(self)  # while the others are asked
        spec = importlib.util.find_spec(name)
        sys.meta_path.insert(0, self)  # TensorFlow asks once without loading
        if spec is not None:
            load = spec.loader.exec_module

            def load_and_register(module):
                if self in sys.meta_path:
                    sys.meta_path.remove(self)
                load(module)
                import_module(LAYERS)

            spec.loader.exec_module = load_and_register
        return spec
