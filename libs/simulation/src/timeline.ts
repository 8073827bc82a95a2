/** A trace as text: one line an event, one column a process. */
import type { TraceLine } from './world/trace.ts';

const COLUMN_MIN = 9;

export function timeline(lines: readonly TraceLine[], nodes: readonly string[]): string {
  const columns = [...nodes, 'sink'].map((name) => name.padEnd(COLUMN_MIN));
  const head = `${'ms'.padStart(9)}  ${columns.join(' ')}`;
  return [head, ...lines.map((line) => row(line, nodes))].join('\n');
}

/** A mark in the column of who did it, and what it was to the right of all columns. */
function row({ at, node, text }: TraceLine, nodes: readonly string[]): string {
  const cells = [...nodes, 'sink'].map((name) =>
    (name === node ? mark(text) : '·').padEnd(Math.max(COLUMN_MIN, name.length)),
  );
  const all = node === '' ? cells.map((cell) => '─'.repeat(cell.length)) : cells;
  return `${String(Math.round(at)).padStart(9)}  ${all.join(' ')} ${text}`;
}

const MARKS: readonly (readonly [RegExp, string])[] = [
  [/^DELIVERED/, 'SENT'],
  [/^attempt/, 'try'],
  [/^flush/, 'flush'],
  [/^quiet/, 'quiet'],
  [/^waited/, 'turn'],
  [/^gave up/, 'GAVE UP'],
  [/^<==/, 'TOLD'],
  [/^(CRASH|PAUSE|STALL|stop|start|resume|ended)/, '###'],
  [/^(WARN|ERROR)/, '!'],
];
const mark = (text: string): string => MARKS.find(([pattern]) => pattern.test(text))?.[1] ?? '*';
