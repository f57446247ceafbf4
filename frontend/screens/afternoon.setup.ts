import { test } from "@playwright/test";

import { fillAfternoon } from "./afternoon";

test("an afternoon at the desk", async ({ request }) => fillAfternoon(request));
