/** Reads CSS variables as they are at this element, for what cannot use them itself: a canvas, a picture. */
export function tokensOf(element: Element): (variable: string) => string {
  const style = getComputedStyle(element);
  return (variable) => style.getPropertyValue(variable).trim();
}

/** Calls back when the page changes between light and dark. */
export function watchTheme(onChange: () => void): () => void {
  const observer = new MutationObserver(onChange);
  observer.observe(document.documentElement, { attributeFilter: ['data-theme', 'class'] });
  return () => observer.disconnect();
}
