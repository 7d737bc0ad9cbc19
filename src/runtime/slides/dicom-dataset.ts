import { createHash } from 'node:crypto'
import dcmjs from 'dcmjs'
import type { TileForm } from './big-tiff.ts'
import type { EnlargedFacts } from './enlarged-facts.ts'
import type { PyramidLevel } from './pyramid.ts'

/** A level of an enlarged slide, as an instance of DICOM. */
export interface DicomLevel {
  readonly index: number
  readonly level: PyramidLevel
  /** The first level, which has the micrometres of the facts. */
  readonly full: PyramidLevel
  readonly tile: number
  readonly form: TileForm
  readonly facts: EnlargedFacts & { readonly mpp: { readonly x: number; readonly y: number }; readonly icc: Buffer }
  /** How many times smaller its frames are than their pixels. */
  readonly ratio: number
  /** What makes this slide another than others: equal slides have equal identifiers. */
  readonly identity: string
}

const wholeSlideImage = '1.2.840.10008.5.1.4.1.1.77.1.6'
const [explicitLittleEndian, jpegBaseline] = ['1.2.840.10008.1.2.1', '1.2.840.10008.1.2.4.50']
/** Days and times must be there (type 1); those of the source are not told. */
const [noDay, noTime] = ['19700101', '000000']

/** An identifier of what a text names, by ISO/IEC 9834-8: the same for the same text. */
function uid(text: string): string {
  const hash = createHash('sha256').update(text).digest().subarray(0, 16)
  return `2.25.${BigInt(`0x${hash.toString('hex')}`)}`
}

const code = (value: string, scheme: string, meaning: string) => ({
  CodeValue: value,
  CodingSchemeDesignator: scheme,
  CodeMeaning: meaning,
})

/** A decimal string: 16 characters at most. */
const decimal = (value: number): string => String(Number(value.toPrecision(9)))

/** As much of a text as an attribute of this length holds, in ASCII. */
const short = (text: string, length: number): string => text.replace(/[^\x20-\x5b\x5d-\x7e]/g, '?').slice(0, length)

/**
 * A VL Whole Slide Microscopy Image (PS3.3 A.32.8) but for its pixels: preamble, meta header and attributes, in the order of their tags; Pixel Data is to follow. All
 * that says who a patient is, where and when, is empty or stands for nothing: 1 January 1970.
 */
