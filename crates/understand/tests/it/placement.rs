//! Which incident an item joins, and what becomes of the incident.

use expect_test::expect;
use model::incident::{Candidate, Link};
use model::{
    Analysis, ClaimStatus, CveId, Exploitation, Incident, IncidentId, Item, ItemKind, Severity,
    SourceId, Statement, Timestamp, Vulnerability,
};
use understand::{Context, Placement, fold, understand};

use crate::article;

/// Where an item told on the first minute belongs.
fn place(analysis: &Analysis, candidates: &[Candidate]) -> Placement {
    let item = article("any", 0, "", "");
    understand::place(&item, analysis, candidates, &Context::new(&[]))
}

fn id(number: u128) -> IncidentId {
    IncidentId(uuid::Uuid::from_u128(number))
}

fn open(number: u128, item: &Item) -> Incident {
    let analysis = understand(item, &Context::new(&[]));
    fold(None, id(number), item, &analysis, &Placement::Opens, &[])
}

fn join(
    before: &Incident,
    item: &Item,
    repeat_of: Option<model::ItemId>,
    vulnerabilities: &[Vulnerability],
) -> Incident {
    let analysis = understand(item, &Context::new(&[]));
    let placement = Placement::Joins {
        incident: before.id,
        because: "test".to_owned(),
        repeat_of,
    };
    fold(
        Some(before),
        before.id,
        item,
        &analysis,
        &placement,
        vulnerabilities,
    )
}

fn told(incident: &Incident) -> String {
    format!(
        "r{} {} ({}) {:.1} {} items {} exploited {} kev {} | {}",
        incident.revision,
        incident.title,
        incident
            .sources
            .iter()
            .map(SourceId::as_str)
            .collect::<Vec<_>>()
            .join(" "),
        incident.severity.score,
        incident.claim,
        incident.items,
        incident.exploited,
        incident.kev,
        incident.summary,
    )
}

const STORY: &str = "Acme Bank of Pune confirmed on Monday that attackers stole the personal data of 250,000 customers. \
    The bank has informed CERT-In and the police.";

#[test]
fn nothing_shared_opens() {
    let item = article("a", 1, "Acme Bank breached", STORY);
    let analysis = understand(&item, &Context::new(&[]));
    assert_eq!(place(&analysis, &[]), Placement::Opens);
}

#[test]
fn a_reprint_joins_and_counts_once() {
    let first = article("a", 1, "Acme Bank breached", STORY);
    let incident = open(1, &first);
    let reprint = article("b", 2, "Acme Bank breached", STORY);
    let analysis = understand(&reprint, &Context::new(&[]));
    let placement = place(
        &analysis,
        &[Candidate {
            incident: incident.clone(),
            links: vec![Link::Text(first.id)],
            members: Vec::new(),
            apart: Vec::new(),
        }],
    );
    assert!(
        matches!(&placement, Placement::Joins { repeat_of: Some(of), .. } if *of == first.id),
        "{placement:?}"
    );
    let after = fold(
        Some(&incident),
        incident.id,
        &reprint,
        &analysis,
        &placement,
        &[],
    );
    assert_eq!(
        (after.items, after.sources.len(), after.voices.len()),
        (1, 2, 1)
    );
    assert_eq!(after.claim, incident.claim);
}

#[test]
fn a_page_that_changed_is_an_update_and_one_that_did_not_a_repeat() {
    let first = article("a", 1, "Acme Bank breached", STORY);
    let incident = open(1, &first);
    let candidate = Candidate {
        incident,
        links: vec![Link::Address(first.id)],
        members: Vec::new(),
        apart: Vec::new(),
    };
    let context = Context::new(&[]);
    let same = understand(
        &article("a", 1, "Acme Bank breached", &format!("{STORY} More soon.")),
        &context,
    );
    assert!(matches!(
        place(&same, std::slice::from_ref(&candidate)),
        Placement::Joins {
            repeat_of: Some(_),
            ..
        }
    ));
    let other = understand(
        &article(
            "a",
            1,
            "Police arrest suspect",
            "Two men were taken into custody in Nagpur overnight, officers told reporters there.",
        ),
        &context,
    );
    assert!(matches!(
        place(&other, &[candidate]),
        Placement::Joins {
            repeat_of: None,
            ..
        }
    ));
}

/// One report after another, as placement takes them: the story each tells.
fn stories(reports: &[(&str, i64, &str, &str)]) -> Vec<Option<usize>> {
    let context = Context::new(&[]);
    let mut run = understand::Run::new();
    reports
        .iter()
        .map(|(outlet, minute, title, text)| {
            let item = article(outlet, *minute, title, text);
            run.add(&item, &understand(&item, &context), &context)
        })
        .collect()
}

const DAY: i64 = 24 * 60;

