/**
 * Time zones. Offsets come from `Intl`; it knows abbreviations only for zones that US English
 * uses, so those of other regions stand in a table, and the rest show their offset, as the zone
 * database itself does (`+0530`).
 */
import { AppError } from '@tocsin/kernel';

export interface Zone {
  /** What `Location` prints; '' for a bare offset. */
  readonly name: string;
  /** `seconds`: of the Unix epoch. */
  at(seconds: number): ZoneState;
}

export interface ZoneState {
  readonly abbreviation: string;
  /** Seconds east of UTC. */
  readonly offset: number;
}

const UTC_STATE: ZoneState = { abbreviation: 'UTC', offset: 0 };
export const UTC: Zone = { name: 'UTC', at: () => UTC_STATE };

/** A zone without a name, as RFC 3339 texts give; UTC for offset 0. */
export function fixedZone(offset: number): Zone {
  if (offset === 0) return UTC;
  return namedOffset('', offset);
}

/** A zone of one abbreviation and offset. An empty abbreviation shows the offset. */
export function namedOffset(abbreviation: string, offset: number): Zone {
  const state = { abbreviation, offset };
  return { name: abbreviation, at: () => state };
}

/** Most zones kept ready; there are about six hundred in all. */
const MAX_CACHED_ZONES = 700;
const cache = new Map<string, Zone>();

/** A zone of the IANA database. Throws `AppError` (invalid) for an unknown name. */
export function loadZone(name: string): Zone {
  if (name === '' || name === 'UTC' || name === 'Local') return UTC;
  const cached = cache.get(name);
  if (cached !== undefined) return cached;
  if (!/^[A-Za-z][A-Za-z0-9_+\-/]{0,63}$/.test(name)) throw AppError.invalid(`unknown time zone ${name}`);
  const zone = ianaZone(name);
  if (cache.size >= MAX_CACHED_ZONES) cache.clear();
  cache.set(name, zone);
  return zone;
}

function ianaZone(name: string): Zone {
  let offsets: Intl.DateTimeFormat;
  let names: Intl.DateTimeFormat;
  const calendar = { calendar: 'gregory', numberingSystem: 'latn', year: 'numeric' } as const;
  try {
    offsets = new Intl.DateTimeFormat('en-US', { ...calendar, timeZone: name, timeZoneName: 'longOffset' });
    names = new Intl.DateTimeFormat('en-US', { ...calendar, timeZone: name, timeZoneName: 'short' });
  } catch {
    throw AppError.invalid(`unknown time zone ${name}`);
  }
  const standard = STANDARD_NAMES.get(name);
  return {
    name,
    at: (seconds) => {
      const ms = clampMs(seconds);
      const offset = parseOffset(zonePart(offsets, ms));
      const short = zonePart(names, ms);
      return { offset, abbreviation: abbreviate(short, offset, standard) };
    },
  };
}

const MAX_MS = 8_640_000_000_000_000;
const clampMs = (seconds: number): number => Math.min(MAX_MS, Math.max(-MAX_MS, seconds * 1000));

const zonePart = (format: Intl.DateTimeFormat, ms: number): string =>
  format.formatToParts(ms).find((part) => part.type === 'timeZoneName')?.value ?? 'GMT';

