/** Names by NetBT as promises: registered, found, asked for; and the datagrams for them. */

import { valueOf } from '../kernel/layout.js';
import type { UserBlock } from '../kernel/userblock.js';
import { formatAddress, parseAddress } from '../machine/address.js';
import { parseLmhosts } from '../machine/lmhosts.js';
import type { NetbiosProgram } from '../machine/ncb.js';
import type {
  AdapterStatus, CachedNameRow, LocalNameRow, NameDatagram, NetbiosUser, RegisteredName,
} from '../machine/usermode.js';
import { NAME_OCTETS, NB_FLAG, nameText, netbiosName, statusEntries } from '../wire/nbname.js';
import { macText } from '../wire/read.js';
import type { Desk, Waiter } from './desk.js';
import { NcbTable } from './ncb.js';

/** Octets of the block through which all of it goes; the largest datagram fits. */
const BLOCK_OCTETS = 65_536;
/** Where the name lies in it, and where data does. */
const DATA_AT = 32;
/** Octets of the sender before a datagram. */
const SENDER_OCTETS = 20;
/** Octets of a name of ours and of one of others, as the driver writes them. */
const NAME_ROW = 24;
const CACHE_ROW = 32;
/** Room for the rows of an answer. */
const ANSWER_OCTETS = 49_152;
const FOREVER = 0xffff_ffff;
const STATES = ['Registering', 'Registered', 'Conflict'] as const;

/** What waits for the kernel: asked after each event, until it says that it is done. */
type Waiting = () => boolean;

/** Names of one machine. */
export class NetbiosDesk implements NetbiosUser {
  private readonly waiting = new Set<Waiting>();
  private place: UserBlock | undefined;
  private lmhosts: { readonly text: string; readonly files: Readonly<Record<string, string>> } =
    { text: '', files: {} };

  private readonly ncbs = new NcbTable(this);

  constructor(readonly desk: Desk) {}

  program(): NetbiosProgram {
    return this.ncbs.program();
  }

  async add(name: string, options: { readonly group?: boolean } = {}): Promise<RegisteredName> {
    const octets = netbiosName(name.toUpperCase());
    const what = `name ${nameText(octets)}`;
    const { raw } = this.desk.machine.kernel;
    return this.desk.request<RegisteredName>((waiter) => {
      const at = this.writeAddress(octets, options.group === true ? 'GROUP' : 'UNIQUE');
      const handle = this.call(() => raw.netbiosAdd(at));
      this.desk.mustSucceed(what, handle);
      this.wait(() => {
        const status = raw.netbiosStatus(handle);
        if (this.desk.nameOf(status) === 'PENDING') return false;
        if (status >= 0) waiter.resolve(new AddedName(this, handle, nameText(octets)));
        else {
          this.call(() => raw.netbiosDelete(handle));
          waiter.reject(this.desk.error(what, status));
        }
        return true;
      });
    });
  }

  async find(name: string): Promise<{ addresses: readonly string[]; group: boolean }> {
    const octets = netbiosName(name.toUpperCase());
    const answer = await this.ask(`find ${nameText(octets)}`, 'FIND_NAME', octets);
    const view = new DataView(answer.buffer, answer.byteOffset);
    const addresses = Array.from({ length: view.getUint32(4, true) }, (_, i) =>
      formatAddress(view.getUint32(8 + 4 * i, true)));
    return { addresses, group: (view.getUint32(0, true) & NB_FLAG.GROUP) !== 0 };
  }

  async status(host: string): Promise<AdapterStatus> {
    const address = parseAddress(host, 'host');
    const what = `adapter status of ${host}`;
    const data = await this.ask(what, 'ADAPTER_STATUS', netbiosName('*'), address);
    const { names, mac } = statusEntries(data);
    const rows = names.map(({ name, flags }) => rowOf(name, flags, 'Registered'));
    return { names: rows, mac: macText(mac).toUpperCase() };
  }

