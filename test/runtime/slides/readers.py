"""What other readers see of a slide: `readers.py READER FILE X Y WIDTH HEIGHT` prints one JSON object.

levels: [[width, height], ..]; mpp: [x, y]; magnification; icc: bytes of the profile; rgb: the region of the full size, hexadecimal. A reader that is not installed: {"absent": why}.
"""

import json
import sys


def with_tifffile(file, x, y, width, height):
    import tifffile
    from xml.etree import ElementTree

    with tifffile.TiffFile(file) as tiff:
        levels = tiff.series[0].levels
        page = tiff.pages[0]
        ome = ElementTree.fromstring(tiff.ome_metadata)
        name = "{http://www.openmicroscopy.org/Schemas/OME/2016-06}"
        pixels = ome.find(f".//{name}Pixels")
        objective = ome.find(f".//{name}Objective")
        return {
            "levels": [[level.shape[1], level.shape[0]] for level in levels],
            "mpp": [float(pixels.get("PhysicalSizeX")), float(pixels.get("PhysicalSizeY"))],
            "magnification": objective is not None and float(objective.get("NominalMagnification")),
            "icc": len(page.tags[34675].value) if 34675 in page.tags else 0,
            "rgb": levels[0].asarray()[y : y + height, x : x + width].tobytes().hex(),
        }


def with_openslide(file, x, y, width, height):
    import openslide

    slide = openslide.OpenSlide(file)
    properties = slide.properties
    return {
        "levels": [list(size) for size in slide.level_dimensions],
        "mpp": [float(properties[f"openslide.mpp-{axis}"]) for axis in "xy"],
        "magnification": float(properties.get("openslide.objective-power", 0)),
        "icc": len(slide.color_profile.tobytes()) if slide.color_profile else 0,
        "rgb": slide.read_region((x, y), 0, (width, height)).convert("RGB").tobytes().hex(),
    }


def with_libvips(file, x, y, width, height):
    import pyvips

    image = pyvips.Image.new_from_file(file)
    pages = [pyvips.Image.new_from_file(file, page=page) for page in range(image.get("n-pages"))]
    return {
        "levels": [[page.width, page.height] for page in pages],
        "below": image.get("n-subifds"),
        "mpp": [1000 / image.xres, 1000 / image.yres],
        "magnification": 0,
        "icc": len(image.get("icc-profile-data")) if "icc-profile-data" in image.get_fields() else 0,
        "rgb": bytes(image.crop(x, y, width, height).write_to_memory()).hex(),
    }


reader, file, *region = sys.argv[1:]
readers = {"tifffile": with_tifffile, "OpenSlide": with_openslide, "libvips": with_libvips}
try:
    print(json.dumps(readers[reader](file, *map(int, region))))
except ImportError as error:
    print(json.dumps({"absent": str(error)}))
