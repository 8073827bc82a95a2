/**
 * A path without empty, `.` and `..` segments and without a slash at its end. Upstream redirects to it;
 * a client that follows with a GET has lost the alerts it posted, so it is served at once here.
 */
export function cleanPath(path: string): string {
  if (!/\/(?:\/|\.|$)/.test(path)) return path;
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  return `/${segments.join('/')}`;
}
