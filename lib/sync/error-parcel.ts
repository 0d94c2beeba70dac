import {
  CacheClosedError,
  CacheConfigurationError,
  type CacheSerializationCode,
  CacheSerializationError,
  SpakkyCacheError,
} from '../contract/errors.js';
import {
  RedisCacheConnectionError,
  RedisCacheOperationError,
  RedisCacheTimeoutError,
  type RedisConnectionCode,
  type RedisOperationCode,
  type RedisTimeoutCode,
} from '../contract/redis-errors.js';

/** An error on its way to another thread: copying keeps neither its class nor what is its own. */
export type ErrorParcel = {
  readonly isError: true;
  readonly message: string;
  readonly key?: string;
  /** The message of the cause; it has no more to tell. */
  readonly cause?: string;
} & Kind;

type Kind =
  | { readonly kind: 'connection'; readonly code: RedisConnectionCode }
  | { readonly kind: 'timeout'; readonly code: RedisTimeoutCode }
  | { readonly kind: 'operation'; readonly code: RedisOperationCode }
  | { readonly kind: 'serialization'; readonly code: CacheSerializationCode }
  | { readonly kind: 'configuration'; readonly problems: readonly string[] }
  | { readonly kind: 'closed' | 'other' };

export function packError(error: unknown): ErrorParcel {
  if (!(error instanceof Error)) return { isError: true, kind: 'other', message: String(error) };
  const { message, cause } = error;
  const key = error instanceof SpakkyCacheError ? error.key : undefined;
  return {
    isError: true,
    ...kindOf(error),
    message,
    ...(key === undefined ? {} : { key }),
    ...(cause instanceof Error ? { cause: cause.message } : {}),
  };
}

/** Makes the same error again, with the stack of this thread. */
export function unpackError(parcel: ErrorParcel): Error {
  const { message, key } = parcel;
  const details = { key, cause: parcel.cause === undefined ? undefined : new Error(parcel.cause) };
  switch (parcel.kind) {
    case 'connection':
      return new RedisCacheConnectionError(parcel.code, message, details);
    case 'timeout':
      return new RedisCacheTimeoutError(parcel.code, message, details);
    case 'operation':
      return new RedisCacheOperationError(parcel.code, message, details);
    case 'serialization':
      return new CacheSerializationError(parcel.code, message, details);
    case 'configuration':
      return new CacheConfigurationError(parcel.problems, details);
    case 'closed':
      return new CacheClosedError(message, details);
    default:
      return new Error(message, details);
  }
}

function kindOf(error: Error): Kind {
  if (error instanceof RedisCacheConnectionError) return { kind: 'connection', code: error.code };
  if (error instanceof RedisCacheTimeoutError) return { kind: 'timeout', code: error.code };
  if (error instanceof RedisCacheOperationError) return { kind: 'operation', code: error.code };
  if (error instanceof CacheSerializationError) return { kind: 'serialization', code: error.code };
  if (error instanceof CacheConfigurationError) return { kind: 'configuration', problems: error.problems };
  return { kind: error instanceof CacheClosedError ? 'closed' : 'other' };
}