  async names(): Promise<LocalNameRow[]> {
    const rows = await this.ask('names', 'NAMES');
    return this.rows(rows, NAME_ROW, (view, name) =>
      rowOf(name, view.getUint32(NAME_OCTETS, true), STATES[view.getUint32(20, true)]));
  }

  async cache(): Promise<CachedNameRow[]> {
    const rows = await this.ask('names of others', 'CACHE');
    return this.rows(rows, CACHE_ROW, (view, name) => {
      const seconds = view.getUint32(24, true);
      return {
        name,
        type: (view.getUint32(NAME_OCTETS, true) & NB_FLAG.GROUP) === 0 ? 'UNIQUE' : 'GROUP',
        address: formatAddress(view.getUint32(20, true)),
        life: seconds === FOREVER ? undefined : seconds,
      } as const;
    });
  }

  async purge(): Promise<void> {
    await this.ask('purge', 'PURGE_CACHE');
    await this.readLmhosts();
  }

  async writeLmhosts(
    text: string, files: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    this.lmhosts = { text, files };
    await this.purge();
  }

  /** For the machine: hands out what has come. */
  poll(): void {
    this.ncbs.poll();
    for (const each of this.waiting) if (each()) this.waiting.delete(each);
  }

  /** For the machine: its user mode ends. */
  release(): void {
    this.ncbs.release();
    this.waiting.clear();
  }

  /** Has `each` asked after events until it is done; at once, too. */
  wait(each: Waiting): void {
    if (!each()) this.waiting.add(each);
  }

  /** A call into the kernel, which may be its last. */
  call(make: () => number): number {
    const { machine } = this.desk;
    let result = 0;
    if (!machine.enterUser()) return result;
    try {
      result = make();
    } catch (thrown) {
      machine.fail(thrown);
    }
    machine.leaveUser();
    return result;
  }

  /** A look into the kernel that leaves nothing to be taken. */
  look(make: () => number): number {
    try {
      return make();
    } catch (thrown) {
      this.desk.machine.fail(thrown);
      return 0;
    }
  }

  /** Writes a NetbiosAddress; where it lies. */
  writeAddress(octets: Uint8Array, type: 'UNIQUE' | 'GROUP'): number {
    const block = this.block();
    const whole = new Uint8Array(NAME_OCTETS + 4);
    whole.set(octets);
    whole[NAME_OCTETS] = valueOf(this.desk.machine.kernel.layout, 'NetbiosNameType', type);
    block.write(whole);
    return block.address;
  }

  /** Writes data behind the name; where it lies. */
  writeData(data: Uint8Array): number {
    const block = this.block();
    const at = block.partAt(DATA_AT, data.length);
    this.desk.machine.kernel.memory.octets.set(data, at);
    return at;
  }

  /** The block of user mode's memory that all of it goes through. */
  block(): UserBlock {
    this.place ??= this.desk.raw.allocate(BLOCK_OCTETS);
    return this.place;
  }

  private async readLmhosts(): Promise<void> {
    const { text, files } = this.lmhosts;
    const { raw, layout } = this.desk.machine.kernel;
    await this.desk.request<void>((waiter) => {
      for (const { name, address, preload, group } of parseLmhosts(text, files).entries) {
        const flags = (preload ? valueOf(layout, 'HostFlag', 'PRELOAD') : 0)
          | (group ? valueOf(layout, 'HostFlag', 'GROUP') : 0);
        const at = this.writeAddress(name, 'UNIQUE');
        this.call(() => raw.writeNetbtHost(at, address, flags));
      }
      waiter.resolve();
    });
  }

