/** NCB: the network control block of NetBIOS 3.0, as it lies in user mode's memory (nt-facts 6). */

import { NTSTATUS, NT_SUCCESS, Status } from "../nt/status";
import { octet } from "../wire/bytes";

/** `ncb_command`. */
export const enum NcbCommand {
  CALL = 0x10,
  LISTEN = 0x11,
  HANG_UP = 0x12,
  SEND = 0x14,
  RECEIVE = 0x15,
  RECEIVE_ANY = 0x16,
  CHAIN_SEND = 0x17,
  SEND_DATAGRAM = 0x20,
  RECEIVE_DATAGRAM = 0x21,
  SEND_BROADCAST = 0x22,
  RECEIVE_BROADCAST = 0x23,
  ADD_NAME = 0x30,
  DELETE_NAME = 0x31,
  RESET = 0x32,
  ADAPTER_STATUS = 0x33,
  SESSION_STATUS = 0x34,
  CANCEL = 0x35,
  ADD_GROUP_NAME = 0x36,
  ENUM = 0x37,
  UNLINK = 0x70,
  /** NT: treated as the forms that are acknowledged. */
  SEND_NO_ACK = 0x71,
  CHAIN_SEND_NO_ACK = 0x72,
  LAN_STATUS_ALERT = 0x73,
  ACTION = 0x77,
  FIND_NAME = 0x78,
  TRACE = 0x79,
  /** A flag: the call does not wait. */
  ASYNCH = 0x80,
}

/** `ncb_retcode`, named as nb30.h names them, without NRC_. */
export const enum NcbReturn {
  GOODRET = 0x00,
  BUFLEN = 0x01,
  ILLCMD = 0x03,
  CMDTMO = 0x05,
  INCOMP = 0x06,
  BADDR = 0x07,
  SNUMOUT = 0x08,
  NORES = 0x09,
  SCLOSED = 0x0a,
  CMDCAN = 0x0b,
  DUPNAME = 0x0d,
  NAMTFUL = 0x0e,
  ACTSES = 0x0f,
  LOCTFUL = 0x11,
  REMTFUL = 0x12,
  ILLNN = 0x13,
  NOCALL = 0x14,
  NOWILD = 0x15,
  INUSE = 0x16,
  NAMERR = 0x17,
  SABORT = 0x18,
  TOOMANY = 0x22,
  BRIDGE = 0x23,
  CANOCCR = 0x24,
  CANCEL = 0x26,
  ENVNOTDEF = 0x34,
  SYSTEM = 0x40,
  PENDING = 0xff,
}

/** The first octet of the name of everybody; in callname: whoever it is. */
export const ASTERISK: u32 = 0x2a;
/** Octets of a name. */
export const NAME_OCTETS: u32 = 16;
/** `ncb_num` of RECEIVE ANY and RECEIVE DATAGRAM: any name. */
export const ANY_NAME: u32 = 0xff;

/** An NCB. */
@unmanaged
export class Ncb {
  command: u8;
  retcode: u8;
  /** Local session number. */
  lsn: u8;
  /** Name number. */
  num: u8;
  buffer: u32;
  length: u16;
  // callname, 16 octets: of CHAIN SEND, how long the second buffer is and where.
  chainLength: u16;
  chainBuffer: u32;
  private callname1: u16;
  private callname2: u16;
  private callname3: u16;
  private callname4: u16;
  private callname5: u16;
  private name0: u16;
  private name1: u16;
  private name2: u16;
  private name3: u16;
  private name4: u16;
  private name5: u16;
  private name6: u16;
  private name7: u16;
  /** Of RECEIVE and of SEND, in units of 500 ms; 0: none. */
  rto: u8;
  sto: u8;
  /** A routine of user mode's, or 0. */
  post: u32;
  lana: u8;
  cmdCplt: u8;
  private reserved0: u16;
  private reserved1: u16;
  private reserved2: u16;
  private reserved3: u16;
  private reserved4: u16;
  /** An event of user mode's, or 0. */
  event: u32;
  /** Where `ncb_callname` lies. */
  get callname(): usize {
    return changetype<usize>(this) + offsetof<this>("chainLength");
  }
  /** Where `ncb_name` lies. */
  get name(): usize {
    return changetype<usize>(this) + offsetof<this>("name0");
  }
  /** The first octets of callname, which RESET reads: sessions, commands, names, number 1. */
  limit(index: u32): u32 {
    return octet(this.callname, index);
  }
}
if (offsetof<Ncb>() != 64) ERROR("an NCB has 64 octets");
if (offsetof<Ncb>("name0") != 26 || offsetof<Ncb>("rto") != 42) ERROR("ncb_name, ncb_rto");
if (offsetof<Ncb>("post") != 44 || offsetof<Ncb>("event") != 60) ERROR("ncb_post, ncb_event");

