//! Names of countries and of Indian states: incidents carry codes, people names.

use super::Country;
use crate::fold::fold;

impl Country {
    /// Its everyday English name, if the code is one of a country.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        named(COUNTRIES, self.as_str())
    }

    /// The country of that name or code; case and accents do not count.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let wanted = fold(name.trim());
        let code = OTHER_NAMES
            .iter()
            .chain(COUNTRIES)
            .find(|(code, name)| fold(name) == wanted || code.eq_ignore_ascii_case(&wanted))?
            .0;
        code.parse().ok()
    }

    /// Every country, by code.
    pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
        COUNTRIES.iter().copied()
    }
}

/// The name of an Indian state or territory by its code without the country.
#[must_use]
pub fn state_name(code: &str) -> Option<&'static str> {
    named(STATES, code)
}

/// The code of an Indian state or territory, given as `KA`, `IN-KA` or `Karnataka`.
/// Codes from before the revision of 2023 become today's.
#[must_use]
pub fn state_code(text: &str) -> Option<&'static str> {
    let wanted = fold(text.trim());
    let wanted = wanted.strip_prefix("in-").unwrap_or(&wanted);
    let (code, _) = STATES
        .iter()
        .find(|(code, name)| code.eq_ignore_ascii_case(wanted) || fold(name) == wanted)?;
    Some(match *code {
        "CT" => "CG",
        "OR" => "OD",
        "TG" => "TS",
        "UT" => "UK",
        code => code,
    })
}

/// Every Indian state and territory by its code of today.
pub fn states() -> impl Iterator<Item = (&'static str, &'static str)> {
    STATES
        .iter()
        .copied()
        .filter(|(code, _)| !["CT", "OR", "TG", "UT"].contains(code))
}

fn named(table: &'static [(&str, &str)], code: &str) -> Option<&'static str> {
    let nth = table
        .binary_search_by(|(known, _)| (*known).cmp(code))
        .ok()?;
    table.get(nth).map(|(_, name)| *name)
}

/// Names that people also use.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("GB", "UK"),
    ("US", "USA"),
    ("US", "United States of America"),
    ("AE", "UAE"),
    ("TR", "Turkey"),
    ("KR", "Korea"),
    ("CZ", "Czech Republic"),
    ("IN", "Bharat"),
];

