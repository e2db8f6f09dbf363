/** Views of linear memory, renewed when it grows: growing takes the octets away from all views. */

/** The memory of one kernel. Addresses are octets; what is read there is little-endian. */
export class LinearMemory {
  private views: { readonly octets: Uint8Array; readonly words: Uint32Array };

  constructor(private readonly memory: WebAssembly.Memory) {
    this.views = viewsOf(memory);
  }

  /** All octets. Ask again after each call into the kernel. */
  get octets(): Uint8Array {
    return this.current().octets;
  }

  /** The same memory in words: word i lies at address 4 * i. Ask again after each call. */
  get words(): Uint32Array {
    return this.current().words;
  }

  /** The u32 at an address that is a multiple of 4. */
  word(address: number): number {
    return this.words[address >>> 2] as number;
  }

  /** Writes a u32 at an address that is a multiple of 4. */
  setWord(address: number, value: number): void {
    this.words[address >>> 2] = value;
  }

  /** The u16 at an address. */
  half(address: number): number {
    const octets = this.octets;
    return (octets[address] as number) | ((octets[address + 1] as number) << 8);
  }

  /** The u8 at an address. */
  octet(address: number): number {
    return this.octets[address] as number;
  }

  // Views of a buffer that was taken away have no length: a look at a field, and no call.
  private current(): typeof this.views {
    if (this.views.words.length === 0) this.views = viewsOf(this.memory);
    return this.views;
  }
}

function viewsOf(memory: WebAssembly.Memory): {
  readonly octets: Uint8Array;
  readonly words: Uint32Array;
} {
  return { octets: new Uint8Array(memory.buffer), words: new Uint32Array(memory.buffer) };
}
