//! What the fake world tells at the start. All organisations, products and CVE
//! ids are invented; the stories are shaped like those of a real week.

use std::collections::BTreeMap;
use std::time::Duration;

use model::Timestamp;
use model::clock::earlier;
use serde_json::{Value, json};

use crate::feeds::Feed;
use crate::{kev, nvd};

/// A story: hours ago, title, text (HTML), path at `https://FEED.example/`.
type Told = (u64, &'static str, &'static str, &'static str);

const WORLD_NEWS: &[Told] = &[
    (
        71,
        "Hospital group Norrland Care diverts ambulances after ransomware attack",
        "<p>Norrland Care, which runs eleven hospitals in northern Sweden, took its patient record system offline \
         on Wednesday night after ransomware encrypted several servers. Ambulances were diverted for six hours.</p>\
         <p>A group calling itself Grey Heron claimed the attack and says it took 340 GB of data. The operator has \
         not confirmed any theft.</p>",
        "norrland-care-ransomware",
    ),
    (
        60,
        "Acme Gateway flaw CVE-2026-41001 exploited within hours of the patch",
        "<p>Attackers are exploiting CVE-2026-41001, a command injection in the web console of Acme Gateway, less \
         than a day after the vendor shipped a fix. The flaw needs no login and carries a CVSS score of 9.8.</p>\
         <p>Versions before 7.4.2 are affected. Scans came from 185.220.101[.]47 and hxxp://update-acme[.]top/x.sh.</p>",
        "acme-gateway-exploited",
    ),
    (
        49,
        "Airline Blue Petrel says 2.3 million loyalty accounts were exposed",
        "<p>Blue Petrel Airways is writing to 2.3 million members of its loyalty programme after a partner left a \
         database open. Names, mail addresses and flight histories were readable; payment data was not.</p>",
        "blue-petrel-breach",
    ),
    (
        37,
        "Police in four countries take down the ClickHarbor phishing kit",
        "<p>Officers arrested nine people and seized 42 servers that rented out ClickHarbor, a kit that imitates \
         the log-in pages of banks and steals one-time codes as they are typed.</p>",
        "clickharbor-takedown",
    ),
    (
        26,
        "Typosquatted npm packages steal cloud keys from build machines",
        "<p>Researchers found 17 packages in the npm registry whose names differ by one letter from popular ones. \
         A script that runs at install time sends environment variables to collector.build-cache[.]dev \
         (SHA-256 9f2c1d7be0a8457c3f6ad2e9b8c14750d6e3f9a1b2c40857e6d7a8b9c0d1e2f3).</p>",
        "npm-typosquats",
    ),
    (
        15,
        "Record denial-of-service attack on a European payment processor",
        "<p>KranichPay was unreachable for three hours on Friday under traffic that peaked at 4.1 Tbit/s. The \
         attack came from hijacked video recorders; no data was touched.</p>",
        "kranichpay-ddos",
    ),
    (
        6,
        "Orbital File Transfer zero-day CVE-2026-41377 used to steal data from law firms",
        "<p>A path traversal in Orbital File Transfer, tracked as CVE-2026-41377, has been used since at least \
         Monday to download files from unpatched servers. Version 12.1.8 mends it. At least five law firms have \
         told their clients.</p>",
        "orbital-zero-day",
    ),
    (
        2,
        "How a small museum put its collection online",
        "<p>Three volunteers photographed 12,000 objects in one winter. They tell what they would do differently.</p>",
        "museum-collection",
    ),
];

const INDIA_NEWS: &[Told] = &[
    (
        66,
        "Sahyadri Cooperative Bank halts UPI after breach at its technology partner",
        "<p>Pune: Sahyadri Cooperative Bank suspended UPI and ATM services in Maharashtra on Thursday after \
         attackers broke into the network of its core banking provider. The bank said no money was lost; the \
         provider has informed CERT-In.</p>",
        "sahyadri-bank-upi",
    ),
    (
        54,
        "Kochi port terminal back to paper after ransomware hits booking system",
        "<p>A container terminal at Kochi, Kerala, worked with paper slips for a second day after ransomware \
         reached its booking system. The operator expects to be back on Monday. No demand has been made public.</p>",
        "kochi-terminal",
    ),
    (
        43,
        "Fake traffic-fine messages drain accounts in Hyderabad and Bengaluru",
        "<p>Police in Telangana and Karnataka warn of WhatsApp messages that carry an app named \
         <b>mParivahan_Challan.apk</b>. It reads text messages and passes one-time passwords on. Over 180 people \
         have lost about ₹4.2 crore since Diwali.</p>",
        "challan-apk",
    ),
    (
        30,
        "State university in Tamil Nadu leaks records of 1.1 lakh students",
        "<p>Mark sheets and Aadhaar copies of 1.1 lakh students of Kaveri State University lay on an open storage \
         bucket, an independent researcher found. The university closed it after CERT-In wrote to it.</p>",
        "kaveri-university",
    ),
    (
        20,
        "CERT-In warns of flaw in Acme Gateway used by Indian ISPs",
        "<p>CERT-In has rated CVE-2026-41001 in Acme Gateway critical (CIVN-2026-9901) and asks operators to move \
         to 7.4.2 at once. Several Indian internet providers run the product.</p>",
        "cert-in-acme",
    ),
    (
        9,
        "अस्पताल के सर्वर पर रैनसमवेयर हमला, मरीजों का रिकॉर्ड बंद",
        "<p>लखनऊ के गोमती अस्पताल के सर्वर पर शुक्रवार रात रैनसमवेयर हमला हुआ। ओपीडी में पर्चियां हाथ से बनाई गईं। \
         अस्पताल ने CERT-In को सूचना दी है।</p>",
        "gomti-hospital",
    ),
    (
        3,
        "Power utility in Odisha blocks attempt to reach substation controllers",
        "<p>Engineers at Mahanadi Power in Odisha cut remote access on Saturday after seeing log-ins to \
         substation controllers from abroad. Supply was not disturbed, the utility says.</p>",
        "mahanadi-power",
    ),
];

const ADVISORIES: &[Told] = &[
    (
        62,
        "Acme Gateway 7.4.2 mends a critical command injection (CVE-2026-41001)",
        "<p>Update to 7.4.2. A crafted request to the web console runs commands as root (CWE-78, CVSS 3.1 9.8). \
         Switching the console off is a workaround.</p>",
        "acme-7-4-2",
    ),
    (
        33,
        "Orbital File Transfer: path traversal (CVE-2026-41377)",
        "<p>All versions before 12.1.8 let an unauthenticated client read files outside the upload folder \
         (CWE-22, CVSS 3.1 8.6).</p>",
        "orbital-12-1-8",
    ),
    (
        11,
        "Tamarind Mail 3.9: three flaws of medium severity",
        "<p>CVE-2026-41410, CVE-2026-41411 and CVE-2026-41412 let a logged-in user read the subjects of other \
         people's drafts. 3.9.1 mends all three.</p>",
        "tamarind-3-9-1",
    ),
];

fn hours_before(now: Timestamp, hours: u64) -> Timestamp {
    earlier(now, Duration::from_secs(hours * 60 * 60))
}

/// The feeds by name, with their stories so far.
pub(super) fn feeds(now: Timestamp) -> BTreeMap<String, Feed> {
    let tell = |feed: Feed, name: &str, stories: &[Told]| {
        for (hours, title, text, path) in stories {
            feed.publish_at(
                title,
                text,
                &format!("https://{name}.example/{path}"),
                hours_before(now, *hours),
            );
        }
        (name.to_owned(), feed)
    };
    BTreeMap::from([
        tell(Feed::rss("World Security News"), "world-news", WORLD_NEWS),
        tell(Feed::rss("India Cyber Desk"), "india-news", INDIA_NEWS),
        tell(Feed::atom("Vendor Advisories"), "advisories", ADVISORIES),
    ])
}

/// The records at NVD, oldest first.
pub(super) fn records(now: Timestamp) -> Vec<Value> {
    let at = |hours| {
        hours_before(now, hours)
            .strftime("%Y-%m-%dT%H:%M:%S%.3f")
            .to_string()
    };
    let mut records = vec![
        nvd::record(
            "CVE-2026-41001",
            &at(60),
            "A command injection in the web console of Acme Gateway before 7.4.2 lets an unauthenticated attacker run \
             commands as root.",
            Some(9.8),
        ),
        nvd::record(
            "CVE-2026-41377",
            &at(30),
            "A path traversal in Orbital File Transfer before 12.1.8 lets an unauthenticated client read arbitrary \
             files.",
            Some(8.6),
        ),
    ];
    for (n, part) in ["search", "export", "sync"].iter().enumerate() {
        let text = format!(
            "The {part} of Tamarind Mail before 3.9.1 shows a logged-in user subjects of others' drafts."
        );
        records.push(nvd::record(
            &format!("CVE-2026-4141{n}"),
            &at(10),
            &text,
            Some(4.3),
        ));
    }
    let waiting =
        "A use-after-free in the font parser of Lantern Reader 2.x may lead to code execution.";
    records.push(nvd::record("CVE-2026-41500", &at(4), waiting, None));
    let mut rejected = nvd::record(
        "CVE-2026-41501",
        &at(5),
        "Rejected reason: a duplicate of CVE-2026-41500.",
        None,
    );
    rejected["vulnStatus"] = json!("Rejected");
    records.push(rejected);
    if let Some(first) = records.first_mut() {
        first["cisaExploitAdd"] = json!(hours_before(now, 40).strftime("%Y-%m-%d").to_string());
        first["cisaVulnerabilityName"] = json!("Acme Gateway Command Injection Vulnerability");
    }
    records
}

/// The entries of CISA's catalogue.
pub(super) fn catalogue(now: Timestamp) -> Vec<Value> {
    let mut entry = kev::entry("CVE-2026-41001", "Acme", "Gateway");
    entry["dateAdded"] = json!(hours_before(now, 40).strftime("%Y-%m-%d").to_string());
    vec![entry]
}
