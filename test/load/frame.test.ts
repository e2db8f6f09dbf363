import { describe, expect, it } from 'vitest';
import { SYN_FRAME_OCTETS, arpReply, readArpRequest, synFrame } from '../../host/load/frame.js';
import { SegmentReader } from '../../host/load/segment.js';

const ATTACKER = { high: 0x0200, low: 0xbad0_0001 };
const SERVER = { high: 0x0200, low: 0x0a00_0001 };

/** The sum of RFC 1071 over octets, a checksum among them included: 0xffff where it is right. */
function sumOf(octets: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < octets.length; i += 2) {
    sum += ((octets[i] ?? 0) << 8) | (octets[i + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

describe('load/frame', () => {
  const syn = synFrame(ATTACKER, SERVER);

  it('writes a SYN that is read as it was meant', () => {
    syn.write({
      source: 0x0b01_0203, target: 0x0a00_0001, sourcePort: 1025, targetPort: 5021,
      sequence: 0xdead_beef, identification: 77,
    });
    expect(syn.octets.length).toBe(SYN_FRAME_OCTETS);
    const segment = new SegmentReader().read({ timeNs: 0, octets: syn.octets, linkType: 1 });
    expect(segment).toMatchObject({
      source: { address: '11.1.2.3', port: 1025 },
      target: { address: '10.0.0.1', port: 5021 },
      sequence: 0xdead_beef,
      flags: 2,
      payloadOctets: 0,
    });
    expect(Buffer.from(syn.octets.subarray(0, 14)).toString('hex'))
      .toBe('02000a0000010200bad000010800');
  });

  it('has both checksums right, for any field', () => {
    for (let i = 1; i < 2000; i++) {
      const word = Math.imul(i, 0x9e37_79b1) >>> 0;
      syn.write({
        source: word, target: ~word >>> 0, sourcePort: word & 0xffff, targetPort: i,
        sequence: Math.imul(word, i) >>> 0, identification: i,
      });
      expect(sumOf(syn.octets.subarray(14, 34))).toBe(0xffff);
      const pseudo = new Uint8Array(12 + 24);
      pseudo.set(syn.octets.subarray(26, 34));
      pseudo.set([0, 6, 0, 24], 8);
      pseudo.set(syn.octets.subarray(34), 12);
      expect(sumOf(pseudo)).toBe(0xffff);
    }
  });

  it('reads an ARP request, and nothing else, and answers who asked', () => {
    const request = arpReply(SERVER, 0x0a00_0001, ATTACKER, 0x0a00_00fe);
    expect(readArpRequest(request)).toBeUndefined();
    request[21] = 1; // the operation: a request
    const read = readArpRequest(request);
    expect(read).toEqual({ wanted: 0x0a00_00fe, sender: 0x0a00_0001, station: SERVER });
    expect(readArpRequest(request.subarray(0, 41))).toBeUndefined();
    expect(readArpRequest(syn.octets)).toBeUndefined();
  });
});
