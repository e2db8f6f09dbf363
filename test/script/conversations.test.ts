/** Our own conversations, on both kernels: those that hold, and those that must not. */

import { describe, expect, it } from 'vitest';
import { loadModule } from '../../host/kernel/load.js';
import { CaptureWriter } from '../../host/link/pcapngwrite.js';
import { readCapture } from '../../host/link/pcapread.js';
import { runScript } from '../../host/script/run.js';
import type { ScriptResult } from '../../host/script/run.js';
import { runSuite } from '../../host/script/suite.js';
import { conversationsIn, folderOf } from './files.js';
import type { Conversation } from './files.js';

const THEMES = ['handshake', 'data', 'close', 'reset', 'timers', 'icmp', 'sockets'];
const MODULES = { free: await loadModule('free'), checked: await loadModule('checked') };

async function play(
  { file, text }: Conversation, target: keyof typeof MODULES, strict = false,
): Promise<ScriptResult> {
  return runScript(file, text, { target, module: MODULES[target], release: 'modern', strict });
}

describe.each(THEMES)('script/%s', (theme) => {
  const all = conversationsIn(folderOf(theme));
  it.each(all.map((each) => [each.file, each] as const))('holds: %s', async (_, each) => {
    for (const target of ['free', 'checked'] as const) {
      const { outcome, reason } = await play(each, target);
      expect(`${outcome} ${reason}`.trim(), target).toBe('passed');
    }
  });
});

describe('script/fail', () => {
  const all = conversationsIn(folderOf('fail'));
  const named = all.map((each) => [each.file, each] as const);
  it.each(named)('fails as it says: %s', async (_, each) => {
    expect(each.expected).not.toBe('');
    for (const target of ['free', 'checked'] as const) {
      const { outcome, reason } = await play(each, target, true);
      expect(outcome, target).toBe('failed');
      expect(reason, target).toContain(`${each.file}:${each.expected}`);
    }
  });

  it('shows the expected and the actual packet, one above the other', async () => {
    const each = all.find(({ file }) => file === 'wrong-window.pkt');
    if (each === undefined) throw new Error('there is no wrong-window.pkt');
    const { reason } = await play(each, 'checked');
    expect(reason.split('\n').slice(1)).toEqual([
      '  expected  > S. 0:0(0) ack 1 win 8761 <mss 1460>',
      '  actual    > S. 0:0(0) ack 1 win 8760 <mss 1460>',
      '                              ^^^^^^^^',
    ]);
  });

  it('is no failure where packets that are left do not count', async () => {
    const each = all.find(({ file }) => file === 'extra-packet.pkt');
    if (each === undefined) throw new Error('there is no extra-packet.pkt');
    expect((await play(each, 'checked')).outcome).toBe('passed');
  });
});

describe('script/malformed', () => {
  const all = conversationsIn(folderOf('malformed'));
  it.each(all.map((each) => [each.file, each] as const))('says where: %s', async (_, each) => {
    const { outcome, reason } = await play(each, 'checked');
    expect(outcome).toBe('malformed');
    expect(reason).toContain(`${each.file}:${each.expected}`);
    expect(each.expected).not.toBe('');
  });
});

describe('script/skipped', () => {
  const all = conversationsIn(folderOf('skipped'));
  it.each(all.map((each) => [each.file, each] as const))('says what for: %s', async (_, each) => {
    expect(await play(each, 'checked')).toEqual({
      file: each.file, outcome: 'skipped', reason: `needs ${each.expected}`,
    });
  });
});

describe('script', () => {
  const script = conversationsIn(folderOf('data')).find(({ file }) => file === 'push.pkt');

  it('gives the same on any seed, wherever the numbers begin', async () => {
    if (script === undefined) throw new Error('there is no push.pkt');
    const module = MODULES.checked;
    for (const seed of [2, 3, '0xffffffffffffffff']) {
      const options = { target: 'checked', module, release: 'modern', seed } as const;
      expect((await runScript(script.file, script.text, options)).outcome).toBe('passed');
    }
  });

  it('takes the branch of a name that is defined', async () => {
    const text = '#ifdef ELSE\n+0 close(9) = 0\n#endif\n+0 < R 1:1(0) win 0\n';
    const options = { target: 'checked', module: MODULES.checked, release: 'modern' } as const;
    expect((await runScript('a.pkt', text, options)).outcome).toBe('passed');
    const other = await runScript('a.pkt', text, { ...options, defined: ['ELSE'] });
    expect(other.reason).toBe('a.pkt:2: 9 is no descriptor that is open');
  });

  it('is one of many: what goes wrong in it leaves the others as they are', async () => {
    // 150 days are more than the clock can tell.
    const far = '+2592000 `true`\n'.repeat(5);
    const scripts = [far, '+0 `true`\n'].map((text, at) => ({ file: `${at}.pkt`, text }));
    const kernels = [{ target: 'checked', module: MODULES.checked }] as const;
    const [first, second] = await runSuite(scripts, { kernels, release: 'modern' });
    expect(first).toMatchObject({ file: '0.pkt', outcome: 'failed' });
    expect(first?.reason).toMatch(/^0\.pkt: running until /);
    expect(second?.outcome).toBe('passed');
  });

  it('knows the place of what is wrong, far down', async () => {
    const text = `${'+0 `true` // more\n'.repeat(20_000)}  soon\n`;
    const options = { target: 'checked', module: MODULES.checked, release: 'modern' } as const;
    const { reason } = await runScript('a.pkt', text, options);
    expect(reason).toMatch(/^a\.pkt:20001:3: expected a time in seconds, and not 'soon'$/);
  });

  it('is not held up by a call that has returned', async () => {
    const times: number[] = [];
    const parts: Uint8Array[] = [];
    const pcap = new CaptureWriter((octets) => parts.push(octets.slice()));
    const text = [
      '--tolerance_usecs=75000',
      '0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3',
      '0...0.1 connect(3, ..., ...) = 0',
      '0 > S 0:0(0) <...>',
      '0.1 < S. 0:0(0) ack 1 win 8192 <mss 1000>',
      '0.1 > . 1:1(0) ack 1',
      '0.11 write(3, ..., 10) = 10',
      '0.11 > P. 1:11(10) ack 1',
      '0.12 < . 1:1(0) ack 11 win 8192',
    ].join('\n');
    const { outcome, reason } = await runScript('a.pkt', text, {
      target: 'checked', module: MODULES.checked, release: 'modern', pcap,
    });
    expect(`${outcome} ${reason}`).toBe('passed ');
    pcap.flush();
    const file = Uint8Array.from(parts.flatMap((part) => [...part]));
    const all = [...readCapture(file)].filter(({ octets }) => octets[23] === 6);
    const [first] = all;
    for (const { timeNs } of all) times.push(Number(timeNs - (first?.timeNs ?? 0n)) / 1e6);
    // The last one is its end.
    expect(times).toEqual([0, 100, 100, 110, 120, 120]);
  });
});
