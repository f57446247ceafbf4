import { showToast } from "@/ui/Toast";

export function copyText(text: string): void {
  void navigator.clipboard.writeText(text).then(
    () => showToast("Copied."),
    () => showToast("This browser didn't let us copy. Select it and copy it yourself."),
  );
}
