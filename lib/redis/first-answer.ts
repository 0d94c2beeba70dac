/**
 * Asks one candidate after the other, until one answers: the next is asked when the last one failed, or has said
 * nothing for a while.
 *
 * @param pause how long a silent candidate is waited for before another one is asked too, in milliseconds
 * @throws AggregateError with the reason of each, in the order of the candidates, when all have failed
 */
export function firstAnswer<Candidate, Answer>(
  candidates: readonly Candidate[],
  pause: number,
  ask: (candidate: Candidate) => Promise<Answer>,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const errors: unknown[] = [];
    let timer: NodeJS.Timeout | undefined;
    let asked = 0;
    let failed = 0;
    const askNext = (): void => {
      clearTimeout(timer);
      const position = asked;
      const candidate = candidates[position];
      if (candidate === undefined) return;
      asked += 1;
      timer = setTimeout(askNext, pause).unref();
      ask(candidate).then(
        (answer) => {
          asked = candidates.length;
          clearTimeout(timer);
          resolve(answer);
        },
        (error: unknown) => {
          errors[position] = error;
          failed += 1;
          if (failed < candidates.length) askNext();
          else reject(new AggregateError(errors));
        },
      );
    };
    askNext();
  });
}