#[test]
fn one_breach_in_other_words_is_one_story() {
    let told = stories(&[
        (
            "a",
            0,
            "Zentrabank confirms data breach affecting 250,000 customers",
            "Zentrabank of Pune said on Monday that hackers stole names and account numbers of 250,000 customers.",
        ),
        (
            "b",
            90,
            "Hackers steal customer data from Zentrabank",
            "Pune-based Zentrabank disclosed a breach in which attackers took account numbers of 250,000 people.",
        ),
        (
            "c",
            100,
            "Ransomware shuts Orvelle hospital in Kochi",
            "Doctors at Orvelle hospital went back to paper after a ransomware attack on its systems.",
        ),
        (
            "d",
            9 * DAY,
            "Zentrabank chief resigns weeks after data breach",
            "The head of Zentrabank stepped down after hackers stole account data of customers in Pune.",
        ),
    ]);
    assert_eq!(told, [Some(0), Some(0), Some(1), Some(0)]);
}

#[test]
fn a_round_up_joins_nothing_and_nothing_joins_it() {
    let breach = "Zentrabank of Pune said that hackers stole account numbers of 250,000 customers in a data breach.";
    let told = stories(&[
        ("a", 0, "Zentrabank confirms data breach", breach),
        (
            "b",
            60,
            "Weekly roundup: Zentrabank data breach, Orvelle ransomware",
            breach,
        ),
        (
            "c",
            120,
            "Zentrabank data breach: what customers should know",
            breach,
        ),
    ]);
    assert_eq!(told[0], told[2]);
    assert_ne!(told[0], told[1]);
}

#[test]
fn two_flaws_of_one_product_are_two_stories() {
    let told = stories(&[
        (
            "a",
            0,
            "Critical flaw CVE-2026-1001 in Quorvex Gateway exploited",
            "Attackers exploit a flaw in Quorvex Gateway to run code, the vendor warns, and patches are out.",
        ),
        (
            "b",
            60,
            "Critical flaw CVE-2026-2002 in Quorvex Gateway exploited",
            "Attackers exploit a flaw in Quorvex Gateway to run code, the vendor warns, and patches are out now.",
        ),
    ]);
    assert_ne!(told[0], told[1]);
}

#[test]
fn reports_written_to_one_pattern_are_as_many_stories_as_victims() {
    let victims = [
        "Vastel Plastics",
        "Orvelle Dental",
        "Zentra Motors",
        "Quorvex Motors",
        "Hansbach Logistics GmbH",
        "Kelvani School District",
        "Sarvika Hospital Nagpur",
    ];
    let claims: Vec<(String, String)> = victims
        .iter()
        .map(|victim| {
            (
                format!("Akira has just published a new victim: {victim}"),
                format!("{victim} was listed by the ransomware group Akira on its leak site. The group says it will publish 40 GB of corporate data."),
            )
        })
        .collect();
    let letters: Vec<(String, String)> = victims
        .iter()
        .map(|victim| {
            (
                format!("{victim} notifies 43,000 people of data breach"),
                format!("{victim} has begun to send letters to people whose names and Social Security numbers were exposed in a data breach, and offers credit monitoring."),
            )
        })
        .collect();
    // As ransomware.live's entries are told; and by name only, from several gangs.
    let tracked = |gang: &str, victim: &str, more: &str| {
        format!(
            "The ransomware group {gang} claims an attack on {victim}; a claim on its leak \
             site, not confirmed{more}.\nCountry: India\nAttack, as claimed: 2026-11-10\n"
        )
    };
    let entries: Vec<(String, String)> = victims
        .iter()
        .map(|victim| {
            (
                format!("Qilin claims an attack on {victim}"),
                tracked("Qilin", victim, ""),
            )
        })
        .collect();
    let gangs = [
        "Qilin", "Akira", "SafePay", "Play", "Clop", "LockBit", "Medusa",
    ];
    let named: Vec<(String, String)> = victims
        .iter()
        .zip(gangs)
        .map(|(victim, gang)| {
            let more = "; 300 GB of data will be published";
            ((*victim).to_owned(), tracked(gang, victim, more))
        })
        .collect();
    // One of the names is not found beside a law firm's: who has no victim is not told apart.
    let notices: Vec<(String, String)> = victims[1..]
        .iter()
        .map(|victim| {
            (
                format!("Morvik Tandel Investigates Claims in {victim} Data Breach"),
                format!("PITTSBURGH (GLOBE NEWSWIRE) -- {victim}, a provider of services, recently announced a cybersecurity incident in which names and Social Security numbers may have been accessed. Morvik Tandel is investigating."),
            )
        })
        .collect();
    for reports in [claims, letters, entries, named, notices] {
        let ids: Vec<String> = (0..reports.len()).map(|n| n.to_string()).collect();
        let reports: Vec<(&str, i64, &str, &str)> = reports
            .iter()
            .zip(&ids)
            .zip(0..)
            .map(|(((title, text), id), hour)| {
                (id.as_str(), hour * 60, title.as_str(), text.as_str())
            })
            .collect();
        let each: Vec<Option<usize>> = (0..reports.len()).map(Some).collect();
        assert_eq!(stories(&reports), each);
    }
}

