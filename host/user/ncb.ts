/** Netbios(NCB) as promises: NCBs and their buffers in user mode's memory, post routines. */

import { valueOf } from '../kernel/layout.js';
import { UserBlock } from '../kernel/userblock.js';
import type { NcbFields, NcbResult, NetbiosProgram, PostedNcb } from '../machine/ncb.js';
import { NCB_OCTETS, readNcb, writeNcb } from '../wire/ncb.js';
import type { Waiter } from './desk.js';
import type { NetbiosDesk } from './netbios.js';

/** Records that are read at once, a program and the address of its NCB each. */
const RECORDS = 64;
const RECORD_OCTETS = 8;
/** The largest length that an NCB has. */
const MOST_OCTETS = 0xffff;
const NONE = new Uint8Array(0);
/** Commands whose buffer is what they send. */
const SENDS: readonly string[] = [
  'SEND', 'CHAIN_SEND', 'SEND_NO_ACK', 'CHAIN_SEND_NO_ACK', 'SEND_DATAGRAM', 'SEND_BROADCAST',
];

/** The programs of one machine. */
export class NcbTable {
  private readonly pending = new Map<number, Pending>();
  private readonly programs = new Set<Program>();
  private news: UserBlock | undefined;
  private last = 0;

  constructor(readonly netbios: NetbiosDesk) {}

  program(): NetbiosProgram {
    this.last++;
    const made = new Program(this, this.last);
    this.programs.add(made);
    return made;
  }

  /** Gives an NCB to the driver. The caller may call the kernel. */
  submit(ncb: Pending, asynchronous: boolean): void {
    const { kernel } = this.netbios.desk.machine;
    this.news ??= this.netbios.desk.raw.allocate(RECORDS * RECORD_OCTETS);
    const address = ncb.write(asynchronous);
    this.pending.set(address, ncb);
    const code = this.netbios.call(() => kernel.raw.netbiosSubmit(ncb.process, address));
    if (code === valueOf(kernel.layout, 'NcbReturn', 'PENDING')) this.poll();
    else this.finish(address, ncb);
  }

  /** For the machine: hands out what is complete. */
  poll(): void {
    const { kernel } = this.netbios.desk.machine;
    const { news } = this;
    if (news === undefined) return;
    for (let count = RECORDS; count === RECORDS && this.pending.size > 0;) {
      count = this.netbios.look(() => kernel.raw.readNcbs(news.address, RECORDS));
      const at = news.address >>> 2;
      const words = kernel.memory.words.slice(at, at + 2 * count);
      for (let i = 0; i < count; i++) {
        const address = words[2 * i + 1] ?? 0;
        const ncb = this.pending.get(address);
        if (ncb !== undefined) this.finish(address, ncb);
      }
    }
  }

  /** A program is gone: the driver touches its memory no more. */
  end(program: Program): void {
    if (!this.programs.delete(program)) return;
    const { desk } = this.netbios;
    this.netbios.call(() => {
      desk.machine.kernel.raw.netbiosEnd(program.process);
      return 0;
    });
    for (const [address, ncb] of this.pending) {
      if (ncb.process !== program.process) continue;
      this.pending.delete(address);
      ncb.leave(desk.error('NetBIOS: the program has ended', 'CANCELLED'));
    }
  }

  /** For the machine: its user mode ends. */
  release(): void {
    for (const program of this.programs) this.end(program);
  }

  private finish(address: number, ncb: Pending): void {
    this.pending.delete(address);
    ncb.finish();
  }
}

/** One program. */
class Program implements NetbiosProgram {
  constructor(private readonly table: NcbTable, readonly process: number) {}

  async netbios(ncb: NcbFields): Promise<NcbResult> {
    return this.begin(ncb, false).done;
  }

  post(ncb: NcbFields, routine?: (result: NcbResult) => unknown): PostedNcb {
    return this.begin(ncb, true, routine);
  }

  end(): void {
    this.table.netbios.desk.machine.runner.noteActivity();
    this.table.end(this);
  }

