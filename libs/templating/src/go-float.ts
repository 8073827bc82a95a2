/**
 * Floats as Go's strconv.FormatFloat writes them. JavaScript's own `toFixed` and friends round
 * ties away from zero and stop at 100 digits, so digits come from the exact binary value.
 */

interface Decimal {
  readonly isNegative: boolean;
  /** Without leading zeros; '' for zero. */
  readonly digits: string;
  /** The value is 0.DIGITS times ten to this power. */
  readonly point: number;
}

export type FloatVerb = 'e' | 'E' | 'f' | 'g' | 'G';

/** `precision` undefined: the fewest digits that read back as the same number. */
export function formatFloat(value: number, verb: FloatVerb, precision?: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  switch (verb) {
    case 'f':
      return precision === undefined ? shortestFixed(value) : fixed(exactDecimal(value), precision);
    case 'e':
    case 'E': {
      const text = exponential(precision === undefined ? shortest(value) : exactDecimal(value), precision);
      return verb === 'E' ? text.toUpperCase() : text;
    }
    case 'g':
    case 'G': {
      const text = general(value, precision);
      return verb === 'G' ? text.toUpperCase() : text;
    }
  }
}

function general(value: number, precision: number | undefined): string {
  const decimal =
    precision === undefined ? shortest(value) : round(exactDecimal(value), Math.max(precision, 1));
  const digits = decimal.digits.replace(/0+$/, '');
  const exponent = decimal.point - 1;
  const cut: Decimal = { ...decimal, digits };
  if (exponent < -4 || exponent >= exponentLimit(digits.length, decimal.point, precision)) {
    return exponential(cut, Math.max(digits.length - 1, 0));
  }
  return fixed(cut, Math.max(digits.length - decimal.point, 0));
}

// From which exponent on %g takes the exponential form: six where Go chooses the digits itself.
function exponentLimit(digits: number, point: number, precision: number | undefined): number {
  if (precision === undefined) return 6;
  const wanted = Math.max(precision, 1);
  return wanted > digits && digits >= point ? digits : wanted;
}

function shortest(value: number): Decimal {
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(value.toExponential());
  const digits = `${match?.[2] ?? ''}${match?.[3] ?? ''}`;
  const isNegative = value < 0 || Object.is(value, -0);
  return digits === '0'
    ? { isNegative, digits: '', point: 0 }
    : { isNegative, digits, point: Number(match?.[4]) + 1 };
}

function shortestFixed(value: number): string {
  const decimal = shortest(value);
  return fixed(decimal, Math.max(decimal.digits.length - decimal.point, 0));
}

function exactDecimal(value: number): Decimal {
  const isNegative = value < 0 || Object.is(value, -0);
  const [mantissa, exponent] = splitFloat(Math.abs(value));
  if (mantissa === 0n) return { isNegative, digits: '', point: 0 };
  // m * 2^-n = m * 5^n / 10^n
  const scaled = exponent >= 0 ? mantissa << BigInt(exponent) : mantissa * 5n ** BigInt(-exponent);
  const digits = scaled.toString();
  return { isNegative, digits, point: digits.length + Math.min(exponent, 0) };
}

/** A non-negative float as whole number times a power of two. */
export function splitFloat(value: number): readonly [mantissa: bigint, exponent: number] {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const biased = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  return biased === 0 ? [fraction, -1074] : [fraction | 0x10000000000000n, biased - 1075];
}

// Half to even, `count` digits; fewer digits stay as they are.
function round(decimal: Decimal, count: number): Decimal {
  const { digits, isNegative, point } = decimal;
  if (count >= digits.length) return decimal;
  if (count < 0) return { isNegative, digits: '', point: 0 };
  const rest = digits.slice(count);
  const isTie = /^50*$/.test(rest);
  const last = count === 0 ? 0 : Number(digits[count - 1]);
  const isUp = isTie ? last % 2 === 1 : rest >= '5';
  const kept = digits.slice(0, count);
  if (!isUp) return { isNegative, digits: kept, point };
  const raised = (BigInt(kept === '' ? '0' : kept) + 1n).toString();
  const grown = raised.length > Math.max(count, 0);
  return { isNegative, digits: raised, point: grown ? point + 1 : point };
}

function fixed(decimal: Decimal, precision: number): string {
  const { digits, point, isNegative } = round(decimal, decimal.point + precision);
  const padded = point <= 0 ? '0'.repeat(-point) + digits : digits.padEnd(point, '0');
  const whole = digits === '' || point <= 0 ? '0' : padded.slice(0, point);
  const rest = digits === '' ? '' : padded.slice(Math.max(point, 0));
  const fraction = precision > 0 ? `.${rest.slice(0, precision).padEnd(precision, '0')}` : '';
  return `${isNegative ? '-' : ''}${whole}${fraction}`;
}

function exponential(decimal: Decimal, precision: number | undefined): string {
  const rounded = precision === undefined ? decimal : round(decimal, precision + 1);
  const digits = (rounded.digits === '' ? '0' : rounded.digits).padEnd((precision ?? 0) + 1, '0');
  const exponent = rounded.digits === '' ? 0 : rounded.point - 1;
  const size = String(Math.abs(exponent)).padStart(2, '0');
  const shown = precision === undefined ? digits : digits.slice(0, precision + 1);
  const fraction = shown.length > 1 ? `.${shown.slice(1)}` : '';
  return `${rounded.isNegative ? '-' : ''}${shown[0] ?? '0'}${fraction}e${exponent < 0 ? '-' : '+'}${size}`;
}
