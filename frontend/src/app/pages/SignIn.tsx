import { useNavigate, useSearch } from "@tanstack/react-router";

import { SignInForm } from "@/features/sign-in/SignInForm";

export function SignIn() {
  const { redirect } = useSearch({ from: "/sign-in" });
  const navigate = useNavigate();
  return <SignInForm onSignedIn={() => void navigate({ href: redirect ?? "/", replace: true })} />;
}