export function dicomHeader(what: DicomLevel): Buffer {
  const { index, level, full, tile, form, facts, ratio, identity } = what
  const { width, height, across, down } = level
  const lossy = form === 'jpeg'
  const mm = { x: (facts.mpp.x * full.width) / width / 1000, y: (facts.mpp.y * full.height) / height / 1000 }
  const instance = uid(`${identity} level ${index}`)
  const organization = uid(`${identity} dimensions`)
  const software = short(facts.software, 64)
  const dataset = {
    SpecificCharacterSet: 'ISO_IR 192',
    ImageType: ['DERIVED', 'PRIMARY', 'VOLUME', index === 0 ? 'NONE' : 'RESAMPLED'],
    SOPClassUID: wholeSlideImage,
    SOPInstanceUID: instance,
    StudyDate: '',
    ContentDate: noDay,
    AcquisitionDateTime: noDay + noTime,
    StudyTime: '',
    ContentTime: noTime,
    AccessionNumber: '',
    Modality: 'SM',
    Manufacturer: 'archc',
    ReferringPhysicianName: '',
    ManufacturerModelName: short(facts.model, 64),
    DerivationDescription: facts.description.slice(0, 1024),
    VolumetricProperties: 'VOLUME',
    PatientName: '',
    PatientID: '',
    PatientBirthDate: '',
    PatientSex: '',
    DeviceSerialNumber: facts.modelHash.slice(0, 64),
    SoftwareVersions: software,
    StudyInstanceUID: uid(`${identity} study`),
    SeriesInstanceUID: uid(`${identity} series`),
    StudyID: '',
    SeriesNumber: '1',
    InstanceNumber: String(index + 1),
    FrameOfReferenceUID: uid(`${identity} frame of reference`),
    PositionReferenceIndicator: 'SLIDE_CORNER',
    DimensionOrganizationSequence: [{ DimensionOrganizationUID: organization }],
    DimensionIndexSequence: [
      { DimensionOrganizationUID: organization, DimensionIndexPointer: '0048021F', FunctionalGroupPointer: '0048021A' },
      { DimensionOrganizationUID: organization, DimensionIndexPointer: '0048021E', FunctionalGroupPointer: '0048021A' },
    ],
    DimensionOrganizationType: 'TILED_FULL',
    ImageComments: short(`Source SHA-256 ${facts.sourceHash}. ${facts.description}`, 10_240),
    SamplesPerPixel: 3,
    PhotometricInterpretation: lossy ? 'YBR_FULL_422' : 'RGB',
    PlanarConfiguration: 0,
    NumberOfFrames: String(across * down),
    Rows: tile,
    Columns: tile,
    BitsAllocated: 8,
    BitsStored: 8,
    HighBit: 7,
    PixelRepresentation: 0,
    BurnedInAnnotation: 'NO',
    LossyImageCompression: lossy ? '01' : '00',
    ...(lossy && { LossyImageCompressionRatio: decimal(ratio), LossyImageCompressionMethod: 'ISO_10918_1' }),
    ContainerIdentifier: 'not told',
    IssuerOfTheContainerIdentifierSequence: [],
    ContainerTypeCodeSequence: [code('433466003', 'SCT', 'Microscope slide')],
    AcquisitionContextSequence: [],
    SpecimenDescriptionSequence: [
      {
        SpecimenIdentifier: 'not told',
        SpecimenUID: uid(`${identity} specimen`),
        IssuerOfTheSpecimenIdentifierSequence: [],
        SpecimenPreparationSequence: [],
      },
    ],
    ImagedVolumeWidth: width * mm.x,
    ImagedVolumeHeight: height * mm.y,
    ImagedVolumeDepth: 1,
    TotalPixelMatrixColumns: width,
    TotalPixelMatrixRows: height,
    TotalPixelMatrixOriginSequence: [{ XOffsetInSlideCoordinateSystem: '0', YOffsetInSlideCoordinateSystem: '0' }],
    SpecimenLabelInImage: 'NO',
    FocusMethod: 'AUTO',
    ExtendedDepthOfField: 'NO',
    ImageOrientationSlide: ['0', '-1', '0', '-1', '0', '0'],
    OpticalPathSequence: [
      {
        OpticalPathIdentifier: '1',
        IlluminationTypeCodeSequence: [code('111744', 'DCM', 'Brightfield illumination')],
        IlluminationColorCodeSequence: [code('414298005', 'SCT', 'Full Spectrum')],
        ICCProfile: Uint8Array.from(facts.icc).buffer,
        ...(facts.magnification !== undefined && { ObjectiveLensPower: decimal(facts.magnification) }),
      },
    ],
    NumberOfOpticalPaths: 1,
    TotalPixelMatrixFocalPlanes: 1,
    SharedFunctionalGroupsSequence: [
      {
        WholeSlideMicroscopyImageFrameTypeSequence: [
          { FrameType: ['DERIVED', 'PRIMARY', 'VOLUME', index === 0 ? 'NONE' : 'RESAMPLED'] },
        ],
        PixelMeasuresSequence: [{ PixelSpacing: [decimal(mm.y), decimal(mm.x)], SliceThickness: '0.001' }],
        OpticalPathIdentificationSequence: [{ OpticalPathIdentifier: '1' }],
      },
    ],
  }
  const meta = {
    FileMetaInformationVersion: Uint8Array.of(0, 1).buffer,
    MediaStorageSOPClassUID: wholeSlideImage,
    MediaStorageSOPInstanceUID: instance,
    TransferSyntaxUID: lossy ? jpegBaseline : explicitLittleEndian,
    ImplementationClassUID: uid('archc'),
    ImplementationVersionName: short(software, 16),
  }
  const { DicomDict, DicomMetaDictionary } = dcmjs.data
  const dict = new DicomDict(DicomMetaDictionary.denaturalizeDataset(meta))
  dict.dict = DicomMetaDictionary.denaturalizeDataset(dataset)
  return Buffer.from(dict.write())
}
