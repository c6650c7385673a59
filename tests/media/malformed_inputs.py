"""Malformed, unusual and hostile pictures, each made in code: name, bytes, what becomes of them.

An expectation is the key of a refusal, or the set of notes of a picture that was made to fit.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Any

import pillow_heif
from PIL import Image, ImageCms, ImageDraw, PngImagePlugin

from bot.domain.requests.pictures import PictureNote

W, H = 640, 480
UP = frozenset({PictureNote.SCALED_UP})
PLAIN: frozenset[PictureNote] = frozenset()
DOWN = frozenset({PictureNote.SCALED_DOWN})
FLAT = frozenset({PictureNote.FLATTENED})
FIRST = frozenset({PictureNote.FIRST_OF_ANIMATION})
TURNED = frozenset({PictureNote.ROTATED})


@dataclass(frozen=True, slots=True)
class MalformedInput:
    """A picture that few people send, and what must become of it."""

    name: str
    make: Callable[[], bytes]
    expected: str | frozenset[PictureNote]


def scene(width: int = W, height: int = H, mode: str = "RGB") -> Image.Image:
    """Draw a picture whose four corners tell which way is up: red, green, blue, yellow."""
    image = Image.new("RGB", (width, height), "gray")
    draw = ImageDraw.Draw(image)
    half_w, half_h = width // 2, height // 2
    draw.rectangle((0, 0, half_w, half_h), fill=(255, 0, 0))
    draw.rectangle((half_w, 0, width, half_h), fill=(0, 255, 0))
    draw.rectangle((0, half_h, half_w, height), fill=(0, 0, 255))
    draw.rectangle((half_w, half_h, width, height), fill=(255, 255, 0))
    return image.convert(mode)


def save(image: Image.Image, form: str, **options: Any) -> bytes:  # noqa: ANN401 - Pillow's own
    buffer = BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


@cache
def jpeg(width: int = W, height: int = H) -> bytes:
    return save(scene(width, height), "JPEG", quality=90)


@cache
def png(width: int = W, height: int = H) -> bytes:
    return save(scene(width, height), "PNG", compress_level=1)


def chunk(kind: bytes, data: bytes) -> bytes:
    crc = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)


def png_of(width: int, height: int, *chunks: bytes, depth: int = 8, color: int = 2) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + chunk(b"IEND", b"")


def png_with(*extra: bytes) -> bytes:
    """Put chunks behind the header of a good PNG."""
    good = png()
    return good[:33] + b"".join(extra) + good[33:]


def cut(data: bytes, share: float) -> bytes:
    return data[: int(len(data) * share)]


def damaged(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes(64) + data[middle + 64 :]


def turned(orientation: int, form: str = "JPEG") -> bytes:
    """Store a scene so that the EXIF orientation turns it upright again."""
    inverse = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    image = scene() if inverse is None else scene().transpose(inverse)
    exif = Image.Exif()
    exif[0x0112] = orientation
    return save(image, form, exif=exif.tobytes())


def with_gps() -> bytes:
    exif = Image.Exif()
    exif[0x010F] = "SecretMaker"
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 36.0)})
    return save(scene(), "JPEG", exif=exif.tobytes(), comment=b"SecretComment")


def with_app_segments(marker: int, head: bytes, count: int) -> bytes:
    good = jpeg()
    body = head + b"x" * (65533 - len(head))
    segment = bytes((0xFF, marker)) + struct.pack(">H", 65535) + body
    return good[:2] + segment * count + good[2:]


def cmyk_jpeg(*, ycck: bool = False) -> bytes:
    """Make a CMYK JPEG; Pillow inverts as Adobe does and writes the Adobe marker."""
    data = save(scene().convert("CMYK"), "JPEG", quality=95)
    if not ycck:
        return data
    # Transform 2 in the APP14 segment makes a decoder read the planes as YCCK.
    at = data.index(b"Adobe") + 11
    return data[:at] + b"\x02" + data[at + 1 :]


def without_adobe_marker() -> bytes:
    data = save(scene().convert("CMYK"), "JPEG", quality=95)
    at = data.index(b"\xff\xee")
    length = int.from_bytes(data[at + 2 : at + 4], "big")
    return data[:at] + data[at + 2 + length :]


def halves(mode: str, above: Any, below: Any = 0) -> Image.Image:  # noqa: ANN401 - Pillow's own
    """Make a picture of two colours: those of one are refused."""
    image = Image.new(mode, (W, H), above)
    image.paste(below, (0, H // 2, W, H))
    return image


def grey_16(form: str = "PNG", value: int = 32768) -> bytes:
    rows = struct.pack("<H", value) * W * (H // 2) + bytes(W * H)
    return save(Image.frombytes("I;16", (W, H), rows), form)


def rgb_16_png() -> bytes:
    row = b"\x00" + struct.pack(">HHH", 65535, 0, 32768) * W
    rows = row * (H // 2) + bytes(len(row)) * (H // 2)
    return png_of(W, H, chunk(b"IDAT", zlib.compress(rows)), depth=16)


def rgba_16_png() -> bytes:
    clear = b"\x00" + struct.pack(">HHHH", 65535, 0, 0, 0) * W
    solid = b"\x00" + struct.pack(">HHHH", 65535, 0, 0, 65535) * W
    rows = clear * (H // 2) + solid * (H // 2)
    return png_of(W, H, chunk(b"IDAT", zlib.compress(rows)), depth=16, color=6)


def heic(image: Image.Image | None = None, **options: Any) -> bytes:  # noqa: ANN401 - its own
    buffer = BytesIO()
    picture = pillow_heif.from_pillow(image or scene())
    picture.save(buffer, quality=80, enc_params={"preset": "ultrafast"}, **options)
    return buffer.getvalue()


def translucent(mode: str) -> Image.Image:
    image = scene().convert("LA" if mode == "LA" else "RGBA")
    alpha = Image.new("L", image.size, 255)
    ImageDraw.Draw(alpha).rectangle((0, 0, W // 4, H // 4), fill=0)
    image.putalpha(alpha)
    return image


def palette_with_alpha() -> bytes:
    image = scene().quantize(8)
    return save(image, "PNG", transparency=bytes([0, 128, 255, 255, 255, 255, 255, 255]))


def animated(form: str) -> bytes:
    frames = [scene(), Image.new("RGB", (W, H), "black")]
    return save(frames[0], form, save_all=True, append_images=frames[1:], duration=100)


def gif_of_screen(width: int, height: int) -> bytes:
    small = save(scene(240, 240).quantize(16), "GIF")
    return small[:6] + struct.pack("<HH", width, height) + small[10:]


def bmp(bits: int, *, rle: bool = False) -> bytes:
    if rle:
        rows = b"".join(bytes((255, 1, 245, 2, 0, 0)) for _ in range(500)) + b"\x00\x01"
        palette = b"\x00\x00\x00\x00" + b"\x00\x00\xff\x00" + b"\xff\x00\x00\x00"
        offset = 14 + 40 + len(palette)
        head = struct.pack("<IiiHHIIiiII", 40, 500, 500, 1, 8, 1, len(rows), 0, 0, 3, 0)
        size = offset + len(rows)
        return b"BM" + struct.pack("<IHHI", size, 0, 0, offset) + head + palette + rows
    return save(scene().convert({1: "1", 8: "L", 24: "RGB", 32: "RGBA"}[bits]), "BMP")


def tiff(image: Image.Image, **options: Any) -> bytes:  # noqa: ANN401 - Pillow's own options
    return save(image, "TIFF", **options)


def tiff_of_tags(*tags: tuple[int, int, int, int]) -> bytes:
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return b"II*\x00" + struct.pack("<IH", 8, len(tags)) + entries + struct.pack("<I", 0)


def webp(*, lossless: bool = False, alpha: bool = False) -> bytes:
    return save(translucent("RGBA") if alpha else scene(), "WEBP", lossless=lossless)


def webp_of_canvas(width: int, height: int) -> bytes:
    body = b"\x02\x00\x00\x00" + (width - 1).to_bytes(3, "little")
    body += (height - 1).to_bytes(3, "little")
    payload = b"WEBPVP8X" + struct.pack("<I", 10) + body
    return b"RIFF" + struct.pack("<I", len(payload)) + payload


def iso(brand: bytes, *brands: bytes) -> bytes:
    body = brand + b"\x00\x00\x00\x00" + b"".join(brands)
    return struct.pack(">I", 8 + len(body)) + b"ftyp" + body + bytes(2048)


@cache
def wide_profile() -> bytes:
    """Make an ICC profile that swaps red and green: whoever ignores it is found out."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    places = {}
    for number in range(int.from_bytes(data[128:132], "big")):
        at = 132 + 12 * number
        places[bytes(data[at : at + 4])] = (
            int.from_bytes(data[at + 4 : at + 8], "big"),
            int.from_bytes(data[at + 8 : at + 12], "big"),
        )
    red, green = places[b"rXYZ"], places[b"gXYZ"]
    first, second = (bytes(data[at : at + size]) for at, size in (red, green))
    data[red[0] : sum(red)], data[green[0] : sum(green)] = second, first
    at, size = places[b"desc"]
    data[at : at + size] = bytes(data[at : at + size]).replace(b"s\0R\0G\0B", b"x\0R\0G\0B")
    return bytes(data)


