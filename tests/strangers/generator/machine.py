"""Machine set-up: what a hand-in does for the machine on which it was written."""

from __future__ import annotations

from random import Random

from generator.code import statements
from generator.nouns import Handin
from generator.transforms import transform


@transform("machine")
def gpu_memory_growth(handin: Handin, rng: Random) -> None:
    """The first GPU is asked for and told to take memory as it needs it."""
    handin.step("imports").statements += statements(
        "import tensorflow as tf\ngpus = tf.config.list_physical_devices('GPU')\n"
        "tf.config.experimental.set_memory_growth(gpus[0], True)"
    )


@transform("machine")
def colab_mount(handin: Handin, rng: Random) -> None:
    """Google Drive is mounted in the cell of the imports."""
    handin.step("imports").statements[:0] = statements("from google.colab import drive\ndrive.mount('/content/drive')")


@transform("machine", "magic")
def tensorflow_version_magic(handin: Handin, rng: Random) -> None:
    """Colab is asked for a version of TensorFlow by a magic."""
    handin.step("imports").raw = "%tensorflow_version 2.x"
    if handin.form != "notebook":
        handin.form = "notebook"


@transform("machine", "magic")
def inline_magic(handin: Handin, rng: Random) -> None:
    """Figures are asked for inline."""
    handin.step("imports").raw = "%matplotlib inline"
    if handin.form != "notebook":
        handin.form = "notebook"


@transform("machine")
def old_style_sheet(handin: Handin, rng: Random) -> None:
    """A style of seaborn's is asked for by the name that it had before Matplotlib 3.6."""
    handin.step("imports").statements += statements("plt.style.use('seaborn-whitegrid')")


@transform("machine")
def unused_missing_import(handin: Handin, rng: Random) -> None:
    """A library that is not there is imported in the midst of the imports, and never used."""
    imports = handin.step("imports").statements
    imports[1:1] = statements("import tensorflow_addons as tfa")


@transform("machine")
def installs_a_package(handin: Handin, rng: Random) -> None:
    """A package is installed through the shell."""
    handin.step("imports").statements[:0] = statements(
        "import subprocess, sys\nsubprocess.run([sys.executable, '-m', 'pip', 'install', 'seaborn'])"
    )


@transform("machine")
def warnings_silenced(handin: Handin, rng: Random) -> None:
    """Warnings are silenced, and TensorFlow told to log less."""
    handin.step("imports").statements[:0] = statements(
        "import os\nimport warnings\nos.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'\nwarnings.filterwarnings('ignore')"
    )
