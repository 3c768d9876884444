/** A directed graph of numbered nodes, made to be asked for its cycles. */
export class Digraph {
  readonly #successors: number[][];

  constructor(nodes: number) {
    this.#successors = Array.from({ length: nodes }, () => []);
  }

  addNode(): number {
    return this.#successors.push([]) - 1;
  }

  /** An edge to itself says nothing and is left out. */
  add(from: number, to: number): void {
    if (from !== to) this.#successors[from]?.push(to);
  }

  /** The strongly connected components of more than one node (Tarjan 1972, without recursion); every cycle lies in one. */
  cycles(): readonly (readonly number[])[] {
    const size = this.#successors.length;
    const walk: Walk = {
      index: new Int32Array(size).fill(-1),
      low: new Int32Array(size),
      onPath: new Uint8Array(size),
      path: [],
      found: [],
      next: 0,
    };
    for (let node = 0; node < size; node += 1)
      if (walk.index[node] === -1) this.#walkFrom(node, walk);
    return walk.found;
  }

  #walkFrom(root: number, walk: Walk): void {
    const calls = [{ node: root, edge: 0 }];
    enter(root, walk);
    for (let call = calls.at(-1); call !== undefined; call = calls.at(-1)) {
      const { node } = call;
      const successor = this.#successors[node]?.[call.edge];
      call.edge += 1;
      if (successor === undefined) {
        calls.pop();
        leave(node, walk);
        const parent = calls.at(-1)?.node;
        if (parent !== undefined) lower(walk, parent, walk.low[node]);
      } else if (walk.index[successor] === -1) {
        enter(successor, walk);
        calls.push({ node: successor, edge: 0 });
      } else if (walk.onPath[successor] === 1) lower(walk, node, walk.index[successor]);
    }
  }
}

type Walk = {
  readonly index: Int32Array;
  readonly low: Int32Array;
  readonly onPath: Uint8Array;
  readonly path: number[];
  readonly found: number[][];
  next: number;
};

function enter(node: number, walk: Walk): void {
  const { index, low, onPath, path } = walk;
  index[node] = walk.next;
  low[node] = walk.next;
  onPath[node] = 1;
  path.push(node);
  walk.next += 1;
}

function lower({ low }: Walk, node: number, value = 0): void {
  low[node] = Math.min(low[node] ?? 0, value);
}

/** The last node of a component to be left holds all of it on top of the path. */
function leave(node: number, { index, low, onPath, path, found }: Walk): void {
  if (low[node] !== index[node]) return;
  const component = path.splice(path.lastIndexOf(node));
  for (const member of component) onPath[member] = 0;
  if (component.length > 1) found.push(component);
}
