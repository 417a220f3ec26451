//! Attack classes: what an attacker does with a flaw, in the words of the field.
//!
//! No source states them; they stand in what sources write ("allows remote code
//! execution"), and follow from the weaknesses that sources state (CWE-89 is SQL injection
//! and nothing else). Both are read when a vulnerability is put together, so that what was
//! stored long ago has them too.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::entity::{Field, Span};
use crate::id::CweId;
use crate::phrases::{Phrases, Told};

labels! {
    /// What an attacker does with a flaw. A flaw may have several: path traversal that
    /// lets files be read, a buffer overflow that ends in code execution.
    AttackClass, "an attack class (as code_execution, sql_injection, xss)" {
        /// The attacker's code runs, from afar (RCE) or on the spot.
        CodeExecution = "code_execution", "Code execution";
        /// Commands of the operating system or another program are slipped in.
        CommandInjection = "command_injection", "Command injection";
        /// Source code, templates or expressions are slipped in.
        CodeInjection = "code_injection", "Code injection";
        /// Queries of a database are changed.
        SqlInjection = "sql_injection", "SQL injection";
        /// Script runs in other people's browsers (XSS).
        CrossSiteScripting = "cross_site_scripting", "Cross-site scripting";
        /// Other people's browsers are made to ask for something (CSRF).
        CrossSiteRequestForgery = "cross_site_request_forgery", "Cross-site request forgery";
        /// The server is made to ask for something (SSRF).
        ServerSideRequestForgery = "server_side_request_forgery", "Server-side request forgery";
        /// A path leads out of its folder.
        PathTraversal = "path_traversal", "Path traversal";
        /// A file of the attacker's choice is made part of the program.
        FileInclusion = "file_inclusion", "File inclusion";
        /// A file of a dangerous kind is put on the server.
        FileUpload = "file_upload", "File upload";
        /// Files of the attacker's choice are read, written or deleted.
        FileAccess = "file_access", "Arbitrary file access";
        /// Objects are made from data of the attacker's.
        Deserialization = "deserialization", "Insecure deserialization";
        /// XML brings in what lies elsewhere (XXE).
        XmlExternalEntity = "xml_external_entity", "XML external entity";
        /// People are sent to another site.
        OpenRedirect = "open_redirect", "Open redirect";
        /// Two servers take one request for different ones.
        RequestSmuggling = "request_smuggling", "Request smuggling";
        /// Lines are slipped into headers (CRLF).
        HeaderInjection = "header_injection", "Header injection";
        /// Formulas are slipped into tables (CSV).
        FormulaInjection = "formula_injection", "Formula injection";
        /// Properties are given to all objects of a program.
        PrototypePollution = "prototype_pollution", "Prototype pollution";
        /// People click on what they do not see.
        Clickjacking = "clickjacking", "Clickjacking";
        /// Rights are won that were not given.
        PrivilegeEscalation = "privilege_escalation", "Privilege escalation";
        /// The login is gone round.
        AuthenticationBypass = "authentication_bypass", "Authentication bypass";
        /// What is forbidden to a user is done.
        AccessControlBypass = "access_control_bypass", "Access control bypass";
        /// A protection does not protect.
        SecurityBypass = "security_bypass", "Security feature bypass";
        /// Out of a sandbox, a container, a virtual machine.
        SandboxEscape = "sandbox_escape", "Sandbox escape";
        /// What should stay hidden is seen.
        InformationDisclosure = "information_disclosure", "Information disclosure";
        /// Memory is read or written where it must not be.
        MemoryCorruption = "memory_corruption", "Memory corruption";
        /// A service is brought down.
        DenialOfService = "denial_of_service", "Denial of service";
        /// Somebody or something else is feigned.
        Spoofing = "spoofing", "Spoofing";
        /// Data are changed on the sly.
        Tampering = "tampering", "Tampering";
        /// The attacker sits on the line (MITM).
        AdversaryInTheMiddle = "adversary_in_the_middle", "Adversary in the middle";
        /// Another's session is used.
        SessionHijacking = "session_hijacking", "Session hijacking";
        /// Secrets are guessed by trying.
        BruteForce = "brute_force", "Brute force";
        /// A library or program of the attacker's is found first (DLL hijacking).
        SearchPathHijacking = "search_path_hijacking", "Search path hijacking";
        /// A cache is made to give others what the attacker chose.
        CachePoisoning = "cache_poisoning", "Cache poisoning";
    }
}

