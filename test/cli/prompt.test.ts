/** `ntstack prompt`: what its commands print, for people and for programs, and how it ends. */

import { describe, expect, it } from 'vitest';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCapture } from '../../host/link/pcapread.js';
import { printed } from './printed.js';

/** Runs commands, each as an argument of -c. */
async function run(...lines: string[]): ReturnType<typeof printed> {
  return printed('prompt', ...lines.flatMap((line) => ['-c', line]));
}

describe('cli/prompt', () => {
  it('shows this machine\'s names as nbtstat -n did', async () => {
    const { code, out } = await run('nbtstat -n');
    expect(out).toBe(`
Node IpAddress: [10.0.0.1] Scope Id: []

                NetBIOS Local Name Table

       Name               Type         Status
    ---------------------------------------------
    WKS1           <00>  UNIQUE      Registered
    WKS1           <03>  UNIQUE      Registered
    WKS1           <20>  UNIQUE      Registered
    NTGROUP        <00>  GROUP       Registered
    NTGROUP        <1E>  GROUP       Registered
    NTGROUP        <1D>  UNIQUE      Registered
`);
    expect(code).toBe(0);
  });

  it('finds names, remembers them, and counts how', async () => {
    const { out } = await run(
      'ping server2', 'nbtstat -c', 'nbtstat -r', 'nbtstat -R', 'nbtstat -c');
    expect(out).toContain('Pinging server2 [10.0.0.3] with 32 bytes of data:');
    expect(out.match(/Reply from 10\.0\.0\.3: bytes=32 time<10ms/g)).toHaveLength(4);
    expect(out).toContain('    SERVER2        <20>  UNIQUE          10.0.0.3           65');
    expect(out).toContain('    Resolved By Broadcast     = 1');
    expect(out).toContain('    Registered By Broadcast   = 6');
    expect(out).toContain('Successful purge and preload of the NBT Remote Cache Name Table.');
    expect(out.trimEnd()).toMatch(/No names in cache$/);
  });

  it('asks a name server with --wins', async () => {
    const { out } = await printed(
      'prompt', '--wins', '-c', 'nbtstat -a SERVER1', '-c', 'nbtstat -r');
    expect(out).toContain('    SERVER1        <20>  UNIQUE      Registered');
    expect(out).toContain('    MAC Address = 02-00-0A-00-00-02');
    expect(out).toContain('    Resolved By Name Server   = 1');
    expect(out).toContain('    Registered By Name Server = 6');
  });

  it('adds and deletes names, and has none that another has', async () => {
    const { code, out } = await run(
      'net name bob', 'net name', 'net name bob /delete', 'net name', 'net name server1');
    expect(out).toContain('The message name BOB was added successfully.');
    expect(out).toContain('WKS1\nBOB\nThe command completed successfully.');
    expect(out).toContain('BOB was deleted successfully.');
    expect(out).toContain('-\nWKS1\nThe command completed successfully.');
    expect(out).toContain('A duplicate name exists on the network.');
    expect(code).toBe(1);
  });

  it('knows the servers that announce themselves', async () => {
    const { code, out } = await run('net view');
    expect(out).toContain('\\\\SERVER1              Files\n\\\\SERVER2              Printers\n');
    expect(code).toBe(0);
    const shares = await run('net view \\\\SERVER1');
    expect(shares).toMatchObject({ code: 1 });
    expect(shares.out).toContain('System error 53 has occurred.');
  });

  it('connects, and shows what is left of it', async () => {
    const { code, out } = await run('telnet SERVER1 23', 'netstat -n', 'netstat', 'netstat -e');
    expect(out).toContain('Connecting To SERVER1...\nConnected.\nWelcome to SERVER1\n');
    expect(out).toMatch(/TCP +10\.0\.0\.1:1024 +10\.0\.0\.2:23 +TIME_WAIT/);
    expect(out).toMatch(/TCP +wks1:1024 +server1:23 +TIME_WAIT/);
    expect(out).toMatch(/^Packets +[1-9]\d* +[1-9]\d*$/m);
    expect(code).toBe(0);
  });

  it('shows what is open with netstat -a', async () => {
    const { out } = await run('netstat -an');
    expect(out).toMatch(/^ {2}UDP {4}0\.0\.0\.0:137 {12}\*:\*$/m);
    expect(out).toMatch(/^ {2}UDP {4}0\.0\.0\.0:138 {12}\*:\*$/m);
    const named = await run('netstat -a');
    expect(named.out).toMatch(/^ {2}UDP {4}wks1:137 {15}\*:\*$/m);
  });

  it('says what did not go, and ends with 1', async () => {
    for (const [line, words] of [
      ['telnet SERVER1 24', 'Could not open a connection to SERVER1: CONNECTION_REFUSED'],
      ['telnet NOBODY', 'Could not open a connection to NOBODY'],
      ['ping NOBODY', 'Bad IP address NOBODY.'],
      ['ping 10.0.0.77', 'Request timed out.'],
      ['nbtstat -A 10.0.0.77', 'Host not found.'],
      ['nbtstat -A nonsense', '\'nonsense\' is no IPv4 address'],
      ['nbtstat -x', 'The syntax of this command is:'],
      ['netstat x', 'The syntax of this command is:'],
      ['format c:', 'The name specified is not recognized as an'],
    ] as const) {
      const { code, out } = await run(line);
      expect(out).toContain(words);
      expect(code).toBe(1);
    }
  });

  it('gives an object for each command with --json', async () => {
    const { out } = await printed('prompt', '--json', '-c', 'nbtstat -n', '-c', 'netstat -s');
    const [names, counters] = out.trim().split('\n').map((line) => JSON.parse(line) as {
      command: string; failed: boolean; data: Record<string, unknown>;
    });
    expect(names).toMatchObject({
      command: 'nbtstat -n', failed: false,
      data: { 0: { name: 'WKS1<00>', type: 'UNIQUE', status: 'Registered' } },
    });
    expect(counters?.data['UDP_OUT_DATAGRAMS']).toBeGreaterThan(10);
  });

  it('writes all frames, and the same twice', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ntstack-prompt-'));
    try {
      const captures = [];
      for (const name of ['one', 'two']) {
        const file = join(folder, `${name}.pcapng`);
        await printed('prompt', '--pcap', file, '-c', 'ping SERVER1');
        captures.push(readFileSync(file));
      }
      expect(captures[0]?.equals(captures[1] ?? Buffer.alloc(0))).toBe(true);
      const frames = [...readCapture(captures[0] ?? new Uint8Array(0))];
      expect(frames.length).toBeGreaterThan(30);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('ends with 2 where an option is wrong', async () => {
    for (const [option, value] of [
      ['--release', 'nt99'], ['--set', 'NodeTyp=1'], ['--set', 'NodeType=3'], ['--seed', 'x'],
    ] as const) {
      const { code, err } = await printed('prompt', option, value, '-c', 'nbtstat -n');
      expect(code).toBe(2);
      expect(err.trim().split('\n')).toHaveLength(1);
      expect(err).toContain(option);
    }
  });
});
