/** What must not be in a history, each by its own name. */
export type AnomalyKind =
  | 'acknowledged-but-lost'
  | 'acknowledged-elsewhere'
  | 'stored-twice'
  | 'stored-though-refused'
  | 'never-published'
  | 'position-gap'
  | 'offset-gap'
  | 'time-went-back'
  | 'key-order'
  | 'key-gap'
  | 'key-moved'
  | 'not-delivered'
  | 'not-settled'
  | 'delivered-though-not-meant'
  | 'delivery-order'
  | 'not-conserved';

export type Anomaly = { readonly kind: AnomalyKind; readonly detail: string };
