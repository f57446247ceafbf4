import { describeSender } from "./describe-message";
import { PROBLEM, type Problem } from "@/api/problem";
import { explainOptIn } from "@/lib/optin";

/** Why the API did not accept a text, in one sentence. */
export function explainRefusal(problem: Problem | null, formatDate: (at: string) => string): string {
  switch (problem?.type) {
    case PROBLEM.newMessages: {
      const ours = problem.missed?.find((message) => message.sent_by);
      return ours ? `${describeSender(ours)} answered while you were writing.` : "Something came in while you were writing.";
    }
    case PROBLEM.notAllowedToText:
      return problem.check ? explainOptIn(problem.check, formatDate).sentence : "This number can't be texted.";
    case PROBLEM.permissionRequired:
      return "Sending needs the Mass Text permission, which you no longer have.";
    default:
      return problem?.errors?.[0]?.detail ?? problem?.detail ?? problem?.title ?? "The server did not accept it.";
  }
}
