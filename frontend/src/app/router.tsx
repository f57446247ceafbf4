import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
  type RouterHistory,
} from "@tanstack/react-router";

import { preloadConversationView } from "./pages/conversation-view";
import { parseAdministrationSearch, parseRecordSearch, parseSignInSearch } from "./search";
import { Shell } from "./shell/Shell";
import { NotFound, PageError, PagePending } from "./shell/fallbacks";
import { preloadConversation } from "@/api/preload";
import { hasStatus } from "@/api/problem";
import { may, meQuery } from "@/api/session";
import { parseDirectorySearch } from "@/lib/directory-search";
import { parseMessengerSearch } from "@/lib/inbox-search";
import { parseMassTextSearch, parseMassTextsSearch } from "@/lib/mass-text-search";

const rootRoute = createRootRouteWithContext<{ queryClient: QueryClient }>()({
  notFoundComponent: NotFound,
  errorComponent: PageError,
});

const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/sign-in",
  validateSearch: parseSignInSearch,
  component: lazyRouteComponent(() => import("./pages/SignIn"), "SignIn"),
});

/** For the people who build the app: public, with example data (decision 0042). */
const primitivesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/primitives",
  component: lazyRouteComponent(() => import("./pages/PrimitivesPage"), "PrimitivesPage"),
});

/** The signed-in layout and its routes. */
const signedInRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: "signed-in",
  beforeLoad: async ({ context, location }) => {
    try {
      const me = await context.queryClient.query({ ...meQuery, staleTime: "static" });
      return { me };
    } catch (error) {
      if (hasStatus(error, 401)) throw redirect({ to: "/sign-in", search: { redirect: location.href } });
      throw error;
    }
  },
  component: Shell,
});

const indexRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: "/",
  beforeLoad: ({ context }) => {
    throw redirect({ to: may(context.me, "sms_logs") ? "/messenger" : "/families", replace: true });
  },
});

const messengerRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: "/messenger",
  validateSearch: parseMessengerSearch,
  component: lazyRouteComponent(() => import("./pages/MessengerPage"), "MessengerPage"),
});
const messengerIndexRoute = createRoute({ getParentRoute: () => messengerRoute, path: "/" });
const conversationRoute = createRoute({
  getParentRoute: () => messengerRoute,
  path: "$conversationId",
  loaderDeps: ({ search }) => ({ seq: search.seq }),
  // Starts loading, with the code or when a link is pointed at or focused. The page shows what is there meanwhile.
  loader: ({ context, params, deps }) => {
    if (!may(context.me, "sms_logs")) return;
    preloadConversationView();
    preloadConversation(context.queryClient, params.conversationId, deps.seq ?? null);
  },
});

const familiesRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: "/families",
  validateSearch: parseDirectorySearch,
  component: lazyRouteComponent(() => import("./pages/directory"), "Families"),
});
const familyRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: "/families/$familyId",
  validateSearch: parseRecordSearch,
  component: lazyRouteComponent(() => import("./pages/directory"), "Family"),
});
const classesRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: "/classes",
  validateSearch: parseDirectorySearch,
  component: lazyRouteComponent(() => import("./pages/directory"), "Classes"),
});
const classRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: "/classes/$classId",
  component: lazyRouteComponent(() => import("./pages/directory"), "Class"),
});
const staffRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: "/staff",
  validateSearch: parseDirectorySearch,
  component: lazyRouteComponent(() => import("./pages/directory"), "Staff"),
});
const staffMemberRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: "/staff/$staffMemberId",
  validateSearch: parseRecordSearch,
  component: lazyRouteComponent(() => import("./pages/directory"), "StaffMember"),
});

const accountRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: "/account",
  component: lazyRouteComponent(() => import("./pages/AccountPage"), "AccountPage"),
});

const savedRepliesRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: "/saved-replies",
  validateSearch: parseDirectorySearch,
  component: lazyRouteComponent(() => import("./pages/SavedRepliesPage"), "SavedRepliesPage"),
});

const massTextsRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: "/mass-texts",
  validateSearch: parseMassTextsSearch,
  component: lazyRouteComponent(() => import("./pages/mass-texts"), "MassTexts"),
});
/** "new" is one that is not stored yet. */
const massTextRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: "/mass-texts/$broadcastId",
  validateSearch: parseMassTextSearch,
  component: lazyRouteComponent(() => import("./pages/mass-texts"), "MassText"),
});

const administrationRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: "/administration",
  validateSearch: parseAdministrationSearch,
  component: lazyRouteComponent(() => import("./pages/administration"), "Administration"),
});

const routeTree = rootRoute.addChildren([
  signInRoute,
  primitivesRoute,
  signedInRoute.addChildren([
    indexRoute,
    messengerRoute.addChildren([messengerIndexRoute, conversationRoute]),
    familiesRoute,
    familyRoute,
    classesRoute,
    classRoute,
    staffRoute,
    staffMemberRoute,
    accountRoute,
    savedRepliesRoute,
    massTextsRoute,
    massTextRoute,
    administrationRoute,
  ]),
]);

/** Clears loaded data and goes to the sign-in, once for any number of requests that found the session ended. */
export function leaveForSignIn(router: ReturnType<typeof createAppRouter>, queryClient: QueryClient): void {
  const { pathname, href } = router.state.location;
  if (pathname === "/sign-in") return;
  const ended = queryClient.getQueryData(meQuery.queryKey) !== undefined || undefined;
  queryClient.clear();
  void router.navigate({ to: "/sign-in", search: { redirect: href, ended }, replace: true });
}

/** `history` is the browser's own unless a test passes another. */
export function createAppRouter(queryClient: QueryClient, history?: RouterHistory) {
  return createRouter({
    ...(history && { history }),
    routeTree,
    context: { queryClient },
    defaultPendingComponent: PagePending,
    defaultErrorComponent: PageError,
    defaultPendingMs: 200,
    // Shown late, gone at once.
    defaultPendingMinMs: 0,
    // Query keeps the data; the router fetches code, and starts the loading of a conversation.
    defaultPreload: "intent",
    defaultPreloadStaleTime: 0,
  });
}
