import { createCodec } from '../../lib/codec/codec.js';
import { FrozenCodec } from '../../lib/codec/frozen-codec.js';
import type { SerializerOptions } from '../../lib/codec/serializer.js';
import { readNear } from '../../lib/config/near-reader.js';
import type { NearOptions } from '../../lib/config/redis-cache-options.js';
import { CoreCache } from '../../lib/core/core-cache.js';
import { NearStore } from '../../lib/near/near-store.js';
import type { FollowedStore } from './followed-store.js';

/** A cache with a near tier over a store that a test turns by hand. */
export class NearCache<T = unknown> extends CoreCache<T> {
  constructor(store: FollowedStore, options: NearOptions = {}, serializer: SerializerOptions = {}) {
    const reading = readNear(options);
    if (!reading.fits || reading.value === false) throw new TypeError('These are no options of a near tier.');
    const near = new NearStore(store, reading.value);
    const plain = createCodec(serializer);
    const codec = options.values === 'frozen' ? new FrozenCodec(plain) : plain;
    super({ store: near, near, codec, prefix: 'near:', drainFor: 100 });
  }
}
