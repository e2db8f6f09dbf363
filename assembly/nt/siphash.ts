/**
 * SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012) of two words: a
 * keyed function that nobody without the key computes.
 */

/** "somepseudorandomlygeneratedbytes", in four words. */
const INITIAL0: u64 = 0x736f6d6570736575;
const INITIAL1: u64 = 0x646f72616e646f6d;
const INITIAL2: u64 = 0x6c7967656e657261;
const INITIAL3: u64 = 0x7465646279746573;
/** Octets of input, as the last block has them: in its highest octet. */
const LENGTH: u64 = 16 << 56;
const COMPRESSIONS: u32 = 2;
const FINALIZATIONS: u32 = 4;
/** Two words of input, then the length. */
const BLOCKS: u32 = 3;

/** 64 bits for the words `first` and `second` under the key `key0`, `key1`. IRQL: any. */
export function sipHash(key0: u64, key1: u64, first: u64, second: u64): u64 {
  let v0 = key0 ^ INITIAL0;
  let v1 = key1 ^ INITIAL1;
  let v2 = key0 ^ INITIAL2;
  let v3 = key1 ^ INITIAL3;
  for (let block: u32 = 0; block <= BLOCKS; block++) {
    const word = block == 0 ? first : block == 1 ? second : block == 2 ? LENGTH : <u64>0;
    if (block < BLOCKS) v3 ^= word;
    else v2 ^= 0xff;
    const rounds = block < BLOCKS ? COMPRESSIONS : FINALIZATIONS;
    for (let round: u32 = 0; round < rounds; round++) {
      v0 += v1;
      v2 += v3;
      v1 = rotl(v1, 13) ^ v0;
      v3 = rotl(v3, 16) ^ v2;
      v0 = rotl(v0, 32);
      v2 += v1;
      v0 += v3;
      v1 = rotl(v1, 17) ^ v2;
      v3 = rotl(v3, 21) ^ v0;
      v2 = rotl(v2, 32);
    }
    if (block < BLOCKS) v0 ^= word;
  }
  return v0 ^ v1 ^ v2 ^ v3;
}
