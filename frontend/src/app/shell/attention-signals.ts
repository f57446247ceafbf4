/** Signals outside the page: the tab's title and icon, a desktop notification, a sound. */

const BASE_ICON = "/favicon.svg";

export function showInTab(unread: number, title: string): void {
  document.title = unread > 0 ? `(${unread}) ${title}` : title;
  const link = document.querySelector<HTMLLinkElement>("link[rel=icon]");
  if (link) link.href = unread > 0 ? iconWithCount(unread) : BASE_ICON;
  // On the icon of the installed app; elsewhere nothing, or a refusal.
  if ("setAppBadge" in navigator) navigator.setAppBadge(unread).catch(() => undefined);
}

/** The product's mark with the count on it. Colours are those of the mark's own file. */
function iconWithCount(unread: number): string {
  const text = unread > 9 ? "9+" : String(unread);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#0b6e69"/><path d="M7 9.5h11v0M7 9.5v12h3.5V26l5-4.5H23a2 2 0 0 0 2-2" fill="none" stroke="#fff" stroke-width="2.2" stroke-linejoin="round"/><circle cx="22" cy="10" r="10" fill="#c8281e"/><text x="22" y="14.8" font-family="sans-serif" font-size="13" font-weight="700" text-anchor="middle" fill="#fff">${text}</text></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

interface Shown {
  title: string;
  body: string;
  /** A newer one with the same tag takes its place. */
  tag: string;
  onOpen: () => void;
}

export function notify({ title, body, tag, onOpen }: Shown): void {
  if (!("Notification" in window) || Notification.permission !== "granted") return;
  let notification: Notification;
  try {
    notification = new Notification(title, { body, tag, icon: "/icon-192.png" });
  } catch {
    return; // Android shows those of a service worker alone.
  }
  notification.onclick = () => {
    window.focus();
    notification.close();
    onOpen();
  };
}

/** Two short, soft tones. Browsers allow sound only after the person has used the page; before that it stays silent. */
export function playChime(): void {
  if (!("AudioContext" in window)) return;
  const audio = new AudioContext();
  const tone = (frequency: number, at: number) => {
    const oscillator = audio.createOscillator();
    const gain = audio.createGain();
    oscillator.frequency.value = frequency;
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(0.12, at + 0.015);
    gain.gain.exponentialRampToValueAtTime(0.001, at + 0.25);
    oscillator.connect(gain).connect(audio.destination);
    oscillator.start(at);
    oscillator.stop(at + 0.26);
  };
  tone(660, audio.currentTime);
  tone(880, audio.currentTime + 0.12);
  setTimeout(() => void audio.close(), 800);
}