// `GMT`, `GMT+05:30`, `GMT-00:01:15`
function parseOffset(text: string): number {
  const match = /^GMT(?:([+\-\u2212])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(text);
  if (match?.[1] === undefined) return 0;
  const size = Number(match[2]) * 3600 + Number(match[3]) * 60 + Number(match[4] ?? 0);
  return match[1] === '+' ? size : -size;
}

function abbreviate(short: string, offset: number, names: ZoneNames | undefined): string {
  const listed = names?.find(([listedOffset]) => listedOffset * 60 === offset);
  if (listed !== undefined) return listed[1];
  return /^GMT[+\-\u2212]/.test(short) ? offsetName(offset) : short;
}

/** `+05`, `+0530`: how the zone database calls zones that have no letters. */
export function offsetName(offset: number): string {
  const minutes = Math.floor(Math.abs(offset) / 60);
  const two = (value: number): string => String(value).padStart(2, '0');
  const rest = minutes % 60;
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}${rest === 0 ? '' : two(rest)}`;
}

/** Abbreviation by offset in minutes. */
type ZoneNames = readonly (readonly [minutes: number, abbreviation: string])[];

const CENTRAL_EUROPE: ZoneNames = [
  [60, 'CET'],
  [120, 'CEST'],
];
const EASTERN_EUROPE: ZoneNames = [
  [120, 'EET'],
  [180, 'EEST'],
];
const WESTERN_EUROPE: ZoneNames = [
  [0, 'WET'],
  [60, 'WEST'],
];
const BRITAIN: ZoneNames = [
  [0, 'GMT'],
  [60, 'BST'],
];
const AUSTRALIA_EAST: ZoneNames = [
  [600, 'AEST'],
  [660, 'AEDT'],
];
const AUSTRALIA_CENTRE: ZoneNames = [
  [570, 'ACST'],
  [630, 'ACDT'],
];

const GROUPS: readonly (readonly [names: ZoneNames, zones: string])[] = [
  [
    CENTRAL_EUROPE,
    'CET MET Africa/Algiers Africa/Ceuta Africa/Tunis Arctic/Longyearbyen Europe/Amsterdam Europe/Andorra Europe/Belgrade Europe/Berlin Europe/Bratislava Europe/Brussels Europe/Budapest Europe/Busingen Europe/Copenhagen Europe/Gibraltar Europe/Ljubljana Europe/Luxembourg Europe/Madrid Europe/Malta Europe/Monaco Europe/Oslo Europe/Paris Europe/Podgorica Europe/Prague Europe/Rome Europe/San_Marino Europe/Sarajevo Europe/Skopje Europe/Stockholm Europe/Tirane Europe/Vaduz Europe/Vatican Europe/Vienna Europe/Warsaw Europe/Zagreb Europe/Zurich Poland',
  ],
  [
    EASTERN_EUROPE,
    'EET Africa/Cairo Africa/Tripoli Asia/Beirut Asia/Famagusta Asia/Gaza Asia/Hebron Asia/Nicosia Egypt Europe/Athens Europe/Bucharest Europe/Chisinau Europe/Helsinki Europe/Kaliningrad Europe/Kiev Europe/Kyiv Europe/Mariehamn Europe/Nicosia Europe/Riga Europe/Sofia Europe/Tallinn Europe/Vilnius',
  ],
  [WESTERN_EUROPE, 'WET Atlantic/Canary Atlantic/Faroe Atlantic/Madeira Europe/Lisbon Portugal'],
  [BRITAIN, 'Europe/Belfast Europe/Guernsey Europe/Isle_of_Man Europe/Jersey Europe/London GB'],
  [
    [
      [0, 'GMT'],
      [60, 'IST'],
    ],
    'Eire Europe/Dublin',
  ],
  [
    [
      [180, 'MSK'],
      [240, 'MSD'],
    ],
    'Europe/Moscow Europe/Simferopol W-SU',
  ],
  [[[330, 'IST']], 'Asia/Calcutta Asia/Kolkata'],
  [
    [
      [120, 'IST'],
      [180, 'IDT'],
    ],
    'Asia/Jerusalem Asia/Tel_Aviv Israel',
  ],
  [[[540, 'JST']], 'Asia/Tokyo Japan'],
  [[[540, 'KST']], 'Asia/Pyongyang Asia/Seoul ROK'],
  [[[480, 'CST']], 'Asia/Chongqing Asia/Macau Asia/Shanghai Asia/Taipei PRC ROC'],
  [[[480, 'HKT']], 'Asia/Hong_Kong Hongkong'],
  [[[480, 'PST']], 'Asia/Manila'],
  [[[300, 'PKT']], 'Asia/Karachi'],
  [[[420, 'WIB']], 'Asia/Jakarta Asia/Pontianak'],
  [[[480, 'WITA']], 'Asia/Makassar'],
  [[[540, 'WIT']], 'Asia/Jayapura'],
  [
    AUSTRALIA_EAST,
    'Australia/ACT Australia/Brisbane Australia/Canberra Australia/Hobart Australia/Lindeman Australia/Melbourne Australia/NSW Australia/Queensland Australia/Sydney Australia/Tasmania Australia/Victoria',
  ],
  [
    AUSTRALIA_CENTRE,
    'Australia/Adelaide Australia/Broken_Hill Australia/Darwin Australia/North Australia/South',
  ],
  [[[480, 'AWST']], 'Australia/Perth Australia/West'],
  [
    [
      [720, 'NZST'],
      [780, 'NZDT'],
    ],
    'Antarctica/McMurdo NZ Pacific/Auckland',
  ],
  [[[120, 'SAST']], 'Africa/Johannesburg Africa/Maseru Africa/Mbabane'],
  [
    [[180, 'EAT']],
    'Africa/Addis_Ababa Africa/Asmara Africa/Dar_es_Salaam Africa/Djibouti Africa/Kampala Africa/Mogadishu Africa/Nairobi',
  ],
  [
    [[120, 'CAT']],
    'Africa/Blantyre Africa/Bujumbura Africa/Gaborone Africa/Harare Africa/Juba Africa/Khartoum Africa/Kigali Africa/Lubumbashi Africa/Lusaka Africa/Maputo Africa/Windhoek',
  ],
  [
    [[60, 'WAT']],
    'Africa/Bangui Africa/Brazzaville Africa/Douala Africa/Kinshasa Africa/Lagos Africa/Libreville Africa/Luanda Africa/Malabo Africa/Ndjamena Africa/Niamey Africa/Porto-Novo',
  ],
  [
    [
      [-210, 'NST'],
      [-150, 'NDT'],
    ],
    'America/St_Johns Canada/Newfoundland',
  ],
  [
    [
      [-300, 'EST'],
      [-240, 'EDT'],
    ],
    'America/Cancun America/Jamaica America/Panama America/Toronto Canada/Eastern',
  ],
  [
    [
      [-240, 'AST'],
      [-180, 'ADT'],
    ],
    'America/Halifax America/Puerto_Rico Canada/Atlantic',
  ],
  [
    [
      [-360, 'CST'],
      [-300, 'CDT'],
    ],
    'America/Costa_Rica America/Guatemala America/Havana America/Mexico_City America/Regina America/Winnipeg Canada/Central',
  ],
  [
    [
      [-420, 'MST'],
      [-360, 'MDT'],
    ],
    'America/Edmonton America/Hermosillo Canada/Mountain',
  ],
  [
    [
      [-480, 'PST'],
      [-420, 'PDT'],
    ],
    'America/Tijuana America/Vancouver Canada/Pacific',
  ],
  [[[-660, 'SST']], 'Pacific/Midway Pacific/Pago_Pago'],
  [[[600, 'ChST']], 'Pacific/Guam Pacific/Saipan'],
];

const STANDARD_NAMES: ReadonlyMap<string, ZoneNames> = new Map(
  GROUPS.flatMap(([names, zones]) => zones.split(' ').map((zone) => [zone, names] as const)),
);
