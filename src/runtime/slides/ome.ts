import type { EnlargedFacts } from './enlarged-facts.ts'

const entities: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' }

/** Without characters by number, `&#181;`: Bio-Formats takes these for damage and then the file for no OME-TIFF. */
const escaped = (text: string): string =>
  text.replace(/[<>&"]/g, (character) => entities[character]!).replace(/[^\x20-\x7e]/g, '?')

/** What a slide is, in OME-XML of 2016-06, ASCII alone: its elements in the order that the schema demands. Sizes are in micrometres, its default. */
export function omeXml(
  { width, height }: { readonly width: number; readonly height: number },
  { mpp, magnification, description, model, modelHash, sourceHash, software }: EnlargedFacts,
): string {
  const size = (axis: string, value: number | undefined): string =>
    value === undefined ? '' : ` PhysicalSize${axis}="${Number(value.toPrecision(9))}"`
  const objective =
    magnification === undefined
      ? ['', '', '']
      : [
          `<Instrument ID="Instrument:0"><Objective ID="Objective:0:0" NominalMagnification="${Number(magnification.toPrecision(6))}"/></Instrument>`,
          '<InstrumentRef ID="Instrument:0"/>',
          '<ObjectiveSettings ID="Objective:0:0"/>',
        ]
  const said = { Software: software, Model: model, 'Model hash': modelHash, Source: `SHA-256 ${sourceHash}` }
  const values = Object.entries(said).map(([key, value]) => `<M K="${escaped(key)}">${escaped(value)}</M>`)
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"',
    ' xsi:schemaLocation="http://www.openmicroscopy.org/Schemas/OME/2016-06 http://www.openmicroscopy.org/Schemas/OME/2016-06/ome.xsd">',
    objective[0],
    `<Image ID="Image:0" Name="computed"><Description>${escaped(description)}</Description>${objective[1]}${objective[2]}`,
    `<Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint8" SignificantBits="8" Interleaved="true" SizeX="${width}" SizeY="${height}" SizeC="3" SizeZ="1" SizeT="1"${size('X', mpp?.x)}${size('Y', mpp?.y)}>`,
    '<Channel ID="Channel:0:0" SamplesPerPixel="3"><LightPath/></Channel><TiffData IFD="0" PlaneCount="1"/></Pixels>',
    '<AnnotationRef ID="Annotation:0"/></Image>',
    `<StructuredAnnotations><MapAnnotation ID="Annotation:0" Namespace="archc"><Value>${values.join('')}</Value></MapAnnotation></StructuredAnnotations></OME>`,
  ].join('')
}
