import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { trace } from '@opentelemetry/api';
import { finalize, type Observable } from 'rxjs';

/** A span for each request. `@opentelemetry/instrumentation-http` makes such a one, and then this is not needed. */
@Injectable()
export class RequestSpanInterceptor implements NestInterceptor {
  readonly #tracer = trace.getTracer('requests');

  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { method, url } = execution.switchToHttp().getRequest<{ method: string; url: string }>();
    return this.#tracer.startActiveSpan(`${method} ${url}`, (span) =>
      next.handle().pipe(finalize(() => span.end())),
    );
  }
}