/// ISO 3166-1 alpha-2 with Kosovo's user-assigned code, in order of code; the
/// short names that newspapers use.
#[rustfmt::skip]
const COUNTRIES: &[(&str, &str)] = &[
    ("AD", "Andorra"), ("AE", "United Arab Emirates"), ("AF", "Afghanistan"), ("AG", "Antigua and Barbuda"),
    ("AI", "Anguilla"), ("AL", "Albania"), ("AM", "Armenia"), ("AO", "Angola"), ("AQ", "Antarctica"),
    ("AR", "Argentina"), ("AS", "American Samoa"), ("AT", "Austria"), ("AU", "Australia"), ("AW", "Aruba"),
    ("AX", "Åland Islands"), ("AZ", "Azerbaijan"), ("BA", "Bosnia and Herzegovina"), ("BB", "Barbados"),
    ("BD", "Bangladesh"), ("BE", "Belgium"), ("BF", "Burkina Faso"), ("BG", "Bulgaria"), ("BH", "Bahrain"),
    ("BI", "Burundi"), ("BJ", "Benin"), ("BL", "Saint Barthélemy"), ("BM", "Bermuda"), ("BN", "Brunei"),
    ("BO", "Bolivia"), ("BQ", "Caribbean Netherlands"), ("BR", "Brazil"), ("BS", "Bahamas"),
    ("BT", "Bhutan"), ("BV", "Bouvet Island"), ("BW", "Botswana"), ("BY", "Belarus"), ("BZ", "Belize"),
    ("CA", "Canada"), ("CC", "Cocos Islands"), ("CD", "DR Congo"), ("CF", "Central African Republic"),
    ("CG", "Congo"), ("CH", "Switzerland"), ("CI", "Côte d’Ivoire"), ("CK", "Cook Islands"),
    ("CL", "Chile"), ("CM", "Cameroon"), ("CN", "China"), ("CO", "Colombia"), ("CR", "Costa Rica"),
    ("CU", "Cuba"), ("CV", "Cabo Verde"), ("CW", "Curaçao"), ("CX", "Christmas Island"), ("CY", "Cyprus"),
    ("CZ", "Czechia"), ("DE", "Germany"), ("DJ", "Djibouti"), ("DK", "Denmark"), ("DM", "Dominica"),
    ("DO", "Dominican Republic"), ("DZ", "Algeria"), ("EC", "Ecuador"), ("EE", "Estonia"), ("EG", "Egypt"),
    ("EH", "Western Sahara"), ("ER", "Eritrea"), ("ES", "Spain"), ("ET", "Ethiopia"), ("FI", "Finland"),
    ("FJ", "Fiji"), ("FK", "Falkland Islands"), ("FM", "Micronesia"), ("FO", "Faroe Islands"),
    ("FR", "France"), ("GA", "Gabon"), ("GB", "United Kingdom"), ("GD", "Grenada"), ("GE", "Georgia"),
    ("GF", "French Guiana"), ("GG", "Guernsey"), ("GH", "Ghana"), ("GI", "Gibraltar"), ("GL", "Greenland"),
    ("GM", "Gambia"), ("GN", "Guinea"), ("GP", "Guadeloupe"), ("GQ", "Equatorial Guinea"), ("GR", "Greece"),
    ("GS", "South Georgia"), ("GT", "Guatemala"), ("GU", "Guam"), ("GW", "Guinea-Bissau"), ("GY", "Guyana"),
    ("HK", "Hong Kong"), ("HM", "Heard and McDonald Islands"), ("HN", "Honduras"), ("HR", "Croatia"),
    ("HT", "Haiti"), ("HU", "Hungary"), ("ID", "Indonesia"), ("IE", "Ireland"), ("IL", "Israel"),
    ("IM", "Isle of Man"), ("IN", "India"), ("IO", "British Indian Ocean Territory"), ("IQ", "Iraq"),
    ("IR", "Iran"), ("IS", "Iceland"), ("IT", "Italy"), ("JE", "Jersey"), ("JM", "Jamaica"),
    ("JO", "Jordan"), ("JP", "Japan"), ("KE", "Kenya"), ("KG", "Kyrgyzstan"), ("KH", "Cambodia"),
    ("KI", "Kiribati"), ("KM", "Comoros"), ("KN", "Saint Kitts and Nevis"), ("KP", "North Korea"),
    ("KR", "South Korea"), ("KW", "Kuwait"), ("KY", "Cayman Islands"), ("KZ", "Kazakhstan"), ("LA", "Laos"),
    ("LB", "Lebanon"), ("LC", "Saint Lucia"), ("LI", "Liechtenstein"), ("LK", "Sri Lanka"),
    ("LR", "Liberia"), ("LS", "Lesotho"), ("LT", "Lithuania"), ("LU", "Luxembourg"), ("LV", "Latvia"),
    ("LY", "Libya"), ("MA", "Morocco"), ("MC", "Monaco"), ("MD", "Moldova"), ("ME", "Montenegro"),
    ("MF", "Saint Martin"), ("MG", "Madagascar"), ("MH", "Marshall Islands"), ("MK", "North Macedonia"),
    ("ML", "Mali"), ("MM", "Myanmar"), ("MN", "Mongolia"), ("MO", "Macao"),
    ("MP", "Northern Mariana Islands"), ("MQ", "Martinique"), ("MR", "Mauritania"), ("MS", "Montserrat"),
    ("MT", "Malta"), ("MU", "Mauritius"), ("MV", "Maldives"), ("MW", "Malawi"), ("MX", "Mexico"),
    ("MY", "Malaysia"), ("MZ", "Mozambique"), ("NA", "Namibia"), ("NC", "New Caledonia"), ("NE", "Niger"),
    ("NF", "Norfolk Island"), ("NG", "Nigeria"), ("NI", "Nicaragua"), ("NL", "Netherlands"),
    ("NO", "Norway"), ("NP", "Nepal"), ("NR", "Nauru"), ("NU", "Niue"), ("NZ", "New Zealand"),
    ("OM", "Oman"), ("PA", "Panama"), ("PE", "Peru"), ("PF", "French Polynesia"),
    ("PG", "Papua New Guinea"), ("PH", "Philippines"), ("PK", "Pakistan"), ("PL", "Poland"),
    ("PM", "Saint Pierre and Miquelon"), ("PN", "Pitcairn"), ("PR", "Puerto Rico"), ("PS", "Palestine"),
    ("PT", "Portugal"), ("PW", "Palau"), ("PY", "Paraguay"), ("QA", "Qatar"), ("RE", "Réunion"),
    ("RO", "Romania"), ("RS", "Serbia"), ("RU", "Russia"), ("RW", "Rwanda"), ("SA", "Saudi Arabia"),
    ("SB", "Solomon Islands"), ("SC", "Seychelles"), ("SD", "Sudan"), ("SE", "Sweden"), ("SG", "Singapore"),
    ("SH", "Saint Helena"), ("SI", "Slovenia"), ("SJ", "Svalbard and Jan Mayen"), ("SK", "Slovakia"),
    ("SL", "Sierra Leone"), ("SM", "San Marino"), ("SN", "Senegal"), ("SO", "Somalia"), ("SR", "Suriname"),
    ("SS", "South Sudan"), ("ST", "São Tomé and Príncipe"), ("SV", "El Salvador"), ("SX", "Sint Maarten"),
    ("SY", "Syria"), ("SZ", "Eswatini"), ("TC", "Turks and Caicos Islands"), ("TD", "Chad"),
    ("TF", "French Southern Territories"), ("TG", "Togo"), ("TH", "Thailand"), ("TJ", "Tajikistan"),
    ("TK", "Tokelau"), ("TL", "Timor-Leste"), ("TM", "Turkmenistan"), ("TN", "Tunisia"), ("TO", "Tonga"),
    ("TR", "Türkiye"), ("TT", "Trinidad and Tobago"), ("TV", "Tuvalu"), ("TW", "Taiwan"),
    ("TZ", "Tanzania"), ("UA", "Ukraine"), ("UG", "Uganda"), ("UM", "US Minor Outlying Islands"),
    ("US", "United States"), ("UY", "Uruguay"), ("UZ", "Uzbekistan"), ("VA", "Vatican City"),
    ("VC", "Saint Vincent and the Grenadines"), ("VE", "Venezuela"), ("VG", "British Virgin Islands"),
    ("VI", "US Virgin Islands"), ("VN", "Vietnam"), ("VU", "Vanuatu"), ("WF", "Wallis and Futuna"),
    ("WS", "Samoa"), ("XK", "Kosovo"), ("YE", "Yemen"), ("YT", "Mayotte"), ("ZA", "South Africa"),
    ("ZM", "Zambia"), ("ZW", "Zimbabwe"),
];

