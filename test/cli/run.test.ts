import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCapture } from '../../host/link/pcapread.js';
import { readConversations } from '../../host/load/recording.js';
import { printed } from './printed.js';

const KEYS = [
  'seconds', 'frames', 'octets', 'gbitPerSecond', 'nsPerFrame', 'virtualSeconds', 'connections',
  'retransmissions', 'drops', 'findings',
];
const SHORT = ['run', '--seconds', '0.2'];

describe('cli/run', () => {
  it('gives the figures as JSON, and nothing else', async () => {
    const { code, out, err } = await printed(...SHORT, '--load', 'messages', '--json');
    const figures = JSON.parse(out) as Record<string, unknown> & { readonly frames: number };
    expect(Object.keys(figures)).toEqual(KEYS);
    expect(Object.keys(figures['connections'] as object)).toEqual(['opened', 'closed', 'refused']);
    expect(figures.frames).toBeGreaterThan(0);
    expect(figures['nsPerFrame']).toBeCloseTo(Number(figures['seconds']) * 1e9 / figures.frames, 3);
    expect(figures['findings']).toEqual([]);
    expect(err).toBe('');
    expect(code).toBe(0);
  });

  it('prints a table of both phases and the verdicts, without colours in a pipe', async () => {
    const { code, out, err } = await printed(...SHORT);
    for (const word of ['wall time', 'virtual time', 'frames', 'octets', 'Gbit/s', 'ns a frame',
      'connections opened', 'closed', 'refused', 'retransmissions', 'dropped']) {
      expect(out).toContain(word);
    }
    expect(out).toMatch(/ free +│ +checked /);
    expect(out).toMatch(/^free +clean /m);
    expect(out).toMatch(/^checked +clean /m);
    expect(out).not.toContain('\u001b[');
    expect(err).toBe('');
    expect(code).toBe(0);
  });

  it('replays a capture, and says how many of its conversations', async () => {
    const { code, out } = await printed(...SHORT, '--replay', 'test/fixtures/curl-smb.pcapng');
    expect(out).toMatch(/replay \(1 conversation of test\/fixtures\/curl-smb\.pcapng\)/);
    expect(code).toBe(0);
  });

  it('writes the frames of the free phase', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ntstack-run-'));
    try {
      const path = join(folder, 'out.pcapng');
      const { code, out } = await printed(
        ...SHORT, '--load', 'messages', '--loss', '1%', '--delay', '5ms', '--pcap', path,
      );
      expect(code).toBe(0);
      expect(out).toContain(`frames of the free phase in ${path}`);
      const frames = [...readCapture(new Uint8Array(readFileSync(path)))];
      expect(frames[0]?.interfaceName).toBe('client1');
      const { conversations } = readConversations(frames);
      expect(conversations.length).toBeGreaterThan(0);
      expect(conversations[0]).toMatchObject({ server: { address: '10.0.0.1', port: 5007 } });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
