/** Turns notifications on and off in this browser. Fetched when it is needed. */
import type { QueryClient } from "@tanstack/react-query";

import { sessionsQuery } from "./account";
import { client, unwrap } from "./client";
import { browsersQuery, notificationSettingsQuery } from "./notifications";
import { changePreferences, readPreferences } from "@/lib/preferences";
import { pushSupport, sameKey, subscribeHere, subscriptionHere } from "@/lib/push";

/** `push`: also while no page is open. `page`: while one is. */
export type TurnedOn = "push" | "page" | "not allowed";

let last: Promise<unknown> = Promise.resolve();

/** One after another: two at once would each subscribe. */
function inTurn<Result>(act: () => Promise<Result>): Promise<Result> {
  const result = last.then(act, act);
  last = result.catch(() => undefined);
  return result;
}

/** Call it after the browser has asked the person. Throws what the API answers. */
export function turnOnHere(queryClient: QueryClient, owner: string): Promise<TurnedOn> {
  return inTurn(() => turnOn(queryClient, owner));
}

async function turnOn(queryClient: QueryClient, owner: string): Promise<TurnedOn> {
  if (Notification.permission !== "granted") return "not allowed";
  changePreferences(owner, { offered: true, notifications: true, push: false });
  if (pushSupport() !== "push") return "page";
  const { push_public_key } = await queryClient.query({ ...notificationSettingsQuery, staleTime: 0 });
  let subscription: PushSubscription;
  try {
    subscription = await subscribeHere(push_public_key);
  } catch (error) {
    // Its push service cannot be reached, or there is none, as in some builds of Chromium.
    if (error instanceof DOMException) return "page";
    throw error;
  }
  await store(queryClient, subscription, owner);
  return "push";
}

async function store(queryClient: QueryClient, subscription: PushSubscription, owner: string): Promise<void> {
  const { endpoint, keys } = subscription.toJSON();
  await unwrap(
    client.POST("/api/v1/me/push-subscriptions", {
      body: { endpoint: endpoint ?? "", keys: { p256dh: keys?.p256dh ?? "", auth: keys?.auth ?? "" } },
    }),
  );
  changePreferences(owner, { push: true, pushSession: await currentSession(queryClient) });
  await queryClient.invalidateQueries({ queryKey: browsersQuery.queryKey });
}

async function currentSession(queryClient: QueryClient): Promise<string | undefined> {
  const { pages } = await queryClient.infiniteQuery({ ...sessionsQuery, staleTime: 0 });
  return pages[0]?.items.find((session) => session.is_current)?.id;
}

export function turnOffHere(queryClient: QueryClient, owner: string): Promise<void> {
  return inTurn(() => turnOff(queryClient, owner));
}

async function turnOff(queryClient: QueryClient, owner: string): Promise<void> {
  const browsers = await queryClient.query({ ...browsersQuery, staleTime: 0 });
  const here = browsers.find(({ current }) => current);
  if (here) {
    const params = { path: { subscription_id: here.id } };
    await unwrap(client.DELETE("/api/v1/me/push-subscriptions/{subscription_id}", { params }));
  }
  changePreferences(owner, { offered: true, notifications: false, push: false });
  await (await subscriptionHere())?.unsubscribe();
  await queryClient.invalidateQueries({ queryKey: browsersQuery.queryKey });
}

/**
 * Notifications were turned on in this browser: a new sign-in, or a new key of the service, makes a new subscription. One that
 * the person has removed elsewhere stays removed.
 */
export function keepOnHere(queryClient: QueryClient, owner: string): Promise<void> {
  return inTurn(() => keepOn(queryClient, owner));
}

async function keepOn(queryClient: QueryClient, owner: string): Promise<void> {
  if (!readPreferences(owner).notifications) return;
  if (!("Notification" in window) || Notification.permission !== "granted" || pushSupport() !== "push") {
    changePreferences(owner, { push: false });
    return;
  }
  const [{ push_public_key }, browsers, subscription] = await Promise.all([
    queryClient.query({ ...notificationSettingsQuery, staleTime: 0 }),
    queryClient.query({ ...browsersQuery, staleTime: 0 }),
    subscriptionHere(),
  ]);
  const isStored = browsers.some(({ current }) => current);
  if (isStored && subscription && sameKey(subscription, push_public_key)) {
    changePreferences(owner, { push: true });
    return;
  }
  const { pushSession } = readPreferences(owner);
  if (!isStored && subscription && pushSession !== undefined && pushSession === (await currentSession(queryClient))) {
    changePreferences(owner, { notifications: false, push: false });
    await subscription.unsubscribe();
    return;
  }
  await turnOn(queryClient, owner);
}
