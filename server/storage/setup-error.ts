/** What stands in the way of starting and will not go away by waiting; the message says what to do about it. */
export class SetupError extends Error {
  override readonly name = 'SetupError';
}
