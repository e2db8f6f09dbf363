/** What comes of a mutant. */

import type { Mutant } from './mutant.js';

/** Who found a mutant. `hang`: a test did not end. */
export type Finder = 'law' | 'compiler' | 'test' | 'hang' | 'equivalent' | 'nobody';

export interface Outcome {
  readonly mutant: Mutant;
  readonly finder: Finder;
  /** The law, the test, or what the compiler said; why it is equivalent. */
  readonly by: string;
  readonly seconds: number;
}
