"""Something is always to be seen: behind what is transparent, and of an animation."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image, ImageDraw

from bot.domain.errors import InvalidImageError
from bot.domain.requests.pictures import PictureNote
from bot.media import frames
from bot.media.images import FittedPicture, prepare_pictures
from tests.media.malformed_inputs import H, W, heic, save, scene

FIRST, VISIBLE = PictureNote.FIRST_OF_ANIMATION, PictureNote.FIRST_VISIBLE_OF_ANIMATION
Colour = tuple[int, int, int]


def prepare(data: bytes) -> FittedPicture:
    (picture,), _ = prepare_pictures([("image", data)])
    return picture


def problem_of(data: bytes) -> str:
    with pytest.raises(InvalidImageError) as caught:
        prepare(data)
    return caught.value.problem


def pixel(picture: FittedPicture, across: float, down: float) -> Colour:
    with Image.open(BytesIO(picture.jpeg)) as image:
        at = (int(across * (image.width - 1)), int(down * (image.height - 1)))
        red, green, blue = image.convert("RGB").getpixel(at)  # type: ignore[misc] # RGB
    return red, green, blue


def is_near(found: Colour, wanted: Colour) -> bool:
    return all(abs(one - other) <= 12 for one, other in zip(found, wanted, strict=True))


def drawing(*colours: str, mode: str = "RGBA") -> Image.Image:
    """Draw a thick line of each colour, from left to right on nothing."""
    image = Image.new("RGBA", (W, H))
    draw = ImageDraw.Draw(image)
    for number, colour in enumerate(colours):
        top = H * (number + 1) // (len(colours) + 1)
        draw.line((40, top, W - 40, top), fill=colour, width=20)
    return image.convert(mode)


# --- the ground ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("colours", "note", "ground"),
    [
        pytest.param(["white"], PictureNote.FLATTENED_DARK, 32, id="white"),
        pytest.param(["#eee", "#ffffe0"], PictureNote.FLATTENED_DARK, 32, id="nearly white"),
        pytest.param(["white", "red"], PictureNote.FLATTENED_DARK, 32, id="a white and a red line"),
        pytest.param(["black"], PictureNote.FLATTENED, 255, id="black"),
        pytest.param(["white", "black"], PictureNote.FLATTENED, 255, id="as much black as white"),
        pytest.param(["red", "blue", "green", "white"], PictureNote.FLATTENED, 255, id="colours"),
        pytest.param(["#888"], PictureNote.FLATTENED, 255, id="grey"),
    ],
)
@pytest.mark.parametrize("write", ["PNG", "WEBP", "HEIC", "LA"])
def test_the_ground_is_one_that_the_drawing_stands_out_from(
    colours: list[str], note: PictureNote, ground: int, write: str
) -> None:
    if write == "HEIC":
        data = heic(drawing(*colours))
    elif write == "LA":
        data = save(drawing(*colours, mode="LA"), "PNG")
    else:
        data = save(drawing(*colours), write, lossless=True)
    picture = prepare(data)
    assert picture.notes == (note,)
    assert is_near(pixel(picture, 0.5, 0.02), (ground,) * 3)


def test_a_white_line_is_to_be_seen() -> None:
    picture = prepare(save(drawing("white"), "PNG"))
    assert is_near(pixel(picture, 0.5, 0.5), (255, 255, 255))


def test_a_faint_white_drawing_is_set_on_dark() -> None:
    image = drawing("white")
    image.putalpha(image.getchannel("A").point(lambda alpha: alpha // 4))
    assert prepare(save(image, "PNG")).notes == (PictureNote.FLATTENED_DARK,)


def test_colours_under_what_is_clear_do_not_count() -> None:
    image = Image.new("RGBA", (W, H), (255, 255, 255, 0))
    image.paste((0, 0, 0, 255), (100, 100, 200, 200))
    assert prepare(save(image, "PNG")).notes == (PictureNote.FLATTENED,)


def test_a_palette_with_a_clear_colour_has_a_ground_too() -> None:
    image = Image.new("P", (W, H), 0)
    image.putpalette([0, 0, 0, 255, 255, 255])
    image.paste(1, (100, 100, 400, 300))
    picture = prepare(save(image, "GIF", transparency=0))
    assert picture.notes == (PictureNote.FLATTENED_DARK,)
    assert is_near(pixel(picture, 0.02, 0.02), (32, 32, 32))


# --- nothing to be seen ----------------------------------------------------------------------


@pytest.mark.parametrize("form", ["PNG", "WEBP", "GIF", "HEIC", "AVIF"])
def test_what_is_transparent_all_over_is_refused(form: str) -> None:
    clear = Image.new("RGBA", (W, H), (200, 100, 50, 0))
    data = heic(clear) if form == "HEIC" else save(clear, form)
    assert problem_of(data) == "transparent"


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK", "P", "1"])
@pytest.mark.parametrize("level", [0, 255])
def test_one_single_colour_is_refused(mode: str, level: int) -> None:
    image = Image.new("L", (W, H), level).convert(mode)
    assert problem_of(save(image, "TIFF")) == "one_colour"


@pytest.mark.parametrize("quality", [10, 75, 95])
def test_what_jpeg_makes_of_one_colour_is_one_colour(quality: int) -> None:
    grain = Image.effect_noise((W, H), 3).point(lambda level: 200 + (level - 128) // 2)
    image = Image.merge("RGB", (grain, grain.point(lambda level: level - 60), grain))
    assert problem_of(save(image, "JPEG", quality=quality)) == "one_colour"


def test_one_colour_on_a_ground_of_the_same_is_one_colour() -> None:
    image = Image.new("RGBA", (W, H), (255, 255, 255, 255))
    image.paste((128, 128, 128, 255), (0, 0, W, H // 2))
    image.putalpha(Image.new("L", (W, H), 9))
    assert problem_of(save(image, "PNG")) == "one_colour"


@pytest.mark.parametrize("form", ["PNG", "JPEG", "HEIC"])
def test_a_little_on_one_colour_is_a_picture(form: str) -> None:
    image = Image.new("RGB", (W, H), "white")
    ImageDraw.Draw(image).line((300, 200, 320, 220), fill=(180, 180, 180), width=3)
    prepare(heic(image) if form == "HEIC" else save(image, form))


# --- animations ------------------------------------------------------------------------------


def animation(form: str, *images: Image.Image) -> bytes:
    return save(images[0], form, save_all=True, append_images=images[1:], duration=40)


def blank(colour: str | None = None) -> Image.Image:
    return Image.new("RGBA", (W, H), (0, 0, 0, 0) if colour is None else colour)


@pytest.mark.parametrize("form", ["PNG", "WEBP", "GIF", "AVIF"])
@pytest.mark.parametrize("begin", [None, "white", "black"])
def test_the_first_frame_that_shows_something_is_taken(form: str, begin: str | None) -> None:
    other = blank("#010101" if begin == "black" else "#fefefe" if begin else None)
    first, second = blank(begin), other
    picture = prepare(animation(form, first, second, scene(mode="RGBA"), blank("red")))
    assert picture.notes[0] == VISIBLE
    assert is_near(pixel(picture, 0.1, 0.1), (255, 0, 0))
    assert is_near(pixel(picture, 0.9, 0.1), (0, 255, 0))


@pytest.mark.parametrize("form", ["PNG", "WEBP", "GIF"])
def test_an_animation_of_nothing_is_refused_as_its_first_frame(form: str) -> None:
    white, grey = Image.new("RGB", (W, H), "white"), Image.new("RGB", (W, H), "gray")
    assert problem_of(animation(form, white, grey, white)) == "one_colour"


def test_frames_are_looked_at_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "MOST_FRAMES", 3)
    blanks = [Image.new("RGB", (W, H), colour) for colour in ("white", "gray", "white")]
    assert problem_of(animation("GIF", *blanks, scene())) == "one_colour"
    assert prepare(animation("GIF", *blanks[1:], scene())).notes == (VISIBLE,)


def test_a_damaged_frame_behind_an_empty_one_decides_nothing() -> None:
    data = animation("GIF", Image.new("RGB", (W, H), "white"), scene())
    assert problem_of(data[: len(data) * 2 // 3]) in {"one_colour", "truncated"}


def test_what_an_animated_png_shows_to_others_is_no_part_of_it() -> None:
    other = Image.new("RGB", (W, H), "black")
    other.paste("white", (0, 0, 300, 300))
    data = save(
        other,
        "PNG",
        save_all=True,
        default_image=True,
        append_images=[scene(), Image.new("RGB", (W, H), "gray")],
    )
    picture = prepare(data)
    assert picture.notes == (FIRST,)
    assert is_near(pixel(picture, 0.1, 0.1), (255, 0, 0))


def test_a_page_of_another_size_is_checked_as_well() -> None:
    white, long = Image.new("RGB", (W, H), "white"), scene(2400, 240)
    assert problem_of(save(white, "TIFF", save_all=True, append_images=[long])) == "one_colour"
