/** All articles of the Knowledge Base that can be run. */

import type { Article } from './article.js';
import { q126560 } from './q126560.js';
import { q141344 } from './q141344.js';
import { q171181 } from './q171181.js';
import { q177245 } from './q177245.js';
import { q186873 } from './q186873.js';
import { q236794 } from './q236794.js';
import { q243878 } from './q243878.js';
import { q293498 } from './q293498.js';
import { q297040 } from './q297040.js';

/** In the order of their numbers. */
export const ARTICLES: readonly Article[] = [
  q126560, q141344, q171181, q177245, q186873, q236794, q243878, q293498, q297040,
];

/**
 * The article of a number, in any case, with or without its Q.
 * @throws TypeError that lists them all where there is none.
 */
export function findArticle(number: string): Article {
  const wanted = `Q${number.replace(/^q/i, '')}`;
  const found = ARTICLES.find((article) => article.number === wanted);
  if (found !== undefined) return found;
  const numbers = ARTICLES.map((article) => article.number).join(', ');
  throw new TypeError(`${number}: no such article; there are ${numbers}`);
}
