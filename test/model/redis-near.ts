import type { Command, Outcome, Slot, TagVersion } from '../../lib/core/cache-store.js';
import type { FollowableStore, Follower, Following, Kept } from '../../lib/core/followable-store.js';
import { NearStore } from '../../lib/near/near-store.js';
import type { Connection } from './process.js';
import type { NearSetup } from './program.js';
import { type Server, type Weather, Wire } from './wire.js';

/** Tells many of the changes in one store, which has one follower: each hears of keys that are not its own as well. */
export class SharedFollowing {
  readonly #store: FollowableStore;
  readonly #followers = new Set<Follower>();
  #following: Following | undefined;

  constructor(store: FollowableStore) {
    this.#store = store;
  }

  add(follower: Follower): Following {
    this.#followers.add(follower);
    this.#following ??= this.#store.follow({
      onChange: (wholeKey) => this.#followers.forEach((each) => each.onChange(wholeKey)),
      onVersionChange: (prefix, tag) => this.#followers.forEach((each) => each.onVersionChange(prefix, tag)),
      onLoss: () => this.#followers.forEach((each) => each.onLoss()),
    });
    return this.#following;
  }

  drop(follower: Follower): void {
    this.#followers.delete(follower);
  }

  /** Connects a process that keeps what it reads. */
  connect(server: Server, weather: Weather, setup: NearSetup): Connection {
    const wire = new KeepingWire(server, weather, this.#store, this);
    return { wire, near: new NearStore(wire, { ...setup, maxBytes: 2 ** 20 }) };
  }
}

/** The connection of a process to a store that tells of changes itself. */
class KeepingWire extends Wire implements FollowableStore {
  readonly #store: FollowableStore;
  readonly #shared: SharedFollowing;
  #follower: Follower | undefined;

  constructor(server: Server, weather: Weather, store: FollowableStore, shared: SharedFollowing) {
    super(server, weather);
    this.#store = store;
    this.#shared = shared;
  }

  follow(follower: Follower): Following {
    this.#follower = follower;
    return this.#shared.add(follower);
  }

  readToKeep(
    prefix: string,
    keys: readonly string[],
    absent?: Command<'read'>['absent'],
  ): Promise<readonly Kept<Outcome<Slot>>[]> {
    return this.carry({ op: 'read', prefix, keys }, () => this.#store.readToKeep(prefix, keys, absent));
  }

  versionsToKeep(prefix: string, tags: readonly string[]): Promise<readonly Kept<TagVersion | undefined>[]> {
    return this.carry({ op: 'versions', prefix, tags }, () => this.#store.versionsToKeep(prefix, tags));
  }

  override async close(): Promise<void> {
    await super.close();
    if (this.#follower !== undefined) this.#shared.drop(this.#follower);
  }
}
