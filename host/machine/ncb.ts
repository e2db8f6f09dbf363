/** NetBIOS as programs see it: an NCB for each thing that is asked (nt-facts 6). */

/** `ncb_command`, by its name in the kernel. */
export type NcbCommandName =
  | 'CALL' | 'LISTEN' | 'HANG_UP' | 'SEND' | 'RECEIVE' | 'RECEIVE_ANY' | 'CHAIN_SEND'
  | 'SEND_DATAGRAM' | 'RECEIVE_DATAGRAM' | 'SEND_BROADCAST' | 'RECEIVE_BROADCAST' | 'ADD_NAME'
  | 'DELETE_NAME' | 'RESET' | 'ADAPTER_STATUS' | 'SESSION_STATUS' | 'CANCEL' | 'ADD_GROUP_NAME'
  | 'ENUM' | 'UNLINK' | 'SEND_NO_ACK' | 'CHAIN_SEND_NO_ACK' | 'LAN_STATUS_ALERT' | 'ACTION'
  | 'FIND_NAME' | 'TRACE';

/** An NCB; what a command does not read may be left out. */
export interface NcbFields {
  readonly command: NcbCommandName;
  /** 0 where it is not given. */
  readonly lana?: number;
  readonly lsn?: number;
  /** The number of a name; 255: any. */
  readonly num?: number;
  /** Names are as `SERVER<20>`, their letters become capitals; `*`: everybody, or whoever calls. */
  readonly name?: string;
  readonly callname?: string;
  /** What is sent. */
  readonly data?: Uint8Array | string;
  /** CHAIN SEND: what is sent behind it. */
  readonly more?: Uint8Array | string;
  /** Octets that there is room for, of commands that bring something. */
  readonly room?: number;
  /** What RECEIVEs, and SENDs, of a session may take, in units of 500 ms; of CALL and LISTEN. */
  readonly rto?: number;
  readonly sto?: number;
  /** RESET frees only: a number other than 0 in `lsn`. Else: what the program is to have. */
  readonly sessions?: number;
  readonly names?: number;
  readonly permanent?: boolean;
  /** CANCEL: what is to end. */
  readonly target?: PostedNcb;
}

/** An NCB that is complete. */
export interface NcbResult {
  /** `ncb_retcode`, as nb30.h names it without NRC_: `GOODRET`. */
  readonly code: string;
  readonly lsn: number;
  readonly num: number;
  readonly callname: string;
  /** What it brought. */
  readonly data: Uint8Array;
}

/** An NCB that was given to the driver. */
export interface PostedNcb {
  /** Its return code at this moment; PENDING until it is complete. */
  readonly retcode: string;
  /** Fails only where the machine, or the program, ends first. */
  readonly done: Promise<NcbResult>;
}

/** A program with names, sessions and NCBs of its own; its first command is a RESET. */
export interface NetbiosProgram {
  /** Netbios(): the promise is settled when the NCB is complete. */
  netbios(ncb: NcbFields): Promise<NcbResult>;
  /** The same with ASYNCH (NO_WAIT); `routine` is its post routine. */
  post(ncb: NcbFields, routine?: (result: NcbResult) => unknown): PostedNcb;
  /** The program is gone, and all that it had. What it waits for fails with CANCELLED. */
  end(): void;
}
