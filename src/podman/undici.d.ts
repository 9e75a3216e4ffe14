// Deep imports: the index of undici costs 50 ms more at start, for a client of HTTP, WebSocket and caches not used here.

declare module 'undici/lib/dispatcher/pool.js' {
  import type { Pool } from 'undici';

  const pool: typeof Pool;
  export = pool;
}

declare module 'undici/lib/api/api-request.js' {
  import type { Dispatcher, Pool } from 'undici';

  function request(this: Pool, options: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData>;
  export = request;
}
