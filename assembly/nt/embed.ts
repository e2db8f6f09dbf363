/** A structure inside another: the two casts that the rest of the kernel need not write. */

/** The structure of type T that lies `offset` octets into the one at `base`. */
export function at<T>(base: usize, offset: usize): T {
  return changetype<T>(base + offset);
}

/** The structure of type T whose member at `offset` is the one at `member` (CONTAINING_RECORD). */
export function containing<T>(member: usize, offset: usize): T {
  return changetype<T>(member - offset);
}

/** Where a structure lies. The opposite of `at`. */
export function addressOf<T>(structure: T): usize {
  return changetype<usize>(structure);
}