/// ISO 3166-2:IN without the country, in order of code; with the codes before
/// the revision of 2023 (CT, OR, TG, UT), which older data carry.
#[rustfmt::skip]
const STATES: &[(&str, &str)] = &[
    ("AN", "Andaman and Nicobar Islands"), ("AP", "Andhra Pradesh"), ("AR", "Arunachal Pradesh"),
    ("AS", "Assam"), ("BR", "Bihar"), ("CG", "Chhattisgarh"), ("CH", "Chandigarh"), ("CT", "Chhattisgarh"),
    ("DH", "Dadra and Nagar Haveli and Daman and Diu"), ("DL", "Delhi"), ("GA", "Goa"), ("GJ", "Gujarat"),
    ("HP", "Himachal Pradesh"), ("HR", "Haryana"), ("JH", "Jharkhand"), ("JK", "Jammu and Kashmir"),
    ("KA", "Karnataka"), ("KL", "Kerala"), ("LA", "Ladakh"), ("LD", "Lakshadweep"), ("MH", "Maharashtra"),
    ("ML", "Meghalaya"), ("MN", "Manipur"), ("MP", "Madhya Pradesh"), ("MZ", "Mizoram"), ("NL", "Nagaland"),
    ("OD", "Odisha"), ("OR", "Odisha"), ("PB", "Punjab"), ("PY", "Puducherry"), ("RJ", "Rajasthan"),
    ("SK", "Sikkim"), ("TG", "Telangana"), ("TN", "Tamil Nadu"), ("TR", "Tripura"), ("TS", "Telangana"),
    ("UK", "Uttarakhand"), ("UP", "Uttar Pradesh"), ("UT", "Uttarakhand"), ("WB", "West Bengal"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_in_order() {
        assert!(COUNTRIES.is_sorted_by(|a, b| a.0 < b.0));
        assert!(STATES.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn names_and_codes_find_one_another() {
        for (given, code) in [
            ("India", Some("IN")),
            ("in", Some("IN")),
            ("uk", Some("GB")),
            ("turkiye", Some("TR")),
            ("Atlantis", None),
        ] {
            let found = Country::of_name(given);
            assert_eq!(found.as_ref().map(Country::as_str), code, "{given}");
        }
        for (given, code) in [
            ("Karnataka", Some("KA")),
            ("IN-KA", Some("KA")),
            ("ka", Some("KA")),
            ("or", Some("OD")),
            ("Odisha", Some("OD")),
            ("XX", None),
        ] {
            assert_eq!(state_code(given), code, "{given}");
        }
    }
}
