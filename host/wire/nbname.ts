/** NetBIOS names as text. */

/** Octets of a name: 15 and a suffix. */
export const NAME_OCTETS = 16;

/** A name as its octets: `SERVER<20>`, `*`; without `<..>` its suffix is 00. */
export function netbiosName(text: string): Uint8Array {
  const found = /^(.*?)(?:<([0-9a-f]{2})>)?$/is.exec(text);
  const name = found?.[1] ?? text;
  const octets = new Uint8Array(NAME_OCTETS).fill(name === '*' ? 0 : 0x20);
  if (name.length > NAME_OCTETS - 1) throw new TypeError(`${text}: more than 15 characters`);
  for (let i = 0; i < name.length; i++) octets[i] = name.charCodeAt(i);
  octets[NAME_OCTETS - 1] = Number.parseInt(found?.[2] ?? '00', 16);
  return octets;
}

/** A name in words: its characters without the padding, and its suffix. */
export function nameText(octets: Uint8Array): string {
  const letters = String.fromCharCode(...octets.subarray(0, NAME_OCTETS - 1));
  const suffix = (octets[NAME_OCTETS - 1] ?? 0).toString(16).padStart(2, '0').toUpperCase();
  return `${letters.replace(/[ \0]+$/, '')}<${suffix}>`;
}
