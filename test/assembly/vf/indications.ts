/** The smallest programs that break the contract of TDI's indications, and those that keep it. */

import { at } from "../../../assembly/nt/embed";
import { NTSTATUS, Status } from "../../../assembly/nt/status";
import { checkAnswered, checkDelivered, checkOutstanding } from "../../../assembly/vf/indications";
import { EventHandlers, ReceiveIndication, initializeHandlers } from "../../../assembly/tdi/event";
import { indicateDisconnect, indicateReceive } from "../../../assembly/tdi/indicate";
import { DisconnectFlag } from "../../../assembly/tdi/request";

const HANDLERS: usize = memory.data(64);
const INDICATION: usize = memory.data(64);
/** The client's own word, and the octets that it is told of. */
const CONNECTION: usize = 0x100;
const OCTETS: u32 = 10;

function handlers(): EventHandlers {
  return at<EventHandlers>(HANDLERS, 0);
}

/** The context of the handler is how many octets it says it took. */
function takes(context: usize, connection: usize, indication: ReceiveIndication): NTSTATUS {
  indication.taken = <u32>context;
  return Status.SUCCESS;
}

function indicate(taken: u32): void {
  const indication = at<ReceiveIndication>(INDICATION, 0);
  initializeHandlers(handlers());
  handlers().receive = takes;
  handlers().receiveContext = taken;
  indication.indicated = OCTETS;
  indication.available = OCTETS;
  indicateReceive(handlers(), CONNECTION, indication);
}

//: TDI_TAKEN
export function breaksTdiTaken(): void {
  indicate(OCTETS + 1);
}

export function keepsTdiTaken(): void {
  indicate(OCTETS);
}

function end(flags: DisconnectFlag, outstanding: u32): void {
  initializeHandlers(handlers());
  indicateDisconnect(handlers(), CONNECTION, flags, outstanding);
}

//: TDI_EARLY
export function breaksTdiEarly(): void {
  end(DisconnectFlag.RELEASE, OCTETS);
}

export function keepsTdiEarly(): void {
  end(DisconnectFlag.RELEASE, 0);
  // What is reset may overtake octets.
  end(DisconnectFlag.ABORT, OCTETS);
}

//: TDI_OUTSTANDING
export function breaksTdiOutstanding(): void {
  if (VERIFIER) checkOutstanding(<u32>CONNECTION, OCTETS, 0);
}

export function keepsTdiOutstanding(): void {
  if (VERIFIER) checkOutstanding(<u32>CONNECTION, OCTETS, OCTETS);
}

//: TDI_COUNTED_TWICE
export function breaksTdiCountedTwice(): void {
  if (VERIFIER) checkDelivered(<u32>CONNECTION, OCTETS, OCTETS - 1);
}

export function keepsTdiCountedTwice(): void {
  if (VERIFIER) checkDelivered(<u32>CONNECTION, OCTETS, OCTETS);
}

//: NBT_UNANSWERED
export function breaksNbtUnanswered(): void {
  if (VERIFIER) checkAnswered(<u32>CONNECTION, 0, false);
}

export function keepsNbtUnanswered(): void {
  if (VERIFIER) checkAnswered(<u32>CONNECTION, 0, true);
}
