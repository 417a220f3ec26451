//! Written texts and what is understood of them.

use std::fmt::Write;
use std::path::Path;

use expect_test::{Expect, expect};
use model::item::Stated;
use model::{
    Analysis, Aspect, Country, EntityKind, IncidentType, Item, ItemKind, RelevanceLabel, Role,
    Sector, Severity,
};
use understand::{Context, understand};

use crate::article;

fn told(analysis: &Analysis) -> String {
    let mut out = String::new();
    let types: Vec<&str> = analysis
        .types
        .iter()
        .map(|tagged| tagged.label.as_str())
        .collect();
    let sectors: Vec<&str> = analysis
        .sectors
        .iter()
        .map(|tagged| tagged.label.as_str())
        .collect();
    let countries: Vec<&str> = analysis
        .region
        .countries
        .iter()
        .map(Country::as_str)
        .collect();
    let entities: Vec<String> = analysis
        .entities
        .iter()
        .map(|e| format!("{:?} {}", e.kind, e.name))
        .collect();
    let cves: Vec<&str> = analysis
        .story_keys
        .cves
        .iter()
        .map(model::CveId::as_str)
        .collect();
    let _ = writeln!(
        out,
        "{:?} {}",
        analysis.relevance.label,
        analysis.language.as_deref().unwrap_or("-")
    );
    let _ = writeln!(out, "types {}", types.join(" "));
    let _ = writeln!(
        out,
        "severity {} {:.1}: {}",
        analysis.severity.severity, analysis.severity.score, analysis.severity.reason.text
    );
    let _ = writeln!(
        out,
        "region {} / {}",
        countries.join(" "),
        analysis.region.states.join(" ")
    );
    let _ = writeln!(out, "sectors {}", sectors.join(" "));
    let _ = writeln!(out, "about {}", cves.join(" "));
    let _ = write!(out, "entities {}", entities.join(", "));
    out
}

fn check(fixture: &str, wanted: &Expect) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(fixture);
    let raw = std::fs::read_to_string(path).unwrap();
    let (title, text) = raw.split_once('\n').unwrap();
    let analysis = understand(&article("outlet", 0, title, text), &Context::new(&[]));
    for aspect in [Aspect::Relevance, Aspect::Severity] {
        assert!(
            analysis.reasons_for(aspect).next().is_some(),
            "{aspect:?} has no reason"
        );
    }
    wanted.assert_eq(&told(&analysis));
}

