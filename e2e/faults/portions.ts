/** The whole in parts of at most so much, the last one perhaps smaller. */
export function portions(whole: number, part: number): readonly number[] {
  return Array.from({ length: Math.ceil(whole / part) }, (_, index) =>
    Math.min(part, whole - index * part),
  );
}
