/**
 * Vyukov's stack of free places: who takes one marks its link, moves the head, and puts the link
 * back where that failed; a head that is the same again need not have the same successor, and
 * two threads come to have one place. The twin counts its heads. `size` places and threads.
 */

import {
  InterlockedCompareExchange, InterlockedDecrement, InterlockedExchange, InterlockedIncrement,
} from "../../../assembly/ex/interlocked";
import { mustBe, read, wordAt, write } from "./ground";

export * from "../../../assembly/explored";

const HEAD: u32 = 0;
const COUNT: u32 = 1;
const LINKS: u32 = 8;
const VALUES: u32 = 16;
const NOTHING: u32 = 0xffffffff;
const MARK: u32 = 0xffff;
const TURN: u32 = 0x10000;
/** Attempts to take or to put: what bounds a loop that others may keep from ending. */
const ATTEMPTS: u32 = 8;
const ROUNDS: u32 = 3;

let places: u32 = 3;
let mended: bool = false;

export function configure(size: u32, fixed: bool): void {
  if (size != 0) places = size;
  mended = fixed;
}

export function threads(): u32 {
  return 3;
}

export function setUp(): void {
  write(HEAD, 0);
  write(COUNT, places);
  for (let i: u32 = 0; i < places; i++) write(LINKS + i, i + 1 < places ? i + 1 : MARK);
}

export function thread(index: u32): void {
  for (let round: u32 = 0; round < ROUNDS; round++) {
    const place = mended ? takeCounted() : take();
    if (place == NOTHING) continue;
    write(VALUES + place, index);
    const value = read(VALUES + place);
    mustBe(value == index, place, value, index);
    if (mended) putCounted(place);
    else put(place);
  }
}

function take(): u32 {
  for (let i: u32 = 0; i < ATTEMPTS && <i32>read(COUNT) > 1; i++) {
    const head = read(HEAD);
    const next = InterlockedExchange(wordAt(LINKS + head), MARK);
    if (next == MARK) continue;
    if (InterlockedCompareExchange(wordAt(HEAD), next, head) == head) {
      InterlockedDecrement(wordAt(COUNT));
      return head;
    }
    InterlockedExchange(wordAt(LINKS + head), next);
  }
  return NOTHING;
}

function put(place: u32): void {
  let head = read(HEAD);
  for (let i: u32 = 0; i < ATTEMPTS; i++) {
    write(LINKS + place, head);
    const before = InterlockedCompareExchange(wordAt(HEAD), place, head);
    if (before == head) {
      InterlockedIncrement(wordAt(COUNT));
      return;
    }
    head = before;
  }
}

function takeCounted(): u32 {
  for (let i: u32 = 0; i < ATTEMPTS; i++) {
    const head = read(HEAD);
    if ((head & MARK) == MARK) return NOTHING;
    const next = read(LINKS + (head & MARK));
    const wanted = (head & ~MARK) + TURN | next;
    if (InterlockedCompareExchange(wordAt(HEAD), wanted, head) == head) return head & MARK;
  }
  return NOTHING;
}

function putCounted(place: u32): void {
  for (let i: u32 = 0; i < ATTEMPTS; i++) {
    const head = read(HEAD);
    write(LINKS + place, head & MARK);
    const wanted = (head & ~MARK) + TURN | place;
    if (InterlockedCompareExchange(wordAt(HEAD), wanted, head) == head) return;
  }
}

export function check(): void {}
