/** NTSTATUS: success and information against warnings and errors, and the values of ntstatus.h. */

import { beforeAll, describe, expect } from 'vitest';
import { compileModule } from '../compile.js';
import { Floor, it } from '../floor.js';

let floor: Floor;

beforeAll(async () => {
  floor = new Floor(await compileModule('test/assembly/nt/words.ts', { optimize: 0 }));
});

/** Values as ntstatus.h prints them. */
const NUMBERS: Readonly<Record<string, number>> = {
  SUCCESS: 0x00000000,
  TIMEOUT: 0x00000102,
  PENDING: 0x00000103,
  BUFFER_OVERFLOW: 0x80000005,
  NO_MORE_ENTRIES: 0x8000001a,
  UNSUCCESSFUL: 0xc0000001,
  INVALID_HANDLE: 0xc0000008,
  INVALID_PARAMETER: 0xc000000d,
  NO_SUCH_DEVICE: 0xc000000e,
  INVALID_DEVICE_REQUEST: 0xc0000010,
  MORE_PROCESSING_REQUIRED: 0xc0000016,
  INSUFFICIENT_RESOURCES: 0xc000009a,
  DEVICE_NOT_READY: 0xc00000a3,
  IO_TIMEOUT: 0xc00000b5,
  NOT_SUPPORTED: 0xc00000bb,
  REMOTE_NOT_LISTENING: 0xc00000bc,
  DUPLICATE_NAME: 0xc00000bd,
  BAD_NETWORK_PATH: 0xc00000be,
  CANCELLED: 0xc0000120,
  LOCAL_DISCONNECT: 0xc000013b,
  REMOTE_DISCONNECT: 0xc000013c,
  REMOTE_RESOURCES: 0xc000013d,
  INVALID_ADDRESS: 0xc0000141,
  ADDRESS_ALREADY_EXISTS: 0xc000020a,
  ADDRESS_CLOSED: 0xc000020b,
  CONNECTION_DISCONNECTED: 0xc000020c,
  CONNECTION_RESET: 0xc000020d,
  DATA_NOT_ACCEPTED: 0xc000021b,
  CONNECTION_REFUSED: 0xc0000236,
  GRACEFUL_DISCONNECT: 0xc0000237,
  ADDRESS_ALREADY_ASSOCIATED: 0xc0000238,
  ADDRESS_NOT_ASSOCIATED: 0xc0000239,
  CONNECTION_INVALID: 0xc000023a,
  CONNECTION_ACTIVE: 0xc000023b,
  NETWORK_UNREACHABLE: 0xc000023c,
  HOST_UNREACHABLE: 0xc000023d,
  PROTOCOL_UNREACHABLE: 0xc000023e,
  PORT_UNREACHABLE: 0xc000023f,
  CONNECTION_ABORTED: 0xc0000241,
};

describe('nt/status', () => {
  it('has the numbers of ntstatus.h for every name it has', () => {
    const names = floor.namesOf('Status');
    expect(names.length).toBeGreaterThan(20);
    for (const name of names) expect([name, floor.value(`Status.${name}`)]).toEqual([
      name, NUMBERS[name],
    ]);
  });

  it.each(['0', '1', '103', '40000000', '7fffffff'])('takes %s for success', (digits) => {
    expect(floor.call('NT_SUCCESS', Number.parseInt(digits, 16))).toBe(1);
  });

  it.each(['80000000', '80000005', 'c0000001', 'c0000241', 'ffffffff'])(
    'does not take %s for success',
    (digits) => {
      expect(floor.call('NT_SUCCESS', Number.parseInt(digits, 16))).toBe(0);
    },
  );
});
