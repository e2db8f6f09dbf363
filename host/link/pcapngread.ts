/** Reads pcapng: sections, interfaces, and the three kinds of blocks that hold frames. */

import {
  BYTE_ORDER_MAGIC, BlockType, CaptureView, OptionCode, hex, malformed,
} from './pcapformat.js';
import type { CapturedFrame } from './pcapformat.js';

const BLOCK_HEADER_OCTETS = 8;
const BLOCK_OCTETS = 12;
const VERSION = 1;
const DEFAULT_RESOLUTION = 6;
const RESOLUTION_OF_TWO = 0x80;
const NS_PER_SECOND = 1_000_000_000n;

interface Interface {
  readonly number: number;
  readonly name: string;
  readonly linkType: number;
  readonly snapLength: number;
  readonly unitsPerSecond: bigint;
  readonly offsetNs: bigint;
}

// What the blocks so far have said. Interfaces are of the section, their numbers of the file.
interface Section {
  view: CaptureView;
  interfaces: Interface[];
  interfaceCount: number;
  lastTimeNs: bigint;
}

// A block's body: from where, and how many octets.
interface Body {
  readonly start: number;
  readonly octets: number;
}

/** The frames of a pcapng file; Error as `readCapture`, which is what others call. */
export function* readPcapng(octets: Uint8Array): Generator<CapturedFrame> {
  const big = new CaptureView(octets, false);
  const section: Section = { view: big, interfaces: [], interfaceCount: 0, lastTimeNs: 0n };
  let offset = 0;
  while (offset < octets.length) {
    // Without its first block nothing is known of it.
    if (offset === 0) section.view.mustHave(offset, BLOCK_OCTETS, 'a block');
    else section.view.mustHaveWhole(offset, BLOCK_OCTETS, 'a block');
    // The type of a section header reads the same in both orders.
    const type = section.view.read32(offset);
    if (type === BlockType.SECTION_HEADER) section.view = orderOf(octets, offset);
    const total = blockLength(section.view, offset);
    const body: Body = { start: offset + BLOCK_HEADER_OCTETS, octets: total - BLOCK_OCTETS };
    if (type === BlockType.SECTION_HEADER) {
      beginSection(section, body);
    } else if (type === BlockType.INTERFACE_DESCRIPTION) {
      section.interfaces.push(describeInterface(section, body));
      section.interfaceCount++;
    } else if (type === BlockType.ENHANCED_PACKET) {
      yield timedFrame(section, body, 32);
    } else if (type === BlockType.PACKET) {
      yield timedFrame(section, body, 16);
    } else if (type === BlockType.SIMPLE_PACKET) {
      yield simpleFrame(section, body);
    }
    offset += total;
  }
}

function orderOf(octets: Uint8Array, offset: number): CaptureView {
  const little = new CaptureView(octets, true);
  if (little.read32(offset + BLOCK_HEADER_OCTETS) === BYTE_ORDER_MAGIC) return little;
  const big = new CaptureView(octets, false);
  const found = big.read32(offset + BLOCK_HEADER_OCTETS);
  if (found === BYTE_ORDER_MAGIC) return big;
  throw malformed(offset + BLOCK_HEADER_OCTETS, 'the byte-order magic', hex(found));
}

function blockLength(view: CaptureView, offset: number): number {
  const total = view.read32(offset + 4);
  if (total < BLOCK_OCTETS || total % 4 !== 0) {
    throw malformed(offset + 4, `a length from ${BLOCK_OCTETS} on, by fours`, String(total));
  }
  if (offset === 0) view.mustHave(offset, total, 'a block');
  else view.mustHaveWhole(offset, total, 'a block');
  const again = view.read32(offset + total - 4);
  if (again !== total) {
    throw malformed(offset + total - 4, `the length ${total} again`, String(again));
  }
  return total;
}

// The length of the section is not needed: each block tells its own.
function beginSection(section: Section, body: Body): void {
  mustHold(body, 16, 'a section header');
  const version = section.view.read16(body.start + 4);
  if (version !== VERSION) {
    throw malformed(body.start + 4, `version ${VERSION}`, `version ${version}`);
  }
  section.interfaces = [];
  section.lastTimeNs = 0n;
}

