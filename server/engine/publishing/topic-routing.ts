/** First segments of reverse-DNS types that name a registry, not a subject. */
const DOMAIN_ENDINGS = new Set(['com', 'org', 'net', 'io', 'dev', 'app', 'co', 'edu', 'gov', 'ai']);
const FALLBACK_TOPIC = 'events';
const MAX_TOPIC_LENGTH = 200;

/**
 * The rule for events published without a topic: the first segment of the type, after a leading domain ending.
 * `order.placed` goes to `order`, `com.github.push` to `github`.
 */
export function topicOfType(type: string): string {
  const segments = type.split('.', 3);
  const [first = '', second = ''] = segments;
  const chosen = segments.length > 2 && DOMAIN_ENDINGS.has(first.toLowerCase()) ? second : first;
  return toTopicName(chosen);
}

/** A stream's events go to the topic named as its category: what stands before the first `-`. */
export function topicOfStream(streamId: string): string {
  const dash = streamId.indexOf('-');
  return toTopicName(dash > 0 ? streamId.slice(0, dash) : streamId);
}

function toTopicName(text: string): string {
  const name = text
    .slice(0, MAX_TOPIC_LENGTH)
    .replaceAll(/[^A-Za-z0-9._-]/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '');
  return name === '' ? FALLBACK_TOPIC : name;
}
