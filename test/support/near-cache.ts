import { createCodec } from '../../lib/codec/codec.js';
import { FrozenCodec } from '../../lib/codec/frozen-codec.js';
import { readNear } from '../../lib/config/near-reader.js';
import type { NearOptions } from '../../lib/config/redis-cache-options.js';
import { CoreCache } from '../../lib/core/core-cache.js';
import { NearStore } from '../../lib/near/near-store.js';
import type { FollowedStore } from './followed-store.js';

/** What the keys of both kinds of caches begin with. */
export const NEAR_PREFIX = 'near:';

const PLACE = { backend: 'a store that is turned by hand' };

/** A near tier in front of a store that a test turns by hand. */
export function nearTier(store: FollowedStore, options: NearOptions = {}): NearStore {
  const reading = readNear(options);
  if (!reading.fits || reading.value === false) throw new TypeError('These are no options of a near tier.');
  return new NearStore(store, reading.value);
}

/** A cache with a near tier. */
export class NearCache<T = unknown> extends CoreCache<T> {
  constructor(store: FollowedStore, options: NearOptions = {}) {
    const near = nearTier(store, options);
    const plain = createCodec();
    const codec = options.values === 'frozen' ? new FrozenCodec(plain) : plain;
    super({ store: near, near, codec, place: PLACE, prefix: NEAR_PREFIX, drainFor: 100 });
  }
}

/** The same cache in another process, which has no near tier. */
export class OtherCache<T = unknown> extends CoreCache<T> {
  constructor({ others }: FollowedStore) {
    super({ store: others, codec: createCodec(), place: PLACE, prefix: NEAR_PREFIX, drainFor: 100 });
  }
}
