/** Reads captures of either format; pcap itself (draft-ietf-opsawg-pcap, 4 and 5) is here. */

import { BlockType, CaptureView, CutOff, PcapMagic, hex, malformed } from './pcapformat.js';
import type { CapturedFrame } from './pcapformat.js';
import { readPcapng } from './pcapngread.js';

const HEADER_OCTETS = 24;
const RECORD_OCTETS = 16;
const VERSION = 2;
// The upper bits of the link type tell of a frame check sequence.
const LINKTYPE_MASK = 0xffff;

/**
 * The frames of a pcap or pcapng file, in the order of the file. Where it ends within one, `onCut`
 * is told, and the others are all there are.
 * @throws Error (while it is read) naming the offset of what is not as it should be, and what was
 * expected there; `CutOff` where there is no `onCut`. The frames before it have been given by then.
 */
export function* readCapture(
  octets: Uint8Array, onCut?: (cut: CutOff) => void,
): Generator<CapturedFrame> {
  try {
    yield* readEither(octets);
  } catch (thrown) {
    if (!(thrown instanceof CutOff) || onCut === undefined) throw thrown;
    onCut(thrown);
  }
}

function* readEither(octets: Uint8Array): Generator<CapturedFrame> {
  const little = new CaptureView(octets, true);
  little.mustHave(0, 4, 'the magic number of pcap or pcapng');
  const magic = little.read32(0);
  if (magic === BlockType.SECTION_HEADER) {
    yield* readPcapng(octets);
    return;
  }
  if (magic === PcapMagic.MICROSECONDS) yield* readPcap(little, 1000n);
  else if (magic === PcapMagic.NANOSECONDS) yield* readPcap(little, 1n);
  else {
    const big = new CaptureView(octets, false);
    const swapped = big.read32(0);
    if (swapped === PcapMagic.MICROSECONDS) yield* readPcap(big, 1000n);
    else if (swapped === PcapMagic.NANOSECONDS) yield* readPcap(big, 1n);
    else throw malformed(0, 'the magic number of pcap or pcapng', hex(swapped));
  }
}

function* readPcap(view: CaptureView, unitNs: bigint): Generator<CapturedFrame> {
  view.mustHave(0, HEADER_OCTETS, 'the header of a pcap file');
  const version = view.read16(4);
  if (version !== VERSION) throw malformed(4, `version ${VERSION}`, `version ${version}`);
  const linkType = view.read32(20) & LINKTYPE_MASK;
  let offset = HEADER_OCTETS;
  while (offset < view.length) {
    view.mustHaveWhole(offset, RECORD_OCTETS, 'the header of a frame');
    const seconds = BigInt(view.read32(offset));
    const fraction = BigInt(view.read32(offset + 4));
    const length = view.read32(offset + 8);
    const originalLength = view.read32(offset + 12);
    view.mustHaveWhole(offset + RECORD_OCTETS, length, 'a frame');
    yield {
      timeNs: seconds * 1_000_000_000n + fraction * unitNs,
      interface: 0,
      interfaceName: '',
      linkType,
      octets: view.slice(offset + RECORD_OCTETS, length),
      originalLength,
    };
    offset += RECORD_OCTETS + length;
  }
}