#[test]
fn two_law_firms_notices_of_one_breach_are_one_story() {
    let told = stories(&[
        (
            "a",
            0,
            "Morvik Tandel Investigates Claims in Kelvani Dental Data Breach",
            "PITTSBURGH (GLOBE NEWSWIRE) -- Kelvani Dental, a dental provider in Ohio, recently announced a data breach. Names of 214,000 patients of Kelvani Dental may have been accessed.",
        ),
        (
            "b",
            300,
            "Kelvani Dental Data Breach Exposes Personal Information: Sorrel Law Firm Investigates Legal Claims",
            "OKLAHOMA CITY (GLOBE NEWSWIRE) -- Sorrel Law Firm is investigating claims on behalf of the 214,000 patients of Kelvani Dental, a dental provider in Ohio, whose names were stolen in the data breach.",
        ),
    ]);
    assert_eq!(told, [Some(0), Some(0)]);
}

#[test]
fn hindi_reports_are_told_apart_by_town_and_joined_by_it() {
    let told = stories(&[
        (
            "a",
            0,
            "अस्पताल के सर्वर पर रैनसमवेयर हमला, मरीजों का रिकॉर्ड बंद",
            "लखनऊ के एक निजी अस्पताल के सर्वर पर शुक्रवार रात रैनसमवेयर हमला हुआ। अस्पताल ने CERT-In को सूचना दी है।",
        ),
        (
            "b",
            60,
            "एम्स दिल्ली के सर्वर पर रैनसमवेयर हमला, मरीजों का डेटा चोरी",
            "दिल्ली के एम्स अस्पताल के सर्वर पर रैनसमवेयर हमला हुआ। CERT-In जांच कर रही है।",
        ),
        (
            "c",
            120,
            "लखनऊ: अस्पताल पर रैनसमवेयर हमले के बाद मरीजों का रिकॉर्ड लौटा",
            "लखनऊ के निजी अस्पताल के सर्वर पर शुक्रवार को हुए रैनसमवेयर हमले के बाद मरीजों का रिकॉर्ड लौट आया।",
        ),
        (
            "d",
            180,
            "जयपुर में साइबर ठगी: बुजुर्ग से 45 लाख रुपये ठगे",
            "जयपुर में डिजिटल अरेस्ट के नाम पर बुजुर्ग से 45 लाख रुपये की ठगी हुई। पुलिस ने मामला दर्ज किया है।",
        ),
        (
            "e",
            240,
            "इंदौर में साइबर ठगी: डॉक्टर से 12 लाख रुपये ठगे",
            "इंदौर में डिजिटल अरेस्ट के नाम पर डॉक्टर से 12 लाख रुपये की ठगी हुई। पुलिस ने मामला दर्ज किया है।",
        ),
    ]);
    assert_eq!(told, [Some(0), Some(1), Some(0), Some(2), Some(3)]);
}

#[test]
fn a_reworked_reprint_counts_once_and_says_so() {
    let text = "Zentrabank of Pune said on Monday that hackers stole names and account numbers of 250,000 customers from a server that a supplier had left open.";
    let context = Context::new(&[]);
    let first = article("a", 0, "Zentrabank confirms data breach", text);
    let second = article(
        "b",
        30,
        "Zentrabank confirms a data breach",
        &format!("PUNE: {text}"),
    );
    let analysis = understand(&second, &context);
    let known = Candidate {
        incident: open(1, &first),
        links: Vec::new(),
        members: vec![model::Member {
            item: first.id,
            at: first.effective(),
            print: understand(&first, &context).story_keys.print,
        }],
        apart: Vec::new(),
    };
    let placement = understand::place(&second, &analysis, &[known], &context);
    assert!(
        matches!(&placement, Placement::Joins { repeat_of: Some(of), because, .. }
            if *of == first.id && because.contains("reprint")),
        "{placement:?}"
    );
}

#[test]
fn short_texts_that_are_alike_stay_apart() {
    let first = article("a", 1, "Security bulletin", "");
    let candidate = Candidate {
        incident: open(1, &first),
        links: vec![Link::Text(first.id)],
        members: Vec::new(),
        apart: Vec::new(),
    };
    let second = understand(
        &article("b", 2, "Security bulletin", ""),
        &Context::new(&[]),
    );
    assert_eq!(place(&second, &[candidate]), Placement::Opens);
}

#[test]
fn one_cve_is_one_incident_and_a_round_up_none() {
    let first = article("a", 1, "Acme VPN flaw CVE-2026-1234", "Patch now.");
    let cve = CveId::new("CVE-2026-1234").unwrap();
    let candidate = Candidate {
        incident: open(1, &first),
        links: vec![Link::Cve(cve)],
        members: Vec::new(),
        apart: Vec::new(),
    };
    let context = Context::new(&[]);
    let second = understand(
        &article("b", 2, "Acme users hit", "Attackers use CVE-2026-1234."),
        &context,
    );
    assert!(matches!(
        place(&second, std::slice::from_ref(&candidate)),
        Placement::Joins {
            repeat_of: None,
            ..
        }
    ));
    let many: String = (0..9).map(|n| format!("CVE-2026-123{n} ")).collect();
    let round_up = understand(&article("b", 3, "Patch day", &many), &context);
    assert_eq!(place(&round_up, &[candidate]), Placement::Opens);
}

