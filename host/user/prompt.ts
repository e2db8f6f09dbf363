/**
 * A prompt on one machine of a world: nbtstat, netstat, ping, telnet and net, typed and answered as
 * at Windows NT's. Not there: `net view` of shares, which needs a server, and TTL in ping's lines.
 */

import { formatAddress, parseAddress } from '../machine/address.js';
import type { Machine } from '../machine/machine.js';
import type { RegisteredName } from '../machine/usermode.js';
import type { Browser } from './browser.js';
import {
  cacheTable, localNameTable, nodeLine, remoteNameTable, sessionTable, statisticsTable,
} from './nbtstat.js';
import type { SessionRow } from './nbtstat.js';
import {
  connectionRows, connectionTable, interfaceFigures, interfaceTable, openRows, protocolTable,
} from './netstat.js';

/** What a command came to. */
export interface Answer {
  /** What it prints. */
  readonly text: string;
  /** The same for programs. */
  readonly data: unknown;
  /** Whether it did not do what it was asked. */
  readonly failed?: boolean;
}

const SECOND = 1e9;
/** A find asks as often and as long as the registry says: more than all of it. */
const FIND_NS = 60 * SECOND;
const CONNECT_NS = 300 * SECOND;
/** What telnet reads at first. */
const BANNER_NS = 2 * SECOND;
const SESSION_PORT = 139;
const ECHOES = 4;
const RULE = '-'.repeat(79);
const DONE = 'The command completed successfully.';
const HELP = `nbtstat -a name | -A address | -c | -n | -r | -R | -s
netstat [-a] [-n] [-e] [-s]
ping host
telnet host port
net view [\\\\name]
net name [name [/add | /delete]]
exit`;

/** How time passes while a command runs: as in a world, or by itself. */
export interface Passing {
  run(ns: number): Promise<void>;
  /** What a promise gives. @throws Error where it is not settled after so many ns. */
  complete<T>(promise: PromiseLike<T>, mostNs: number): Promise<T>;
}

/** The prompt of one machine. */
export class Prompt {
  private readonly names = new Map<string, RegisteredName>();

  constructor(
    readonly world: Passing, readonly machine: Machine, private readonly browser: Browser,
    private readonly scope = '',
  ) {}

  /** Runs a line; an empty one answers nothing. */
  async run(line: string): Promise<Answer> {
    const [command = '', ...words] = line.trim().split(/\s+/);
    switch (command.toLowerCase()) {
      case '':
        return { text: '', data: null };
      case 'nbtstat':
        return this.nbtstat(words);
      case 'netstat':
        return this.netstat(words);
      case 'ping':
        return this.ping(words);
      case 'telnet':
        return this.telnet(words);
      case 'net':
        return this.net(words);
      case 'help':
        return { text: HELP, data: HELP };
      default:
        return failure('The name specified is not recognized as an\n'
          + 'internal or external command, operable program or batch file.');
    }
  }

  private async nbtstat([option = '', name]: readonly string[]): Promise<Answer> {
    const { netbios } = this.machine.user;
    const begin = nodeLine(formatAddress(this.machine.settings.address), this.scope);
    const answer = (text: string, data: unknown): Answer => ({ text: `${begin}${text}`, data });
    switch (option) {
      case '-n': {
        const rows = await this.wait(netbios.names());
        return answer(`\n${localNameTable(rows)}`, rows);
      }
      case '-c': {
        const rows = await this.wait(netbios.cache());
        return answer(`\n${cacheTable(rows)}`, rows);
      }
      case '-r': {
        const counters = this.machine.nbtCounters();
        return { text: statisticsTable(counters), data: counters };
      }
      case '-R':
        await this.wait(netbios.purge());
        return {
          text: '    Successful purge and preload of the NBT Remote Cache Name Table.', data: true,
        };
      case '-s':
      case '-S': {
        const rows = this.sessions();
        return answer(`\n${sessionTable(rows)}`, rows);
      }
      case '-a':
      case '-A':
        if (name === undefined) return usage('nbtstat -a name | -A address');
        return this.status(option, name);
      default:
        return usage('nbtstat -a name | -A address | -c | -n | -r | -R | -s');
    }
  }

