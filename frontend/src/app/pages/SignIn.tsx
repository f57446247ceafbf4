import { useNavigate, useSearch } from "@tanstack/react-router";

import { SignInForm } from "@/features/sign-in/SignInForm";

export function SignIn() {
  const { redirect, ended } = useSearch({ from: "/sign-in" });
  const navigate = useNavigate();
  return <SignInForm sessionEnded={ended ?? false} onSignedIn={() => void navigate({ href: redirect ?? "/", replace: true })} />;
}
