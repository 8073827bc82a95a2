/**
 * What the browser adds: old addresses behind `#/`, keys, local times. Everything works without it.
 * One text in plain JavaScript, served as it is; `location.replace` gets only addresses of our own.
 */
export const scriptText = `'use strict';
(() => {
  const root = document.documentElement.dataset.root || './';

  // Alertmanager's own page lives behind the hash; links in messages and bookmarks lead there.
  const pathOf = (hash) => {
    if (!hash.startsWith('#/')) return undefined;
    const mark = hash.indexOf('?');
    const path = (mark < 0 ? hash.slice(2) : hash.slice(2, mark)).replace(/\\/+$/, '');
    const query = mark < 0 ? '' : hash.slice(mark);
    if (path === 'silences' || path === 'silences/new') return path + query;
    const edit = /^silences\\/edit\\/([0-9a-f-]+)$/i.exec(path);
    if (edit) return 'silences/' + edit[1] + '/edit';
    if (/^silences\\/[0-9a-f-]+$/i.test(path)) return path;
    if (path === 'status') return path;
    return 'alerts' + (path === 'alerts' ? query : '');
  };
  const follow = () => {
    const path = pathOf(location.hash);
    if (path !== undefined) location.replace(root + path);
  };
  addEventListener('hashchange', follow);
  follow();

  const isTyping = (element) => element.closest('input:not([type=checkbox]), textarea, select, [contenteditable]') !== null;
  const titles = () => [...document.querySelectorAll('.alert .name, .silence .name')];

  const step = (by) => {
    const all = titles();
    const current = document.activeElement.closest('.alert, .silence');
    const at = current === null ? -1 : all.findIndex((title) => current.contains(title));
    const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by];
    if (next !== undefined) next.focus();
  };

  const keys = {
    '/': () => document.querySelector('[data-search]')?.focus(),
    '?': () => document.getElementById('keys')?.showModal(),
    j: () => step(1),
    k: () => step(-1),
    s: () => document.activeElement.closest('[data-silence]')?.querySelector('a.silence-this')?.click(),
    n: () => document.querySelector('a.new-silence')?.click(),
  };

  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (isTyping(event.target) || document.querySelector('dialog[open]') !== null) return;
    const act = Object.hasOwn(keys, event.key) ? keys[event.key] : undefined;
    if (act === undefined) return;
    event.preventDefault();
    act();
  });

  const localTimes = () => {
    for (const time of document.querySelectorAll('time[datetime]')) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      time.title = (time.title === '' ? '' : time.title + ' · ') + at.toLocaleString() + ' here';
    }
  };

  // The state boxes and lists of a filter act at once; its button stays for those who type.
  const filters = () => {
    for (const form of document.querySelectorAll('form[data-filter]')) {
      form.addEventListener('change', (event) => {
        if (event.target.matches('input[type=checkbox], select')) form.requestSubmit();
      });
      // What is the default need not stand in the address.
      form.addEventListener('formdata', ({ formData }) => {
        for (const name of ['active', 'silenced', 'inhibited', 'muted']) {
          const value = formData.getAll(name).at(-1);
          formData.delete(name);
          if (value !== undefined && value !== String(name === 'active')) formData.set(name, value);
        }
        if (formData.get('customGrouping') === 'false') for (const name of ['customGrouping', 'group']) formData.delete(name);
        const filters = formData.getAll('filter').filter((text) => text.trim() !== '');
        formData.delete('filter');
        for (const text of filters) formData.append('filter', text);
        for (const [name, value] of [...formData]) if (value === '') formData.delete(name);
      });
    }
  };

  // Duration and end are two ways to say one thing: the one that is typed stays.
  const spans = () => {
    const duration = document.getElementById('duration');
    const ends = document.getElementById('ends');
    if (duration === null || ends === null) return;
    duration.addEventListener('input', () => { if (duration.value !== '') ends.value = ''; });
    ends.addEventListener('input', () => { if (ends.value !== '') duration.value = ''; });
    for (const button of document.querySelectorAll('button[data-duration]')) {
      button.hidden = false;
      button.addEventListener('click', () => { duration.value = button.dataset.duration; ends.value = ''; duration.focus(); });
    }
  };

  addEventListener('DOMContentLoaded', () => {
    localTimes();
    filters();
    spans();
    for (const button of document.querySelectorAll('[data-shows-keys]')) {
      button.hidden = false;
      button.addEventListener('click', () => document.getElementById('keys').showModal());
    }
  });
})();
`;