#[test]
fn the_strongest_link_wins_then_the_earliest_then_the_smallest() {
    let old = article("a", 1, "Acme VPN flaw CVE-2026-1234", STORY);
    let new = article("a", 9, "Acme VPN flaw CVE-2026-1234 again", STORY);
    let cve = Link::Cve(CveId::new("CVE-2026-1234").unwrap());
    let item = understand(
        &article("b", 10, "CVE-2026-1234", STORY),
        &Context::new(&[]),
    );
    let joined = |candidates: &[Candidate]| match place(&item, candidates) {
        Placement::Joins { incident, .. } => incident,
        Placement::Opens => panic!("opened"),
    };
    let by_cve = |number, item: &Item| Candidate {
        incident: open(number, item),
        links: vec![cve.clone()],
        members: Vec::new(),
        apart: Vec::new(),
    };
    let by_text = Candidate {
        incident: open(9, &new),
        links: vec![cve.clone(), Link::Text(new.id)],
        members: Vec::new(),
        apart: Vec::new(),
    };
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
        let weak = [by_cve(5, &old), by_cve(3, &old), by_cve(1, &new)];
        assert_eq!(joined(&order.map(|at| weak[at].clone())), id(3));
        let strong = [by_cve(5, &old), by_text.clone(), by_cve(1, &new)];
        assert_eq!(joined(&order.map(|at| strong[at].clone())), id(9));
    }
}

#[test]
fn an_edit_takes_the_voice_of_the_version_before() {
    let first = article(
        "a",
        1,
        "Acme Bank breached",
        "Hackers stole data of 12 million customers of Acme Bank, it confirmed.",
    );
    let incident = open(1, &first);
    assert_eq!(incident.band(), Severity::Critical);
    let mut edited = article(
        "a",
        1,
        "Acme Bank breached",
        "Hackers stole data of 12,000 customers of Acme Bank, it confirmed.",
    );
    edited.url.clone_from(&first.url);
    let analysis = understand(&edited, &Context::new(&[]));
    let placement = place(
        &analysis,
        &[Candidate {
            incident: incident.clone(),
            links: vec![Link::Edit(first.id)],
            members: Vec::new(),
            apart: Vec::new(),
        }],
    );
    let after = fold(
        Some(&incident),
        incident.id,
        &edited,
        &analysis,
        &placement,
        &[],
    );
    assert_eq!(
        (after.band(), after.items, after.voices.len()),
        (Severity::Medium, 1, 1)
    );
    assert!(after.summary.contains("12,000"));
}

#[test]
fn a_second_reporter_corroborates_and_aftermath_does_not_lower() {
    let first = article(
        "a",
        1,
        "Hackers claim breach of Acme Bank",
        "Hackers claim to have stolen data of Acme Bank in Pune.",
    );
    let claimed = open(1, &first);
    assert_eq!(claimed.claim, ClaimStatus::Claimed);
    let second = article(
        "b",
        2,
        "Acme Bank hit by cyberattack",
        "A cyberattack hit Acme Bank, and data of 300,000 customers is online.",
    );
    let reported = join(&claimed, &second, None, &[]);
    assert_eq!(
        (reported.claim, reported.band(), reported.items),
        (ClaimStatus::Reported, Severity::High, 2)
    );
    let third = article(
        "e",
        3,
        "Customers of Acme Bank find their data online",
        "Customers of Acme Bank in Pune found their data online after a cyberattack.",
    );
    let reported = join(&reported, &third, None, &[]);
    assert_eq!(reported.claim, ClaimStatus::Corroborated);
    let lawsuit = article(
        "c",
        3,
        "Acme Bank sued over data breach",
        "A lawsuit was filed against Acme Bank over the data breach.",
    );
    let later = join(&reported, &lawsuit, None, &[]);
    assert_eq!(later.band(), Severity::High);
    let confirmed = join(
        &later,
        &article("d", 4, "Acme Bank confirms data breach", STORY),
        None,
        &[],
    );
    assert_eq!(confirmed.claim, ClaimStatus::Confirmed);
    assert_eq!(confirmed.title, claimed.title);
    assert_eq!(
        (confirmed.first_seen, confirmed.last_seen),
        (
            first.effective(),
            first.effective() + jiff::Span::new().minutes(3)
        )
    );
}

fn listed(cve: &str) -> Statement {
    let mut statement = Statement::new(CveId::new(cve).unwrap(), SourceId::new("kev").unwrap());
    statement.description = Some("Acme VPN contains a path traversal flaw.".to_owned());
    statement.exploitation = Some(Exploitation {
        name: None,
        added: None,
        due: None,
        action: None,
        ransomware: true,
    });
    statement
}

