import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";

import { createQueryClient } from "./query-client";
import { createAppRouter, leaveForSignIn } from "./router";
import { Toaster } from "@/ui/Toast";

const queryClient = createQueryClient(() => leaveForSignIn(router, queryClient));
const router = createAppRouter(queryClient);

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

export function App() {
  return (
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
      <Toaster />
    </QueryClientProvider>
  );
}
