import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { printed } from './printed.js';

/** Wrong use: the arguments, and what the one line on standard error must say. */
const WRONG: readonly (readonly [args: string, says: RegExp])[] = [
  ['run --load bulc', /option --load: 'bulc' is no load; did you mean bulk\? there are bulk, mes/],
  ['run --load replay', /option --load: replay needs a recording: --replay FILE/],
  ['run --replay no/such', /option --replay: no\/such cannot be read: no such file/],
  ['run --replay package.json', /option --replay: package.json: capture, offset 0: expected/],
  ['run --replay test', /option --replay: test cannot be read: it is a folder/],
  ['run --seed -3', /option --seed: seed -3: a whole number from 0 to 2\^64 - 1/],
  ['run --release nt4', /option --release: nt4: unknown release; did you mean nt40\? .*nt40sp6a/],
  ['run --set TcpWindow=3', /option --set: TcpWindow: unknown .*mean TcpWindowSize\?/],
  ['run --set TcpWindowSize=1073741824', /option --set: .*: 1073741824 is out of range 0\.\./],
  ['run --set foo', /option --set: 'foo' is not Name=value/],
  ['run --set TcpMaxHalfOpen=-1', /TcpMaxHalfOpen.*range 100\.\.65535/],
  ['run --set MTU=1 --set MTU=2', /option --set: MTU is given twice/],
  ['run --loss 500%', /option --loss: loss=500% is not a probability, like 5% or 0\.05/],
  ['run --delay 20', /option --delay: delay=20 is not a time/],
  ['run --seconds 0', /option --seconds: '0' is no number above 0/],
  ['run --seconds 1e3', /option --seconds: '1e3' is no number/],
  ['run --pcap no/such/file', /option --pcap: no\/such\/file cannot be written: no such file/],
  ['run --frob', /unknown option '--frob'; see ntstack --help/],
  ['run --seconds', /argument missing/],
  ['run more', /too many arguments/],
  ['rum', /unknown command 'rum'.*see ntstack --help/],
  ['kb q1', /q1: no such article; there are Q126560, .*Q297040/],
  ['kb q297040 --processors 3', /option --processors: '3' is not 1 or 2/],
  ['kb q297040 --pcap no/such/file', /option --pcap: no\/such\/file cannot be written: no such/],
  ['kb q297040 --pcap test', /option --pcap: test cannot be written: it is a folder/],
  ['kb --pcap q.pcapng', /option --pcap: the frames of one article are written; name it/],
  ['kb q297040 --stop', /option --stop: of Q126560, which may end in a stop/],
  ['kb --stop', /option --stop: of Q126560/],
  ['attach', /missing required argument 'link'/],
  ['attach tap:nt0', /option --address is needed, like 10\.7\.0\.2\/24/],
  ['attach tap:nt0 --address 10.7.0.2', /option --address: .*no address with its network/],
  ['attach wire: --address 10.7.0.2/24', /link 'wire:': it leads nowhere; tap:, socket: and unix:/],
  ['attach tap:nt0?loss=x --address 10.7.0.2/24', /option LINK: link 'tap:nt0\?loss=x': loss=x is/],
  ['attach unix:x --address 10.7.0.2/24 --peer 10.7.0.1/24', /option --peer: only tap: has/],
  ['attach tap:n --address 10.7.0.2/24 --serve ecko', /option --serve: 'ecko' .*mean echo\?/],
  ['attach tap:n --address 10.7.0.2/24 --serve echo:0', /option --serve: '0' is no port/],
  ['attach tap:n --address 10.7.0.2/24 --fetch 1.2.3.4', /option --fetch: '1\.2\.3\.4' is no URL/],
  ['attach tap:n --address 1.2.3.4/8 --put http://1.2.3.5/x', /option --put: '\/x' must end in a/],
  ['attach tap:n --address 10.7.0.2/24 --ping me', /option --ping: host: 'me' is no IPv4 address/],
  ['attach tap:n --address 10.7.0.2/24 --target fast', /option --target: 'fast' is none of free/],
  ['attach tap:n --address 10.7.0.2/24 --seconds 0', /option --seconds: '0' is no number above 0/],
  ['attach tap:n --address 10.7.0.2/24 --release nt5', /option --release: nt5: unknown release/],
  ['attach tap:n --address 10.7.0.2/24 --prompt', /option --prompt: only a machine with --netbios/],
  ['attach tap:n --address 10.7.0.2/24 --netbios A*B', /option --netbios: 'A\*B' is no name/],
  ['attach tap:n --address 10.7.0.2/24 --netbios SIXTEEN-LETTERS-', /-' is no name: 1 to 15/],
  ['attach tap:n --address 10.7.0.2/24 --netbios A --serve wins', /wins takes port 137, which/],
  ['attach tap:n --address 10.7.0.2/24 --serve wins:5', /--serve: wins has no other port than 137/],
  ['attach tap:n --address 10.7.0.2/24 --netbios A --scope A..B', /attach: scopeId: 'A..B' is no/],
  ['registry TcpWin', /TcpWin: unknown registry value; did you mean TcpWindowSize\?/],
];

describe('cli/main', () => {
  it.each(WRONG)('ends %s with 2 and one line that says why', async (args, says) => {
    const { code, out, err } = await printed(...args.split(' '));
    expect(err).toMatch(says);
    expect(err).toMatch(/^ntstack: [^\n]*\n$/);
    expect(out).toBe('');
    expect(code).toBe(2);
  });

  it('says what it can do', async () => {
    for (const args of [['--help'], []]) {
      const { code, out, err } = await printed(...args);
      expect(code).toBe(0);
      expect(err).toBe('');
      for (const word of ['run', 'kb', 'attach', 'registry', 'Exit code']) {
        expect(out).toContain(word);
      }
    }
    const { out } = await printed('run', '--help');
    const options = [
      'seconds', 'load', 'seed', 'release', 'set', 'replay', 'loss', 'delay', 'pcap', 'json',
    ];
    for (const option of options) expect(out).toContain(`--${option}`);
  });

  it('says the version of its package', async () => {
    const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
    const { version } = JSON.parse(text) as { version: string };
    expect(version).toMatch(/^\d+\.\d+\.\d+/);
    expect(await printed('--version')).toEqual({ code: 0, out: `${version}\n`, err: '' });
  });

  it('lists the registry, and tells one value with all its defaults', async () => {
    const all = await printed('registry');
    expect(all.code).toBe(0);
    expect(all.out).toMatch(/SynAttackProtect .*0\.\.2/);
    expect(all.out).toMatch(/TcpTimedWaitDelay .*30\.\.300 seconds .*240/);
    const one = await printed('registry', 'tcptimedwaitdelay');
    expect(one.code).toBe(0);
    expect(one.out).toMatch(/nt35 .*240[^]*modern .*60/);
  });
});
