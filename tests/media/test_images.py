from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from bot.domain.errors import InvalidImageError
from bot.domain.requests.pictures import PictureNote
from bot.media.images import (
    MAX_JPEG_BYTES,
    MAX_PREVIEW_BYTES,
    FittedPicture,
    prepare_pictures,
)
from tests.media import malformed_inputs
from tests.media.malformed_inputs import MALFORMED_INPUTS, MalformedInput, png, save, scene

Colour = tuple[int, int, int]


def prepare(data: bytes) -> FittedPicture:
    (picture,), _ = prepare_pictures([("image", data)])
    return picture


def opened(jpeg: bytes) -> Image.Image:
    with Image.open(BytesIO(jpeg)) as image:
        image.load()
        return image.convert("RGB")


def colour(picture: FittedPicture, across: float, down: float) -> Colour:
    image = opened(picture.jpeg)
    found = image.getpixel((int(across * (image.width - 1)), int(down * (image.height - 1))))
    assert isinstance(found, tuple)
    return found[0], found[1], found[2]


def is_near(found: Colour, wanted: Colour, *, within: int = 12) -> bool:
    return all(abs(one - other) <= within for one, other in zip(found, wanted, strict=True))


def assert_fits(picture: FittedPicture) -> None:
    assert len(picture.jpeg) <= MAX_JPEG_BYTES
    with Image.open(BytesIO(picture.jpeg)) as image:
        image.load()
        assert (image.format, image.mode) == ("JPEG", "RGB")
        assert image.size == (picture.width, picture.height)
        assert all(360 <= side <= 2000 for side in image.size)
        assert not image.getexif()
        assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert b"Exif" not in picture.jpeg
    assert b"Secret" not in picture.jpeg


def test_there_are_enough_malformed_inputs_and_their_names_are_unique() -> None:
    assert len({case.name for case in MALFORMED_INPUTS}) == len(MALFORMED_INPUTS) >= 60


@pytest.mark.parametrize("case", MALFORMED_INPUTS, ids=lambda case: case.name)
def test_a_malformed_picture_fits_or_is_refused_by_name(case: MalformedInput) -> None:
    data = case.make()
    if isinstance(case.expected, str):
        with pytest.raises(InvalidImageError) as caught:
            prepare(data)
        assert (caught.value.option, caught.value.problem) == ("image", case.expected)
        return
    picture = prepare(data)
    assert_fits(picture)
    assert set(picture.notes) == case.expected
    assert len(picture.notes) == len(set(picture.notes))


@pytest.mark.parametrize("number", range(1, 9))
def test_every_orientation_is_turned_upright(number: int) -> None:
    picture = prepare(malformed_inputs.turned(number))
    assert (picture.width, picture.height) == (640, 480)
    assert is_near(colour(picture, 0.2, 0.2), (255, 0, 0))
    assert is_near(colour(picture, 0.8, 0.2), (0, 255, 0))
    assert is_near(colour(picture, 0.2, 0.8), (0, 0, 255))


def test_turned_tiff_is_turned_once() -> None:
    picture = prepare(malformed_inputs.tiff(scene(480, 640), tiffinfo={0x0112: 6}))
    assert (picture.width, picture.height) == (640, 480)
    assert is_near(colour(picture, 0.8, 0.2), (255, 0, 0))


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        pytest.param(malformed_inputs.cmyk_jpeg(), (255, 0, 0), id="cmyk"),
        pytest.param(malformed_inputs.tiff(scene().convert("CMYK")), (255, 0, 0), id="cmyk_tiff"),
        pytest.param(malformed_inputs.grey_16(), (128, 128, 128), id="grey_16_png"),
        pytest.param(malformed_inputs.grey_16("TIFF"), (128, 128, 128), id="grey_16_tiff"),
        pytest.param(malformed_inputs.rgb_16_png(), (255, 0, 128), id="rgb_16"),
        pytest.param(malformed_inputs.rgba_16_png(), (255, 255, 255), id="rgba_16"),
        pytest.param(
            malformed_inputs.tiff(malformed_inputs.halves("F", 0.5)),
            (128, 128, 128),
            id="float_to_1",
        ),
        pytest.param(
            malformed_inputs.tiff(malformed_inputs.halves("F", 128.0)),
            (128, 128, 128),
            id="float_to_255",
        ),
        pytest.param(
            malformed_inputs.tiff(malformed_inputs.halves("I", 2**30)),
            (128, 128, 128),
            id="integer",
        ),
        pytest.param(
            save(malformed_inputs.translucent("RGBA"), "PNG"), (255, 255, 255), id="alpha"
        ),
        pytest.param(
            save(malformed_inputs.translucent("LA"), "PNG"), (255, 255, 255), id="grey_alpha"
        ),
        pytest.param(malformed_inputs.bmp(32), (255, 0, 0), id="bmp_32"),
        pytest.param(malformed_inputs.animated("GIF"), (255, 0, 0), id="gif"),
        pytest.param(malformed_inputs.animated("WEBP"), (255, 0, 0), id="webp"),
        pytest.param(malformed_inputs.animated("PNG"), (255, 0, 0), id="apng"),
        pytest.param(
            save(scene(), "JPEG", icc_profile=malformed_inputs.wide_profile(), quality=95),
            (0, 255, 0),
            id="profile_is_obeyed",
        ),
        pytest.param(
            save(scene(), "JPEG", icc_profile=b"nonsense" * 50), (255, 0, 0), id="broken_profile"
        ),
    ],
)
def test_colours_are_kept(data: bytes, wanted: Colour) -> None:
    assert is_near(colour(prepare(data), 0.1, 0.1), wanted)


