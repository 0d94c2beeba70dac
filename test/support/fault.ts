/** What a fault proxy does to what passes through it. */
export type Fault = NoFault | RequestFault | ReplyFault | ConnectionFault;

/** Everything passes. */
export interface NoFault {
  readonly kind: 'pass';
}

/** Befalls a command on its way to the server. */
export interface RequestFault {
  /** The command does not reach the server: it is refused in the server's place. */
  readonly kind: 'error-reply';
  /** Such as `OOM command not allowed`, without the marks of the protocol. */
  readonly error: string;
}

/** Befalls a reply on its way back: the command was carried out. */
export type ReplyFault =
  /** Half of the reply, then the connection is destroyed. */
  | { readonly kind: 'cut-mid-reply' }
  /** The reply is swallowed; then nothing more comes on this connection, or it is destroyed. */
  | { readonly kind: 'drop-reply'; readonly afterwards: 'silence' | 'cut' }
  /** Each reply comes later by so much. */
  | { readonly kind: 'delay-reply'; readonly milliseconds: number }
  /** Other bytes come in the place of the reply; then nothing more on this connection, or all that follows. */
  | { readonly kind: 'replace-reply'; readonly bytes: string; readonly afterwards: 'silence' | 'pass' }
  /** The bytes come inside the reply: in its middle, or so many bytes from its start, or (negative) from its end. */
  | { readonly kind: 'noise-in-reply'; readonly bytes: string; readonly at?: number }
  /** The bytes come after the reply, before the next one. */
  | { readonly kind: 'extra-reply'; readonly bytes: string };

/** Befalls whole connections. */
export type ConnectionFault =
  /** The bytes come at once on every connection, asked for or not. */
  | { readonly kind: 'unsolicited'; readonly bytes: string }
  /**
   * Connections are accepted and nothing is carried in either direction. After healing what was held back goes on its
   * way, as it does in TCP; or it stays where it is, as it does when another machine takes the address over.
   */
  | { readonly kind: 'black-hole'; readonly connections: 'all' | 'new'; readonly healed?: 'goes-on' | 'dead' }
  /** The server's side of every present connection vanishes, and the client is never told. New connections pass. */
  | { readonly kind: 'half-open' }
  /** Every connection is reset (RST), a new one as soon as it stands. */
  | { readonly kind: 'reset' }
  /** Every connection ends, and nobody listens any more. */
  | { readonly kind: 'refuse' };

/** Which commands and replies a fault befalls; without limits all of them. */
export interface FaultLimits {
  /** Names in lower case. */
  readonly commands?: readonly string[];
  /** How often, before everything passes again. */
  readonly times?: number;
}

export const PASS: NoFault = { kind: 'pass' };
