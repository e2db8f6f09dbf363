/**
 * The shapes of lockdep's own tests (lib/locking-selftest.c) that have spin locks only: 9 basic
 * ones, and 46 of locks that interrupts take too: 4 "irqs-on + irq-safe-A", 2 "sirq-safe-A =>
 * hirqs-on", 4 "safe-A + irqs-on", and 12 each of "safe-A + unsafe-B" #1, #2 and "irq
 * lock-inversion", whose A is taken by many or by one, and is an EX_SPIN_LOCK here.
 *
 * There, one task does the events of a shape one after another; here each event is an actor, in
 * that order. A hard interrupt is one of a device's level, a soft one is a DPC, "irqs off" is IRQL
 * raised to that level. A spin lock below DISPATCH_LEVEL, as it is where soft interrupts are on,
 * breaks a rule by itself; the deadlock is asked for beside it.
 */

const DISPATCH = 2;
const DEVICE = 12;

/** What one actor does, in the words of test/assembly/explore/script.ts. */
export interface ShapeActor {
  readonly text: string;
  readonly processor: number;
  /** 0: a thread. */
  readonly level: number;
}

/** One shape, and its twin without the defect. */
export interface Shape {
  readonly name: string;
  /** What must be confirmed. */
  readonly rule: string;
  readonly actors: readonly ShapeActor[];
  readonly fixed: readonly ShapeActor[];
}

const [A, B] = [0, 1];

/** Threads on processors of their own. */
function threads(...texts: string[]): ShapeActor[] {
  return texts.map((text, processor) => ({ text, processor, level: 0 }));
}

/** The pairs, each by a thread of its own, as 'AB BC': what comes first is taken first. */
function orders(pairs: string): ShapeActor[] {
  return threads(...pairs.split(' ').map((pair) => {
    const [one, other] = [...pair].map((letter) => 'ABCD'.indexOf(letter));
    return `acquire ${one}, acquire ${other}, release ${other}, release ${one}`;
  }));
}

function circle(name: string, pairs: string, fixed: string): Shape {
  return { name, rule: 'DEADLOCK', actors: orders(pairs), fixed: orders(fixed) };
}

const BASIC: readonly Shape[] = [
  {
    name: 'A-A deadlock', rule: 'DEADLOCK',
    actors: threads('acquire 0, acquire 0, release 0, release 0'),
    fixed: threads('acquire 0, release 0, acquire 0, release 0'),
  },
  circle('A-B-B-A deadlock', 'AB BA', 'AB AB'),
  circle('A-B-B-C-C-A deadlock', 'AB BC CA', 'AB BC AC'),
  circle('A-B-C-A-B-C deadlock', 'AB CA BC', 'AB AC BC'),
  circle('A-B-B-C-C-D-D-A deadlock', 'AB BC CD DA', 'AB BC CD AD'),
  circle('A-B-C-D-B-D-D-A deadlock', 'AB CD BD DA', 'AB CD BD AD'),
  circle('A-B-C-D-B-C-D-A deadlock', 'AB CD BC DA', 'AB CD BC AD'),
  {
    name: 'double unlock', rule: 'LOCK_NOT_OWNED',
    actors: threads(at(DISPATCH, 'acquire_at_dpc 0, release_from_dpc 0, release_from_dpc 0')),
    fixed: threads(at(DISPATCH, 'acquire_at_dpc 0, release_from_dpc 0')),
  },
  {
    name: 'initialize held', rule: 'LOCK_INITIALIZED_TWICE',
    actors: threads('acquire 0, initialize 0, release 0'),
    fixed: threads('acquire 0, release 0, initialize 0'),
  },
];

/** At a level, and back. */
function at(level: number, text: string): string {
  return `raise 7 ${level}, ${text}, lower 7`;
}

/** One lock in another, at the level that is. */
function nest(...locks: number[]): string {
  return [
    ...locks.map((lock) => `acquire_at_dpc ${lock}`),
    ...[...locks].reverse().map((lock) => `release_from_dpc ${lock}`),
  ].join(', ');
}

/** The same where the interrupt of `level` can come: spin locks, or what ought to be raised. */
function nestOpen(level: number, ...locks: number[]): string {
  return level === DEVICE ? at(DISPATCH, nest(...locks)) : nest(...locks);
}

/** A lock is taken with interrupts off, which come again before it is released. */
function opened(from: number, to: number): string {
  return at(from, `acquire_at_dpc ${A}, lower_to 0 ${to}, raise 6 ${from}, release_from_dpc ${A}`);
}

/** A thread of `processor`. */
function thread(text: string, processor = 0): ShapeActor {
  return { text, processor, level: 0 };
}

/** The interrupt of `level`, on processor 0. */
function interrupt(level: number, text: string): ShapeActor {
  return { text: at(level, text), processor: 0, level };
}

/** All orders of some events; names end with theirs. */
function permutations(
  name: string, actors: readonly ShapeActor[], fixed: readonly ShapeActor[],
): Shape[] {
  const all = actors.length === 2 ? ['12', '21'] : ['123', '132', '213', '231', '312', '321'];
  return all.map((order) => {
    const inOrder = (events: readonly ShapeActor[]): ShapeActor[] =>
      [...order].map((digit) => events[Number(digit) - 1] as ShapeActor);
    return {
      name: `${name}/${order}`, rule: 'DEADLOCK',
      actors: inOrder(actors), fixed: inOrder(fixed),
    };
  });
}

function shapesOf(kind: string, level: number): Shape[] {
  const taken = interrupt(level, nest(A));
  const off = (...locks: number[]): string => at(level, nest(...locks));
  const open = level === DEVICE ? DISPATCH : 0;
  const [only, all] = [`exclusive ${A}, ${nest(B)}, leave_exclusive ${A}`,
    `shared ${A}, leave_shared ${A}`];
  const inversion = [thread(at(level, only), 1), interrupt(level, all)] as const;
  return [
    ...permutations(`${kind}-irqs-on + irq-safe-A`,
      [taken, thread(nestOpen(level, A))], [taken, thread(off(A))]),
    ...permutations(`${kind}-safe-A + irqs-on`,
      [taken, thread(opened(level, open))], [taken, thread(off(A))]),
    ...permutations(`${kind}-safe-A + unsafe-B #1`,
      [thread(nestOpen(level, A, B)), thread(nestOpen(level, B), 1), taken],
      [thread(off(A, B)), thread(off(B), 1), taken]),
    ...permutations(`${kind}-safe-A + unsafe-B #2`,
      [thread(off(A, B), 1), thread(nestOpen(level, B)), taken],
      [thread(off(A, B), 1), thread(off(B)), taken]),
    ...permutations(`${kind}-irq lock-inversion`,
      [inversion[0], thread(nestOpen(level, B)), inversion[1]],
      [inversion[0], thread(off(B)), inversion[1]]),
  ];
}

/** All of them. */
export const SHAPES: readonly Shape[] = [
  ...BASIC,
  ...permutations('sirq-safe-A => hirqs-on',
    [interrupt(DISPATCH, nest(A)), thread(opened(DEVICE, 0))],
    [interrupt(DISPATCH, nest(A)), thread(at(DEVICE, nest(A)))]),
  ...shapesOf('hard', DEVICE),
  ...shapesOf('soft', DISPATCH),
];
