"""The guess at an answer's language."""

from __future__ import annotations

import pytest

from grader.criteria.prose import language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The network has more parameters than data, and it is not clear that this helps with the test set.", "en"),
        ("Nätverket har fler parametrar än vi behöver, och det är inte säkert att det blir bättre av det.", "sv"),
        (
            "Das Netz hat mehr Parameter als nötig, und es ist nicht sicher, dass die Güte mit der Tiefe steigt.",
            "de",
        ),
        (
            "Le réseau est plus profond que le précédent, et il ne faut pas oublier que les données sont rares.",
            "fr",
        ),
        ("La red es más profunda que la anterior, pero no hay muchos datos y por eso no es mejor con el tiempo.", "es"),
        ("Het netwerk is dieper dan het vorige, maar we hebben niet veel data en dat is een probleem voor ons.", "nl"),
        ("softmax relu dense conv2d 64 10", None),
        ("", None),
        ("55050", None),
        ("De data", None),
        ("x = model.fit(x_train, y_train)", None),
    ],
)
def test_language_of(text: str, language: str | None) -> None:
    """A sentence or two are enough; a few technical words name no language."""
    assert language_of(text) == language
