/** Exceptions to the laws of the house, each with its reason; one that is not needed fails. */

import type { Exception } from './tidy/rule.js';

export const ALLOWED: readonly Exception[] = [
  {
    rule: 'lock-release',
    path: 'assembly/io/cancel.ts',
    what: 'the cancel lock',
    because: 'a cancel routine is called with the cancel lock and lets it go, as the DDK says',
  },
  {
    rule: 'lock-kept',
    path: 'assembly/tcpip/tcp/',
    what: 'tcb.todo is touched',
    because: 'who set it settles too, after letting go of the lock; settle asks again under it',
  },
  {
    rule: 'lock-kept',
    path: 'assembly/tcpip/tcp/batch.ts',
    what: 'found.state is touched',
    because: 'a segment of a connection that is closed meanwhile is refused under its lock',
  },
  {
    rule: 'lock-kept',
    path: 'assembly/tcpip/tcp/taken.ts',
    what: 'takenAt(i).route is touched',
    because: 'it asks the memory system for what is there, and believes nothing of it',
  },
  {
    rule: 'lock-kept',
    path: 'assembly/tcpip/tcp/ackdeadline.ts',
    what: 'tcb.ackPlace is touched',
    because: 'its connection is over: nobody gives it a place any more',
  },
  {
    rule: 'lock-kept',
    path: 'assembly/tcpip/tcp/walk.ts',
    what: '.tcb is touched',
    because: 'the host looks at a machine that stands still',
  },
  {
    rule: 'lock-kept',
    path: 'assembly/tcpip/tcp/close.ts',
    what: 'is touched without Tcb.lock',
    because: 'the host looks at a machine that stands still',
  },
  {
    rule: 'lock-kept',
    path: 'assembly/ends.ts',
    what: 'is touched',
    because: 'the host looks at a machine that stands still',
  },
  {
    rule: 'lock-kept',
    path: 'assembly/tcpip/tcp/timer.ts',
    what: 'wheel() is touched',
    because: 'the host looks at a machine that stands still',
  },
  {
    rule: 'lock-kept',
    path: 'assembly/ke/timer.ts',
    what: 'wheel() is touched',
    because: 'the host asks between two calls when the clock is to come',
  },
  {
    rule: 'lock-kept',
    path: 'assembly/netbt/address.ts',
    what: 'object.waiting is touched',
    because: 'nobody finds an address whose name is being registered',
  },
  {
    rule: 'lock-kept',
    path: 'assembly/afd/ready.ts',
    what: '() is touched without lock()',
    because: 'hasReady only looks: takeReadyLocked asks again under the lock',
  },
  {
    rule: 'lock-kept',
    path: 'assembly/afd/handle.ts',
    what: 'all.free is touched',
    because: 'asked again under the lock; a table that grew once too often is larger',
  },
  {
    rule: 'lock-kept',
    path: 'assembly/afd/handle.ts',
    what: 'all.capacity is touched',
    because: 'compared with what it is under the lock',
  },
  {
    rule: 'changetype',
    path: 'assembly/wire/nbpacket.ts',
    because: 'names lie inside what was read, and wire/ has no nt/embed.ts below it',
  },
  {
    rule: 'changetype',
    path: 'assembly/wire/nbdatagram.ts',
    because: 'names lie inside what was read, and wire/ has no nt/embed.ts below it',
  },
  {
    rule: 'load-store',
    path: 'assembly/ke/wheel.ts',
    because: 'the wheel finds its next slot in maps of bits, word by word',
  },
  {
    rule: 'load-store',
    path: 'assembly/ke/processor.ts',
    because: 'how many processors there are is a word, set before any structure exists',
  },
  {
    rule: 'load-store',
    path: 'assembly/ke/clock.ts',
    because: 'the tick count is one word',
  },
  {
    rule: 'load-store',
    path: 'assembly/vf/locks.ts',
    because: 'what the verifier keeps of each pair of ranks is a matrix of bits',
  },
  {
    rule: 'load-store',
    path: 'assembly/vf/pool.ts',
    because: 'the verifier marks the block itself, which has no structure any more',
  },
  {
    rule: 'host-floors',
    path: 'host/machine/',
    what: 'types of host/link/link.ts',
    because: 'a card is plugged into a link it does not know: it needs the interface and no code',
  },
  {
    rule: 'host-floors',
    path: 'host/machine/',
    what: 'types of host/link/batch.ts',
    because: 'what a card and a link hand one another is a batch of frames',
  },
  {
    rule: 'unasked-machine',
    path: 'test/vitest.test.ts',
    because: 'it asks the questions itself, of machines that fail them',
  },
  {
    rule: 'unasked-machine',
    path: 'test/user/create.test.ts',
    because: 'it makes none: all that it asks for is refused',
  },
  {
    rule: 'unasked-machine',
    path: 'test/soak/main.ts',
    because: 'it runs without vitest, and asks with host/watch/question.ts',
  },
  {
    rule: 'unasked-machine',
    path: 'test/netsim/main.ts',
    because: 'it runs without vitest; test/netsim/netsim.test.ts has the same flows asked',
  },
  {
    rule: 'unasked-machine',
    path: 'test/interop/pcap.ts',
    because: 'it runs without vitest; test/interop/program.test.ts has the same program asked',
  },
  {
    rule: 'host-packages',
    path: 'host/kernel/load.ts',
    because: 'the loader of AssemblyScript itself: it runs in Node and in browsers alike',
  },
  {
    rule: 'unasked-machine',
    path: 'test/explore/datarace.test.ts',
    because: 'its world is recorded once for all tests; each window is audited when it is played',
  },
];