#[test]
fn a_hospital_is_hit() {
    check(
        "hospital-ransomware.html",
        &expect![[r#"
            Incident eng
            types ransomware
            severity high 7.8: mostly by “3.2 lakh patients”: people or records; “government”: a public body, Government
            region IN / UP
            sectors health
            about 
            entities Place Lucknow, Organisation Computer Emergency Response Team, Organisation CERT-In"#]],
    );
}

#[test]
fn a_flaw_is_exploited() {
    check(
        "exploited-flaw.html",
        &expect![[r#"
        ThreatInfo eng
        types vuln_exploit
        severity critical 9.8: the text names a CVSS score of 9.8
        region  / 
        sectors 
        about CVE-2026-1234
        entities Cve CVE-2026-1234, Ip 203.0.113.9, Url https://update-acme.top/a.bin, Sha256 5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9, Cve CVE-2026-1200"#]],
    );
}

#[test]
fn a_patch_day_is_about_no_single_flaw() {
    check(
        "patch-day.html",
        &expect![[r#"
            ThreatInfo eng
            types vuln_exploit
            severity medium 5.2: mostly by “Patch”: Vulnerability; “zero-days”: a zero-day
            region  / 
            sectors 
            about 
            entities Cve CVE-2026-2001, Cve CVE-2026-2002, Cve CVE-2026-2003, Cve CVE-2026-2004, Cve CVE-2026-2005, Cve CVE-2026-2006"#]],
    );
}

#[test]
fn a_hindi_report_is_read() {
    check(
        "hindi-fraud.html",
        &expect![[r#"
            Incident hin
            types phishing_fraud
            severity medium 5.0: a loss of ₹45 लाख
            region IN / UP
            sectors 
            about 
            entities Place नोएडा"#]],
    );
}

#[test]
fn an_unproven_claim_stays_medium() {
    check(
        "leak-claim.html",
        &expect![[r#"
            Incident eng
            types ransomware data_breach
            severity medium 6.9: an unproven claim: “claim to have”
            region CA / 
            sectors telecom
            about 
            entities Organisation Northwind"#]],
    );
}

#[test]
fn a_lawsuit_is_aftermath() {
    check(
        "lawsuit.html",
        &expect![[r#"
            Incident eng
            types data_breach
            severity low 2.4: mostly by “sued”: aftermath, legal follow-up; “Attorneys”: a law firm's notice
            region CA / 
            sectors telecom
            about 
            entities Organisation Northwind Telecom, Place Toronto"#]],
    );
}

#[test]
fn kitchen_hacks_are_no_threat() {
    check(
        "life-hacks.html",
        &expect![[r#"
        Irrelevant eng
        types 
        severity low 1.0: not a matter of security
        region  / 
        sectors 
        about 
        entities "#]],
    );
}

#[test]
fn attackers_are_not_where_it_happened() {
    check(
        "attackers-abroad.html",
        &expect![[r#"
            Incident eng
            types apt_espionage
            severity high 7.4: mostly by “Chinese hackers”: a state behind it, Espionage; “ministry”: a vital victim, a public body
            region NO / 
            sectors government
            about 
            entities Place China, Place Oslo"#]],
    );
}

#[test]
fn a_denial_is_read_as_one() {
    check(
        "quiet-denial.html",
        &expect![[r#"
            Incident eng
            types data_breach
            severity medium 4.7: mostly by “denies data breach”: an incident; “Bank”: Banking and finance
            region GB / 
            sectors banking
            about 
            entities Organisation Riverside Bank of Manchester"#]],
    );
}

/// Whether India is affected by a headline.
fn india(title: &str) -> bool {
    understand(&article("outlet", 0, title, ""), &Context::new(&[]))
        .region
        .is_india()
}

#[test]
fn india_is_found_without_its_name() {
    for title in [
        "CERT-In warns of WhatsApp account hijacking",
        "Cyber fraudsters dupe Thane man of ₹23.5 lakh",
        "UIDAI denies Aadhaar data leak",
        "WazirX hacked, crypto stolen",
        "बिहार में साइबर ठगी का मामला",
        "Private firm in Bengaluru hit by ransomware",
        "INDIA TOPS MALWARE CHART",
        "Hyderabad police warn of UPI fraud",
        "India denies data breach of vaccine portal",
        "Firm based in India hit by ransomware",
        "Star Health hacker claims insider sold data",
        "Hackers of BigBasket leak customers",
        "साइबर ठगों ने बुजुर्ग से 50 लाख ठगे",
    ] {
        assert!(india(title), "{title}");
    }
}

#[test]
fn india_is_not_affected_by_its_attackers_and_namesakes() {
    for title in [
        "Native American Indian tribe hit by ransomware",
        "Indian hackers breach Nepali ministry",
        "Data breach at Indian Health Service clinic in Arizona",
        "Indian-owned steelmaker in Wales hit by cyber attack",
        "Two arrested in India for tech support scam on Americans",
        "Winston-Salem hit by cyber attack",
        "Salem schools close after ransomware attack",
        "Hackers leak data of hospital in Hyderabad, Pakistan",
        "Indiana county pays ransom",
        "Tata-owned Jaguar Land Rover halts production",
        "Jaguar Land Rover restarts production, parent Tata Motors says",
        "US charges Indian national over hack of exchange",
        "Scammers from Kolkata call centre defrauded Americans, FBI says",
        "Karnataka-born hacker jailed in London",
        "Surat Thani hospital in Thailand hit by ransomware",
        "अमेरिका में अस्पताल पर रैनसमवेयर हमला, मरीजों का डेटा चोरी",
    ] {
        assert!(!india(title), "{title}");
    }
}

#[test]
fn what_the_publisher_states_counts_first() {
    let mut item = article("outlet", 0, "Note on the portal", "It was slow today.");
    item.stated = Stated {
        types: vec![IncidentType::Ddos],
        severity: Some(Severity::High),
        countries: vec!["NP".parse().unwrap()],
    };
    let analysis = understand(&item, &Context::new(&[]));
    assert!(analysis.relevance.is_relevant());
    assert_eq!(
        analysis
            .types
            .first()
            .map(|tagged| (tagged.label, tagged.confidence)),
        Some((IncidentType::Ddos, 1.0))
    );
    assert_eq!(analysis.severity.severity, Severity::High);
    assert_eq!(analysis.severity.reason.text, "the publisher says so");
    assert_eq!(
        analysis
            .region
            .countries
            .iter()
            .map(Country::as_str)
            .collect::<Vec<_>>(),
        ["NP"]
    );
}

#[test]
fn a_note_of_a_person_is_always_relevant() {
    let item = Item {
        kind: ItemKind::Note,
        ..article("desk", 0, "Portal looks odd", "")
    };
    let analysis = understand(&item, &Context::new(&[]));
    assert_eq!(analysis.relevance.label, RelevanceLabel::Incident);
    assert!(
        analysis
            .reasons
            .iter()
            .any(|reason| reason.text == "a person entered it")
    );
}

#[test]
fn a_keyword_decides_relevance() {
    let context = Context::new(&["Ten kitchen".to_owned(), "Garlic".to_owned()]);
    let analysis = understand(
        &article("outlet", 0, "Ten kitchen hacks", "with gárlic"),
        &context,
    );
    assert!(analysis.relevance.is_relevant());
    assert_eq!(analysis.keywords, ["Ten kitchen", "Garlic"]);
    assert!(analysis.reasons[0].text.contains("your keyword"));
}

#[test]
fn own_domains_are_no_indicators() {
    let text = "Traffic from bad-host.xyz to portal.mybank.in";
    let with = Context::with(&[], &["mybank.in".to_owned()]);
    let names = |context: &Context| -> Vec<String> {
        understand(&article("outlet", 0, "", text), context)
            .entities
            .into_iter()
            .map(|e| e.name)
            .collect()
    };
    assert_eq!(names(&with), ["bad-host.xyz"]);
    assert_eq!(
        names(&Context::new(&[])),
        ["bad-host.xyz", "portal.mybank.in"]
    );
}

#[test]
fn the_same_words_in_another_dress_have_the_same_hash() {
    let one = understand(
        &article("a", 0, "Acme hacked", "<p>Acme was <b>hacked</b>.</p>"),
        &Context::new(&[]),
    );
    let two = understand(
        &article("b", 1, "ACME  hacked!", "Acme was hacked"),
        &Context::new(&[]),
    );
    let other = understand(
        &article("b", 1, "Acme hacked", "Acme was hacked again"),
        &Context::new(&[]),
    );
    assert_eq!(one.story_keys.content_hash, two.story_keys.content_hash);
    assert_ne!(one.story_keys.content_hash, other.story_keys.content_hash);
}

#[test]
fn many_languages_and_nothing_at_all_are_read() {
    for text in [
        "",
        " ",
        "\u{0}",
        "ራንሰምዌር ጥቃት",
        "هجوم إلكتروني على البنك",
        "حمله سایبری به بیمارستان",
        "サイバー攻撃で病院が停止",
        "勒索软件攻击医院",
        "랜섬웨어 공격",
        "Кибератака на больницу",
        "Кібератака на лікарню",
        "হাসপাতালে সাইবার হামলা",
        "மருத்துவமனை மீது சைபர் தாக்குதல்",
        "ఆసుపత్రిపై సైబర్ దాడి",
        "ಆಸ್ಪತ್ರೆ ಮೇಲೆ ಸೈಬರ್ ದಾಳಿ",
        "ആശുപത്രിക്ക് നേരെ സൈബർ ആക്രമണം",
        "ਹਸਪਤਾਲ 'ਤੇ ਸਾਈਬਰ ਹਮਲਾ",
        "હોસ્પિટલ પર સાયબર હુમલો",
        "ଡାକ୍ତରଖାନା ଉପରେ ସାଇବର ଆକ୍ରମଣ",
        "රෝහලට සයිබර් ප්‍රහාරයක්",
        "ရန်ဆမ်ဝဲ တိုက်ခိုက်မှု",
        "การโจมตีทางไซเบอร์",
        "ການໂຈມຕີທາງໄຊເບີ",
        "การ",
        "កុំព្យូទ័រ",
        "Tấn công mạng bệnh viện",
        "Serangan siber",
        "Siber saldırı İstanbul",
        "Κυβερνοεπίθεση",
        "התקפת סייבר",
        "კიბერშეტევა",
        "Կիբերհարձակում",
        "Kibertámadás",
        "Küberrünnak",
        "Kyberútok",
        "Cyberangriff auf Krankenhaus",
        "Cyberattaque contre un hôpital",
        "Ciberataque a un hospital",
        "Attacco informatico",
        "Atac cibernetic",
        "Kyberhyökkäys",
        "Tölvuárás",
        "སྨན་ཁང",
        "ᠮᠣᠩᠭᠣᠯ",
        "𝔥𝔞𝔠𝔨𝔢𝔡 𝓭𝓪𝓽𝓪",
        "\u{202e}dekcah\u{202c}",
    ] {
        let analysis = understand(
            &article("outlet", 0, text, text),
            &Context::new(&["hacked data".to_owned()]),
        );
        assert_eq!(
            analysis.keywords.len(),
            usize::from(text.starts_with('𝔥')),
            "{text}"
        );
    }
}

#[test]
fn hindi_news_says_its_kind() {
    let item = article(
        "outlet",
        0,
        "अस्पताल के सर्वर पर रैनसमवेयर हमला, मरीजों का रिकॉर्ड बंद",
        "लखनऊ के एक अस्पताल के सर्वर पर रैनसमवेयर हमला हुआ। मरीजों का रिकॉर्ड बंद है।",
    );
    let analysis = understand(&item, &Context::new(&[]));
    let kinds: Vec<_> = analysis.types.iter().map(|tagged| tagged.label).collect();
    assert_eq!(kinds, [model::IncidentType::Ransomware]);
}

/// The band and the deciding reason.
fn severity(title: &str, text: &str) -> String {
    let analysis = understand(&article("outlet", 0, title, text), &Context::new(&[]));
    let judged = analysis.severity;
    format!(
        "{} {:.1} {}",
        judged.severity, judged.score, judged.reason.text
    )
}

#[test]
fn money_never_lowers_and_more_of_it_is_graver() {
    let score = |sum: &str| {
        let text = format!("Hackers stole {sum} from accounts of Godavari Bank on Monday.");
        let item = article("outlet", 0, "Hackers steal money from bank", &text);
        let analysis = understand(&item, &Context::new(&[]));
        let lowers = |reason: &&model::Reason| {
            reason.text.starts_with("lowers") && reason.text.contains("money")
        };
        assert_eq!(analysis.reasons_for(Aspect::Severity).find(lowers), None);
        analysis.severity.score
    };
    assert!(score("₹45 crore") > score("Rs 500"));
    assert!(score("₹45 crore") >= 6.0);
}

#[test]
fn a_scam_that_cost_somebody_money_is_medium() {
    for (title, text) in [
        (
            "Retired teacher loses Rs 32 lakh to digital arrest scam",
            "A retired teacher in Nagpur lost Rs 32 lakh to fraudsters who posed as police officers.",
        ),
        (
            "Engineer duped of Rs 4 lakh in online trading fraud",
            "Fraudsters duped an engineer from Kochi of Rs 4 lakh.",
        ),
    ] {
        let told = severity(title, text);
        assert!(told.starts_with("medium"), "{title}: {told}");
    }
}

#[test]
fn an_event_that_is_known_to_be_small_is_medium() {
    let told = severity(
        "Data breach at Meridian Tiles exposes 900 customers",
        "Meridian Tiles said personal data of 900 customers was stolen in a breach.",
    );
    assert!(told.starts_with("medium"), "{told}");
}

#[test]
fn what_decides_is_what_people_would_name() {
    for (title, text) in [
        (
            "Firm's founder on the cost of hacks",
            "The founder used a simple plan after hackers struck.",
        ),
        (
            "Is your phone hacked?",
            "Hackers used a flaw. Hackers may be inside.",
        ),
        (
            "Meridian Tiles was hit by hackers",
            "He was fine after the attack, the founder said.",
        ),
    ] {
        let analysis = understand(&article("outlet", 0, title, text), &Context::new(&[]));
        let why = &analysis.severity.reason.text;
        for mute in ["“founder”", "“cost”", "“used”", "a question", "“fine”"] {
            assert!(!why.contains(mute), "{title}: {why}");
        }
        let counted = analysis
            .reasons_for(Aspect::Severity)
            .any(|reason| reason.weight > 0.0 && reason.text.contains("concrete event"));
        assert!(
            !(counted && why.starts_with("nothing in the text")),
            "{title}: {why}"
        );
        let mut quoted: Vec<String> = analysis
            .reasons_for(Aspect::Relevance)
            .map(|reason| reason.text.replace(" in the title", "").to_lowercase())
            .collect();
        let all = quoted.len();
        quoted.sort();
        quoted.dedup();
        assert_eq!(quoted.len(), all, "{title}: {quoted:?}");
    }
}

#[test]
fn who_is_told_of_it_is_not_who_was_hit() {
    let analysis = understand(
        &article(
            "outlet",
            0,
            "Meridian Steel hit by ransomware",
            "Meridian Steel said in a stock exchange filing that its plants stand still. \
             An engineer told this newspaper that screens went dark.",
        ),
        &Context::new(&[]),
    );
    let sectors: Vec<&str> = analysis
        .sectors
        .iter()
        .map(|tagged| tagged.label.as_str())
        .collect();
    assert!(
        !sectors.contains(&"banking") && !sectors.contains(&"media"),
        "{sectors:?}"
    );
}

#[test]
fn techniques_in_a_list_are_found() {
    let names = |text: &str| {
        let analysis = understand(
            &article("outlet", 0, "Intrusion report", text),
            &Context::new(&[]),
        );
        let found = analysis.entities.into_iter();
        let found = found.filter(|entity| entity.kind == model::EntityKind::Attack);
        found.map(|entity| entity.name).collect::<Vec<_>>()
    };
    assert_eq!(
        names("The intruders used T1190 and T1059 and T1566.001."),
        ["T1190", "T1059", "T1566.001"]
    );
    assert!(names("The ThinkPad T1490 ships in May.").is_empty());
}

/// Whether a text without a title is relevant, and why it is if it is not told by the
/// model.
fn bare(kind: ItemKind, text: &str) -> Analysis {
    let mut item = article("outlet", 0, "", text);
    item.kind = kind;
    understand(&item, &Context::new(&[]))
}

#[test]
fn grave_matters_are_relevant_however_tersely_told() {
    for text in [
        "Power grid SCADA compromise reported at Maharashtra load despatch centre",
        "Aadhaar data of lakhs sold on Telegram",
        "PoC for CVE-2026-12345 FortiGate pre-auth RCE is out. Patch now",
        "APT29 (Cozy Bear) used WINELOADER against embassies.",
        "OpenSSL before 3.0.7 has a critical flaw",
        "यूपीआई ठगी: लिंक पर क्लिक करते ही खाते से 2 लाख गायब",
        "ओटीपी बताया और खाते से उड़ गए 5 लाख रुपये",
        // Languages that no model learned.
        "पुण्यातील रुग्णालयावर सायबर हल्ला, रुग्णांचा डेटा चोरीला",
        "அரசு இணையதளங்கள் மீது சைபர் தாக்குதல் நடத்தப்பட்டது",
        "কলকাতার হাসপাতালে সাইবার হামলা, রোগীদের তথ্য চুরি",
        "અમદાવાદની હોસ્પિટલ પર સાયબર હુમલો",
        "ہسپتال پر سائبر حملہ، مریضوں کا ڈیٹا چوری",
        "హైదరాబాద్ ఆసుపత్రిపై సైబర్ దాడి",
        "ಬೆಂಗಳೂರಿನ ಆಸ್ಪತ್ರೆಯ ಮೇಲೆ ಸೈಬರ್ ದಾಳಿ",
        "കൊച്ചിയിലെ ആശുപത്രിക്ക് നേരെ സൈബർ ആക്രമണം",
        "ਲੁਧਿਆਣਾ ਦੇ ਹਸਪਤਾਲ ਉੱਤੇ ਸਾਈਬਰ ਹਮਲਾ",
        "ଭୁବନେଶ୍ୱର ଡାକ୍ତରଖାନା ଉପରେ ସାଇବର ଆକ୍ରମଣ",
        // What they write in Latin letters is read as ever.
        "சென்னை நிறுவனத்தில் LockBit தாக்குதல், CVE-2026-1234",
    ] {
        for (title, body) in [("", text), (text, "")] {
            let analysis = understand(&article("outlet", 0, title, body), &Context::new(&[]));
            assert!(
                analysis.relevance.is_relevant(),
                "{text}: {:?}",
                analysis.relevance
            );
        }
    }
    for text in [
        "Maharashtra load despatch centre opens a museum of the power grid",
        "Link your Aadhaar with your bank account. Sold out in a day: the new phone.",
        "Train AT29 used a new track against the wind.",
        "पुण्यात आज पावसाची शक्यता, शाळांना सुट्टी",
        "சென்னையில் இன்று கனமழை பெய்யும்",
        "কলকাতায় আজ বৃষ্টির সম্ভাবনা",
        "لاہور میں آج بارش کا امکان",
    ] {
        let analysis = bare(ItemKind::Article, text);
        assert!(!analysis.relevance.is_relevant(), "{text}");
    }
}

#[test]
fn posts_and_hindi_lines_have_the_kinds_that_news_would() {
    let kinds = |kind: ItemKind, text: &str| {
        let types = bare(kind, text).types;
        let names: Vec<&str> = types.iter().map(|tagged| tagged.label.as_str()).collect();
        names.join(" ")
    };
    for (text, wanted) in [
        ("अस्पताल पर रैनसमवेयर हमला", "ransomware"),
        ("उपभोक्ताओं का डेटा लीक", "data_breach"),
        ("5 लाख ग्राहकों का डेटा चोरी", "data_breach"),
        ("HDFC Bank के ग्राहकों को phishing SMS", "phishing_fraud"),
    ] {
        assert_eq!(kinds(ItemKind::Article, text), wanted, "{text}");
        assert_eq!(kinds(ItemKind::Post, text), wanted, "{text}");
    }
    // In English too, where the lines of incident lists are sure of nothing, or where it
    // is a headline.
    for (text, wanted) in [
        (
            "Customers of Northwind Bank get phishing SMS",
            "phishing_fraud account_takeover",
        ),
        (
            "The attack on Northwind was claimed by LockBit",
            "ransomware",
        ),
        (
            "Data of two million people was stolen from Northwind.",
            "data_breach",
        ),
        (
            "Ransomware gang hits Northwind hospital, patients turned away",
            "ransomware",
        ),
    ] {
        assert_eq!(kinds(ItemKind::Article, text), wanted, "{text}");
        assert_eq!(kinds(ItemKind::Post, text), wanted, "{text}");
    }
}

#[test]
fn texts_in_languages_of_india_are_placed() {
    let told = |text: &str| {
        let analysis = bare(ItemKind::Article, text);
        let types: Vec<&str> = analysis
            .types
            .iter()
            .map(|tag| tag.label.as_str())
            .collect();
        let sectors: Vec<&str> = analysis
            .sectors
            .iter()
            .map(|tag| tag.label.as_str())
            .collect();
        format!(
            "{text}: {} / {} / {} / {}",
            types.join(" "),
            sectors.join(" "),
            analysis
                .region
                .countries
                .iter()
                .map(|country| country.as_str())
                .collect::<String>(),
            analysis.region.states.join(" "),
        )
    };
    let lines = [
        "पुण्यातील रुग्णालयावर रॅन्समवेअर हल्ला, रुग्णांचा डेटा चोरीला",
        "சென்னை மருத்துவமனை மீது சைபர் தாக்குதல்",
        "কলকাতার হাসপাতালে সাইবার হামলা, রোগীদের তথ্য চুরি",
        "ہسپتال پر سائبر حملہ، مریضوں کا ڈیٹا چوری",
    ];
    expect![[r#"
        पुण्यातील रुग्णालयावर रॅन्समवेअर हल्ला, रुग्णांचा डेटा चोरीला: data_breach ransomware / health / IN / MH
        சென்னை மருத்துவமனை மீது சைபர் தாக்குதல்: other / health / IN / TN
        কলকাতার হাসপাতালে সাইবার হামলা, রোগীদের তথ্য চুরি: data_breach / health / IN / WB
        ہسپتال پر سائبر حملہ، مریضوں کا ڈیٹا چوری: data_breach / health /  / "#]]
    .assert_eq(&lines.map(told).join("\n"));
}

#[test]
fn an_attack_that_stops_a_vital_service_is_high() {
    for (text, wanted) in [
        (
            "Power grid SCADA compromise reported at Maharashtra load despatch centre",
            Severity::High,
        ),
        (
            "दिल्ली एम्स का सर्वर रैनसमवेयर हमले के बाद ठप हो गया। मरीजों की भर्ती बंद है।",
            Severity::High,
        ),
        (
            "A ransomware attack crippled the county hospital, and ambulances were diverted.",
            Severity::High,
        ),
        (
            "Metro services come to a halt after a cyberattack on the control room",
            Severity::High,
        ),
        (
            "Suburban trains were at a standstill on Monday after hackers hit the signalling network.",
            Severity::High,
        ),
        (
            "Airport shut after ransomware attack, passengers sleep on the floor",
            Severity::High,
        ),
        ("Airport closed by a cyberattack", Severity::High),
        (
            "Water supply to the city cut off after a ransomware attack on the water board.",
            Severity::High,
        ),
        (
            "ATMs across the country stopped working after a cyberattack on the interbank switch.",
            Severity::High,
        ),
        (
            "UPI goes down after a cyber attack on the payments corporation, shops take cash only",
            Severity::High,
        ),
        (
            "The 108 ambulance helpline is down since a malware infection of its call centre.",
            Severity::High,
        ),
        (
            "Hackers knocked out 911 service in three counties, and calls went unanswered.",
            Severity::High,
        ),
        ("साइबर हमले के बाद मेट्रो सेवा ठप, यात्री परेशान", Severity::High),
        (
            "रैनसमवेयर हमले के बाद शहर की जल आपूर्ति बंद हो गई।",
            Severity::High,
        ),
        (
            "साइबर हमले से बैंकिंग सेवाएं ठप, एटीएम के बाहर कतारें",
            Severity::High,
        ),
        (
            "डायल 112 पर साइबर हमला, कंट्रोल रूम का सिस्टम ठप",
            Severity::High,
        ),
        (
            "Metro says a cyberattack on its website was blocked and trains ran as ever.",
            Severity::Medium,
        ),
        (
            "A bank clerk was duped of Rs 40,000 through UPI.",
            Severity::Medium,
        ),
        (
            "Water board holds a drill for cyberattacks on the water supply.",
            Severity::Medium,
        ),
        (
            "Power grid control centre opens; a cyberattack on it was foiled last year.",
            Severity::Medium,
        ),
    ] {
        let severity = bare(ItemKind::Article, text).severity.severity;
        assert_eq!(
            severity >= Severity::High,
            wanted >= Severity::High,
            "{text}: {severity:?}"
        );
    }
}

#[test]
fn a_maker_whose_customers_are_attacked_is_no_victim() {
    for (text, wanted) in [
        ("Fortinet customers are urged to patch a flaw.", false),
        (
            "Hackers target Fortinet customers with a new flaw in FortiOS",
            false,
        ),
        ("Attackers break into Fortinet firewalls", false),
        (
            "Thousands of users of Fortinet were hit by attackers last week.",
            false,
        ),
        ("Fortinet customers' data stolen in a breach", true),
        ("Data of Fortinet customers leaked", true),
        ("Fortinet confirms a breach of its cloud storage", true),
    ] {
        let entities = bare(ItemKind::Article, text).entities;
        let maker = entities
            .iter()
            .find(|entity| entity.kind == EntityKind::Organisation)
            .unwrap();
        assert_eq!(maker.role == Some(Role::Victim), wanted, "{text}");
    }
}

#[test]
fn who_is_told_of_it_gives_no_sector() {
    for text in [
        "Ransomware stopped the plant, Deccan Steel Works informed the Bombay Stock Exchange.",
        "Ransomware stopped the plant, Deccan Steel Works told a foreign news agency on Monday.",
        "Deccan Steel Works reported the ransomware attack to SEBI and told this newspaper so.",
    ] {
        let sectors = bare(ItemKind::Article, text).sectors;
        let others = sectors
            .iter()
            .find(|tag| matches!(tag.label, Sector::Banking | Sector::Media));
        assert_eq!(others, None, "{text}");
    }
    let hit = bare(
        ItemKind::Article,
        "Ransomware hit the Bombay Stock Exchange and a news agency.",
    );
    let labels: Vec<Sector> = hit.sectors.iter().map(|tag| tag.label).collect();
    assert!(
        labels.contains(&Sector::Banking) && labels.contains(&Sector::Media),
        "{labels:?}"
    );
}

#[test]
fn a_company_in_the_first_sentence_of_an_untitled_text_places_it() {
    for text in [
        "Hackers hit Infosys",
        "Hackers hit Ｉｎｆｏｓｙｓ. More is not known.",
    ] {
        let region = bare(ItemKind::Article, text).region;
        assert_eq!(
            region
                .countries
                .iter()
                .map(|country| country.as_str())
                .collect::<String>(),
            "IN",
            "{text}"
        );
    }
}
