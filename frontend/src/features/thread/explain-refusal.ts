import { describeSender } from "./describe-message";
import type { Refusal } from "@/api/outbox-items";
import { PROBLEM, type Problem } from "@/api/problem";
import { explainOptIn } from "@/lib/optin";

/** Why a text does not go by itself any more, in one sentence. */
export function explainRefusal(refusal: Refusal, formatDate: (at: string) => string): string {
  if (refusal.reason === "too_old") {
    return "It was written a while ago and had no answer, so it may have gone. Look in the conversation before you send it again.";
  }
  return explainProblem(refusal.problem, formatDate);
}

/** Why the API did not accept a text, in one sentence. */
export function explainProblem(problem: Problem, formatDate: (at: string) => string): string {
  switch (problem.type) {
    case PROBLEM.newMessages: {
      const ours = problem.missed?.find((message) => message.sent_by);
      return ours ? `${describeSender(ours)} answered while you were writing.` : "Something came in while you were writing.";
    }
    case PROBLEM.notAllowedToText:
      return problem.check ? explainOptIn(problem.check, formatDate).sentence : "This number can't be texted.";
    case PROBLEM.permissionRequired:
      return "Sending needs the Mass Text permission, which you no longer have.";
    case PROBLEM.idempotencyConflict:
      return "It may have gone already. Look in the conversation before you send it again.";
    default:
      return problem.errors?.[0]?.detail ?? problem.detail ?? problem.title;
  }
}

/** Whether the person may send it again as it stands: because of what they know now, or because the time has come. */
export function canSendAnyway(refusal: Refusal): boolean {
  if (refusal.reason === "too_old") return true;
  const { type } = refusal.problem;
  return type === PROBLEM.newMessages || type === PROBLEM.rateLimited || type === PROBLEM.idempotencyConflict;
}