  private async status(option: string, name: string): Promise<Answer> {
    const address = option === '-A' ? name : await this.resolve(name);
    try {
      if (address === undefined) return failure('\n    Host not found.');
      const status = await this.wait(this.machine.user.netbios.status(address));
      const begin = nodeLine(formatAddress(this.machine.settings.address), this.scope);
      return { text: `${begin}\n${remoteNameTable(status)}`, data: { address, ...status } };
    } catch (thrown) {
      const isWrong = thrown instanceof TypeError;
      return failure(isWrong ? thrown.message : '\n    Host not found.');
    }
  }

  /** NetBIOS sessions are connections of port 139. */
  private sessions(): SessionRow[] {
    return this.machine.connections()
      .filter((one) => one.localPort === SESSION_PORT || one.remotePort === SESSION_PORT)
      .map((one) => ({
        state: one.state === 'ESTABLISHED' ? 'Connected' : 'Disconnecting',
        direction: one.localPort === SESSION_PORT ? 'In' : 'Out',
        remote: formatAddress(one.remoteAddress),
      }));
  }

  private async netstat(words: readonly string[]): Promise<Answer> {
    const letters = words.map((word) => word.replace(/^[-/]/, '').toLowerCase()).join('');
    if (!/^[anes]*$/.test(letters) || words.some((word) => !/^[-/]/.test(word))) {
      return usage('netstat [-a] [-e] [-n] [-s]');
    }
    if (letters.includes('e')) {
      const figures = interfaceFigures(this.machine);
      return { text: interfaceTable(figures), data: figures };
    }
    if (letters.includes('s')) {
      const counters = this.machine.counters();
      return { text: protocolTable(counters), data: counters };
    }
    const names = letters.includes('n') ? undefined : await this.hostNames();
    const open = letters.includes('a') ? openRows(this.machine, names) : [];
    const rows = [...open, ...connectionRows(this.machine, names)];
    return { text: connectionTable(rows), data: rows };
  }

  /** Names of addresses that are known: those in the cache, and its own. */
  private async hostNames(): Promise<ReadonlyMap<string, string>> {
    const rows = await this.wait(this.machine.user.netbios.cache());
    const known = rows.filter(({ type }) => type === 'UNIQUE')
      .map(({ address, name }) => [address, name.slice(0, -4).toLowerCase()] as const);
    return new Map([
      ...known, [formatAddress(this.machine.settings.address), this.machine.name.toLowerCase()],
    ]);
  }

  private async ping([host]: readonly string[]): Promise<Answer> {
    if (host === undefined) return usage('ping host');
    const address = await this.resolve(host);
    if (address === undefined) return failure(`Bad IP address ${host}.`);
    const called = address === host ? host : `${host} [${address}]`;
    const lines = [`\nPinging ${called} with 32 bytes of data:\n`];
    const replies = [];
    for (let i = 0; i < ECHOES; i++) {
      const reply = await this.wait(this.machine.ping(address));
      replies.push(reply);
      lines.push(replyLine(address, reply));
      await this.world.run(SECOND);
    }
    const failed = replies.every(({ status }) => status !== 'SUCCESS');
    return { text: lines.join('\n'), data: { address, replies }, failed };
  }

  private async telnet([host, port = '23']: readonly string[]): Promise<Answer> {
    if (host === undefined || !/^\d{1,5}$/.test(port)) return usage('telnet host port');
    const begin = `Connecting To ${host}...`;
    const address = await this.resolve(host);
    if (address === undefined) return failure(`${begin}Could not open a connection to ${host}`);
    try {
      const socket = await this.wait(
        this.machine.user.connect(address, Number(port)), CONNECT_NS);
      const first = socket.receive().catch(() => undefined);
      const silence = this.machine.sleep(BANNER_NS).then(() => undefined);
      const banner = new TextDecoder().decode(await this.wait(Promise.race([first, silence])));
      await this.wait(socket.close());
      await this.world.run(SECOND);
      const text = [begin, 'Connected.', banner.trimEnd(), 'Connection closed.'];
      return {
        text: text.filter((each) => each !== '').join('\n'), data: { address, port, banner },
      };
    } catch (thrown) {
      if (thrown instanceof TypeError) return failure(thrown.message);
      return failure(`${begin}Could not open a connection to ${host}: ${statusOf(thrown)}`);
    }
  }

