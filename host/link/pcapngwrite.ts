/** Writes pcapng, piece by piece: one section, an interface for each end, times in ns. */

import { BYTE_ORDER_MAGIC, BlockType, LINKTYPE_ETHERNET, OptionCode } from './pcapformat.js';

const CHUNK_OCTETS = 65_536;
const WORD_LIMIT = 0x1_0000_0000;
const VERSION_MAJOR = 1;
const VERSION_MINOR = 0;
const RESOLUTION_NS = 9;
const FRAME_HEAD_OCTETS = 32;
const EPOCH_LIMIT = 1n << 63n;

/** What a capture says of itself. */
export interface CaptureOptions {
  /** `shb_hardware`; not written if not given. */
  readonly hardware?: string;
  /** `shb_os`; not written if not given. */
  readonly system?: string;
  /** `shb_userappl`; `ntstack` if not given. */
  readonly application?: string;
  /** What is added to the virtual clock, in ns since 1970; 0 if not given. */
  readonly epochNs?: bigint;
}

/**
 * A capture in the making. It goes to the sink in chunks of about 64 KiB, in order; the sink owns
 * each chunk. What was written but not yet handed over, `flush` hands over.
 */
export class CaptureWriter {
  /** Frames written so far. */
  frames = 0;
  private chunk = new Uint8Array(CHUNK_OCTETS);
  private view = new DataView(this.chunk.buffer);
  private used = 0;
  private interfaces = 0;
  private readonly epochLow: number;
  private readonly epochHigh: number;

  /** @throws TypeError for an epoch that is negative or beyond 63 bits. */
  constructor(
    private readonly sink: (octets: Uint8Array) => void,
    options: CaptureOptions = {},
  ) {
    const epochNs = options.epochNs ?? 0n;
    if (epochNs < 0n || epochNs >= EPOCH_LIMIT) {
      throw new TypeError(`epochNs: ${epochNs} is not a number of ns from 0 to 2^63 - 1`);
    }
    this.epochLow = Number(BigInt.asUintN(32, epochNs));
    this.epochHigh = Number(epochNs >> 32n);
    this.writeSection(options);
  }

  /** Describes an interface, and returns its number; frames may follow from then on. */
  addInterface(name: string, linkType = LINKTYPE_ETHERNET): number {
    const options = joinOptions([
      option(OptionCode.INTERFACE_NAME, encodeText(name)),
      option(OptionCode.INTERFACE_RESOLUTION, Uint8Array.of(RESOLUTION_NS)),
    ]);
    const body = new Uint8Array(8 + options.length);
    // The limit of what is captured stays 0: none.
    new DataView(body.buffer).setUint16(0, linkType, true);
    body.set(options, 8);
    this.writeBlock(BlockType.INTERFACE_DESCRIPTION, body);
    return this.interfaces++;
  }

  /**
   * Writes a frame of an interface at a time of the virtual clock, in ns.
   * @throws RangeError for an interface that was not described.
   */
  write(on: number, timeNs: number, octets: Uint8Array, originalLength = octets.length): void {
    if (!(on >= 0 && on < this.interfaces)) {
      throw new RangeError(`interface ${on} of ${this.interfaces}`);
    }
    const padded = (octets.length + 3) & ~3;
    const total = FRAME_HEAD_OCTETS + padded;
    this.reserve(total);
    const low = this.epochLow + (timeNs % WORD_LIMIT);
    const carry = low >= WORD_LIMIT ? 1 : 0;
    const high = this.epochHigh + Math.floor(timeNs / WORD_LIMIT) + carry;
    const view = this.view;
    const at = this.used;
    view.setUint32(at, BlockType.ENHANCED_PACKET, true);
    view.setUint32(at + 4, total, true);
    view.setUint32(at + 8, on, true);
    view.setUint32(at + 12, high, true);
    view.setUint32(at + 16, low, true);
    view.setUint32(at + 20, octets.length, true);
    view.setUint32(at + 24, originalLength, true);
    this.chunk.set(octets, at + 28);
    view.setUint32(at + total - 4, total, true);
    this.used += total;
    this.frames++;
  }

  /** Hands over what is left; more may be written afterwards. */
  flush(): void {
    if (this.used === 0) return;
    const full = this.chunk.subarray(0, this.used);
    this.chunk = new Uint8Array(CHUNK_OCTETS);
    this.view = new DataView(this.chunk.buffer);
    this.used = 0;
    this.sink(full);
  }

  private writeSection(options: CaptureOptions): void {
    const parts: Uint8Array[] = [];
    if (options.hardware !== undefined) {
      parts.push(option(OptionCode.SECTION_HARDWARE, encodeText(options.hardware)));
    }
    if (options.system !== undefined) {
      parts.push(option(OptionCode.SECTION_SYSTEM, encodeText(options.system)));
    }
    const application = encodeText(options.application ?? 'ntstack');
    parts.push(option(OptionCode.SECTION_APPLICATION, application));
    const joined = joinOptions(parts);
    const body = new Uint8Array(16 + joined.length);
    const view = new DataView(body.buffer);
    view.setUint32(0, BYTE_ORDER_MAGIC, true);
    view.setUint16(4, VERSION_MAJOR, true);
    view.setUint16(6, VERSION_MINOR, true);
    // How long the section will be is not known: -1.
    view.setBigInt64(8, -1n, true);
    body.set(joined, 16);
    this.writeBlock(BlockType.SECTION_HEADER, body);
  }

  private writeBlock(type: number, body: Uint8Array): void {
    const total = body.length + 12;
    this.reserve(total);
    this.view.setUint32(this.used, type, true);
    this.view.setUint32(this.used + 4, total, true);
    this.chunk.set(body, this.used + 8);
    this.view.setUint32(this.used + total - 4, total, true);
    this.used += total;
  }

  private reserve(octets: number): void {
    if (this.used + octets <= this.chunk.length) return;
    this.flush();
    if (octets <= this.chunk.length) return;
    this.chunk = new Uint8Array(octets);
    this.view = new DataView(this.chunk.buffer);
  }
}

// Options of 16 bits length; longer text is cut.
function encodeText(text: string): Uint8Array {
  return new TextEncoder().encode(text).subarray(0, 0xffff);
}

function option(code: number, value: Uint8Array): Uint8Array {
  const octets = new Uint8Array(4 + Math.ceil(value.length / 4) * 4);
  const view = new DataView(octets.buffer);
  view.setUint16(0, code, true);
  view.setUint16(2, value.length, true);
  octets.set(value, 4);
  return octets;
}

function joinOptions(options: Uint8Array[]): Uint8Array {
  options.push(option(OptionCode.END, new Uint8Array(0)));
  const joined = new Uint8Array(options.reduce((sum, each) => sum + each.length, 0));
  let at = 0;
  for (const each of options) {
    joined.set(each, at);
    at += each.length;
  }
  return joined;
}
