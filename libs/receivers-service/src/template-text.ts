/** Settings that are templates, compiled once with the configuration and rendered for each notification. */
import { AppError, messageOf, type Clock } from '@tocsin/kernel';
import { DEFAULT_TEMPLATE_SET, notificationValue, type TemplateSet } from '@tocsin/templating';
import type { JsonSettings } from './json-settings.ts';
import { templateDataOf, type Notification } from './notification.ts';

export type TemplateText = (notification: Notification, clock: Clock) => string;

/**
 * The default templates with those of `templates` (a list of {name, text}, in order) over them: files
 * of the alertmanager that the receivers cannot see. Throws AppError `invalid` naming template and line.
 */
export function readTemplates(settings: JsonSettings): TemplateSet {
  let set = DEFAULT_TEMPLATE_SET;
  for (const template of settings.objects('templates')) {
    set = set.add(template.string('name') ?? '', template.string('text') ?? '');
    template.refuseUnread();
  }
  return set;
}

/** Throws AppError `invalid` when the text is no template; so does rendering when it does not fit the data. */
export function compileText(set: TemplateSet, text: string, field: string): TemplateText {
  if (!text.includes('{{')) return () => text;
  const template = inField(field, () => set.compile('', text));
  return (notification, clock) =>
    inField(field, () =>
      template.execute(notificationValue(templateDataOf(notification)), { now: clock.wall() }),
    );
}

function inField<T>(field: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    throw new AppError('invalid', `failed to template ${field}: ${messageOf(cause)}`, { cause });
  }
}
