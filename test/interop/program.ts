/**
 * One second of virtual time on three machines, for whoever looks at it from outside: browsers,
 * and what reads captures. It imports nothing at run time, so that a page can load it as it is.
 */

import type { CaptureWriter, createWorld, EchoReply, Machine, Socket, Target, World } from
  '../../host/index.js';

/** Octets that the stream carries in each direction. */
export const STREAM_OCTETS = 200_000;
/** Whom nobody answers for. */
export const ABSENT = '10.0.0.99';
/** The port of the server that the stream goes to, and one where nobody listens. */
export const STREAM_PORT = 7007;
export const REFUSED_PORT = 7008;
/** The port that datagrams are echoed from, and octets of the one that goes in pieces. */
export const DATAGRAM_PORT = 7;
export const LONG_DATAGRAM_OCTETS = 4000;
/** Octets of the echo whose reply goes in pieces, from a machine with so small an MTU. */
export const LONG_ECHO_OCTETS = 1400;
export const SMALL_MTU = 576;
/** Echo requests of the ordinary kind. */
export const PINGS = 4;

const SECOND_NS = 1_000_000_000;
const SERVER = '10.0.0.1';
const SMALL = '10.0.0.3';
const ECHO_TRIES = 5;
const ECHO_TIMEOUT_MS = 100;

/** What the program runs on, and as what. */
export interface ProgramOptions {
  readonly target: Target;
  readonly seed: number;
  readonly pcap?: CaptureWriter;
}

/** What came of it: plain data, the same wherever it runs. */
export interface ProgramOutcome {
  readonly digest: string;
  /** Frames that the cards sent. */
  readonly frames: number;
  readonly virtualNs: number;
  /** What did not end within the second, or not as it should. */
  readonly failures: readonly string[];
}

/** Runs it with a host's `createWorld`. */
export async function runProgram(
  host: { readonly createWorld: typeof createWorld }, options: ProgramOptions,
): Promise<ProgramOutcome> {
  const world = await host.createWorld({
    ...options,
    link: 'switch:?loss=1%&delay=1ms',
    machines: [
      { name: 'server', address: `${SERVER}/24`, release: 'nt40sp6a-q297040' },
      {
        name: 'client', address: '10.0.0.2/24', release: 'modern',
        parameters: { NtstackRefusedRetryDelay: 50 },
      },
      { name: 'small', address: `${SMALL}/24`, release: 'nt351', mtu: SMALL_MTU },
    ],
  });
  const failures = new Map(PARTS.map(([name]) => [name, `${name}: not done within the second`]));
  const run = async ([name, part]: Part): Promise<void> => {
    const failure = await part(world).catch((error: unknown) => String(error));
    if (failure === '') failures.delete(name);
    else failures.set(name, `${name}: ${failure}`);
  };
  // One by one until the neighbours know one another: of what waits for ARP only the newest stays.
  const [first, ...others] = PARTS;
  void run(first).then(async () => Promise.all(others.map(run)));
  void world.machine('client').user.connect(ABSENT, STREAM_PORT).catch(() => {});
  await world.run(SECOND_NS);
  const outcome = {
    digest: world.digest(),
    frames: world.machines.reduce((sum, { card }) => sum + card.stats.framesOut, 0),
    virtualNs: world.clock.now,
    failures: [...failures.values()],
  };
  world.stop();
  return outcome;
}

// Each gives a sentence of what is wrong, empty where nothing is.
type Part = readonly [name: string, part: (world: World) => Promise<string>];
const PARTS: readonly [Part, ...Part[]] = [
  ['echo', echo],
  ['echo in pieces', echoInPieces],
  ['stream', stream],
  ['refused connect', refusedConnect],
  ['datagrams', datagrams],
];

async function echo(world: World): Promise<string> {
  for (let i = 0; i < PINGS; i++) {
    const { status } = await pingUntilAnswered(world.machine('client'), SERVER, 32);
    if (status !== 'SUCCESS') return status;
  }
  return '';
}

async function echoInPieces(world: World): Promise<string> {
  const { status } = await pingUntilAnswered(world.machine('client'), SMALL, LONG_ECHO_OCTETS);
  return status === 'SUCCESS' ? '' : status;
}

// Requests and replies are lost, too.
async function pingUntilAnswered(
  machine: Machine, host: string, octets: number,
): Promise<EchoReply> {
  let reply: EchoReply = { status: 'never asked', roundTripUs: 0 };
  for (let i = 0; i < ECHO_TRIES && reply.status !== 'SUCCESS'; i++) {
    reply = await machine.ping(host, { octets, timeoutMs: ECHO_TIMEOUT_MS });
  }
  return reply;
}

async function stream(world: World): Promise<string> {
  const listener = await world.machine('server').user.listen(STREAM_PORT);
  const [near, far] = await Promise.all([
    world.machine('client').user.connect(SERVER, STREAM_PORT), listener.accept(),
  ]);
  listener.close();
  const [there, back] = [octetsOf(world, 'there'), octetsOf(world, 'back')];
  const [arrived, returned] = await Promise.all([
    far.receiveAll(), near.receiveAll(), sendAll(near, there), sendAll(far, back),
  ]);
  await Promise.all([near.close(), far.close()]);
  if (!isSame(there, arrived)) return 'the client\'s octets did not arrive as sent';
  return isSame(back, returned) ? '' : 'the server\'s octets did not arrive as sent';
}

async function sendAll(socket: Socket, data: Uint8Array): Promise<void> {
  await socket.send(data);
  await socket.shutdown();
}

async function refusedConnect(world: World): Promise<string> {
  const connect = world.machine('client').user.connect(SERVER, REFUSED_PORT);
  const status = await connect.then(() => 'SUCCESS', (error: { status?: string }) => error.status);
  return status === 'CONNECTION_REFUSED' ? '' : String(status);
}

// Datagrams are not repeated by anyone: it is enough that one of each length comes back.
async function datagrams(world: World): Promise<string> {
  const service = await world.machine('server').user.datagram(DATAGRAM_PORT);
  const asker = await world.machine('client').user.datagram();
  const answer = async (): Promise<void> => {
    for (let each = await service.receive(); each; each = await service.receive()) {
      await service.send(each.data, each.address, each.port);
    }
  };
  const answers = answer();
  for (const length of [1, 100, LONG_DATAGRAM_OCTETS]) {
    const data = octetsOf(world, 'datagram').subarray(0, length);
    for (let i = 0; i < 3; i++) await asker.send(data, SERVER, DATAGRAM_PORT);
    let back = await asker.receive();
    while (back !== undefined && back.data.length < length) back = await asker.receive();
    if (back === undefined || !isSame(back.data, data)) return `of ${length} octets: not as sent`;
  }
  service.close();
  asker.close();
  await answers;
  return '';
}

function octetsOf(world: World, name: string): Uint8Array {
  const octets = new Uint8Array(STREAM_OCTETS);
  world.random.stream(`program ${name}`).fillOctets(octets);
  return octets;
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((octet, i) => octet === other[i]);
}