/// What people call them for short.
const SHORT: &[(&str, AttackClass)] = &[
    ("rce", AttackClass::CodeExecution),
    ("remote_code_execution", AttackClass::CodeExecution),
    ("sqli", AttackClass::SqlInjection),
    ("xss", AttackClass::CrossSiteScripting),
    ("csrf", AttackClass::CrossSiteRequestForgery),
    ("ssrf", AttackClass::ServerSideRequestForgery),
    ("directory_traversal", AttackClass::PathTraversal),
    ("lfi", AttackClass::FileInclusion),
    ("rfi", AttackClass::FileInclusion),
    ("deserialisation", AttackClass::Deserialization),
    ("xxe", AttackClass::XmlExternalEntity),
    ("crlf", AttackClass::HeaderInjection),
    ("csv", AttackClass::FormulaInjection),
    ("eop", AttackClass::PrivilegeEscalation),
    ("lpe", AttackClass::PrivilegeEscalation),
    ("dos", AttackClass::DenialOfService),
    ("mitm", AttackClass::AdversaryInTheMiddle),
];

/// Weaknesses of which it is certain what an attacker does with them. Where CWE leaves that
/// open (CWE-20, CWE-74, CWE-362, CWE-798), none is said.
const BY_WEAKNESS: &[(AttackClass, &[u32])] = &[
    (AttackClass::CommandInjection, &[77, 78, 88]),
    (AttackClass::CodeInjection, &[94, 95, 96, 917, 1336]),
    (AttackClass::SqlInjection, &[89, 564, 943]),
    (AttackClass::CrossSiteScripting, &[79, 80, 81, 83, 84, 87]),
    (AttackClass::CrossSiteRequestForgery, &[352]),
    (AttackClass::ServerSideRequestForgery, &[918]),
    (
        AttackClass::PathTraversal,
        &[22, 23, 24, 25, 26, 27, 28, 29, 31, 35, 36],
    ),
    (AttackClass::FileInclusion, &[98]),
    (AttackClass::FileUpload, &[434]),
    (AttackClass::FileAccess, &[73]),
    (AttackClass::Deserialization, &[502]),
    (AttackClass::XmlExternalEntity, &[611]),
    (AttackClass::OpenRedirect, &[601]),
    (AttackClass::RequestSmuggling, &[444]),
    (AttackClass::HeaderInjection, &[93, 113]),
    (AttackClass::FormulaInjection, &[1236]),
    (AttackClass::PrototypePollution, &[1321]),
    (AttackClass::Clickjacking, &[1021]),
    (AttackClass::PrivilegeEscalation, &[250, 266, 268, 269]),
    (
        AttackClass::AuthenticationBypass,
        &[287, 288, 289, 290, 302, 303, 304, 305, 306],
    ),
    (
        AttackClass::AccessControlBypass,
        &[284, 285, 425, 639, 862, 863],
    ),
    (AttackClass::SecurityBypass, &[693]),
    (
        AttackClass::InformationDisclosure,
        &[200, 201, 203, 204, 208, 209, 359, 497, 532, 538, 548],
    ),
    (
        AttackClass::MemoryCorruption,
        &[
            119, 120, 121, 122, 123, 124, 125, 126, 127, 415, 416, 786, 787, 788, 805, 822, 823,
            824, 825, 843,
        ],
    ),
    (
        AttackClass::DenialOfService,
        &[
            369, 400, 401, 404, 476, 617, 674, 770, 772, 776, 834, 835, 1333,
        ],
    ),
    (AttackClass::Spoofing, &[290, 451]),
    (AttackClass::AdversaryInTheMiddle, &[295, 300]),
    (AttackClass::SessionHijacking, &[294, 384, 613]),
    (AttackClass::BruteForce, &[307]),
    (AttackClass::SearchPathHijacking, &[426, 427, 428]),
];

static PHRASES: LazyLock<Phrases<AttackClass>> = LazyLock::new(|| {
    Phrases::read(include_str!("../data/attacks.txt"), |label| {
        label.parse().ok()
    })
});

/// What an attacker does with a flaw, and what says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Attack {
    /// The class.
    pub class: AttackClass,
    /// The words of the title or the description that say it; null where a weakness does.
    pub said: Option<String>,
    /// Where these words stand.
    pub span: Option<Span>,
    /// The weakness from which it follows; null where words say it.
    pub weakness: Option<CweId>,
}

impl AttackClass {
    /// The class of this name, or of one that people use for short: `xss`, `rce`.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_lowercase().replace(['-', ' '], "_");
        let short = SHORT.iter().find(|(short, _)| *short == name);
        short.map(|(_, class)| *class).or_else(|| name.parse().ok())
    }

    /// What people call classes for short.
    pub fn short_names() -> impl Iterator<Item = (&'static str, Self)> {
        SHORT.iter().copied()
    }

    /// The classes that a weakness is surely of.
    pub fn of_weakness(weakness: CweId) -> impl Iterator<Item = Self> {
        BY_WEAKNESS
            .iter()
            .filter(move |(_, weaknesses)| weaknesses.contains(&weakness.0))
            .map(|(class, _)| *class)
    }
}

