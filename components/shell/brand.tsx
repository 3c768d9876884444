/** The mark of Weir: three lines of water. */
export function Brand({ isCompact }: { isCompact: boolean }) {
  return (
    <span className="flex items-center gap-2.5 text-l font-[650] tracking-tight">
      <svg
        width="20"
        height="20"
        viewBox="0 0 20 20"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.8"
        strokeLinecap="round"
        className="shrink-0 text-accent"
        aria-hidden
      >
        <path d="M2 6c2.700-2.400 5.300 2.400 8 0s5.300-2.400 8 0" />
        <path d="M2 11c2.700-2.400 5.300 2.400 8 0s5.300-2.400 8 0" opacity=".65" />
        <path d="M2 16c2.700-2.400 5.300 2.400 8 0s5.300-2.400 8 0" opacity=".35" />
      </svg>
      <span className={isCompact ? 'sr-only' : undefined}>Weir</span>
    </span>
  );
}
