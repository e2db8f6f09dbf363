/** NTSTATUS, stop codes and rules in words, from the kernel's own enums. */

import type { EnumName, Layout } from './layout.js';

/** An error that tells an NTSTATUS: `status` is its name, as in `cause`. */
export interface StatusError extends Error {
  readonly status: string;
}

/** The name of a member of an enum, or its number in hex where it has none. */
export function nameOf(layout: Layout, name: EnumName, value: number): string {
  return layout.names[name].get(value | 0) ?? `0x${(value >>> 0).toString(16).padStart(8, '0')}`;
}

/** The name of an NTSTATUS: `IO_TIMEOUT` for 0xc00000b5. */
export function statusName(layout: Layout, status: number): string {
  return nameOf(layout, 'Status', status);
}

/** An error for what failed with a status: `connect to 10.0.0.9:80: IO_TIMEOUT`. */
export function statusError(what: string, status: string): StatusError {
  return Object.assign(new Error(`${what}: ${status}`, { cause: { status } }), { status });
}
