/**
 * The browser service, as far as `net view` needs it: servers announce themselves to the master of
 * their group with datagrams, and the master keeps the list (MS-BRWS: HostAnnouncement, in a
 * mailslot message, which is an SMB TRANSACTION).
 *
 * Not done: elections, backup browsers and NetServerEnum over a session: who has the master's name
 * is the master.
 */

import type { Machine } from '../machine/machine.js';
import type { RegisteredName } from '../machine/usermode.js';
import { join, viewOf } from '../wire/octets.js';

const MAILSLOT = '\\MAILSLOT\\BROWSE';
/** SMB_COM_TRANSACTION, and where its fields are. */
const SMB = Uint8Array.of(0xff, 0x53, 0x4d, 0x42, 0x25);
const SMB_HEADER = 32;
const WORD_COUNT = 17;
/** MS-BRWS 2.2.1: the opcode of a HostAnnouncement, and where its fields begin. */
const HOST_ANNOUNCEMENT = 1;
const NAME_AT = 6;
const TYPE_AT = 24;
const COMMENT_AT = 32;
/** SV_TYPE_WORKSTATION, SV_TYPE_SERVER, SV_TYPE_NT */
const SERVER_TYPE = 0x1003;
/** A server announces itself at first each minute; one that missed three is forgotten. */
const PERIOD_NS = 60e9;
const FORGOTTEN = 3;

/** A server that has announced itself. */
export interface AnnouncedServer {
  readonly name: string;
  readonly comment: string;
}

/** The message of a server, as a datagram's data. */
function announcement(name: string, comment: string): Uint8Array {
  const text = new TextEncoder();
  const body = join(new Uint8Array(COMMENT_AT), text.encode(comment), Uint8Array.of(0));
  const view = viewOf(body);
  body[0] = HOST_ANNOUNCEMENT;
  view.setUint32(2, PERIOD_NS / 1e6, true);
  body.set(text.encode(name.slice(0, 15)), NAME_AT);
  body.set([4, 0], 22);
  view.setUint32(TYPE_AT, SERVER_TYPE, true);
  body.set([15, 1, 0x55, 0xaa], 28);
  const slot = join(text.encode(MAILSLOT), Uint8Array.of(0));
  const header = join(SMB, new Uint8Array(SMB_HEADER - SMB.length));
  const words = new Uint8Array(1 + 2 * WORD_COUNT);
  const fields = viewOf(words);
  words[0] = WORD_COUNT;
  // TotalDataCount, DataCount, DataOffset; one setup word of three: write mailslot, class 2.
  const dataAt = SMB_HEADER + words.length + 2 + slot.length;
  fields.setUint16(3, body.length, true);
  fields.setUint16(23, body.length, true);
  fields.setUint16(25, dataAt, true);
  words[27] = 3;
  [1, 1, 2].forEach((word, i) => fields.setUint16(29 + 2 * i, word, true));
  const count = Uint8Array.of(slot.length + body.length & 255, slot.length + body.length >> 8);
  return join(header, words, count, slot, body);
}

/** What a datagram announces; undefined where it is no HostAnnouncement. */
function readAnnouncement(octets: Uint8Array): AnnouncedServer | undefined {
  const view = viewOf(octets);
  if (octets.length < SMB_HEADER + 1 + 2 * WORD_COUNT + 2) return undefined;
  if (SMB.some((octet, i) => octets[i] !== octet)) return undefined;
  if (octets[SMB_HEADER] !== WORD_COUNT) return undefined;
  const dataAt = view.getUint16(SMB_HEADER + 25, true);
  const body = octets.subarray(dataAt, dataAt + view.getUint16(SMB_HEADER + 23, true));
  if (body.length <= COMMENT_AT || body[0] !== HOST_ANNOUNCEMENT) return undefined;
  const until0 = (from: number, end: number): string =>
    String.fromCharCode(...body.subarray(from, end)).replace(/\0.*$/s, '');
  return { name: until0(NAME_AT, NAME_AT + 16), comment: until0(COMMENT_AT, body.length) };
}

/** A machine's part in browsing: it announces itself, or keeps the list. */
export class Browser {
  private readonly heard = new Map<string, AnnouncedServer & { readonly atNs: number }>();

  constructor(private readonly machine: Machine, private readonly group: string) {}

  /** Keeps the list: registers the master's name. Fails where another has it. */
  async master(): Promise<void> {
    const name = await this.machine.user.netbios.add(`${this.group}<1D>`);
    void this.listen(name);
  }

  /** Announces a server from a name of its own, once each period, while the machine runs. */
  async announce(from: RegisteredName, comment: string): Promise<void> {
    const name = from.name.slice(0, -4);
    for (;;) {
      try {
        await from.send(announcement(name, comment), `${this.group}<1D>`);
      } catch {
        return; // its machine has stopped, or its name is no more
      }
      await this.machine.sleep(PERIOD_NS);
    }
  }

  /** The servers that have announced themselves of late, by name. */
  servers(): AnnouncedServer[] {
    const since = this.machine.clock.now - FORGOTTEN * PERIOD_NS;
    return [...this.heard.values()].filter(({ atNs }) => atNs > since)
      .map(({ name, comment }) => ({ name, comment }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  private async listen(name: RegisteredName): Promise<void> {
    for (;;) {
      try {
        const datagram = await name.receive();
        if (datagram === undefined) return;
        const server = readAnnouncement(datagram.data);
        if (server === undefined) continue;
        this.heard.set(server.name, { ...server, atNs: this.machine.clock.now });
      } catch {
        return; // its machine has stopped
      }
    }
  }
}
