import { QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, RouterProvider } from "@tanstack/react-router";
import { render } from "@testing-library/react";
import userEvent, { type UserEvent } from "@testing-library/user-event";

import { createQueryClient } from "@/app/query-client";
import { createAppRouter, leaveForSignIn } from "@/app/router";
import { Toaster } from "@/ui/Toast";

/** The whole application at an address, against the handlers of the test. */
export function renderApp(address: string): { user: UserEvent; address: () => string } {
  const queryClient = createQueryClient(() => leaveForSignIn(router, queryClient));
  queryClient.setDefaultOptions({ queries: { ...queryClient.getDefaultOptions().queries, retry: false } });
  const router = createAppRouter(queryClient, createMemoryHistory({ initialEntries: [address] }));
  render(
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
      <Toaster />
    </QueryClientProvider>,
  );
  return { user: userEvent.setup(), address: () => router.state.location.href };
}
