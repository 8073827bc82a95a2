/** Floats by their bits: the verbs `%b` and `%x`, and the `#` flag's points and zeros. */
import { formatFloat, splitFloat } from './go-float.ts';

// `%#g` and its kin keep the point and the trailing zeros.
export function keepPoint(body: string, verb: string, precision: number | undefined): string {
  const at = body.search(verb === 'x' || verb === 'X' ? /[pP]/ : /[eE]/);
  const [mantissa, tail] = at < 0 ? [body, ''] : [body.slice(0, at), body.slice(at)];
  const text = mantissa.includes('.') ? mantissa : `${mantissa}.`;
  if (!'vgGx'.includes(verb)) return text + tail;
  // Go counts from the first character that is no zero, be it the `x` of the prefix.
  const digits = text.replace('.', '').replace(/^0+/, '').length;
  const isZero = digits === 0;
  return text + '0'.repeat(Math.max(0, (precision ?? 6) - (isZero ? 1 : digits))) + tail;
}

/** `4503599627370496p-52` */
export function binaryFloat(value: number): string {
  if (!Number.isFinite(value)) return formatFloat(value, 'g');
  const [mantissa, exponent] = splitFloat(Math.abs(value));
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  return `${sign}${mantissa}p${exponent < 0 ? '-' : '+'}${Math.abs(exponent)}`;
}

/** `0x1.8p+01` */
export function hexFloat(value: number, precision: number | undefined): string {
  if (!Number.isFinite(value)) return formatFloat(value, 'g');
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  let [mantissa, exponent] = splitFloat(Math.abs(value));
  if (mantissa === 0n)
    return `${sign}0x0${precision === undefined || precision === 0 ? '' : `.${'0'.repeat(precision)}`}p+00`;
  // One bit before the point, 52 after it.
  while (mantissa < 1n << 52n) {
    mantissa <<= 1n;
    exponent--;
  }
  exponent += 52;
  let digits = 13;
  if (precision !== undefined && precision < 13) {
    const shift = BigInt(4 * (13 - precision));
    const half = 1n << (shift - 1n);
    const rest = mantissa & ((1n << shift) - 1n);
    mantissa >>= shift;
    if (rest > half || (rest === half && (mantissa & 1n) === 1n)) mantissa++;
    digits = precision;
    if (mantissa >> BigInt(4 * digits) > 1n) {
      mantissa >>= 1n;
      exponent++;
    }
  }
  const one = 1n << BigInt(4 * digits);
  let fraction = digits === 0 ? '' : (mantissa - one).toString(16).padStart(digits, '0');
  fraction = precision === undefined ? fraction.replace(/0+$/, '') : fraction.padEnd(precision, '0');
  const size = String(Math.abs(exponent)).padStart(2, '0');
  return `${sign}0x1${fraction === '' ? '' : `.${fraction}`}p${exponent < 0 ? '-' : '+'}${size}`;
}
