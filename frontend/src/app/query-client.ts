import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";

import { ConnectionError, hasStatus } from "@/api/problem";

const RETRIES = 2;

/** `onSignedOut` is called when any request finds the session gone. */
export function createQueryClient(onSignedOut: () => void): QueryClient {
  const onError = (error: unknown) => {
    if (hasStatus(error, 401)) onSignedOut();
  };
  return new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        // The event stream reports changes; this only bounds the age of data after a missed event.
        staleTime: 30_000,
        networkMode: "always",
        retry: (failures, error) => failures < RETRIES && (error instanceof ConnectionError || hasStatus(error, 503)),
        retryDelay: (attempt) => 400 * 2 ** attempt,
      },
      mutations: { networkMode: "always" },
    },
  });
}
