/** A function of the application that says when it was called, and ends when it is told to. */
export class HeldCall<Parameters extends readonly unknown[] = readonly unknown[], Answer = unknown> {
  /** What it was called with, each time. */
  readonly calls: Parameters[] = [];
  /** Resolves when it was called for the first time. */
  readonly begun: Promise<void>;
  #begin: () => void = () => undefined;
  #answer: (value: Answer) => void = () => undefined;
  #fail: (error: Error) => void = () => undefined;
  readonly #end: Promise<Answer>;

  constructor() {
    this.begun = new Promise((resolve) => {
      this.#begin = resolve;
    });
    this.#end = new Promise((resolve, reject) => {
      this.#answer = resolve;
      this.#fail = reject;
    });
    // It may fail when nobody asks any more.
    this.#end.catch(() => undefined);
  }

  /** The function itself. */
  readonly call = (...parameters: Parameters): Promise<Answer> => {
    this.calls.push(parameters);
    this.#begin();
    return this.#end;
  };

  /** Ends every call with this value. */
  answer(value: Answer): void {
    this.#answer(value);
  }

  /** Ends every call with this error. */
  fail(error: Error): void {
    this.#fail(error);
  }
}

/** A function that ends at once, and counts its calls. */
export class CountedCall<Value = unknown> {
  count = 0;
  readonly #answer: () => Value;

  /** @param answer makes what each call answers; it may throw */
  constructor(answer: () => Value) {
    this.#answer = answer;
  }

  /** The function itself. */
  readonly call = async (): Promise<Value> => {
    this.count += 1;
    return this.#answer();
  };
}