function describeInterface(section: Section, body: Body): Interface {
  mustHold(body, 8, 'an interface description');
  const view = section.view;
  let name = '';
  let resolution = DEFAULT_RESOLUTION;
  let offsetSeconds = 0n;
  const end = body.start + body.octets;
  for (let at = body.start + 8; at + 4 <= end;) {
    const code = view.read16(at);
    const length = view.read16(at + 2);
    if (code === OptionCode.END) break;
    const value = at + 4;
    if (value + length > end) {
      throw malformed(at, `an option of ${length} octets`, `${end - value} octets`);
    }
    if (code === OptionCode.INTERFACE_NAME) {
      name = new TextDecoder().decode(view.slice(value, length));
    } else if (code === OptionCode.INTERFACE_RESOLUTION && length === 1) {
      resolution = view.slice(value, 1)[0] as number;
    } else if (code === OptionCode.INTERFACE_OFFSET && length === 8) {
      offsetSeconds = view.readSigned64(value);
    }
    at = value + Math.ceil(length / 4) * 4;
  }
  const exponent = BigInt(resolution & ~RESOLUTION_OF_TWO);
  return {
    number: section.interfaceCount,
    name,
    linkType: view.read16(body.start),
    snapLength: view.read32(body.start + 4),
    unitsPerSecond: (resolution & RESOLUTION_OF_TWO) === 0 ? 10n ** exponent : 2n ** exponent,
    offsetNs: offsetSeconds * NS_PER_SECOND,
  };
}

// An enhanced packet block, or the obsolete packet block, which differs in the width of the
// interface's number (and counts drops in the other half of the word).
function timedFrame(section: Section, body: Body, numberBits: 16 | 32): CapturedFrame {
  mustHold(body, 20, 'the head of a frame');
  const view = section.view;
  const number = numberBits === 16 ? view.read16(body.start) : view.read32(body.start);
  const on = interfaceOf(section, number, body.start);
  const units = (BigInt(view.read32(body.start + 4)) << 32n) | BigInt(view.read32(body.start + 8));
  const length = view.read32(body.start + 12);
  const rest = body.octets - 20;
  if (length > rest) throw malformed(body.start + 12, `at most ${rest} octets`, String(length));
  section.lastTimeNs = (units * NS_PER_SECOND) / on.unitsPerSecond + on.offsetNs;
  const originalLength = view.read32(body.start + 16);
  return frameOf(section, on, view.slice(body.start + 20, length), originalLength);
}

// A simple packet block is of the first interface, and has no time: it gets that of the frame
// before it. How much of it was captured follows from the interface's limit.
function simpleFrame(section: Section, body: Body): CapturedFrame {
  mustHold(body, 4, 'the head of a frame');
  const on = interfaceOf(section, 0, body.start);
  const originalLength = section.view.read32(body.start);
  const limit = on.snapLength === 0 ? originalLength : Math.min(on.snapLength, originalLength);
  const rest = body.octets - 4;
  if (limit > rest) throw malformed(body.start, `at most ${rest} octets`, String(limit));
  return frameOf(section, on, section.view.slice(body.start + 4, limit), originalLength);
}

function frameOf(
  section: Section, on: Interface, octets: Uint8Array, originalLength: number,
): CapturedFrame {
  return {
    timeNs: section.lastTimeNs,
    interface: on.number,
    interfaceName: on.name,
    linkType: on.linkType,
    octets,
    originalLength,
  };
}

function interfaceOf(section: Section, number: number, offset: number): Interface {
  const on = section.interfaces[number];
  if (on !== undefined) return on;
  const known = section.interfaces.length;
  throw malformed(offset, `one of ${known} interfaces of the section`, `interface ${number}`);
}

function mustHold(body: Body, octets: number, what: string): void {
  if (body.octets >= octets) return;
  throw malformed(body.start, `${what} (${octets} octets)`, `a body of ${body.octets} octets`);
}
