/** The product's own icons: 22 px, one stroke. They are decoration; the control around them carries the name. */
import type { ReactNode } from "react";

function Icon({ children, size = 22 }: { children: ReactNode; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 22 22"
      fill="none"
      stroke="currentColor"
      strokeWidth={size < 20 ? 1.9 : 1.7}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
      className="shrink-0"
    >
      {children}
    </svg>
  );
}

interface Props {
  size?: number;
}

export const FamiliesIcon = (props: Props) => (
  <Icon {...props}>
    <circle cx="8" cy="8" r="3.2" />
    <path d="M2 18c.6-3.6 3-5.2 6-5.2s5.4 1.6 6 5.2M14.5 5.2a3 3 0 0 1 0 5.8M16.5 13.2c2 .6 3.2 2.2 3.5 4.8" />
  </Icon>
);
export const ClassesIcon = (props: Props) => (
  <Icon {...props}>
    <rect x="3" y="4.5" width="16" height="14" rx="3" />
    <path d="M3 9h16M7.5 2.5v4M14.5 2.5v4M7 13h3M12 13h3" />
  </Icon>
);
export const StaffIcon = (props: Props) => (
  <Icon {...props}>
    <rect x="3" y="4" width="16" height="14" rx="3" />
    <circle cx="9" cy="10" r="2" />
    <path d="M6 15c.5-1.6 1.5-2.3 3-2.3s2.5.7 3 2.3M14.5 9H16M14.5 12.5H16" />
  </Icon>
);
export const MessengerIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M4 4.5h14A1.5 1.5 0 0 1 19.5 6v8a1.5 1.5 0 0 1-1.5 1.5h-7L6.5 19v-3.5H4A1.5 1.5 0 0 1 2.5 14V6A1.5 1.5 0 0 1 4 4.5Z" />
  </Icon>
);
export const MassTextIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M3 9v4.5h3l8 4.5V4.5L6 9H3ZM7.5 14l1.2 4.5M17.5 8.5a4 4 0 0 1 0 5.5" />
  </Icon>
);
export const SearchIcon = (props: Props) => (
  <Icon {...props}>
    <circle cx="9.5" cy="9.5" r="5.5" />
    <path d="m18 18-4.2-4.2" />
  </Icon>
);
export const PlusIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M11 4.5v13M4.5 11h13" />
  </Icon>
);
export const ComposeIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M10 4.5H6A2.5 2.5 0 0 0 3.5 7v9A2.5 2.5 0 0 0 6 18.5h9a2.5 2.5 0 0 0 2.5-2.5v-4M9 13l.6-2.8 7-7a1.5 1.5 0 0 1 2.2 2.2l-7 7L9 13Z" />
  </Icon>
);
export const BackIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M13.5 4.5 7 11l6.5 6.5" />
  </Icon>
);
export const CloseIcon = (props: Props) => (
  <Icon {...props}>
    <path d="m5.5 5.5 11 11M16.5 5.5l-11 11" />
  </Icon>
);
export const CheckIcon = (props: Props) => (
  <Icon {...props}>
    <path d="m4.5 11.5 4.5 4.5 8.5-10" />
  </Icon>
);
export const ArrowDownIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M11 4.5v13M5.5 12l5.5 5.5 5.5-5.5" />
  </Icon>
);
export const InfoIcon = (props: Props) => (
  <Icon {...props}>
    <circle cx="11" cy="11" r="8" />
    <path d="M11 10.5V15M11 7.2v.1" />
  </Icon>
);
export const PanelIcon = (props: Props) => (
  <Icon {...props}>
    <rect x="3" y="4" width="16" height="14" rx="3" />
    <path d="M13.5 4v14" />
  </Icon>
);
export const WarningIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M11 4 2.8 18h16.4L11 4ZM11 9.5V13M11 15.6v.1" />
  </Icon>
);
export const LockIcon = (props: Props) => (
  <Icon {...props}>
    <rect x="4.5" y="9.5" width="13" height="9" rx="2" />
    <path d="M7.5 9.5V7a3.5 3.5 0 0 1 7 0v2.5" />
  </Icon>
);
export const BellIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M5.5 15.5V10a5.5 5.5 0 0 1 11 0v5.5l1.5 1H4l1.5-1ZM9 19h4" />
  </Icon>
);
export const OfflineIcon = (props: Props) => (
  <Icon {...props}>
    <path d="m3.5 3.5 15 15M2.5 9a12 12 0 0 1 4.2-2.7M19.5 9a12 12 0 0 0-8-3M6 12.5a7.5 7.5 0 0 1 3.2-1.8M11 17v.1" />
  </Icon>
);
export const ClockIcon = (props: Props) => (
  <Icon {...props}>
    <circle cx="11" cy="11" r="7.5" />
    <path d="M11 7v4l2.8 1.8" />
  </Icon>
);
export const PersonIcon = (props: Props) => (
  <Icon {...props}>
    <circle cx="11" cy="7.5" r="3.5" />
    <path d="M4 18.5c.8-4 3.4-5.8 7-5.8s6.2 1.8 7 5.8" />
  </Icon>
);
export const MoreIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M4.5 11v.1M11 11v.1M17.5 11v.1" strokeWidth={3} />
  </Icon>
);
export const DownloadIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M11 3.5V14M6.5 9.5 11 14l4.5-4.5M4 18.5h14" />
  </Icon>
);
export const AttachIcon = (props: Props) => (
  <Icon {...props}>
    <path d="m18 10.2-7 7a4.4 4.4 0 0 1-6.2-6.2l7.3-7.3a2.9 2.9 0 0 1 4.1 4.1l-7.2 7.2a1.4 1.4 0 0 1-2-2l6.5-6.5" />
  </Icon>
);
export const FileIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M12.5 3.5H6.5a1.5 1.5 0 0 0-1.5 1.5v12A1.5 1.5 0 0 0 6.5 18.5h9a1.5 1.5 0 0 0 1.5-1.5V8z" />
    <path d="M12.5 3.5V8H17" />
  </Icon>
);
export const NoteIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M4 4h14v9.5L13.5 18H4zM13.5 18v-4.5H18M7.5 8h7M7.5 11.5h4" />
  </Icon>
);
