/** The formats of captures: pcap (draft-ietf-opsawg-pcap) and pcapng (draft-ietf-opsawg-pcapng). */

/** First words of a pcap file, by the unit of its times. */
export const PcapMagic = {
  MICROSECONDS: 0xa1b2c3d4,
  NANOSECONDS: 0xa1b23c4d,
} as const;

/** Types of pcapng blocks. */
export const BlockType = {
  SECTION_HEADER: 0x0a0d0d0a,
  INTERFACE_DESCRIPTION: 1,
  PACKET: 2,
  SIMPLE_PACKET: 3,
  ENHANCED_PACKET: 6,
} as const;

/** The word in a section header that tells the order of octets. */
export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;

/** Codes of pcapng options; those of a section and those of an interface share numbers. */
export const OptionCode = {
  END: 0,
  SECTION_HARDWARE: 2,
  SECTION_SYSTEM: 3,
  SECTION_APPLICATION: 4,
  INTERFACE_NAME: 2,
  INTERFACE_RESOLUTION: 9,
  INTERFACE_OFFSET: 14,
} as const;

/** The link type of Ethernet. */
export const LINKTYPE_ETHERNET = 1;

/** A frame of a capture. */
export interface CapturedFrame {
  /** When it was captured, in ns since 1970. */
  readonly timeNs: bigint;
  /** Where: interfaces count from 0 through the whole file. */
  readonly interface: number;
  /** The interface's name; empty if the file does not say. */
  readonly interfaceName: string;
  /** What kind of frame it is; `LINKTYPE_ETHERNET` for most. */
  readonly linkType: number;
  /** What was captured of it: a view of the file. */
  readonly octets: Uint8Array;
  /** How long it was on the wire, in octets. */
  readonly originalLength: number;
}

/** What a frame or block has at most; one that says more is no frame that was cut. */
const MOST_OCTETS = 16 * 1024 * 1024;

/** A capture that ends within a frame or a block behind its header. */
export class CutOff extends Error {
  constructor(
    /** Where what was cut begins, in octets. */
    readonly offset: number, expected: string, found: string,
  ) {
    super(malformed(offset, expected, found).message);
    this.name = 'CutOff';
  }
}

/** The octets of a capture, read with one order of octets; what is not there is an Error. */
export class CaptureView {
  /** How many octets there are. */
  readonly length: number;
  private readonly view: DataView;

  constructor(
    private readonly octets: Uint8Array,
    private readonly littleEndian: boolean,
  ) {
    this.length = octets.length;
    this.view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  }

  /** Error unless so many octets follow an offset. */
  mustHave(offset: number, octets: number, what: string): void {
    if (offset + octets <= this.length) return;
    const rest = Math.max(0, this.length - offset);
    throw malformed(offset, `${what} (${octets} octets)`, `${rest} octets`);
  }

  /**
   * As `mustHave`, behind what has been read already: where the file ends within it, `CutOff`, as
   * who writes captures leaves it when he is ended.
   */
  mustHaveWhole(offset: number, octets: number, what: string): void {
    if (offset + octets <= this.length) return;
    if (octets > MOST_OCTETS) this.mustHave(offset, octets, what);
    throw new CutOff(offset, `${what} (${octets} octets)`, `${this.length - offset} octets`);
  }

  /** A word of 16 bits. */
  read16(offset: number): number {
    return this.view.getUint16(offset, this.littleEndian);
  }

  /** A word of 32 bits. */
  read32(offset: number): number {
    return this.view.getUint32(offset, this.littleEndian);
  }

  /** A signed word of 64 bits. */
  readSigned64(offset: number): bigint {
    return this.view.getBigInt64(offset, this.littleEndian);
  }

  /** A view of some octets. */
  slice(offset: number, octets: number): Uint8Array {
    return this.octets.subarray(offset, offset + octets);
  }
}

/** The error for a capture that is not what the formats say. */
export function malformed(offset: number, expected: string, found: string): Error {
  return new Error(`capture, offset ${offset}: expected ${expected}, found ${found}`);
}

/** A word as an error shows it. */
export function hex(word: number): string {
  return `0x${word.toString(16).padStart(8, '0')}`;
}
