/** What this application has to configure besides the cache. */
export const settings = () => ({
  quotes: { minutes: Number(process.env['QUOTES_MINUTES'] ?? 5) },
});
