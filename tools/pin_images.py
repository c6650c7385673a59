"""Pin the base images of Dockerfile and compose.yaml to the digests their tags have now.

``python -m tools.pin_images``, or ``make pin-images``. A tag may mean another image tomorrow; a
digest is one image for ever, of all architectures. Asked is the images' own registry, with docker,
skopeo or crane, whichever there is. Run it again to renew: tags stay beside the digests.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parents[1]
FILES = ("Dockerfile", "compose.yaml")
SECONDS = 120

IMAGE = re.compile(
    r"(?P<before>(?:ARG PYTHON_IMAGE=|\$\{(?:PYTHON|POSTGRES)_IMAGE:-))"
    r"(?P<tagged>[a-z0-9./_-]+:[\w.-]+)(?:@sha256:[0-9a-f]{64})?"
)
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")

WAYS: Mapping[str, Callable[[str], tuple[str, ...]]] = {
    "docker": lambda image: (
        *("buildx", "imagetools", "inspect", image),
        *("--format", "{{.Manifest.Digest}}"),
    ),
    "skopeo": lambda image: (
        *("inspect", "--no-tags", "--format", "{{.Digest}}"),
        f"docker://{_whole(image)}",
    ),
    "crane": lambda image: ("digest", image),
}
"""What each program is asked for the digest of an image's index."""


@click.command()
def main() -> None:
    """Write the digests of today into both files."""
    digests: dict[str, str] = {}
    texts = {name: pinned((ROOT / name).read_text("utf-8"), digests) for name in FILES}
    for name, text in texts.items():
        (ROOT / name).write_text(text, "utf-8")
    for image, digest in digests.items():
        click.echo(f"{image} is {digest}")


def pinned(text: str, digests: dict[str, str]) -> str:
    """Return a file's text with a digest behind each image.

    Args:
        text: of a Dockerfile or a compose file.
        digests: by image with its tag; those that are not there are looked up and put there.

    Raises:
        ClickException: a registry could not be asked.
    """

    def with_digest(found: re.Match[str]) -> str:
        image = found["tagged"]
        if image not in digests:
            digests[image] = looked_up(image)
        return f"{found['before']}{image}@{digests[image]}"

    return IMAGE.sub(with_digest, text)


def looked_up(image: str) -> str:
    """Return the digest an image's tag has now.

    Raises:
        ClickException: there is no program to ask with, or none gets an answer.
    """
    tried = []
    for program, arguments in WAYS.items():
        if (path := shutil.which(program)) is None:
            continue
        ended = subprocess.run(  # noqa: S603 - this module's own words
            (path, *arguments(image)),
            check=False,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        if ended.returncode == 0 and (found := DIGEST.search(ended.stdout)):
            return found[0]
        tried.append(program)
    reason = (
        f"{' and '.join(tried)} got no answer" if tried else "docker, skopeo or crane is needed"
    )
    raise click.ClickException(f"no digest of {image} is known: {reason}; nothing was pinned")


def _whole(image: str) -> str:
    """Return an image's name with its registry, which docker alone may leave out."""
    registry, slash, _ = image.partition("/")
    if slash and "." in registry:
        return image
    return f"docker.io/{image if slash else f'library/{image}'}"


if __name__ == "__main__":
    main()