/// The attack classes that a text names, each where it is first named, in bytes.
#[must_use]
pub fn told(text: &str) -> Vec<Told<AttackClass>> {
    let mut told: Vec<Told<AttackClass>> = Vec::new();
    for one in PHRASES.find(text) {
        if !told.iter().any(|known| known.says == one.says) {
            told.push(one);
        }
    }
    told
}

/// The attack classes of a flaw, each once: those that its title or description names, in
/// order, then those that follow from its weaknesses.
#[must_use]
pub fn attacks(
    title: Option<&str>,
    description: Option<&str>,
    weaknesses: &[CweId],
) -> Vec<Attack> {
    let mut attacks: Vec<Attack> = Vec::new();
    let mut add = |attack: Attack| {
        if !attacks.iter().any(|known| known.class == attack.class) {
            attacks.push(attack);
        }
    };
    for (field, text) in [(Field::Title, title), (Field::Text, description)] {
        let text = text.unwrap_or_default();
        for told in told(text) {
            let said = text.get(told.at.clone()).unwrap_or_default();
            let start = count(text.get(..told.at.start).unwrap_or_default());
            add(Attack {
                class: told.says,
                said: Some(said.to_owned()),
                span: Some(Span {
                    field,
                    start,
                    end: start.saturating_add(count(said)),
                }),
                weakness: None,
            });
        }
    }
    for weakness in weaknesses {
        for class in AttackClass::of_weakness(*weakness) {
            add(Attack {
                class,
                said: None,
                span: None,
                weakness: Some(*weakness),
            });
        }
    }
    attacks
}

/// Code points, as spans count.
fn count(text: &str) -> u32 {
    u32::try_from(text.chars().count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn check(title: &str, description: &str, weaknesses: &[u32], wanted: &[&str]) {
        let weaknesses: Vec<CweId> = weaknesses.iter().map(|number| CweId(*number)).collect();
        let found = attacks(Some(title), Some(description), &weaknesses);
        for attack in &found {
            let Some(span) = attack.span else { continue };
            let text = if span.field == Field::Title {
                title
            } else {
                description
            };
            let slice: String = text
                .chars()
                .skip(span.start as usize)
                .take((span.end - span.start) as usize)
                .collect();
            assert_eq!(Some(slice), attack.said);
        }
        let found: Vec<String> = found
            .iter()
            .map(|attack| {
                let why = attack.weakness.map(|weakness| weakness.to_string());
                let said = attack.said.clone().or(why).unwrap_or_default();
                format!("{} {said}", attack.class)
            })
            .collect();
        assert_eq!(found, wanted, "{title} {description}");
    }

    #[test]
    fn a_description_says_what_an_attacker_does() {
        check(
            "Acme Gate RCE",
            "A path traversal in Acme Gate lets an attacker read arbitrary files and execute arbitrary PHP code.",
            &[22],
            &[
                "code_execution RCE",
                "path_traversal path traversal",
                "file_access read arbitrary files",
            ],
        );
        check(
            "",
            "Stored Cross-Site Scripting (XSS) – “naïve” 🔥 use-after-free in Acme",
            &[],
            &[
                "cross_site_scripting Cross-Site Scripting",
                "memory_corruption use-after-free",
            ],
        );
        check("", "Acme Gate fails.", &[], &[]);
    }

    #[test]
    fn a_weakness_says_it_where_no_words_do() {
        check(
            "",
            "The id parameter is not checked.",
            &[89, 20],
            &["sql_injection CWE-89"],
        );
        check(
            "",
            "A spoofed address lets anybody in",
            &[290],
            &["spoofing spoofed", "authentication_bypass CWE-290"],
        );
    }

    #[test]
    fn what_it_does_not_do_is_not_said() {
        check(
            "",
            "Acme Gate is not vulnerable to SQL injection.",
            &[],
            &[],
        );
    }

    #[test]
    fn every_class_has_words_and_every_word_a_class() {
        let lines = include_str!("../data/attacks.txt");
        let labels: BTreeSet<&str> = lines
            .lines()
            .filter(|line| !line.starts_with(['#', ' ']))
            .filter_map(|line| Some(line.split_once(':')?.0))
            .collect();
        let known: BTreeSet<&str> = AttackClass::ALL
            .iter()
            .map(|class| class.as_str())
            .collect();
        assert_eq!(labels, known);
    }

    #[test]
    fn short_names_are_understood() {
        for (name, class) in [
            ("XSS", AttackClass::CrossSiteScripting),
            ("rce", AttackClass::CodeExecution),
            ("Remote code execution", AttackClass::CodeExecution),
            ("sql-injection", AttackClass::SqlInjection),
        ] {
            assert_eq!(AttackClass::of_name(name), Some(class));
        }
        assert_eq!(AttackClass::of_name("magic"), None);
    }
}