  private async ask(
    what: string, code: string, name: Uint8Array = new Uint8Array(NAME_OCTETS), address = 0,
  ): Promise<Uint8Array> {
    const { kernel } = this.desk.machine;
    const number = valueOf(kernel.layout, 'NetbtControl', code);
    return this.desk.request<Uint8Array>((waiter) => {
      const at = this.writeAddress(name, 'UNIQUE');
      const handle = this.call(() => kernel.raw.netbiosAsk(number, at, address, ANSWER_OCTETS));
      this.desk.mustSucceed(what, handle);
      this.wait(() => this.answered(what, handle, waiter));
    });
  }

  private answered(what: string, handle: number, waiter: Waiter<Uint8Array>): boolean {
    const { raw } = this.desk.machine.kernel;
    const status = raw.netbiosAsked(handle);
    if (this.desk.nameOf(status) === 'PENDING') return false;
    const block = this.block();
    const octets = this.look(() => raw.netbiosAnswer(handle, block.address, block.octets));
    if (status < 0) waiter.reject(this.desk.error(what, status));
    else waiter.resolve(block.read(octets));
    return true;
  }

  private rows<T>(
    octets: Uint8Array, length: number, read: (view: DataView, name: string) => T,
  ): T[] {
    return Array.from({ length: Math.floor(octets.length / length) }, (_, i) => {
      const row = octets.subarray(i * length, (i + 1) * length);
      return read(new DataView(row.buffer, row.byteOffset, length), nameText(row));
    });
  }
}

function rowOf(
  name: string, flags: number, status: LocalNameRow['status'] | undefined,
): LocalNameRow {
  return {
    name,
    type: (flags & NB_FLAG.GROUP) === 0 ? 'UNIQUE' : 'GROUP',
    status: (flags & NB_FLAG.CONFLICT) === 0 ? status ?? 'Registered' : 'Conflict',
  };
}

/** A name that is registered. */
class AddedName implements RegisteredName {
  private deleted = false;
  private readonly receivers: Waiter<NameDatagram | undefined>[] = [];

  constructor(
    private readonly netbios: NetbiosDesk, private readonly handle: number, readonly name: string,
  ) {}

  async send(
    data: Uint8Array | string, to: string, options: { group?: boolean } = {},
  ): Promise<void> {
    const { netbios, handle } = this;
    const { desk } = netbios;
    const { raw } = desk.machine.kernel;
    const octets = desk.octetsOf(data);
    const target = netbiosName(to.toUpperCase());
    return desk.request<void>((waiter) => {
      const at = netbios.writeAddress(target, options.group === true ? 'GROUP' : 'UNIQUE');
      const from = netbios.writeData(octets);
      const status = netbios.call(() => raw.netbiosSend(handle, at, from, octets.length));
      desk.mustSucceed(`send to ${to}`, status);
      waiter.resolve();
    });
  }

  async receive(): Promise<NameDatagram | undefined> {
    return this.netbios.desk.request((waiter) => {
      this.receivers.push(waiter);
      this.netbios.wait(() => this.pump());
    });
  }

  delete(): void {
    if (this.deleted) return;
    this.deleted = true;
    const { netbios, handle } = this;
    netbios.desk.machine.runner.noteActivity();
    netbios.call(() => netbios.desk.machine.kernel.raw.netbiosDelete(handle));
    for (const waiter of this.receivers.splice(0)) waiter.resolve(undefined);
  }

  /** Whether nobody waits any more. */
  private pump(): boolean {
    const { netbios } = this;
    const { desk } = netbios;
    const { raw } = desk.machine.kernel;
    for (let first = this.receivers[0]; first !== undefined; first = this.receivers[0]) {
      const { address, octets: room } = netbios.block();
      const status = netbios.look(() => raw.netbiosReceive(this.handle, address, room));
      if (status < SENDER_OCTETS) return false;
      this.receivers.shift();
      const octets = netbios.block().read(status);
      const view = new DataView(octets.buffer, octets.byteOffset);
      first.resolve({
        data: octets.subarray(SENDER_OCTETS),
        from: nameText(octets),
        address: formatAddress(view.getUint32(NAME_OCTETS, true)),
      });
    }
    return true;
  }
}
