const FIRST = '[data-autofocus], input:not([type="hidden"]), textarea';

/** Where the focus goes when something opens: its first field, or else itself, so that Enter closes nothing by chance. */
export function focusFirst(event: Event): void {
  const opened = event.currentTarget;
  if (!(opened instanceof HTMLElement)) return;
  event.preventDefault();
  const field = opened.querySelector<HTMLElement>(FIRST);
  (field ?? opened).focus({ preventScroll: true });
}
