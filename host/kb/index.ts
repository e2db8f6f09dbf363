/** All articles of the Knowledge Base that can be run. */

import type { Article } from './article.js';
import { q297040 } from './q297040.js';

/** In the order of their numbers. */
export const ARTICLES: readonly Article[] = [q297040];

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