  private begin(
    fields: NcbFields, asynchronous: boolean, routine?: (result: NcbResult) => unknown,
  ): Pending {
    const ncb = new Pending(this.table.netbios, this.process, fields, routine);
    ncb.done = this.table.netbios.desk.request<NcbResult>((waiter) => {
      ncb.waiter = waiter;
      this.table.submit(ncb, asynchronous);
    });
    // Who posts need not wait.
    if (asynchronous) ncb.done.catch(() => undefined);
    return ncb;
  }
}

/** An NCB from its submission to its end. */
class Pending implements PostedNcb {
  done: Promise<NcbResult> = Promise.reject(new Error('not submitted'));
  waiter: Waiter<NcbResult> | undefined;
  private block: UserBlock | undefined;
  private code = 'PENDING';

  constructor(
    private readonly netbios: NetbiosDesk, readonly process: number,
    private readonly fields: NcbFields,
    private readonly routine: ((result: NcbResult) => unknown) | undefined,
  ) {
    this.done.catch(() => undefined);
  }

  get retcode(): string {
    return this.block === undefined ? this.code : this.codeOf(readNcb(this.block.view()).retcode);
  }

  /** Where it lies; 0: it is complete, or not yet there. */
  get address(): number {
    return this.block?.address ?? 0;
  }

  /** Writes it with its buffers into memory of its own; where it lies. */
  write(asynchronous: boolean): number {
    const { fields } = this;
    const { desk } = this.netbios;
    const { kernel } = desk.machine;
    const data = fields.data === undefined ? NONE : desk.octetsOf(fields.data);
    const more = fields.more === undefined ? NONE : desk.octetsOf(fields.more);
    const room = SENDS.includes(fields.command) ? data.length : fields.room ?? 0;
    for (const octets of [room, more.length]) {
      if (octets > MOST_OCTETS) throw new TypeError(`NCB: ${octets} octets, more than 65535`);
    }
    const block = new UserBlock(kernel, NCB_OCTETS + room + more.length);
    const buffer = room === 0 ? 0 : block.partAt(NCB_OCTETS, room);
    const chained = { buffer: block.address + NCB_OCTETS + room, length: more.length };
    const whole = new Uint8Array(NCB_OCTETS + room + more.length);
    const command = valueOf(kernel.layout, 'NcbCommand', fields.command)
      | (asynchronous ? valueOf(kernel.layout, 'NcbCommand', 'ASYNCH') : 0);
    const { sessions, names, permanent } = fields;
    try {
      writeNcb(whole, {
        ...fields,
        command,
        buffer: fields.target instanceof Pending ? fields.target.address : buffer,
        length: room,
        ...(fields.command.startsWith('CHAIN') ? { chain: chained } : {}),
        ...(fields.command === 'RESET' ? { wanted: {
          sessions: sessions ?? 0, names: names ?? 0, permanent: permanent ?? false,
        } } : {}),
      });
    } catch (thrown) {
      block.free();
      throw thrown;
    }
    if (SENDS.includes(fields.command)) whole.set(data, NCB_OCTETS);
    whole.set(more, NCB_OCTETS + room);
    block.write(whole);
    this.block = block;
    return block.address;
  }

  /** It is complete: its program is told, and its post routine runs. */
  finish(): void {
    const { block } = this;
    if (block === undefined) return;
    const heard = readNcb(block.view());
    this.code = this.codeOf(heard.retcode);
    const octets = SENDS.includes(this.fields.command) ? 0 : heard.length;
    const room = block.octets - NCB_OCTETS;
    const data = block.view().slice(NCB_OCTETS, NCB_OCTETS + Math.min(octets, room));
    const { lsn, num, callname } = heard;
    const result = { code: this.code, lsn, num, callname, data };
    this.free();
    this.waiter?.resolve(result);
    this.routine?.(result);
  }

  /** Its program is gone. */
  leave(error: Error): void {
    this.code = 'CMDCAN';
    this.free();
    this.waiter?.reject(error);
  }

  private free(): void {
    const { block } = this;
    this.block = undefined;
    this.netbios.call(() => {
      block?.free();
      return 0;
    });
  }

  private codeOf(retcode: number): string {
    const { layout } = this.netbios.desk.machine.kernel;
    return layout.names.NcbReturn.get(retcode) ?? `0x${retcode.toString(16)}`;
  }
}
