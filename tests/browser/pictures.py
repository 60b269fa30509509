"""The pictures of the documentation: drawn anew with IACRM_PICTURES=1, small enough to keep."""

import io
import os
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page

from tests.browser.conftest import ROOT

PICTURES = ROOT / "docs" / "pictures"
_COLOURS = 128


def are_wanted() -> bool:
    """Tell whether this run writes into `docs/pictures`."""
    return os.environ.get("IACRM_PICTURES") == "1"


def take_picture(page: Page, path: Path) -> None:
    """Write what the window shows in its most frequent colours."""
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
    reduce_colours(whole).save(path, optimize=True)


def reduce_colours(whole: Image.Image) -> Image.Image:
    """Keep the most frequent colours as they are, and give each other the nearest of them.

    Pillow's own palettes move the grounds of a page by a shade, in each picture by another.
    """
    parts = np.asarray(whole, dtype=np.int64)
    packed = (parts * (1 << 16, 1 << 8, 1)).sum(axis=2)
    colours, places, counts = np.unique(packed, return_inverse=True, return_counts=True)
    spread = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1)
    kept = spread[np.argsort(-counts, kind="stable")[:_COLOURS]]
    distances = ((spread[:, None, :] - kept[None, :, :]) ** 2).sum(axis=2)
    nearest = distances.argmin(axis=1).astype(np.uint8)
    few = Image.fromarray(nearest[places].reshape(packed.shape), mode="P")
    few.putpalette(kept.astype(np.uint8).tobytes())
    return few
