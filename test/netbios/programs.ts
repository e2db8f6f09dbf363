/** Programs on two machines, names of theirs, and sessions between them. */

import type { NcbFields, NcbResult, NetbiosProgram, PostedNcb } from '../../host/machine/ncb.js';
import type { World, WorldOptions } from '../../host/index.js';

export const SERVER = 'SERVER<20>';
export const CLIENT = 'CLIENT<00>';
/** Longer than anything that the net has to answer takes. */
export const PATIENCE_NS = 60e9;
const ROOM = 8192;

/** Two machines. */
export function pair(link = 'wire:', options: Partial<WorldOptions> = {}): WorldOptions {
  return {
    link,
    ...options,
    machines: [
      { name: 'server', address: '10.0.0.1/24', netbios: true },
      { name: 'client', address: '10.0.0.2/24', netbios: true },
    ],
  };
}

/** A program on a machine, which has had its RESET and a name, and calls as it goes. */
export class Caller {
  readonly program: NetbiosProgram;
  num = 0;

  private constructor(readonly world: World, machine: string, readonly name: string) {
    this.program = world.machine(machine).user.netbios.program();
  }

  static async start(
    world: World, machine: string, name: string, fields: Partial<NcbFields> = {},
  ): Promise<Caller> {
    const caller = new Caller(world, machine, name);
    await caller.good({ command: 'RESET', ...fields });
    const { lana = 0 } = fields;
    if (name !== '') caller.num = (await caller.good({ command: 'ADD_NAME', name, lana })).num;
    return caller;
  }

  /** An NCB to its end, however it ends. */
  async do(ncb: NcbFields): Promise<NcbResult> {
    return this.world.complete(this.program.netbios(ncb), PATIENCE_NS);
  }

  /** The code that an NCB ends with. */
  async code(ncb: NcbFields): Promise<string> {
    return (await this.do(ncb)).code;
  }

  /** One that must succeed. */
  async good(ncb: NcbFields): Promise<NcbResult> {
    const result = await this.do(ncb);
    if (result.code !== 'GOODRET') throw new Error(`${ncb.command}: ${result.code}`);
    return result;
  }

  post(ncb: NcbFields): PostedNcb {
    return this.program.post(ncb);
  }

  async end(posted: PostedNcb): Promise<NcbResult> {
    return this.world.complete(posted.done, PATIENCE_NS);
  }

  listen(callname = '*', fields: Partial<NcbFields> = {}): PostedNcb {
    return this.post({ command: 'LISTEN', name: this.name, callname, ...fields });
  }

  call(callname: string, fields: Partial<NcbFields> = {}): PostedNcb {
    return this.post({ command: 'CALL', name: this.name, callname, ...fields });
  }

  receive(lsn: number, room = ROOM): PostedNcb {
    return this.post({ command: 'RECEIVE', lsn, room });
  }
}

/** Two programs and their session. */
export interface Talk {
  readonly server: Caller;
  readonly client: Caller;
  /** The session's number at either end. */
  readonly serverLsn: number;
  readonly clientLsn: number;
}

/** A session, for whose RECEIVEs and SENDs `fields` says more. */
export async function talk(world: World, fields: Partial<NcbFields> = {}): Promise<Talk> {
  const server = await Caller.start(world, 'server', SERVER);
  const client = await Caller.start(world, 'client', CLIENT);
  const listening = server.listen('*', fields);
  const called = await client.end(client.call(SERVER, fields));
  if (called.code !== 'GOODRET') throw new Error(`CALL: ${called.code}`);
  const heard = await server.end(listening);
  if (heard.code !== 'GOODRET') throw new Error(`LISTEN: ${heard.code}`);
  // Acknowledgments that were put off have come.
  await world.run(1e9);
  return { server, client, serverLsn: heard.lsn, clientLsn: called.lsn };
}

/** Octets that are no others'. */
export function pattern(octets: number, seed = 0): Uint8Array {
  return Uint8Array.from({ length: octets }, (_, i) => (i * 31 + (i >>> 8) + seed) & 0xff);
}