#[test]
fn a_cve_record_opens_and_an_article_tells_it_better() {
    let statement = listed("CVE-2026-1234");
    let vulnerability = Vulnerability::fuse(std::slice::from_ref(&statement)).unwrap();
    let record = statement.to_item(Timestamp::UNIX_EPOCH);
    assert_eq!(record.kind, ItemKind::CveRecord);
    let analysis = understand(&record, &Context::new(&[]));
    let incident = fold(
        None,
        id(1),
        &record,
        &analysis,
        &Placement::Opens,
        std::slice::from_ref(&vulnerability),
    );
    let told_first = told(&incident);
    let news = article(
        "a",
        1,
        "Acme VPN gateways under attack",
        "Gateways are attacked through CVE-2026-1234, the maker of them says today.",
    );
    let after = join(&incident, &news, None, &[vulnerability]);
    expect![[r#"
        r1 CVE-2026-1234: Acme VPN contains a path traversal flaw (kev) 9.0 reported items 1 exploited true kev true | Acme VPN contains a path traversal flaw. Known to be used in ransomware campaigns.
        r2 Acme VPN gateways under attack (kev a) 9.0 corroborated items 2 exploited true kev true | Gateways are attacked through CVE-2026-1234, the maker of them says today."#]].assert_eq(&format!("{told_first}\n{}", told(&after)));
}

#[test]
fn kev_comes_from_the_catalogue_alone_and_exploitation_also_from_the_text() {
    let said = open(
        1,
        &article(
            "a",
            1,
            "Acme flaw CVE-2026-1234 actively exploited",
            "It is listed in KEV.",
        ),
    );
    assert!(said.exploited && !said.kev);
    let denied = open(
        1,
        &article(
            "a",
            1,
            "Acme flaw CVE-2026-1234",
            "There is no evidence that it is actively exploited.",
        ),
    );
    assert!(!denied.exploited);
    let other = Vulnerability::fuse(&[listed("CVE-2026-9999")]).unwrap();
    let unmoved = join(
        &denied,
        &article("b", 2, "CVE-2026-1234 patch", "Out now."),
        None,
        &[other],
    );
    assert!(!unmoved.kev && !unmoved.exploited);
}

#[test]
fn what_cisa_finds_exploited_by_ssvc_is_exploited_and_not_kev() {
    let mut statement = Statement::new(
        CveId::new("CVE-2026-1234").unwrap(),
        SourceId::new("cve-list").unwrap(),
    );
    statement.ssvc = Some(model::Ssvc::new(
        model::SsvcExploitation::Active,
        Some(true),
        Some(model::TechnicalImpact::Total),
        model::Sayer::CisaAdp,
        None,
    ));
    let known = Vulnerability::fuse(&[statement]).unwrap();
    let quiet = open(1, &article("a", 1, "Acme flaw CVE-2026-1234", "Out now."));
    assert!(!quiet.exploited);
    let found = join(
        &quiet,
        &article("b", 2, "CVE-2026-1234 patch", "Out now."),
        None,
        &[known],
    );
    assert!(found.exploited && !found.kev);
}

#[test]
fn an_incident_is_never_nameless_and_its_lists_are_bounded() {
    let empty = open(1, &article("a", 1, "", ""));
    assert_eq!(empty.title, "https://a.example.com/1");
    let untitled = open(1, &article("a", 1, "", STORY));
    assert!(
        untitled.title.starts_with("Acme Bank of Pune confirmed") && !untitled.summary.is_empty()
    );
    let mut incident = open(1, &article("a", 1, "Acme Bank breached", STORY));
    for minute in 2..40 {
        incident = join(
            &incident,
            &article(&format!("s{minute}"), minute, "Acme Bank breached", STORY),
            None,
            &[],
        );
    }
    assert_eq!(incident.voices.len(), Incident::MAX_VOICES);
    assert_eq!((incident.items, incident.revision), (39, 39));
    assert!(incident.reasons.len() <= 12);
}

#[test]
fn a_scored_record_is_not_outvoted_by_our_reading_of_its_text() {
    let mut statement = Statement::new(
        CveId::new("CVE-2026-1234").unwrap(),
        SourceId::new("nvd").unwrap(),
    );
    statement.description = Some("Remote code execution in Acme VPN.".to_owned());
    let record = statement.to_item(Timestamp::UNIX_EPOCH);
    let analysis = understand(&record, &Context::new(&[]));
    let unscored = Vulnerability::fuse(std::slice::from_ref(&statement)).unwrap();
    let guessed = fold(
        None,
        id(1),
        &record,
        &analysis,
        &Placement::Opens,
        &[unscored],
    );
    assert_eq!(guessed.band(), Severity::Critical);
    statement.scores.push(model::Score {
        sayer: model::Sayer::Nvd,
        version: model::ScoreVersion::V31,
        vector: None,
        base: 5.5,
    });
    let scored = Vulnerability::fuse(&[statement]).unwrap();
    let said = fold(
        None,
        id(1),
        &record,
        &analysis,
        &Placement::Opens,
        &[scored],
    );
    assert_eq!((said.severity.score, said.voices.len()), (5.5, 1));
    assert_eq!(said.voices[0].origin, "CVE-2026-1234");
}

#[test]
fn a_record_that_confirms_the_score_a_text_names_gives_the_reason() {
    let scored = |base: f32| {
        let mut statement = Statement::new(
            CveId::new("CVE-2026-1234").unwrap(),
            SourceId::new("nvd").unwrap(),
        );
        statement.scores.push(model::Score {
            sayer: model::Sayer::Nvd,
            version: model::ScoreVersion::V31,
            vector: None,
            base,
        });
        statement
    };
    let news = article(
        "a",
        1,
        "Acme VPN flaw CVE-2026-1234",
        "The flaw has a CVSS score of 9.8, says Acme.",
    );
    let reason_beside = |statements: &[Statement]| {
        let known = Vulnerability::fuse(statements);
        let known: Vec<Vulnerability> = known.into_iter().collect();
        let again = article("b", 2, "CVE-2026-1234 patch", "Out now.");
        let severity = join(&open(1, &news), &again, None, &known).severity;
        format!("{:.1} {}", severity.score, severity.reason.text)
    };
    let told = [
        reason_beside(&[]),
        reason_beside(&[scored(9.8)]),
        reason_beside(&[scored(9.1)]),
        // Another band is another opinion, and the higher one holds.
        reason_beside(&[scored(8.1)]),
        reason_beside(&[scored(9.8), listed("CVE-2026-1234")]),
    ];
    expect![[r#"
        9.8 the text names a CVSS score of 9.8
        9.8 CVSS 3.1 9.8 by NVD
        9.1 CVSS 3.1 9.1 by NVD
        9.8 the text names a CVSS score of 9.8
        9.8 known to be exploited (CISA KEV), also by ransomware; CVSS 3.1 9.8 by NVD"#]]
    .assert_eq(&told.join("\n"));
}

#[test]
fn of_two_stories_that_people_keep_apart_the_words_decide() {
    let context = Context::new(&[]);
    let acme = article(
        "a",
        0,
        "Acme hospital of Kochi halts surgery after VPN break-in through CVE-2026-1234",
        "Surgeons at the Acme hospital in Kochi went back to paper on Monday after the break-in.",
    );
    let dairy = article(
        "b",
        1,
        "Bolt dairy of Pune stops milk trucks after attack through CVE-2026-1234",
        "Milk trucks of the Bolt dairy stood still in Pune while engineers restored its servers.",
    );
    let news = article(
        "c",
        2,
        "Milk trucks of Bolt dairy roll again in Pune after attack through CVE-2026-1234",
        "The Bolt dairy restored its servers, and milk trucks left its yard in Pune again.",
    );
    let candidate = |number: u128, item: &Item, apart: Vec<IncidentId>| {
        let analysis = understand(item, &context);
        Candidate {
            incident: open(number, item),
            links: vec![Link::Cve("CVE-2026-1234".parse().unwrap())],
            members: vec![model::Member {
                item: item.id,
                at: item.effective(),
                print: analysis.story_keys.print,
            }],
            apart,
        }
    };
    let analysis = understand(&news, &context);
    let joined = |candidates: &[Candidate]| match understand::place(
        &news, &analysis, candidates, &context,
    ) {
        Placement::Joins { incident, .. } => Some(incident),
        Placement::Opens => None,
    };
    let dairys = candidate(2, &dairy, Vec::new());
    // Nobody said anything: the earliest story of the CVE.
    let together = [candidate(1, &acme, Vec::new()), dairys.clone()];
    assert_eq!(joined(&together), Some(id(1)));
    let apart = [candidate(1, &acme, vec![id(2)]), dairys];
    assert_eq!(joined(&apart), Some(id(2)));
}

#[test]
fn what_people_said_counts_more_than_what_is_shared() {
    let item = article("a", 1, "Acme Bank breached", STORY);
    let said = Candidate {
        incident: open(2, &article("b", 5, "Bolt Bank breached", "")),
        links: vec![Link::Said],
        members: Vec::new(),
        apart: Vec::new(),
    };
    let same = Candidate {
        incident: open(1, &item),
        links: vec![Link::Text(item.id)],
        members: Vec::new(),
        apart: Vec::new(),
    };
    let analysis = understand(&item, &Context::new(&[]));
    assert_eq!(
        place(&analysis, &[same, said]),
        Placement::Joins {
            incident: id(2),
            because: "people said that it belongs here".to_owned(),
            repeat_of: None,
        }
    );
}

#[test]
fn what_is_named_is_counted_by_items_and_bounded() {
    let text = "Attackers of LockBit used CVE-2026-1234 in FortiOS, said CERT-In.";
    let first = article("a", 1, "Acme breached by LockBit", text);
    let opened = open(1, &first);
    let second = article("b", 2, "LockBit hits Acme again", text);
    let joined = join(&opened, &second, None, &[]);
    let named = |incident: &Incident| -> u32 {
        let entities = incident.entities.iter();
        let lockbit = entities.filter(|entity| entity.name.starts_with("LockBit"));
        // One item counts it once, whatever it calls it in which place.
        lockbit.map(|entity| entity.count).sum()
    };
    assert_eq!((named(&opened), named(&joined)), (1, 2));
    // A reprint names nothing once more.
    let reprint = article("c", 3, "LockBit hits Acme again", text);
    assert_eq!(named(&join(&joined, &reprint, Some(second.id), &[])), 2);
    // Traces by the hundred crowd out no name.
    let traces: Vec<String> = (0..250).map(|n| format!("198.51.100.{n}")).collect();
    let report = article("d", 4, "Indicators of LockBit", &traces.join(" and "));
    let full = join(&joined, &report, None, &[]);
    assert_eq!(full.entities.len(), Incident::MAX_ENTITIES);
    assert_eq!(named(&full), 3);
}

#[test]
fn an_incident_remembers_the_scores_it_was_told_with() {
    let item = article(
        "a",
        1,
        "CVE-2026-1234 in FortiOS",
        "CVE-2026-1234 is exploited.",
    );
    let opened = open(1, &item);
    assert_eq!((opened.epss, opened.cvss), (None, None));
    let mut scored = listed("CVE-2026-1234");
    scored.epss = model::Epss::new(0.9, 0.9, None, None);
    let known: Vec<Vulnerability> = Vulnerability::fuse(&[scored]).into_iter().collect();
    let more = article(
        "b",
        2,
        "CVE-2026-1234 in FortiOS again",
        "CVE-2026-1234 is exploited.",
    );
    assert_eq!(join(&opened, &more, None, &known).epss, Some(0.9));
}

#[test]
fn how_firm_it_is_follows_who_denies_and_confirms_what() {
    use ClaimStatus::{Claimed, Confirmed, Denied, Reported};
    for (wanted, title, text) in [
        (
            Confirmed,
            "Acme Cements confirms breach, denies paying ransom",
            "Acme Cements confirmed the breach but denied that it paid a ransom.",
        ),
        (
            Reported,
            "Accused denies hacking Acme Cements",
            "The accused in the Acme Cements hacking case denied the charges in court.",
        ),
        (
            Reported,
            "Man denies terrorist offences linked to police data breach",
            "",
        ),
        (Reported, "China denies hacking Acme Cements", ""),
        (Denied, "Acme Cements denies hacking claims", ""),
        (
            Denied,
            "Acme Cements denies data breach",
            "Acme Cements denied that its data was breached.",
        ),
        (
            Denied,
            "Acme Cements rubbishes hacking claim",
            "Acme Cements rubbished claims that it was hacked, calling them false.",
        ),
        (
            Confirmed,
            "Acme Cements says it was hit by ransomware",
            "Acme Cements said on Monday it was hit by ransomware.",
        ),
        (
            Confirmed,
            "Production stops at Acme Cements",
            "Acme Cements, a maker of cement, said that its systems were attacked on Sunday.",
        ),
        (
            Claimed,
            "Acme Cements yet to confirm ransomware attack",
            "Acme Cements has not confirmed the ransomware attack claimed by BlackSuit.",
        ),
        (
            Reported,
            "Researchers confirm Acme Cements data is on sale",
            "Researchers confirmed that the data for sale matches customers of Acme Cements.",
        ),
        (
            Denied,
            "एक्मे सीमेंट्स ने डेटा लीक से इनकार किया",
            "एक्मे सीमेंट्स ने डेटा लीक की खबरों का खंडन किया।",
        ),
    ] {
        assert_eq!(
            open(1, &article("a", 1, title, text)).claim,
            wanted,
            "{title}"
        );
    }
}

#[test]
fn a_shortened_copy_under_a_headline_of_its_own_counts_once() {
    let lead = "Hackers have stolen the personal data of 2 lakh students of Zorvex University, \
        officials said on Sunday. The stolen data includes names, addresses, phone numbers and \
        examination results of students who enrolled between 2019 and 2025. The university has \
        lodged a complaint with the cyber cell of the state police, which has begun an \
        investigation.";
    let rest = "Vice chancellor Meera Joshi said the intrusion was noticed on Friday night when \
        the results portal slowed down. Engineers found that a service account had been used from \
        an address abroad. The portal was taken offline within an hour.";
    let reports = [
        (
            "agency",
            "Hackers steal data of 2 lakh students from Zorvex University",
            format!("Bhopal, Nov 15 (ABC) {lead} {rest}"),
        ),
        (
            "tribune",
            "Data of 2 lakh Zorvex University students stolen by hackers",
            format!("{lead} (This story has not been edited by our staff.)"),
        ),
        (
            "portal",
            "Zorvex University: data of 2 lakh students stolen",
            format!(
                "{} {rest} Also read: Ten tips for safe passwords.",
                lead.replace("on Sunday", "")
                    .replace("phone numbers and ", "")
            ),
        ),
        (
            "herald",
            "Inside the Zorvex University hack: how the intruders got in",
            "The intruders who took records of two lakh students from Zorvex University came \
             through a forgotten test server, three engineers told the Herald. The machine had \
             not been patched since 2022."
                .to_owned(),
        ),
    ];
    let context = Context::new(&[]);
    let mut members: Vec<model::Member> = Vec::new();
    let mut incident: Option<Incident> = None;
    let mut counts = Vec::new();
    for (minute, (outlet, title, text)) in reports.iter().enumerate() {
        let item = article(outlet, i64::try_from(minute).unwrap(), title, text);
        let analysis = understand(&item, &context);
        let placement = incident.as_ref().map_or(Placement::Opens, |incident| {
            let candidate = Candidate {
                incident: incident.clone(),
                links: Vec::new(),
                members: members.clone(),
                apart: Vec::new(),
            };
            understand::place(&item, &analysis, &[candidate], &context)
        });
        let repeats = match &placement {
            Placement::Joins { repeat_of, .. } => repeat_of.is_some(),
            Placement::Opens => false,
        };
        let after = fold(incident.as_ref(), id(1), &item, &analysis, &placement, &[]);
        counts.push((after.items, after.publishers.len(), after.claim));
        incident = Some(after);
        if !repeats {
            members.push(model::Member {
                item: item.id,
                at: item.effective(),
                print: analysis.story_keys.print.clone(),
            });
        }
    }
    use ClaimStatus::{Corroborated, Reported};
    assert_eq!(
        counts,
        [
            (1, 1, Reported),
            (1, 1, Reported),
            (1, 1, Reported),
            (2, 2, Corroborated)
        ]
    );
}

#[test]
fn parts_of_one_site_are_one_publisher() {
    let mut first = article("a", 1, "Acme Bank breached", STORY);
    first.url = Some("https://news.same.example/1".to_owned());
    let mut second = article("b", 2, "Acme Bank breached, again told", STORY);
    second.url = Some("https://m.same.example/2".to_owned());
    let after = join(&open(1, &first), &second, None, &[]);
    assert_eq!(after.publishers, ["same.example"]);
}

#[test]
fn a_claim_is_no_firmer_for_being_repeated() {
    let leak = |url: &str| {
        let mut item = article(
            "tracker",
            1,
            "Acme Bank listed by Qilin",
            "The ransomware group Qilin writes of Acme Bank in Pune: 300 GB of data.",
        );
        item.url = Some(url.to_owned());
        item
    };
    for url in [
        "https://www.ransomware.live/id/1",
        "http://qilinsite.onion/acme",
    ] {
        let claimed = open(1, &leak(url));
        assert_eq!(
            (claimed.claim, claimed.publishers.len()),
            (ClaimStatus::Claimed, 0),
            "{url}"
        );
        let repeated = join(
            &claimed,
            &article(
                "a",
                2,
                "Qilin claims attack on Acme Bank",
                "Qilin says it holds data of the bank.",
            ),
            None,
            &[],
        );
        assert_eq!(repeated.claim, ClaimStatus::Claimed);
        let again = join(
            &repeated,
            &article(
                "b",
                3,
                "Acme Bank named by Qilin ransomware gang",
                "Qilin lists the bank among its victims.",
            ),
            None,
            &[],
        );
        assert_eq!(
            (again.claim, again.publishers.len()),
            (ClaimStatus::Claimed, 2)
        );
        let reported = join(
            &again,
            &article(
                "c",
                4,
                "Branches of Acme Bank closed",
                "Branches are closed after a cyberattack, staff told us.",
            ),
            None,
            &[],
        );
        assert_eq!(reported.claim, ClaimStatus::Reported);
    }
    let mut post = article(
        "social",
        1,
        "",
        "We have Acme Bank. 300 GB. Qilin ransomware.",
    );
    post.kind = ItemKind::Post;
    post.author = Some("Qilin".to_owned());
    assert_eq!(open(1, &post).claim, ClaimStatus::Claimed);

    // Reports count though the tracker's entry came from the same source.
    let mut before = open(1, &leak("https://www.ransomware.live/id/1"));
    for (site, minute, text) in [
        (
            "herald",
            2,
            "Acme Bank closed its branches after a cyberattack, staff told us.",
        ),
        (
            "tribune",
            3,
            "Counters of Acme Bank stand still since an attack encrypted its servers.",
        ),
    ] {
        let mut item = article("tracker", minute, "Branches of Acme Bank closed", text);
        item.url = Some(format!("https://{site}.example/{minute}"));
        before = join(&before, &item, None, &[]);
    }
    assert_eq!(before.claim, ClaimStatus::Corroborated);
    assert_eq!(before.publishers, ["herald.example", "tribune.example"]);
}

#[test]
fn a_gangs_own_words_in_a_channel_corroborate_nothing() {
    let post = |minute: i64, url: &str, text: &str| {
        let mut item = article("file", minute, "", text);
        item.url = Some(url.to_owned());
        item
    };
    let claims = [
        (
            "https://t.me/s/blackcellar/12",
            "We have breached Acme Bank. 40 GB of its data will be published on Friday.",
        ),
        (
            "https://t.me/qilin/7",
            "Acme Bank joins the list of Qilin. Qilin ransomware did it.",
        ),
    ];
    let text = "Hackers took data of the bank on Monday.";
    let report = article("herald", 0, "Acme Bank breached", text);
    for (url, text) in claims {
        let claimed = open(1, &post(0, url, text));
        assert_eq!(
            (claimed.claim, claimed.publishers.len()),
            (ClaimStatus::Claimed, 0),
            "{url}"
        );
        let reported = join(&open(1, &report), &post(1, url, text), None, &[]);
        assert_eq!(
            (reported.claim, reported.publishers.len()),
            (ClaimStatus::Reported, 1),
            "{url}"
        );
    }
    // A channel of news is a publisher, and each channel is one.
    let told = "Acme Bank was breached on Monday, the regulator says.";
    let mut incident = open(1, &post(0, "https://t.me/heraldnews/3", told));
    assert_eq!(incident.publishers, ["t.me/heraldnews"]);
    incident = join(
        &incident,
        &post(
            1,
            "https://t.me/gazette/9",
            "Breach at Acme Bank, Gazette learns.",
        ),
        None,
        &[],
    );
    assert_eq!(incident.claim, ClaimStatus::Corroborated);
    assert_eq!(incident.publishers, ["t.me/heraldnews", "t.me/gazette"]);
}
