/** What was asked for early, so that it is there in time: it must be used for something. */

import { at } from "../../nt/embed";
import { KeGetCurrentProcessorNumber, MAXIMUM_PROCESSORS } from "../../ke/processor";

/** A word for each processor. */
const TOUCHED: usize = memory.data(32);
if (MAXIMUM_PROCESSORS * 4 > 32) ERROR("TOUCHED");

@unmanaged
class Word {
  value: u32;
}

/** Keeps words that `touch` gave, taken together: nobody reads them. IRQL: any. */
export function keepTouched(words: u32): void {
  at<Word>(TOUCHED + (<usize>KeGetCurrentProcessorNumber() << 2), 0).value = words;
}