  private async net([what = '', ...words]: readonly string[]): Promise<Answer> {
    if (what === 'view') return this.netView(words);
    if (what === 'name') return this.netName(words);
    return usage('net view [\\\\name] | name [name [/add | /delete]]');
  }

  private netView([server]: readonly string[]): Answer {
    if (server !== undefined) {
      // Its shares are the server service's to tell, which is not there.
      return failure('System error 53 has occurred.\n\nThe network path was not found.');
    }
    const servers = this.browser.servers();
    if (servers.length === 0) {
      return failure('System error 6118 has occurred.\n\nThe list of servers for this workgroup '
        + 'is not currently available');
    }
    const lines = servers.map(({ name, comment }) => `\\\\${name.padEnd(20)} ${comment}`.trimEnd());
    return {
      text: ['Server Name            Remark\n', RULE, ...lines, DONE].join('\n'), data: servers,
    };
  }

  private async netName([name, action = '/add']: readonly string[]): Promise<Answer> {
    const { netbios } = this.machine.user;
    if (name === undefined) {
      const rows = await this.wait(netbios.names());
      const names = rows.map((row) => row.name).filter((each) => each.endsWith('<03>'))
        .map((each) => each.slice(0, -4));
      return { text: ['', 'Name', RULE, ...names, DONE].join('\n'), data: names };
    }
    const called = name.toUpperCase();
    if (called.length > 15) return failure('System error 87 has occurred.\n\nThe parameter is '
      + 'incorrect.');
    if (/^\/del/i.test(action)) {
      const added = this.names.get(called);
      if (added === undefined) {
        return failure('The message alias could not be found on the network.\n\n'
          + 'More help is available by typing NET HELPMSG 2273.');
      }
      added.delete();
      this.names.delete(called);
      await this.world.run(SECOND);
      return { text: `${called} was deleted successfully.`, data: called };
    }
    try {
      this.names.set(called, await this.wait(netbios.add(`${called}<03>`)));
      return { text: `The message name ${called} was added successfully.`, data: called };
    } catch (thrown) {
      if (statusOf(thrown) !== 'DUPLICATE_NAME') throw thrown;
      return failure('System error 52 has occurred.\n\nA duplicate name exists on the network.');
    }
  }

  /** The address of a host: one, or that of a name; undefined where nobody knows it. */
  private async resolve(host: string): Promise<string | undefined> {
    try {
      parseAddress(host);
      return host;
    } catch {
      // Not an address: a name.
    }
    const { netbios } = this.machine.user;
    for (const suffix of ['20', '00']) {
      try {
        const found = await this.wait(netbios.find(`${host}<${suffix}>`));
        if (!found.group && found.addresses[0] !== undefined) return found.addresses[0];
      } catch {
        // Nobody has it, or it is none.
      }
    }
    return undefined;
  }

  /** Lets virtual time pass until a promise is settled. */
  private async wait<T>(promise: Promise<T>, mostNs = FIND_NS): Promise<T> {
    return this.world.complete(promise, mostNs);
  }
}

function replyLine(address: string, reply: { status: string; roundTripUs: number }): string {
  switch (reply.status) {
    case 'SUCCESS': {
      const ms = Math.round(reply.roundTripUs / 1000);
      return `Reply from ${address}: bytes=32 time${ms < 10 ? '<10' : `=${ms}`}ms`;
    }
    case 'IO_TIMEOUT':
      return 'Request timed out.';
    default:
      return 'Destination host unreachable.';
  }
}

function failure(text: string): Answer {
  return { text, data: { error: text.trim() }, failed: true };
}

function usage(text: string): Answer {
  return failure(`The syntax of this command is:\n\n${text}`);
}

function statusOf(thrown: unknown): string {
  return thrown instanceof Error && 'status' in thrown ? String(thrown.status) : String(thrown);
}
