/** `ntstack attach` as it is built: two of it, each plugged into a socket of this test. */

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ROOT } from '../../host/cli/child.js';
import type { AttachReport } from '../../host/cli/attachreport.js';
import { readCapture } from '../../host/link/pcapread.js';

const folder = mkdtempSync(join(tmpdir(), 'ntstack-attach-'));
afterAll(() => rmSync(folder, { recursive: true }));
/** Wall time that a machine may take: more than any computer needs. */
const MOST_MS = 300_000;

/** A wire between the first two that connect; whether the one sees that the other has gone. */
async function openCable(path: string, end = true): Promise<Server> {
  let waiting: Socket | undefined;
  const server = createServer((socket) => {
    socket.on('error', () => {});
    if (waiting === undefined) waiting = socket;
    else {
      waiting.pipe(socket, { end });
      socket.pipe(waiting, { end });
      waiting = undefined;
    }
  });
  return new Promise((resolve) => {
    server.listen(path, () => resolve(server));
  });
}

interface Attached {
  readonly done: Promise<{ readonly code: number | null; readonly out: string; err: string }>;
  /** Settled when something was printed. */
  readonly printed: Promise<void>;
  end(signal: NodeJS.Signals): void;
}

function attach(link: string, ...options: string[]): Attached {
  return attachWith('', link, ...options);
}

/** With lines of standard input. */
function attachWith(lines: string, link: string, ...options: string[]): Attached {
  const main = join(ROOT, 'dist', 'cli', 'main.js');
  const child = spawn(process.execPath, [main, 'attach', link, ...options], { timeout: MOST_MS });
  let [out, err] = ['', ''];
  child.stdin.end(lines);
  child.stderr.on('data', (text: Buffer) => {
    err += text.toString();
  });
  const printed = new Promise<void>((resolve) => {
    child.stdout.on('data', (text: Buffer) => {
      out += text.toString();
      resolve();
    });
  });
  const done = new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, out, err }));
  });
  return { done, printed, end: (signal) => child.kill(signal) };
}

describe('cli/attach', () => {
  it('serves, fetches, puts and pings, until it is done or somebody ends it', async () => {
    const path = join(folder, 'cable');
    const cable = await openCable(path);
    const pcap = join(folder, 'server.pcapng');
    const server = attach(
      `unix:${path}`, '--address', '10.0.0.1/24', '--serve', 'http:8080,echo', '--pcap', pcap,
      '--pcap-frames', '50', '--target', 'checked', '--release', 'nt40',
    );
    await server.printed;
    const client = await attach(
      `unix:${path}?delay=1ms`, '--address', '10.0.0.2/24', '--json', '--ping', '10.0.0.1',
      '--fetch', 'http://10.0.0.1:8080/200000', '--put', 'http://10.0.0.1:8080/100000',
      '--fetch', 'http://10.0.0.1:8080/none',
    ).done;
    server.end('SIGINT');
    const { code, out, err } = await server.done;
    cable.close();
    expect(err).toBe('');
    expect(out).toMatch(/^nt40 10\.0\.0\.1\/24 on unix:.* serving http 8080, echo 7\n/);
    expect(out).toMatch(/, connections 3 accepted 0 opened, /);
    // The release brings its defects with it on checked: Q171181 and Q177245 show in any traffic.
    expect(out).toContain('TcpTable held, TcpTable with TcpTcb held');
    expect(code).toBe(1);
    const report = JSON.parse(client.out) as AttachReport;
    expect(report.errands.map(({ kind, succeeded, octets }) => [kind, succeeded, octets])).toEqual([
      ['ping', true, undefined], ['fetch', true, 200_000], ['fetch', false, 45],
      ['put', true, 100_000],
    ]);
    // Each way of each frame takes a millisecond of the world's time at least.
    expect(report.errands[0]?.roundTripUs).toBeGreaterThanOrEqual(2000);
    expect(report.framesIn).toBeGreaterThan(200_000 / 1460);
    expect(report.findings).toEqual([]);
    expect(client.code).toBe(1);
    expect([...readCapture(new Uint8Array(readFileSync(pcap)))].length).toBe(50);
  });

  it('has names on the net, runs commands, and gives its names back', async () => {
    const path = join(folder, 'netbios');
    const cable = await openCable(path, false);
    const pcap = join(folder, 'netbios.pcapng');
    const server = attach(
      `unix:${path}`, '--address', '10.0.0.1/24', '--netbios', 'one', '--master', '--pcap', pcap,
      '--target', 'checked',
    );
    const options = ['--address', '10.0.0.2/24', '--netbios', 'two', '--prompt', '--json'];
    const commands = [
      'nbtstat -n', 'nbtstat -A 10.0.0.1', 'net name one', 'nonsense', 'exit', 'net name',
    ];
    await server.printed;
    const client = attachWith(commands.join('\n'), `unix:${path}`, ...options);
    const { out, err } = await client.done;
    server.end('SIGINT');
    const served = await server.done;
    cable.close();
    expect([err, served.err]).toEqual(['', '']);
    expect(served.out).toMatch(/^ONE: registered$/m);
    const answers = out.split('\n').filter((line) => line.startsWith('{"command"'))
      .map((line) => JSON.parse(line) as { command: string; failed: boolean; data: unknown });
    expect(answers.map(({ command, failed }) => [command, failed])).toEqual([
      ['netbios', false], ['nbtstat -n', false], ['nbtstat -A 10.0.0.1', false],
      ['net name one', true], ['nonsense', true],
    ]);
    const [, own, theirs] = answers.map(({ data }) => JSON.stringify(data));
    for (const name of ['TWO<00>', 'TWO<20>', 'NTGROUP<1E>']) expect(own).toContain(name);
    for (const name of ['ONE<20>', 'NTGROUP<1D>']) expect(theirs).toContain(name);
    const report = JSON.parse(out.slice(out.indexOf('{\n'))) as AttachReport;
    expect(report.findings).toEqual([]);
    // NAME RELEASE REQUEST: opcode 6 in the second word of what goes to port 137.
    const released = [...readCapture(new Uint8Array(readFileSync(pcap)))].filter(({ octets }) =>
      octets[23] === 17 && octets[37] === 137 && (octets[44] ?? 0) >> 3 === 6);
    const from = new Set(released.map(({ octets }) => octets[29]));
    expect([...from].sort()).toEqual([1, 2]);
  });

  it('says that there is nobody, and that the other end went away', async () => {
    const path = join(folder, 'nobody');
    const options = ['--address', '10.0.0.1/24'];
    expect(await attach(`unix:${path}`, ...options).done).toEqual({
      code: 3, out: '', err: `ntstack: unix: ${path}: No such file or directory\n`,
    });
    const cable = await openCable(path);
    const first = attach(`unix:${path}`, ...options);
    const second = attach(`unix:${path}`, '--address', '10.0.0.2/24', '--seconds', '0.5');
    expect((await second.done).code).toBe(0);
    expect((await first.done).code).toBe(0);
    cable.close();
  });
});
