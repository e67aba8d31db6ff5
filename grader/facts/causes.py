"""Why something failed: the causes, and by which signs an error tells its own.

Only the first costs a group points. What an error says of itself is read where it is raised, beside the student's code:
`grader.probe.failures` holds these signs against the error, the frames that it passed and the libraries at hand.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

Cause: TypeAlias = Literal["code", "machine", "version", "limit", "labgrade", "reading"]
"""`code`: the group's own. `machine`: no GPU, no network, nobody at the keyboard, a file or a library that is not here.
`version`: a name, an argument or a value that a library has in another version. `limit`: memory, disk or time of the
sandbox. `labgrade`: what labgrade itself asks for, or a mistake of its own. `reading`: code lost or damaged on its way
through a document, or in a language that labgrade does not run."""

NETWORK_ERRORS = frozenset(
    """
    URLError HTTPError ConnectionError ConnectionRefusedError ConnectionResetError ConnectionAbortedError
    RemoteDisconnected gaierror herror TimeoutError timeout ConnectTimeout ConnectTimeoutError ReadTimeout SSLError
    ProxyError MaxRetryError NewConnectionError NameResolutionError ClientConnectorError LocalEntryNotFoundError
    """.split()
)
"""Exceptions of the standard library, urllib3, requests, aiohttp and huggingface_hub that speak of the network."""

LIMIT_ERRORS = frozenset({"MemoryError", "ResourceExhaustedError", "OutOfMemoryError", "_ArrayMemoryError"})
"""Exceptions of Python, NumPy and TensorFlow that speak of memory."""

LIMIT_NUMBERS = frozenset({"ENOSPC", "EDQUOT", "EFBIG", "EMFILE", "ENFILE", "ENOMEM"})
"""Names of `errno` that speak of the space, the files or the memory of the sandbox."""

LIMIT_WORDS = r"can't start new thread|[Cc]annot allocate memory|OOM when allocating"
"""Messages that do so, of errors of any class."""

NETWORK_NUMBERS = frozenset({"ENETUNREACH", "EHOSTUNREACH", "ENETDOWN", "ECONNREFUSED", "EAI_AGAIN", "EAFNOSUPPORT"})
"""Names of `errno` that speak of the network."""

DEVICE_WORDS = r"/?device:(?:GPU|TPU)|\bCUDA\b|\bcuDNN\b|\bcudnn\b|\bTPU\b|GPU device not found|[Nn]o GPU"
"""Messages of TensorFlow, and of code that asks for one, that speak of an accelerator that is not here."""

DISPLAY_WORDS = r"no display name and no \$DISPLAY|couldn't connect to display|cannot connect to X server"
"""Messages of Tk and Qt where there is no screen."""

FILE_WORDS = r"No such file or directory|File not found|[Uu]nable to (?:synchronously )?open file|does not exist"
"""Messages of Keras, h5py and pandas about a file that is not there, in errors that are no `FileNotFoundError`."""

OWN_ASKING = r"Random ops require a seed to be set when determinism is enabled|determinis(?:tic|m)\b.{0,200}\benabled"
"""Messages of TensorFlow about operations that draw alike each time, which labgrade asks it for."""

MADE_WAY = r"[Nn]o longer|\bdeprecated\b|\b(?:was|were|been) removed\b|[Nn]ot recogni[sz]ed|not a valid package style"
"""Messages of a library about what it had, or will have, in another version."""
