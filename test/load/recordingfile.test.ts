/** Files that `run --replay` cannot play: one line, which names the file and says why. */

import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { planRun } from '../../host/cli/plan.js';
import { WrongUse } from '../../host/cli/wronguse.js';
import { pcap } from '../link/captures.js';
import { ACK, HANDSHAKE, RST, SYN, ethernet, made } from './frames.js';

const FOLDER = mkdtempSync(join(tmpdir(), 'ntstack-recording-'));
const REAL = readFileSync(new URL('../fixtures/curl-smb.pcapng', import.meta.url));
const MICROSECONDS = 0xa1b2c3d4;
const TWO_GIB = 2 ** 31;

afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

function file(octets: Uint8Array): string {
  const path = join(FOLDER, 'recording');
  writeFileSync(path, octets);
  return path;
}

/** What is said of a file; '' where it can be played. */
function saidOf(path: string): string {
  try {
    planRun({ replay: path });
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(WrongUse);
    return (thrown as WrongUse).message;
  }
  return '';
}

function captureOf(...datagrams: Uint8Array[]): Uint8Array {
  return pcap(MICROSECONDS, datagrams.map((each, at) => [1, at, ethernet(each)]));
}

describe('load/recording of files that are none', () => {
  it('plays one that is', () => {
    expect(saidOf(file(REAL))).toBe('');
    expect(saidOf(file(captureOf(...HANDSHAKE)))).toBe('');
    // Cut in a block: what is before it is there.
    expect(saidOf(file(REAL.subarray(0, 70_001)))).toBe('');
  });

  const syn = made('client', 1000, '', { flags: SYN });
  const refusal = made('server', 0, '', { flags: RST | ACK, acknowledgment: 1001 });
  const frame = captureOf(syn);
  const wrong: [string, Uint8Array, RegExp][] = [
    ['empty', new Uint8Array(0), /expected the magic number of pcap or pcapng .*found 0 octets$/],
    ['text', Buffer.from('no capture at all'), /expected the magic number .*, found 0x/],
    ['without a frame', captureOf(), /has no TCP connection over IPv4$/],
    ['without TCP', pcap(MICROSECONDS, [[1, 0, new Uint8Array(60)]]), /has no TCP connection/],
    ['of refusals alone', captureOf(syn, refusal), /has no TCP connection over IPv4$/],
    ['cut in its only frame', frame.subarray(0, -1), /has no TCP connection over IPv4$/],
    ['cut in its head', REAL.subarray(0, 10), /offset 0: expected a block .*found 10 octets$/],
  ];
  it.for(wrong)('says of a file that is %s what is wrong with it', ([, octets, why]) => {
    const path = file(octets);
    const said = saidOf(path);
    expect(said).toMatch(why);
    expect(said).toContain(`option --replay: ${path}`);
    expect(said).not.toContain('\n');
  });

  it('says of a file that is too large that it is', () => {
    const path = file(REAL);
    truncateSync(path, TWO_GIB + 1);
    const said = saidOf(path);
    expect(said).toMatch(/^option --replay: \S+ cannot be read: .*2 GiB/);
    expect(said).toContain(path);
    expect(said).not.toContain('\n');
  });
});
