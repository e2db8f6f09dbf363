/** NetBIOS session service packets (RFC 1002, 4.3), and the same framing without it on port 445. */

import { be16, be32, setBe32 } from "./bytes";

/** Where sessions are accepted. */
export const SESSION_PORT: u32 = 139;
/** Where they are accepted without a session request (nt-facts 5.5). */
export const DIRECT_PORT: u32 = 445;
/** Octets of a header: type, flags, and a length of 17 bits. */
export const SESSION_HEADER: u32 = 4;
/** The most octets of a message. */
export const SESSION_LIMIT: u32 = 0x1ffff;
/** Octets of a retarget response behind its header: an address and a port. */
export const RETARGET_OCTETS: u32 = 6;
/** Octets of a negative response behind its header: why. */
export const NEGATIVE_OCTETS: u32 = 1;

/** What a packet is. */
export const enum SessionType {
  MESSAGE = 0x00,
  REQUEST = 0x81,
  POSITIVE_RESPONSE = 0x82,
  NEGATIVE_RESPONSE = 0x83,
  RETARGET_RESPONSE = 0x84,
  KEEP_ALIVE = 0x85,
}

/** Why a session is refused (RFC 1002, 4.3.4). */
export const enum SessionError {
  NOT_LISTENING_ON_CALLED_NAME = 0x80,
  NOT_LISTENING_FOR_CALLING_NAME = 0x81,
  CALLED_NAME_NOT_PRESENT = 0x82,
  INSUFFICIENT_RESOURCES = 0x83,
  UNSPECIFIED = 0x8f,
}

/** A header where it lies. */
@unmanaged
export class SessionHeader {
  get type(): u32 {
    return be32(changetype<usize>(this), 0) >>> 24;
  }
  /** All that is not the type: above SESSION_LIMIT where a flag is set that has no meaning. */
  get length(): u32 {
    return be32(changetype<usize>(this), 0) & 0xffffff;
  }
  /** Writes both. */
  set(type: SessionType, length: u32): void {
    setBe32(changetype<usize>(this), 0, (<u32>type << 24) | length);
  }
}

/** Why a negative response refuses, at its first octet behind the header. */
export function negativeError(at: usize): SessionError {
  return be16(at - 1, 0) & 0xff;
}

/** The address of a retarget response, at its first octet behind the header. */
export function retargetAddress(at: usize): u32 {
  return be32(at, 0);
}

/** Its port. */
export function retargetPort(at: usize): u32 {
  return be16(at, 4);
}
