import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunSummary } from '../../host/cli/run.js';
import { readCapture } from '../../host/link/pcapread.js';
import { readConversations } from '../../host/load/recording.js';
import { printed } from './printed.js';
import type { Printed } from './printed.js';

const KEYS = [
  'seconds', 'frames', 'octets', 'warmUp', 'gbitPerSecond', 'nsPerFrame', 'virtualSeconds',
  'connections', 'retransmissions', 'drops', 'findings', 'warnings', 'interrupted', 'phases',
];
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
const SHORT = ['run', '--seconds', '0.2'];

/** What is printed where a signal comes as soon as the program listens for it. */
async function interrupted(signal: NodeJS.Signals, ...args: string[]): Promise<Printed> {
  const press = (event: string | symbol, listener: (signal: string) => void): void => {
    if (event === signal) queueMicrotask(() => listener(signal));
  };
  process.on('newListener', press);
  try {
    return await printed(...args);
  } finally {
    process.off('newListener', press);
  }
}

describe('cli/run', () => {
  it('gives the figures as JSON, and nothing else', async () => {
    const { code, out, err } = await printed(...SHORT, '--load', 'messages', '--json');
    const figures = JSON.parse(out) as Record<string, unknown> & RunSummary;
    expect(Object.keys(figures)).toEqual(KEYS);
    expect(Object.keys(figures['connections'] as object)).toEqual(['opened', 'closed', 'refused']);
    expect(figures.frames).toBeGreaterThan(0);
    const { warmUp } = figures;
    // On a machine that is busy with others the warm-up may be all that there is time for.
    const measured = figures.frames - warmUp.frames;
    expect(measured).toBeGreaterThanOrEqual(0);
    expect(figures.nsPerFrame).toBeCloseTo(
      measured === 0 ? 0 : (figures.seconds - warmUp.seconds) * 1e9 / measured, 3,
    );
    expect(figures.findings).toEqual([]);
    expect(figures.interrupted).toBe(false);
    // How far checked comes in its time is the machine's affair.
    expect(figures.warnings.filter((words) => !words.startsWith('checked: ran '))).toEqual([]);
    expect(figures.phases.map(({ target }) => target)).toEqual(['free', 'checked']);
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
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(err).toBe('');
    expect(code).toBe(0);
  });

  it('finds the defect of a release, however short the load; in checked alone', async () => {
    const { code, out } = await printed(
      ...SHORT, '--load', 'storm', '--release', 'nt40sp6a', '--set', 'SynAttackProtect=2',
    );
    expect(code).toBe(1);
    expect(out).toMatch(/^free +no verdict on Q293498, Q297040: only checked is built with/m);
    expect(out).toMatch(/^checked +lock leaked +client1 [^]*tcpip\/tcp\/connect\.ts:\d+/m);
    expect(out).not.toContain('clean');
    expect(out).not.toContain('warning');
  });

  it('does not say clean of a link that carries nothing', async () => {
    const nothing = [...SHORT, '--loss', '100%'];
    const { code, out } = await printed(...nothing);
    expect(out).not.toContain('clean');
    expect(out).toMatch(/^free +nothing carried/m);
    expect(out).toMatch(/^warning checked: nothing was carried: no frame arrived/m);
    expect(code).toBe(0);
    const figures = JSON.parse((await printed(...nothing, '--json')).out) as RunSummary;
    expect(figures.frames).toBe(0);
    expect(figures.warnings.length).toBe(2);
  });

  it.each(SIGNALS)('says what did not run after %s', async (signal) => {
    const long = ['run', '--seconds', '600', '--load', 'messages'];
    const before = SIGNALS.map((each) => process.listenerCount(each));
    const text = await interrupted(signal, ...long);
    expect(text.out).toMatch(/^free +not judged +cut short; nothing found so far \(0 s of/m);
    expect(text.out).not.toContain('clean');
    expect(text.out).toMatch(/^warning interrupted: free ran .* of 600; checked did not\s+run/m);
    expect(text.out).not.toMatch(/^checked/m);
    expect(text.code).toBe(0);
    const figures = JSON.parse((await interrupted(signal, ...long, '--json')).out) as RunSummary;
    expect(figures.interrupted).toBe(true);
    // Free: that is the phase that comes first.
    expect(figures.phases).toMatchObject([{ target: 'free', cut: true }]);
    expect(figures.phases).toHaveLength(1);
    expect(SIGNALS.map((each) => process.listenerCount(each))).toEqual(before);
    expect(figures.warnings.at(-1)).toMatch(/^interrupted: free ran .*; checked did not run/);
  });

  it('replays a capture, and says how many of its conversations', async () => {
    const { code, out } = await printed(...SHORT, '--replay', 'test/fixtures/curl-smb.pcapng');
    expect(out).toMatch(/replay \(1 conversation of\s+test\/fixtures\/curl-smb\.pcapng\)/);
    expect(code).toBe(0);
  });

  it('replays what is whole of a capture that is cut off, and warns once', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ntstack-cut-'));
    try {
      const path = join(folder, 'cut.pcapng');
      const whole = readFileSync('test/fixtures/curl-smb.pcapng');
      writeFileSync(path, whole.subarray(0, whole.length - 8));
      const { code, out } = await printed(...SHORT, '--replay', path, '--json');
      const { warnings } = JSON.parse(out) as RunSummary;
      const cut = warnings.filter((words) => words.includes('cut off'));
      expect(cut).toHaveLength(1);
      expect(cut[0]).toMatch(/cut\.pcapng is cut off at offset \d+: \d+ frames are whole, 1 re/);
      expect(code).toBe(0);
      writeFileSync(path, whole.subarray(0, 20));
      const refused = await printed(...SHORT, '--replay', path);
      expect(refused.err).toMatch(/option --replay: .*cut\.pcapng: capture, offset 0: expected /);
      expect(refused.code).toBe(2);
    } finally {
      rmSync(folder, { recursive: true });
    }
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
