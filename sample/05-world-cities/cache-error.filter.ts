import { type ArgumentsHost, Catch, type ExceptionFilter, HttpStatus } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { InvalidCacheTtlError, RedisCacheError } from '@spakky/nestjs-redis-cache';

/** Says whose turn it is: 503 when Redis fails, 400 when the time to live that was asked for is none. */
@Catch(RedisCacheError, InvalidCacheTtlError)
export class CacheErrorFilter implements ExceptionFilter<RedisCacheError | InvalidCacheTtlError> {
  constructor(private readonly adapterHost: HttpAdapterHost) {}

  catch(error: RedisCacheError | InvalidCacheTtlError, host: ArgumentsHost): void {
    const { code, message } = error;
    const statusCode =
      error instanceof RedisCacheError ? HttpStatus.SERVICE_UNAVAILABLE : HttpStatus.BAD_REQUEST;
    const response: unknown = host.switchToHttp().getResponse();
    this.adapterHost.httpAdapter.reply(response, { statusCode, code, message }, statusCode);
  }
}