def test_half_transparent_is_mixed_with_white() -> None:
    image = malformed_inputs.halves("RGBA", (0, 0, 0, 128), (0, 0, 0, 255))
    assert is_near(colour(prepare(save(image, "PNG")), 0.5, 0.2), (127, 127, 127))


def test_refusal_states_its_figures() -> None:
    with pytest.raises(InvalidImageError) as caught:
        prepare(malformed_inputs.png_of(50_000, 50_000))
    assert caught.value.facts == {"megapixels": 2500, "limit": 40}
    with pytest.raises(InvalidImageError) as caught:
        prepare(png(239, 300))
    assert caught.value.facts == {"width": 239, "height": 300, "limit": 240}
    with pytest.raises(InvalidImageError) as caught:
        prepare(malformed_inputs.exactly(malformed_inputs.LIMIT + 1))
    assert caught.value.facts == {"limit_mib": 25}


def test_refusal_names_the_option_of_the_bad_picture() -> None:
    with pytest.raises(InvalidImageError) as caught:
        prepare_pictures([("first_frame", png()), ("last_frame", malformed_inputs.HTML)])
    assert caught.value.option == "last_frame"


def test_size_in_the_header_is_refused_before_a_pixel_is_decoded() -> None:
    # One row of data; a decoder that began would call it truncated.
    data = malformed_inputs.png_of(30_000, 30_000, malformed_inputs.chunk(b"IDAT", b"\x78\x9c"))
    with pytest.raises(InvalidImageError) as caught:
        prepare(data)
    assert caught.value.problem == "too_many_pixels"


def test_forty_megapixels_are_taken_and_scaled_down() -> None:
    image = Image.new("RGB", (8000, 5000), "teal")
    image.paste("white", (0, 0, 4000, 5000))
    picture = prepare(save(image, "PNG", compress_level=1))
    assert (picture.width, picture.height) == (2000, 1250)
    assert picture.notes == (PictureNote.SCALED_DOWN,)


def test_large_jpeg_is_scaled_from_a_smaller_decode_without_shift() -> None:
    picture = prepare(malformed_inputs.jpeg(4032, 3024))
    assert (picture.width, picture.height) == (2000, 1500)
    assert is_near(colour(picture, 0.49, 0.49), (255, 0, 0))
    assert is_near(colour(picture, 0.51, 0.51), (255, 255, 0))


# --- the ratio of the second picture ---------------------------------------------------------


def pair(first: tuple[int, int], second: tuple[int, int]) -> tuple[FittedPicture, FittedPicture]:
    (one, other), _ = prepare_pictures([("first_frame", png(*first)), ("last_frame", png(*second))])
    assert_fits(one)
    assert_fits(other)
    assert other.width / other.height == pytest.approx(one.width / one.height, rel=0.01)
    return one, other


def test_same_ratio_is_left_alone() -> None:
    _, other = pair((1280, 720), (640, 360))
    assert (other.width, other.height, other.notes) == (640, 360, ())


def test_rounding_of_the_ratio_is_not_worth_a_word() -> None:
    _, other = pair((1280, 720), (1281, 720))
    assert other.notes == ()


