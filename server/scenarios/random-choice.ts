/** Where chance comes from: the context a handler or a producer is given. */
export type Chance = { random(): number };

const ID_ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const ID_LENGTH = 8;

/** One of the choices, each as likely as the others. */
export function pick<const Choices extends readonly [unknown, ...unknown[]]>(
  choices: Choices,
  chance: Chance,
): Choices[number] {
  return choices[Math.floor(chance.random() * choices.length)] ?? choices[0];
}

/** A whole number from `min` to `max`, both included. */
export const between = (min: number, max: number, chance: Chance): number =>
  min + Math.floor(chance.random() * (max - min + 1));

/** A short id that people can read aloud: no letters that look like digits. */
export function shortId(chance: Chance): string {
  return Array.from({ length: ID_LENGTH }, () =>
    ID_ALPHABET.charAt(Math.floor(chance.random() * ID_ALPHABET.length)),
  ).join('');
}
