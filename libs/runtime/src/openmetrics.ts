/**
 * OpenMetrics 1.0 made of Prometheus' text. prom-client can print it too, but renames its counters for good
 * when it does, so that the next scraper that asks for plain text gets other names.
 */

export const OPENMETRICS_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** `text` as prom-client prints it: each family with its HELP and then its TYPE line. */
export function openMetricsOf(text: string): string {
  const lines: string[] = [];
  let help = '';
  let isCounter = false;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    if (line.startsWith('# HELP ')) help = line.slice('# HELP '.length);
    else if (line.startsWith('# TYPE ')) {
      const [name = '', type = ''] = line.slice('# TYPE '.length).split(' ');
      isCounter = type === 'counter';
      const family = isCounter ? name.replace(/_total$/, '') : name;
      const about = help.slice(name.length + 1).replaceAll('"', '\\"');
      lines.push(`# HELP ${family} ${about}`, `# TYPE ${family} ${type}`);
    } else lines.push(isCounter ? withTotal(line) : withFloats(line));
  }
  return `${lines.join('\n')}\n# EOF\n`;
}

/** A sample of a counter must end in `_total`, whatever its metric is called. */
const withTotal = (sample: string): string =>
  sample.replace(/^[^{ ]+/, (name) => (name.endsWith('_total') ? name : `${name}_total`));

/** Bounds are floats there: `le="5"` is `le="5.0"`. */
const withFloats = (sample: string): string =>
  sample.includes('le="') ? sample.replace(/([{,](?:le|quantile)="-?\d+)"/, '$1.0"') : sample;

/** Whether a scraper with this Accept header prefers OpenMetrics over plain text. */
export function prefersOpenMetrics(accept: string | undefined): boolean {
  let best = { isOpen: false, quality: 0 };
  for (const range of (accept ?? '').split(',').slice(0, RANGES_MAX)) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const given = new Map(parameters.map((each) => [nameOf(each), valueOf(each)]));
    const version = given.get('version');
    const isOpen = type === 'application/openmetrics-text' && (version ?? '1.0.0') === '1.0.0';
    const isText = type === 'text/plain' && (version ?? '0.0.4') === '0.0.4';
    const quality = Number(given.get('q') ?? '1');
    if ((isOpen || isText) && quality > best.quality) best = { isOpen, quality };
  }
  return best.isOpen;
}

const RANGES_MAX = 32;
const nameOf = (parameter: string): string => parameter.split('=')[0]?.trim() ?? '';
const valueOf = (parameter: string): string => parameter.slice(parameter.indexOf('=') + 1).trim();
