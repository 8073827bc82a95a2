/** Small drawings beside words, never instead of them. */
import { Markup } from './markup.ts';

const icon = (shapes: string): Markup =>
  new Markup(
    `<svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">${shapes}</svg>`,
  );
const line = (path: string): string =>
  `<path d="${path}" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round"/>`;

const BELL =
  'M8 2.2a3.8 3.8 0 0 1 3.8 3.8c0 3.6 1.4 4.7 1.4 4.7H2.8S4.2 9.6 4.2 6A3.8 3.8 0 0 1 8 2.2ZM6.8 13.3a1.3 1.3 0 0 0 2.4 0';

export const icons: Readonly<
  Record<'bell' | 'active' | 'silenced' | 'inhibited' | 'muted' | 'good' | 'warning' | 'pending', Markup>
> = {
  bell: icon(line(BELL)),
  active: icon(
    '<circle cx="8" cy="8" r="7" fill="currentColor"/><path d="M8 4.2v4.3M8 11.3v.2" class="knockout" stroke-width="1.9" stroke-linecap="round"/>',
  ),
  silenced: icon(line(BELL) + line('M2.2 2.2l11.6 11.6')),
  inhibited: icon(line('M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8ZM3.7 3.7l8.6 8.6')),
  muted: icon(line('M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8ZM8 4.6V8l2.3 1.6')),
  good: icon(line('M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8ZM5.2 8.2l2 2 3.6-4.2')),
  warning: icon(line('M8 2 14.4 13.4H1.6ZM8 6.4v3.2M8 11.5v.1')),
  pending: icon(line('M4 2h8M4 14h8M4.8 2c0 4 6.4 8 6.4 12M11.2 2c0 4-6.4 8-6.4 12')),
};
