import { copyFileSync, linkSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEFAULT_RELEASE, planRun } from '../../host/cli/plan.js';
import { WrongUse } from '../../host/cli/wronguse.js';
import { MIX } from '../../host/load/mix.js';

describe('cli/plan', () => {
  it('has a default for everything', () => {
    expect(planRun({})).toMatchObject({
      seconds: 10, weights: MIX, conversations: [], release: DEFAULT_RELEASE, parameters: {},
      seed: '0x0000000000000001', pcap: undefined, json: false,
    });
  });

  it('takes loads in lists and one by one, and a replay beside them', () => {
    const replay = 'test/fixtures/curl-smb.pcapng';
    expect(planRun({ load: ['bulk,storm', 'messages'] }).weights).toEqual({
      bulk: 1, storm: 1, messages: 1,
    });
    expect(planRun({ replay }).weights).toEqual({ replay: 1 });
    expect(planRun({ replay, load: ['mix'] }).weights).toEqual({ ...MIX, replay: 1 });
    expect(planRun({ replay }).conversations.length).toBe(1);
  });

  it('writes no capture over the one that it reads', () => {
    const folder = mkdtempSync(join(tmpdir(), 'ntstack-'));
    try {
      const [replay, pcap] = [join(folder, 'one.pcapng'), join(folder, 'other.pcapng')];
      copyFileSync('test/fixtures/curl-smb.pcapng', replay);
      linkSync(replay, pcap);
      const octets = readFileSync(replay);
      expect(() => planRun({ replay, pcap })).toThrow(
        new WrongUse(`option --pcap: ${pcap} is the file that is read`),
      );
      expect(readFileSync(replay).equals(octets)).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('puts the faults into the link, and settings where they belong', () => {
    const plan = planRun({
      loss: '5%', delay: '20ms', set: ['SynAttackProtect=0x2', 'mtu=576'], seed: '0xff',
      seconds: '.5',
    });
    expect(plan.link).toMatch(/^switch:.*&loss=5%25&delay=20ms$/);
    expect(plan.parameters).toEqual({ SynAttackProtect: 2, mtu: 576 });
    expect(plan.seed).toBe('0x00000000000000ff');
    expect(plan.seconds).toBe(0.5);
  });
});
