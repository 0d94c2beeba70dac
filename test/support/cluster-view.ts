/** What one node of a cluster knows of a node, itself included. */
export interface ClusterNode {
  readonly id: string;
  readonly port: number;
  /** `myself`, `master`, `slave`, `fail?`, `fail`, `handshake`, … */
  readonly flags: ReadonlySet<string>;
  /** Of a replica: whose. */
  readonly masterId: string | undefined;
  /** Whether the two are connected to each other. */
  readonly isLinked: boolean;
  /** First and last of each range; not those on their way here or elsewhere. */
  readonly slots: readonly (readonly [number, number])[];
}

/** Reads the answer to CLUSTER NODES. */
export function parseNodes(answer: string): ClusterNode[] {
  return answer.trimEnd().split('\n').map(parseNode);
}

function parseNode(line: string): ClusterNode {
  const [id = '', address = '', flags = '', masterId, , , , link, ...ranges] = line.split(' ');
  return {
    id,
    port: Number(/:(\d+)@/.exec(address)?.[1]),
    flags: new Set(flags.split(',')),
    masterId: masterId === '-' ? undefined : masterId,
    isLinked: link === 'connected',
    slots: ranges.filter((range) => !range.startsWith('[')).map(parseRange),
  };
}

function parseRange(range: string): [number, number] {
  const [first, last = first] = range.split('-').map(Number);
  return [first ?? NaN, last ?? NaN];
}

/** Whether a node serves a slot, in the eyes of whoever was asked. */
export function owns({ flags, slots }: ClusterNode, slot: number): boolean {
  return (
    flags.has('master') && !flags.has('fail') && slots.some(([first, last]) => first <= slot && slot <= last)
  );
}
