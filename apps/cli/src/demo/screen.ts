/** What the terminal shows; a pure function of what was gathered. */
import type { SinkNotification } from '../sink.ts';

export interface ScreenMember {
  readonly name: string;
  readonly pid: number | undefined;
  /** Seconds since it died; undefined while it runs. */
  readonly deadForS: number | undefined;
  /** '' while it does not answer. */
  readonly status: string;
  readonly position: number;
  readonly members: number;
  readonly alerts: { readonly active: number; readonly suppressed: number; readonly unprocessed: number };
}

export interface ScreenState {
  readonly sinceStartS: number;
  readonly members: readonly ScreenMember[];
  readonly others: readonly { readonly name: string; readonly pid: number | undefined }[];
  readonly notifications: readonly SinkNotification[];
  readonly duplicates: number;
  readonly total: number;
  readonly said: readonly string[];
  readonly rows: number;
  readonly columns: number;
}

const BOLD = '\u001b[1m';
const DIM = '\u001b[2m';
const RED = '\u001b[31m';
const GREEN = '\u001b[32m';
const YELLOW = '\u001b[33m';
const RESET = '\u001b[0m';

export function screenText(state: ScreenState, hints: readonly string[]): string {
  const head = [
    `${BOLD}Tocsin${RESET}  ${Math.floor(state.sinceStartS)} s  ${DIM}Ctrl-C stops everything${RESET}`,
    '',
    `${DIM}REPLICA          PID      STATUS    POSITION  MEMBERS  ACTIVE  SUPPRESSED  UNPROCESSED${RESET}`,
    ...state.members.map(memberLine),
    `${DIM}${state.others.map(({ name, pid }) => `${name} ${pid ?? 'dead'}`).join('   ')}${RESET}`,
    '',
    `${BOLD}Notifications${RESET}  ${state.total} so far, ${state.duplicates === 0 ? `${GREEN}0 duplicates${RESET}` : `${RED}${state.duplicates} DUPLICATES${RESET}`}`,
  ];
  const tail = ['', ...state.said.slice(-3).map((line) => `${YELLOW}${line}${RESET}`), '', ...hints];
  const room = Math.max(3, state.rows - head.length - tail.length - 1);
  const lines = [...head, ...state.notifications.slice(-room).map(notificationLine), ...tail];
  return lines.map((line) => cut(line, state.columns)).join('\n');
}

function memberLine(member: ScreenMember): string {
  const name = member.name.padEnd(15);
  if (member.deadForS !== undefined)
    return `${RED}${name}  dead for ${Math.floor(member.deadForS)} s${RESET}`;
  const cells = [
    String(member.pid ?? '').padEnd(7),
    (member.status === '' ? 'starting' : member.status).padEnd(8),
    String(member.position).padStart(8),
    String(member.members).padStart(7),
    String(member.alerts.active).padStart(6),
    String(member.alerts.suppressed).padStart(10),
    String(member.alerts.unprocessed).padStart(11),
  ];
  return `${name}  ${cells.join('  ')}`;
}

/** One line a notification; also what is printed where there is no terminal. */
export function notificationLine(each: SinkNotification): string {
  const time = new Date(each.atMs).toISOString().slice(11, 23);
  const colour = each.isDuplicate ? RED : each.status === 'firing' ? YELLOW : GREEN;
  const what = [...each.firing.map((name) => `+${name}`), ...each.resolved.map((name) => `-${name}`)].join(
    ' ',
  );
  const mark = each.isDuplicate ? ' DUPLICATE' : '';
  return `${time}  ${colour}${each.status.padEnd(8)}${RESET}  ${each.notificationId.slice(0, 8)}${mark}  ${each.reason}  ${what}`;
}

// Escape sequences take no room; the reset at the end must survive the cut.
function cut(line: string, columns: number): string {
  let width = 0;
  let out = '';
  for (const part of line.split(/(\u001b\[\d+m)/)) {
    if (part.startsWith('\u001b')) out += part;
    else {
      out += part.slice(0, Math.max(0, columns - width));
      width += part.length;
    }
  }
  return out;
}
