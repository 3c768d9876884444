'use client';
export function ConsumerView({ name }: { name: string }) {
  return <p>{name}</p>;
}
