// Names of countries and of India's states and territories.
//
// Codes of states are ISO 3166-2:IN without "IN-". The standard renamed four of
// them; both spellings are in use.

const states: Record<string, string> = {
  AN: 'Andaman and Nicobar',
  AP: 'Andhra Pradesh',
  AR: 'Arunachal Pradesh',
  AS: 'Assam',
  BR: 'Bihar',
  CG: 'Chhattisgarh',
  CH: 'Chandigarh',
  CT: 'Chhattisgarh',
  DH: 'Dadra and Nagar Haveli and Daman and Diu',
  DL: 'Delhi',
  GA: 'Goa',
  GJ: 'Gujarat',
  HP: 'Himachal Pradesh',
  HR: 'Haryana',
  JH: 'Jharkhand',
  JK: 'Jammu and Kashmir',
  KA: 'Karnataka',
  KL: 'Kerala',
  LA: 'Ladakh',
  LD: 'Lakshadweep',
  MH: 'Maharashtra',
  ML: 'Meghalaya',
  MN: 'Manipur',
  MP: 'Madhya Pradesh',
  MZ: 'Mizoram',
  NL: 'Nagaland',
  OD: 'Odisha',
  OR: 'Odisha',
  PB: 'Punjab',
  PY: 'Puducherry',
  RJ: 'Rajasthan',
  SK: 'Sikkim',
  TG: 'Telangana',
  TN: 'Tamil Nadu',
  TR: 'Tripura',
  TS: 'Telangana',
  UK: 'Uttarakhand',
  UP: 'Uttar Pradesh',
  UT: 'Uttarakhand',
  WB: 'West Bengal',
}

const countries = new Intl.DisplayNames('en', { type: 'region', fallback: 'code' })

export function countryName(code: string): string {
  try {
    return countries.of(code.toUpperCase()) ?? code
  } catch {
    return code
  }
}

export const stateName = (code: string) => states[code.replace(/^IN-/, '')] ?? code

/** The shortest true answer to "where": the state if there is one, else the country. */
export function shortPlace(place: { countries: string[]; states: string[] }): string {
  const names =
    place.states.length > 0 ? place.states.map(stateName) : place.countries.map(countryName)
  const [first] = names
  if (first === undefined) return ''
  return names.length > 1 ? `${first} +${names.length - 1}` : first
}

/** Countries in what a person wrote: names or codes, with commas between. */
export function countriesIn(text: string): { codes: string[]; unknown: string[] } {
  const codes: string[] = []
  const unknown: string[] = []
  for (const part of text.split(/[,;]/)) {
    const name = part.trim()
    if (name === '') continue
    const code = codeByName().get(name.toLocaleLowerCase('en'))
    if (code === undefined) unknown.push(name)
    else if (!codes.includes(code)) codes.push(code)
  }
  return { codes, unknown }
}

let byName: Map<string, string> | undefined

/** Every country the browser can name, by its name and by its code. */
function codeByName(): Map<string, string> {
  if (byName !== undefined) return byName
  byName = new Map()
  const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ']
  for (const code of letters.flatMap((a) => letters.map((b) => a + b))) {
    const name = countryName(code)
    // No country: unknown codes, private ones, unions of countries. A code given up
    // (as BU) has the name of its successor, which comes under its own code.
    if (name === code || /^(X[AB]|ZZ|EU|EZ|UN|QO)$/.test(code)) continue
    if (new Intl.Locale('und', { region: code }).region !== code) continue
    byName.set(code.toLowerCase(), code)
    byName.set(name.toLocaleLowerCase('en'), code)
  }
  return byName
}