@pytest.mark.parametrize("second", [(1200, 900), (900, 600), (1000, 430)])
def test_near_ratio_is_cropped_from_the_middle(second: tuple[int, int]) -> None:
    _, other = pair((1280, 720), second)
    assert PictureNote.CROPPED in other.notes
    assert PictureNote.PADDED not in other.notes
    assert is_near(colour(other, 0.02, 0.02), (255, 0, 0))
    assert is_near(colour(other, 0.98, 0.98), (255, 255, 0))


def test_a_quarter_is_cropped_and_more_is_padded() -> None:
    _, quarter = pair((1000, 1000), (1000, 750))
    assert quarter.notes == (PictureNote.CROPPED,)
    _, more = pair((1000, 1000), (1000, 740))
    assert more.notes == (PictureNote.PADDED,)


@pytest.mark.parametrize(
    ("first", "second"),
    [((1600, 900), (900, 1600)), ((900, 1600), (1600, 900)), ((1600, 400), (400, 1600))],
)
def test_far_ratio_is_set_whole_on_its_own_edge(
    first: tuple[int, int], second: tuple[int, int]
) -> None:
    _, other = pair(first, second)
    assert other.notes == (PictureNote.PADDED,)
    # The edge goes on in its own colours, and the middle shows all four.
    assert is_near(colour(other, 0.02, 0.02), (255, 0, 0), within=40)
    assert is_near(colour(other, 0.98, 0.98), (255, 255, 0), within=40)


def test_a_cropped_jpeg_is_cropped_in_its_own_pixels() -> None:
    (_, other), _ = prepare_pictures(
        [("first_frame", png(1000, 1000)), ("last_frame", malformed_inputs.jpeg(4000, 3200))]
    )
    assert (other.width, other.height) == (2000, 2000)
    assert is_near(colour(other, 0.49, 0.49), (255, 0, 0))
    assert is_near(colour(other, 0.51, 0.51), (255, 255, 0))


# --- the preview -----------------------------------------------------------------------------


def test_preview_of_two_has_both_and_an_arrow() -> None:
    frame = png(1280, 720)
    _, preview = prepare_pictures([("first_frame", frame), ("last_frame", frame)])
    image = opened(preview)
    assert image.width <= 480
    assert len(preview) <= MAX_PREVIEW_BYTES
    assert is_near(image.getpixel((image.width // 2, image.height // 2)), (255, 255, 255))  # type: ignore[arg-type] # RGB
    assert is_near(image.getpixel((20, 20)), (255, 0, 0))  # type: ignore[arg-type] # RGB
    assert is_near(image.getpixel((image.width - 20, 20)), (0, 255, 0))  # type: ignore[arg-type] # RGB


@pytest.mark.parametrize("size", [(1600, 400), (400, 1600), (2000, 2000)])
def test_preview_of_one_keeps_its_ratio(size: tuple[int, int]) -> None:
    _, preview = prepare_pictures([("image", png(*size))])
    image = opened(preview)
    assert image.width <= 480
    assert image.height <= 270
    assert image.width / image.height == pytest.approx(size[0] / size[1], rel=0.03)


def test_preview_of_noise_is_small() -> None:
    frame = malformed_inputs.noise(2000, 1200)
    _, preview = prepare_pictures([("first_frame", frame), ("last_frame", frame)])
    assert len(preview) <= MAX_PREVIEW_BYTES


# --- how finely colours are kept -------------------------------------------------------------


def red_beside_blue(form: str) -> bytes:
    image = Image.new("RGB", (640, 480), (200, 30, 30))
    image.paste((40, 60, 200), (321, 0, 640, 480))
    return save(image, form, **({"quality": 95, "subsampling": 0} if form == "JPEG" else {}))


def test_a_lossless_picture_keeps_the_edges_of_its_colours() -> None:
    last_red, first_blue = (320, 240), (321, 240)
    fine = opened(prepare(red_beside_blue("PNG")).jpeg)
    assert is_near(fine.getpixel(last_red), (200, 30, 30), within=12)  # type: ignore[arg-type] # RGB
    assert is_near(fine.getpixel(first_blue), (40, 60, 200), within=12)  # type: ignore[arg-type] # RGB
    coarse = opened(prepare(red_beside_blue("JPEG")).jpeg)
    assert not is_near(coarse.getpixel(last_red), (200, 30, 30), within=12)  # type: ignore[arg-type] # RGB


def test_a_lossless_picture_of_too_many_bytes_is_kept_less_finely() -> None:
    assert_fits(prepare(save(Image.effect_noise((2000, 1500), 60).convert("RGB"), "PNG")))
