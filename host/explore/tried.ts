/** What a scene does that may fail, because others end what it needs. */

/** Null: it came to nothing. */
export async function tried<T>(promise: Promise<T>): Promise<T | null> {
  try {
    return await promise;
  } catch {
    return null;
  }
}
