"""Pictures brought to sRGB, whatever colours they are in.

Those told by an ICC profile are littlecms's work. The arithmetic for those told by numbers is in
``colour_spaces``, and is loaded for the few pictures that need it.
"""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageCms

from bot.media.colours import IccProfile, OwnColours, OwnSpace


def to_srgb(image: Image.Image, colours: OwnColours) -> Image.Image:
    """Convert to sRGB, which is what every viewer assumes of a JPEG without a profile.

    A profile that is broken or of another colour space than the pixels is ignored, as browsers do.

    Args:
        image: of mode L, RGB or CMYK.
        colours: what its numbers mean.
    """
    if isinstance(colours, IccProfile):
        try:
            converted = _by_profile(image, colours.data)
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            converted = None
        if converted is not None:
            return converted
    rgb = image if image.mode == "RGB" else image.convert("RGB")
    if isinstance(colours, OwnSpace):
        from bot.media.colour_spaces import converted as by_numbers

        return by_numbers(rgb, colours)
    return rgb


def _by_profile(image: Image.Image, icc_profile: bytes) -> Image.Image | None:
    profile = ImageCms.ImageCmsProfile(BytesIO(icc_profile))
    spaces = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}
    if spaces.get(profile.profile.xcolor_space.strip()) != image.mode:
        return None
    if image.mode == "RGB" and (profile.profile.profile_description or "").startswith("sRGB"):
        return None
    return ImageCms.profileToProfile(
        image,
        profile,
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
