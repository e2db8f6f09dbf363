/** The goals, each as a condition on the rows of one run, with what was reached. */

import type { Result } from './row.js';

/** A goal, judged. */
export interface Judged {
  readonly what: string;
  readonly goal: string;
  /** What was measured, in words; why nothing was, where `holds` is undefined. */
  readonly reached: string;
  readonly holds: boolean | undefined;
}

interface Goal {
  readonly what: string;
  readonly goal: string;
  /** What was reached, or the name of the rows that are not there. */
  readonly judge: (run: Run) => { reached: string; holds: boolean } | string;
}

/** The rows of a run, to be asked by name and number of connections. */
class Run {
  constructor(private readonly results: readonly Result[]) {}

  find(name: string, n: number): Result | undefined {
    return this.results.find((result) => result.name === name && result.n === n);
  }
}

function ratio(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}

/** At most `limit` times `memory.copy` of the same octets. */
function toCopy(name: string, n: number, limit: number): Goal['judge'] {
  return (run) => {
    const row = run.find(name, n);
    if (row === undefined) return `no row ${name}, n ${n}`;
    return { reached: `${ratio(row.ratioToCopy)} x`, holds: row.ratioToCopy <= limit };
  };
}

/** At most `limit` times what the same row costs at `base` connections. */
function toItself(name: string, n: number, base: number, limit: number): Goal['judge'] {
  return (run) => {
    const row = run.find(name, n);
    const first = run.find(name, base);
    if (row === undefined || first === undefined) return `no rows ${name}, n ${base} and ${n}`;
    const times = row.nsPerOp / first.nsPerOp;
    return { reached: `${ratio(times)} x`, holds: times <= limit };
  };
}

/** At least `limit` times as fast as lwIP. */
function toLwip(name: string, n: number, limit: number): Goal['judge'] {
  return (run) => {
    const row = run.find(name, n);
    if (row === undefined) return `no row ${name}, n ${n}`;
    if (row.peers.lwip === undefined) return 'lwIP not measured (--peers)';
    const times = row.peers.lwip.nsPerOp / row.nsPerOp;
    return { reached: `${ratio(times)} x`, holds: times >= limit };
  };
}

/** At most `limit` ns. */
function atMost(name: string, n: number, limit: number): Goal['judge'] {
  return (run) => {
    const row = run.find(name, n);
    if (row === undefined) return `no row ${name}, n ${n}`;
    return { reached: `${row.nsPerOp.toFixed(0)} ns`, holds: row.nsPerOp <= limit };
  };
}

/** At least `limit` million a second. */
function millionASecond(name: string, n: number, limit: number): Goal['judge'] {
  return (run) => {
    const row = run.find(name, n);
    if (row === undefined) return `no row ${name}, n ${n}`;
    const millions = 1000 / row.nsPerOp;
    return { reached: `${millions.toFixed(1)} million`, holds: millions >= limit };
  };
}

/** A stream of at least `limit` Gbit/s. */
function gigabits(name: string, n: number, limit: number): Goal['judge'] {
  return (run) => {
    const row = run.find(name, n);
    if (row === undefined) return `no row ${name}, n ${n}`;
    const reached = (row.octets * 8) / row.nsPerOp;
    return { reached: `${reached.toFixed(1)} Gbit/s`, holds: reached >= limit };
  };
}

/** At most `limit` times what another row costs. */
function toOther(name: string, other: string, n: number, limit: number): Goal['judge'] {
  return (run) => {
    const row = run.find(name, n);
    const base = run.find(other, n);
    if (row === undefined || base === undefined) return `no rows ${name} and ${other}, n ${n}`;
    const times = row.nsPerOp / base.nsPerOp;
    return { reached: `${ratio(times)} x`, holds: times <= limit };
  };
}

/** At most `limit` octets. */
function octetsAtMost(name: string, n: number, limit: number): Goal['judge'] {
  return (run) => {
    const row = run.find(name, n);
    if (row === undefined) return `no row ${name}, n ${n}`;
    return { reached: `${row.octets.toFixed(0)} octets`, holds: row.octets <= limit };
  };
}

/** Not a matter of these rows: said, so that nobody takes silence for a yes. */
function notHere(why: string): Goal['judge'] {
  return () => why;
}

const SEGMENT = '1460-octet segment, 1 connection';
const TINY = '12 octets in a 66-octet frame';

const GOALS: readonly Goal[] = [
  { what: SEGMENT, goal: '<= 1.5 x memory.copy', judge: toCopy('receive', 1, 1.5) },
  { what: '', goal: 'about 165 ns', judge: atMost('receive', 1, 165) },
  { what: '', goal: '>= 4 x lwIP', judge: toLwip('receive', 1, 4) },
  { what: '', goal: 'faster than smoltcp', judge: notHere('smoltcp is not measured') },
  { what: '10,000 connections', goal: '<= 1.5 x one', judge: toItself('receive', 10_000, 1, 1.5) },
  { what: '', goal: '>= 100 x lwIP', judge: toLwip('receive', 10_000, 100) },
  { what: '1,000,000 connections', goal: '<= 3 x one', judge: toItself('receive', 1e6, 1, 3) },
  { what: TINY, goal: '<= 120 ns', judge: atMost('receive small', 1, 120) },
  { what: '', goal: '>= 8 million a second', judge: millionASecond('receive small', 1, 8) },
  { what: 'SYN, 1,000,000 half open', goal: '<= 1.5 x 100', judge: toItself('syn', 1e6, 100, 1.5) },
  { what: 'connect, 100 octets, close', goal: '>= 5 x lwIP', judge: toLwip('connect', 64, 5) },
  { what: 'two machines, one stream', goal: '>= 10 Gbit/s', judge: gigabits('stream', 1, 10) },
  { what: '', goal: '>= 5 x tcpip.js, raw exports', judge: notHere('tcpip.js is not measured') },
  { what: 'two processors against one', goal: '>= 1.8 x', judge: notHere('one processor here') },
  {
    what: 'checked against free', goal: '<= 4 x the time',
    judge: toOther('receive checked', 'receive', 1, 4),
  },
  { what: 'memory a connection', goal: '<= 256 octets', judge: octetsAtMost('memory', 1e6, 256) },
];

/** Every goal with what `results` reached of it. */
export function judge(results: readonly Result[]): Judged[] {
  const run = new Run(results);
  return GOALS.map(({ what, goal, judge: held }) => {
    const found = held(run);
    if (typeof found === 'string') return { what, goal, reached: found, holds: undefined };
    return { what, goal, ...found };
  });
}