/** Whether a command is one; TRACE and ACTION are none here: NT's NetBT has neither. */
export function isCommand(command: u32): bool {
  switch (command) {
    case NcbCommand.CALL:
    case NcbCommand.LISTEN:
    case NcbCommand.HANG_UP:
    case NcbCommand.SEND:
    case NcbCommand.RECEIVE:
    case NcbCommand.RECEIVE_ANY:
    case NcbCommand.CHAIN_SEND:
    case NcbCommand.SEND_DATAGRAM:
    case NcbCommand.RECEIVE_DATAGRAM:
    case NcbCommand.SEND_BROADCAST:
    case NcbCommand.RECEIVE_BROADCAST:
    case NcbCommand.ADD_NAME:
    case NcbCommand.DELETE_NAME:
    case NcbCommand.RESET:
    case NcbCommand.ADAPTER_STATUS:
    case NcbCommand.SESSION_STATUS:
    case NcbCommand.CANCEL:
    case NcbCommand.ADD_GROUP_NAME:
    case NcbCommand.ENUM:
    case NcbCommand.UNLINK:
    case NcbCommand.SEND_NO_ACK:
    case NcbCommand.CHAIN_SEND_NO_ACK:
    case NcbCommand.LAN_STATUS_ALERT:
    case NcbCommand.FIND_NAME:
      return true;
    default:
      return false;
  }
}

/** Whether CANCEL may be said of it (nt-facts 6.4). */
export function isCancellable(command: u32): bool {
  switch (command) {
    case NcbCommand.ADD_NAME:
    case NcbCommand.ADD_GROUP_NAME:
    case NcbCommand.DELETE_NAME:
    case NcbCommand.CANCEL:
    case NcbCommand.RESET:
    case NcbCommand.SESSION_STATUS:
    case NcbCommand.SEND_DATAGRAM:
    case NcbCommand.SEND_BROADCAST:
    case NcbCommand.UNLINK:
      return false;
    default:
      return true;
  }
}

/** Whether it sends on a session. */
export function isSend(command: u32): bool {
  return (
    command == NcbCommand.SEND ||
    command == NcbCommand.CHAIN_SEND ||
    command == NcbCommand.SEND_NO_ACK ||
    command == NcbCommand.CHAIN_SEND_NO_ACK
  );
}

/** Whether it receives on a session. */
export function isReceive(command: u32): bool {
  return command == NcbCommand.RECEIVE || command == NcbCommand.RECEIVE_ANY;
}

/** Whether its second buffer is described by its callname. */
export function isChain(command: u32): bool {
  return command == NcbCommand.CHAIN_SEND || command == NcbCommand.CHAIN_SEND_NO_ACK;
}

/** What a program is told of how the transport ended its request. */
export function returnOf(status: NTSTATUS): NcbReturn {
  if (NT_SUCCESS(status)) return NcbReturn.GOODRET;
  switch (status) {
    case Status.BUFFER_OVERFLOW:
      return NcbReturn.INCOMP;
    case Status.INSUFFICIENT_RESOURCES:
      return NcbReturn.NORES;
    case Status.CANCELLED:
      return NcbReturn.CMDCAN;
    case Status.DUPLICATE_NAME:
    case Status.ADDRESS_ALREADY_EXISTS:
      return NcbReturn.INUSE;
    case Status.REMOTE_NOT_LISTENING:
    case Status.CONNECTION_REFUSED:
      return NcbReturn.REMTFUL;
    case Status.BAD_NETWORK_PATH:
    case Status.IO_TIMEOUT:
    case Status.HOST_UNREACHABLE:
    case Status.NETWORK_UNREACHABLE:
      return NcbReturn.NOCALL;
    case Status.GRACEFUL_DISCONNECT:
    case Status.REMOTE_DISCONNECT:
    case Status.LOCAL_DISCONNECT:
    case Status.CONNECTION_DISCONNECTED:
      return NcbReturn.SCLOSED;
    case Status.CONNECTION_RESET:
    case Status.CONNECTION_ABORTED:
    case Status.CONNECTION_INVALID:
      return NcbReturn.SABORT;
    default:
      return NcbReturn.SYSTEM;
  }
}