def png_texts(size: int) -> bytes:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("workflow", "x" * size, zip=True)
    return save(scene(), "PNG", pnginfo=texts)


def broken_crc() -> bytes:
    data = bytearray(png())
    data[29] ^= 0xFF
    return bytes(data)


def noise(width: int, height: int) -> bytes:
    return save(Image.effect_noise((width, height), 100), "JPEG", quality=100)


def exactly(size: int) -> bytes:
    return jpeg() + bytes(size - len(jpeg()))


SVG = b'<?xml version="1.0"?>\n<!-- c --><svg xmlns="http://www.w3.org/2000/svg"></svg>'
HTML = b"<!DOCTYPE html><html><head><title>404</title></head></html>"
LIMIT = 25 * 1024 * 1024

MALFORMED_INPUTS: tuple[MalformedInput, ...] = (
    # nothing, or no picture at all
    MalformedInput("empty", lambda: b"", "empty"),
    MalformedInput("one_byte", lambda: b"\xff", "not_an_image"),
    MalformedInput("zeros", lambda: bytes(4096), "not_an_image"),
    MalformedInput("json", lambda: b'{"error": "gone"}', "not_an_image"),
    MalformedInput("text", lambda: b"These are words and no picture.", "not_an_image"),
    MalformedInput("html", lambda: HTML, "html"),
    MalformedInput("html_with_bom", lambda: b"\xef\xbb\xbf\n  " + HTML, "html"),
    MalformedInput("html_with_inline_svg", lambda: HTML + SVG, "html"),
    MalformedInput("svg", lambda: SVG, "svg"),
    MalformedInput("svg_utf_16", lambda: b"\xff\xfe" + SVG.decode().encode("utf-16-le"), "svg"),
    MalformedInput("svgz", lambda: gzip.compress(SVG), "svg"),
    MalformedInput("gzip_bomb", lambda: gzip.compress(bytes(50_000_000)), "archive"),
    MalformedInput("gzip_cut", lambda: b"\x1f\x8b\x08", "archive"),
    MalformedInput("pdf", lambda: b"%PDF-1.7\n" + bytes(100), "pdf"),
    MalformedInput("zip", lambda: b"PK\x03\x04" + bytes(100), "archive"),
    MalformedInput("mp4", lambda: iso(b"isom", b"avc1"), "video"),
    MalformedInput("matroska", lambda: b"\x1a\x45\xdf\xa3" + bytes(100), "video"),
    MalformedInput("avi", lambda: b"RIFF\x00\x01\x00\x00AVI LIST", "video"),
    MalformedInput("wav", lambda: b"RIFF\x00\x01\x00\x00WAVEfmt ", "audio"),
    MalformedInput("mp3", lambda: b"ID3\x04\x00" + bytes(100), "audio"),
    MalformedInput("m4a", lambda: iso(b"M4A ", b"isom"), "audio"),
    MalformedInput("executable", lambda: b"\x7fELF" + bytes(100), "not_an_image"),
    # pictures that are recognised and not taken
    MalformedInput("jpeg_2000", lambda: save(scene(), "JPEG2000"), "unsupported_format"),
    MalformedInput("jpeg_xl", lambda: b"\xff\x0a" + bytes(100), "unsupported_format"),
    MalformedInput("psd", lambda: b"8BPS\x00\x01" + bytes(100), "unsupported_format"),
    MalformedInput("ico", lambda: save(scene(256, 256), "ICO"), "unsupported_format"),
    MalformedInput("postscript", lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n", "unsupported_format"),
    MalformedInput(
        "dng", lambda: tiff(scene(), tiffinfo={0xC612: b"\x01\x04\x00\x00"}), "unsupported_format"
    ),
    # cut and damaged
    MalformedInput("jpeg_cut_in_half", lambda: cut(jpeg(), 0.5), "truncated"),
    MalformedInput("jpeg_header_alone", lambda: jpeg()[:100], "truncated"),
    MalformedInput("jpeg_magic_alone", lambda: b"\xff\xd8\xff\xe0", "truncated"),
    MalformedInput("png_cut_in_half", lambda: cut(png(), 0.5), "truncated"),
    MalformedInput("png_signature_alone", lambda: png()[:8], "truncated"),
    MalformedInput("png_without_data", lambda: png_of(W, H), "decoder_failed"),
    MalformedInput("webp_cut", lambda: cut(webp(), 0.5), "truncated"),
    MalformedInput("gif_cut", lambda: cut(save(scene(), "GIF"), 0.5), "truncated"),
    MalformedInput("bmp_cut", lambda: cut(bmp(24), 0.5), "truncated"),
    MalformedInput("avif_cut", lambda: cut(save(scene(), "AVIF"), 0.5), "truncated"),
    MalformedInput("heic_cut", lambda: cut(heic(), 0.5), "truncated"),
    MalformedInput("heic_of_nothing", lambda: iso(b"heic", b"mif1", b"heic"), "decoder_failed"),
    MalformedInput("heif_of_nothing", lambda: iso(b"mif1", b"heic"), "decoder_failed"),
    MalformedInput("png_damaged_in_the_middle", lambda: damaged(png()), "decoder_failed"),
    MalformedInput(
        "webp_damaged_in_the_middle", lambda: damaged(webp(lossless=True)), "decoder_failed"
    ),
    MalformedInput("png_crc_of_header", broken_crc, "decoder_failed"),
    MalformedInput("png_of_no_width", lambda: png_of(0, 500), "decoder_failed"),
    MalformedInput("png_of_odd_depth", lambda: png_of(W, H, depth=7), "decoder_failed"),
    MalformedInput(
        "png_with_broken_stream",
        lambda: png_of(W, H, chunk(b"IDAT", b"not zlib" * 50)),
        "decoder_failed",
    ),
    MalformedInput(
        "tiff_of_crazy_tags",
        lambda: tiff_of_tags((256, 4, 1, 500), (257, 4, 0xFFFFFFF, 9), (273, 4, 9, 2**32 - 1)),
        "decoder_failed",
    ),
    MalformedInput("tiff_without_directory", lambda: b"II*\x00\xff\xff\xff\x7f", "decoder_failed"),
    # bombs
    MalformedInput(
        "png_header_of_2500_megapixels", lambda: png_of(50_000, 50_000), "too_many_pixels"
    ),
    MalformedInput("png_of_41_megapixels", lambda: png_of(8200, 5000), "too_many_pixels"),
    MalformedInput("png_of_one_pixel_too_many", lambda: png_of(40_000_001, 1), "too_many_pixels"),
    MalformedInput(
        "gif_of_a_huge_screen", lambda: gif_of_screen(65_535, 65_535), "too_many_pixels"
    ),
    MalformedInput(
        "webp_of_a_huge_canvas", lambda: webp_of_canvas(16_383, 16_383), "too_many_pixels"
    ),
    MalformedInput(
        "png_bomb_behind_a_small_header",
        lambda: png_of(W, H, chunk(b"IDAT", zlib.compress(bytes(60_000_000)))),
        "one_colour",
    ),
    MalformedInput("png_text_bomb", lambda: png_texts(20_000_000), PLAIN),
    MalformedInput(
        "png_icc_bomb",
        lambda: png_with(chunk(b"iCCP", b"p\x00\x00" + zlib.compress(bytes(20_000_000)))),
        PLAIN,
    ),
    MalformedInput("one_byte_too_many", lambda: exactly(LIMIT + 1), "too_large"),
    MalformedInput("as_many_bytes_as_allowed", lambda: exactly(LIMIT), PLAIN),
    # sizes and ratios
    MalformedInput("one_pixel", lambda: png(1, 1), "too_small"),
    MalformedInput("239_pixels", lambda: png(239, 300), "too_small"),
    MalformedInput("240_pixels", lambda: png(240, 300), UP),
    MalformedInput("359_pixels", lambda: png(400, 359), UP),
    MalformedInput("360_pixels", lambda: png(360, 400), PLAIN),
    MalformedInput("2000_pixels", lambda: png(2000, 1000), PLAIN),
    MalformedInput("2001_pixels", lambda: png(2001, 1000), DOWN),
    MalformedInput("4_to_1", lambda: png(1600, 400), PLAIN),
    MalformedInput("1_to_4_small", lambda: png(240, 960), UP),
    MalformedInput("more_than_4_to_1", lambda: png(1604, 400), "too_elongated"),
    MalformedInput("8000_to_300", lambda: png(8000, 300), "too_elongated"),
    MalformedInput("noise_of_four_megapixels", lambda: noise(2000, 2000), PLAIN),
    # colours
    MalformedInput("cmyk", cmyk_jpeg, PLAIN),
    MalformedInput("ycck", lambda: cmyk_jpeg(ycck=True), PLAIN),
    MalformedInput("cmyk_without_adobe_marker", without_adobe_marker, PLAIN),
    MalformedInput("grey_jpeg", lambda: save(scene(mode="L"), "JPEG"), PLAIN),
    MalformedInput("grey_16_png", grey_16, PLAIN),
    MalformedInput("grey_16_tiff", lambda: grey_16("TIFF"), PLAIN),
    MalformedInput("rgb_16_png", rgb_16_png, PLAIN),
    MalformedInput("rgba_16_png", rgba_16_png, FLAT),
    MalformedInput("integer_tiff", lambda: tiff(halves("I", 2**30)), PLAIN),
    MalformedInput("float_tiff", lambda: tiff(halves("F", 0.5)), PLAIN),
    MalformedInput("float_tiff_of_nan", lambda: tiff(halves("F", float("nan"), 0.5)), PLAIN),
    MalformedInput("float_tiff_of_infinity", lambda: tiff(halves("F", float("inf"))), PLAIN),
    MalformedInput("lab_tiff", lambda: tiff(halves("LAB", (128, 128, 128), (0, 128, 128))), PLAIN),
    MalformedInput("cmyk_tiff", lambda: tiff(scene().convert("CMYK")), PLAIN),
    MalformedInput("one_bit_png", lambda: save(scene(mode="1"), "PNG"), PLAIN),
    MalformedInput("palette_png", lambda: save(scene().quantize(8), "PNG"), PLAIN),
    MalformedInput("palette_png_with_alpha", palette_with_alpha, FLAT),
    MalformedInput(
        "png_with_transparent_colour", lambda: save(scene(), "PNG", transparency=(255, 0, 0)), FLAT
    ),
    MalformedInput("grey_with_alpha", lambda: save(translucent("LA"), "PNG"), FLAT),
    MalformedInput("rgba", lambda: save(translucent("RGBA"), "PNG"), FLAT),
    MalformedInput("rgba_without_a_hole", lambda: save(scene(mode="RGBA"), "PNG"), PLAIN),
    MalformedInput(
        "foreign_profile", lambda: save(scene(), "JPEG", icc_profile=wide_profile()), PLAIN
    ),
    MalformedInput(
        "broken_profile", lambda: save(scene(), "JPEG", icc_profile=b"nonsense" * 50), PLAIN
    ),
    MalformedInput(
        "profile_of_other_space",
        lambda: save(scene(mode="L"), "JPEG", icc_profile=wide_profile()),
        PLAIN,
    ),
    # formats and their corners
    MalformedInput("progressive_jpeg", lambda: save(scene(), "JPEG", progressive=True), PLAIN),
    MalformedInput("jpeg_with_trailing_garbage", lambda: jpeg() + b"<?php evil(); ?>" * 100, PLAIN),
    MalformedInput(
        "jpeg_with_huge_exif",
        lambda: with_app_segments(0xE1, b"Exif\x00\x00MM\x00*\xff\xff\xff\xff", 20),
        PLAIN,
    ),
    MalformedInput(
        "jpeg_with_huge_xmp",
        lambda: with_app_segments(0xE1, b"http://ns.adobe.com/xap/1.0/\x00", 20),
        PLAIN,
    ),
    MalformedInput("jpeg_with_place", with_gps, PLAIN),
    MalformedInput(
        "mpo", lambda: save(scene(), "MPO", save_all=True, append_images=[scene()]), PLAIN
    ),
    MalformedInput("jpeg_called_png", jpeg, PLAIN),
    MalformedInput("webp", webp, PLAIN),
    MalformedInput("webp_lossless", lambda: webp(lossless=True), PLAIN),
    MalformedInput("webp_alpha", lambda: webp(alpha=True), FLAT),
    MalformedInput("avif", lambda: save(scene(), "AVIF"), PLAIN),
    MalformedInput("heic", heic, PLAIN),
    MalformedInput("heic_grey", lambda: heic(scene(mode="L")), PLAIN),
    MalformedInput("heic_alpha", lambda: heic(translucent("RGBA")), FLAT),
    MalformedInput("bmp_1_bit", lambda: bmp(1), PLAIN),
    MalformedInput("bmp_8_bit", lambda: bmp(8), PLAIN),
    MalformedInput("bmp_24_bit", lambda: bmp(24), PLAIN),
    MalformedInput("bmp_32_bit", lambda: bmp(32), PLAIN),
    MalformedInput("bmp_rle", lambda: bmp(8, rle=True), PLAIN),
    MalformedInput("tiff_lzw", lambda: tiff(scene(), compression="tiff_lzw"), PLAIN),
    MalformedInput("tiff_jpeg", lambda: tiff(scene(), compression="jpeg"), PLAIN),
    MalformedInput(
        "tiff_of_two_pages", lambda: tiff(scene(), save_all=True, append_images=[scene()]), FIRST
    ),
    MalformedInput("tiff_turned", lambda: tiff(scene(H, W), tiffinfo={0x0112: 6}), TURNED),
    MalformedInput("gif", lambda: save(scene(), "GIF"), PLAIN),
    MalformedInput("gif_animated", lambda: animated("GIF"), FIRST),
    MalformedInput("gif_polyglot_html", lambda: save(scene(), "GIF", comment=HTML) + HTML, PLAIN),
    MalformedInput("webp_animated", lambda: animated("WEBP"), FIRST),
    MalformedInput("apng", lambda: animated("PNG"), FIRST),
    MalformedInput("avif_animated", lambda: animated("AVIF"), FIRST),
    *(
        MalformedInput(
            f"orientation_{number}",
            lambda number=number: turned(number),  # type: ignore[misc] # bound default
            TURNED if number > 1 else PLAIN,
        )
        for number in range(1, 9)
    ),
    MalformedInput("png_orientation_6", lambda: turned(6, "PNG"), TURNED),
    MalformedInput("webp_orientation_8", lambda: turned(8, "WEBP"), TURNED),
    MalformedInput(
        "orientation_of_nonsense",
        lambda: save(scene(), "JPEG", exif=b"Exif\x00\x00II*\x00\x08\x00\x00\x00\xff\xff\x12\x01"),
        PLAIN,
    ),
)
