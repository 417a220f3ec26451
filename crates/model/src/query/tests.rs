//! The language by examples, and properties that hold for every text.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;
use crate::Timestamp;

/// Each query as it is printed again, or its error with the place marked.
#[track_caller]
fn check(queries: &[&str], expected: &Expect) {
    let lines: Vec<String> = queries
        .iter()
        .map(|text| match parse(text) {
            Ok(query) => {
                let printed = query.to_string();
                assert_eq!(parse(&printed).as_ref(), Ok(&query), "{text} as {printed}");
                printed
            }
            Err(error) => {
                let place = |at: u32| usize::try_from(at).unwrap();
                let chars: Vec<char> = text.chars().collect();
                let wrong: String = chars[place(error.start)..place(error.end)].iter().collect();
                format!("[{wrong}] {error}")
            }
        })
        .collect();
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn what_is_written_is_understood() {
    check(
        &[
            "type:ransomware AND (region:IN OR sector:banking) AND severity>=high",
            "severity:high severity = low sev < critical",
            "cve:cve-2026-1234 OR cve:CVE-2026-*",
            "product:\"FortiOS\" version:7.2.4",
            "version:7.2.4 product:FortiOS",
            "NOT (product:a version:1) -type:ddos -(a b)",
            "epss>0.5 cvss>=9 epss:0.2..0.8 items >= 3 score:7.50",
            "kev:true exploited:no",
            "after:2026-11-01 before:-7d last:24h date:today date:2026-11-01..2026-11-07",
            "region:India,IN-KA,Maharashtra state:ka country:us",
            "cwe:79,CWE-89 owasp:a1:2025 technique:t1566.001",
            "type:Data-Breach,ddos status:new claim:confirmed",
            "remote \"code execution\" type:ransomware expl* title:flaw \"two words\"*",
            "a OR b AND c OR (d)",
            "((a))",
            "“curly quotes” https://example.com/a?b=c a=b and or not",
            "keyword:* victim:\"State Bank of India\",apollo*",
            "",
            "   ",
            "भारतीय रेलवे \"साइबर हमला\"",
            "org:\"a \\\"b\\\" \\\\ c\"",
            "!!! - --x &",
            "severity!=high severity != low",
            "type!=ransomware,ddos OR kev!=true -(score!=7)",
            "title!=breach id=5 \"alert! !=\"",
            "severity=high,low severity!=low,medium score:7,8..9 kev:true,false",
            "type:(ransomware OR ddos, malware) cvss:(9.8 OR 10) severity=(high OR low)",
            "severity ≥ high epss≤0.5 sector≠health score:>7 cvss:>=9.1 type : ddos",
            "type = ransomware actor: \"Salt Typhoon\" date:2026-11-01,today indicator:::1",
            "kev:true \"or\" kev:false \"not\" (a OR b) x or y severity in mumbai",
            "type:(ransomware OR \"ddos\"): x",
        ],
        &expect![[r#"
            type:ransomware (region:IN OR sector:banking) severity>=high
            severity>=high severity=low severity<critical
            cve:CVE-2026-1234 OR cve:CVE-2026-*
            product:FortiOS version:7.2.4
            product:FortiOS version:7.2.4
            NOT (product:a version:1) NOT type:ddos NOT (a b)
            epss>0.5 cvss>=9 epss:0.2..0.8 items>=3 score=7.5
            kev:true exploited:false
            after:2026-11-01 before:-7d last:24h date:today date:2026-11-01..2026-11-07
            region:IN,IN-KA,IN-MH state:IN-KA region:US
            cwe:CWE-79,CWE-89 owasp:A01:2025 technique:T1566.001
            type:data_breach,ddos status:new claim:confirmed
            remote "code execution" expl* title:flaw "two words"* type:ransomware
            a OR (b c) OR d
            a
            "curly quotes" "https://example.com/a?b=c" "a=b" and or not
            keyword:* victim:"State Bank of India",apollo*


            भारतीय रेलवे "साइबर हमला"
            org:"a \"b\" \\ c"
            !!! "-" "--x" &
            NOT severity=high NOT severity=low
            NOT type:ransomware,ddos OR (NOT kev:true NOT NOT score=7)
            NOT title:breach "id=5" "alert! !="
            (severity=high OR severity=low) NOT (severity=low OR severity=medium) (score=7 OR score:8..9) (kev:true OR kev:false)
            type:ransomware,ddos,malware (cvss=9.8 OR cvss=10) (severity=high OR severity=low)
            severity>=high epss<=0.5 NOT sector:health score>7 cvss>=9.1 type:ddos
            type:ransomware actor:"Salt Typhoon" (date:2026-11-01 OR date:today) indicator:"::1"
            kev:true or not x or y severity in mumbai kev:false (a OR b)
            [:] a blank is missing here; did you mean ` :`?"#]],
    );
}

#[test]
fn mistakes_are_told_with_their_place() {
    check(
        &[
            "severty:high",
            "type:ransomwear",
            "sector:bank severity:hi",
            "foo:bar",
            "type:",
            "type: ransomware",
            "type:ransomware,",
            "a AND",
            "OR a",
            "AND a",
            "a OR",
            "NOT",
            "(a",
            "a)",
            "()",
            "\"open",
            "epss>1.5",
            "epss:0.8..0.2",
            "epss:many",
            "kev:maybe",
            "after:soon",
            "after:2026-13-01",
            "date:9999-12-31",
            "date:9999-12-31T23:59Z",
            "before:1970-01-01T00:00+05:30",
            "last:week",
            "region:Indja",
            "region:KA",
            "state:Karnatka",
            "cve:1234",
            "cwe:xss",
            "owasp:A11",
            "version:7.2.4",
            "product:x version:1 version:2",
            "NOT product:x version:1",
            "type>ransomware",
            "severity==high",
            "severity => high",
            "epss<>0.5",
            "relevance>0.5",
            "relevance!=0.5",
            "after!=2026-11-01",
            "severity:high,low",
            "severity>=high,low",
            "score>7,8",
            "last:24h,7d",
            "product:x version:1,2",
            "relevance > 0.5",
            "sevrity = high",
            "relevance : high",
            "severity!:high",
            "title~breach",
            "attack-class:xss",
            "cvss3>7",
            "type: kev:true",
            "type: AND a",
            "actor:!lockbit",
            "actor:-lockbit",
            "type::ddos",
            "kev:true\"x\"",
            "kev:true(a)",
            "type:(ransomware ddos)",
            "type:(ransomware",
            "score:7-8",
            "date>2026-11-01",
            "type in (ransomware, ddos)",
            "type:ddos or type:ransomware",
            "breach not type:ddos",
            "type:ddos && kev:true",
            "type:ddos || kev:true",
            "!type:ddos",
            "!ransomware",
            "((((((((((((((((((a))))))))))))))))))",
        ],
        &expect![[r#"
            [severty] there is no field `severty`; did you mean `severity`?
            [ransomwear] there is no type `ransomwear`; there are ransomware, data_breach, phishing_fraud, ddos, malware, vuln_exploit, apt_espionage, account_takeover, supply_chain, defacement, insider, other; did you mean `ransomware`?
            [bank] there is no sector `bank`; there are power, banking, telecom, transport, government, strategic_enterprises, health, education, retail, technology, manufacturing, media; did you mean `banking`?
            [foo] there is no field `foo`; to look for these words put them in quotes
            [type:] `type` needs a value, as in `type:ransomware`; did you mean `type:ransomware`?
            type:ransomware
            [type:ransomware,] `type` needs a value, as in `type:ransomware`; did you mean `type:ransomware`?
            [AND] `AND` needs something after it
            [OR] `OR` needs something before it
            [AND] `AND` needs something before it
            [OR] `OR` needs something after it
            [NOT] `NOT` needs something after it
            [(] this bracket is never closed
            [)] this bracket was never opened
            [)] there is nothing before this bracket
            ["open] this quote is never closed; did you mean `"open"`?
            [1.5] `epss` is a number from 0 to 1
            [0.8..0.2] the range ends before it begins; did you mean `0.2..0.8`?
            [many] `epss` is a number from 0 to 1
            [maybe] `kev` is true or false; did you mean `true`?
            [soon] a time is written as 2026-11-01, 2026-11-01T09:00Z, -7d, today, yesterday or now
            [2026-13-01] a time is written as 2026-11-01, 2026-11-01T09:00Z, -7d, today, yesterday or now
            [9999-12-31] only the years 1970 to 2200 can be asked for
            [9999-12-31T23:59Z] only the years 1970 to 2200 can be asked for
            [1970-01-01T00:00+05:30] only the years 1970 to 2200 can be asked for
            [week] a length of time is written as 30m, 24h, 7d or 2w; did you mean `24h`?
            [Indja] this is no country and no Indian state (IN, India, IN-KA, Karnataka); did you mean `India`?
            [KA] this is no country; did you mean `IN-KA`?
            [Karnatka] this is no Indian state or territory (KA, Karnataka); did you mean `Karnataka`?
            [1234] a CVE is written as CVE-2026-1234, several as CVE-2026-*
            [xss] a weakness is written as CWE-79 or 79
            [A11] a category is written as A01 or A01:2025
            [version:7.2.4] a version belongs beside its product, as in `product:FortiOS version:7.2.4`
            [version:2] a version belongs beside its product, as in `product:FortiOS version:7.2.4`
            [version:1] a version belongs beside its product, as in `product:FortiOS version:7.2.4`
            [>] `type` is not compared; write `type:`; did you mean `:`?
            [==] `==` is no sign; did you mean `=`?
            [=>] `=>` is no sign; did you mean `>=`?
            [<>] `<>` is no sign; did you mean `!=`?
            [relevance] there is no field `relevance`; to look for these words put them in quotes
            [relevance] there is no field `relevance`; to look for these words put them in quotes
            [!=] `after` takes no `!=`; write `NOT` before it
            [:] `severity:` means that or above, and the lowest of several says it all; for these alone write `severity=`; did you mean `=`?
            [low] `>=` takes one value
            [8] `>` takes one value
            [7d] `last` takes one value
            [2] `version` takes one value
            [relevance] there is no field `relevance`; to look for these words put them in quotes
            [sevrity] there is no field `sevrity`; did you mean `severity`?
            [relevance] there is no field `relevance`; to look for these words put them in quotes
            [!:] `!:` is no sign; did you mean `!=`?
            [~] `~` is no sign; did you mean `:`?
            [attack-class] there is no field `attack-class`; did you mean `attack_class`?
            [cvss3] there is no field `cvss3`; did you mean `cvss`?
            [type:] `type` needs a value, as in `type:ransomware`; did you mean `type:ransomware`?
            [type:] `type` needs a value, as in `type:ransomware`; did you mean `type:ransomware`?
            [!] what is denied is written as `actor!=…`
            [-] what is denied is written as `actor!=…`
            [:] a value that begins with `:` stands in quotes
            ["] a blank is missing here; did you mean ` "`?
            [(] a blank is missing here; did you mean ` (`?
            [d] values in brackets stand with `OR` between them
            [(] this bracket is never closed
            [7-8] `score` is a number from 0 to 10; did you mean `7..8`?
            [date>] `date` is not compared; write `after:` or `before:`; did you mean `after:`?
            [ in] several values are written as `type:(… OR …)`; did you mean `:`?
            [or] `or` is a word; the operator is upper-case; did you mean `OR`?
            [not] `not` is a word; the operator is upper-case; did you mean `NOT`?
            [&&] `&&` is no operator; did you mean `AND`?
            [||] `||` is no operator; did you mean `OR`?
            [!] what follows is denied with a minus or `NOT`; did you mean `-`?
            [!] what follows is denied with a minus or `NOT`; did you mean `-`?
            [(] brackets and NOT nest deeper than 16"#]],
    );
}

#[test]
fn limits_are_kept() {
    let long = "a ".repeat(2_100);
    let wide = vec!["type:ddos"; 200].join(" OR ");
    let words = vec!["word"; 40].join(" ");
    let listed = format!("actor:{}", vec!["x"; 300].join(","));
    let deep = "NOT ".repeat(100) + "a";
    for text in [
        &long,
        &wide,
        &words,
        &listed,
        &deep,
        &"-".repeat(4_000),
        &"(".repeat(4_000),
    ] {
        let parsed = parse(text);
        assert!(parsed.is_err() || text.starts_with("--"), "{}", &text[..20]);
    }
}

#[test]
fn a_query_can_be_said_in_words() {
    let said: Vec<String> = [
        "",
        "type:ransomware (region:IN,US OR sector:banking) severity:high",
        "product:FortiOS version:7.2.4 -kev:true",
        "remote code title:flaw",
        "expl*",
        "epss:0.2..0.8 items>=3 last:24h",
        "state:KA keyword:* actor:*",
    ]
    .iter()
    .map(|text| parse(text).unwrap().sentence())
    .collect();
    expect![[r#"
        everything
        the type is Ransomware, and (India or United States is affected, or Banking and finance is hit), and severity is high or above
        FortiOS 7.2.4 is affected, and not (CISA lists it as exploited)
        one of its items holds “remote” and “code” and “flaw” in its title
        “expl…” stands in it
        EPSS is from 0.2 to 0.8, and at least 3 items tell it, and its latest report is of the last 24 hours
        Karnataka is affected, and it names one of your keywords, and it has an actor"#]].assert_eq(&said.join("\n"));
}

#[test]
fn days_begin_where_the_reader_is() {
    let frame = Frame {
        zone: jiff::tz::TimeZone::get("Asia/Kolkata").unwrap(),
        // In India it is the 22nd already.
        ..Frame::at("2026-11-21T20:00:00Z".parse().unwrap())
    };
    let bounds = |text: &str| {
        let Condition::Number(Column::LastSeen, from, to) = parse(text).unwrap().bind(&frame)
        else {
            panic!("{text} is no time");
        };
        let shown = |at: Option<i64>| {
            at.map(|at| Timestamp::from_microsecond(at).unwrap().to_string())
                .unwrap_or_default()
        };
        format!("{text}: {} – {}", shown(from), shown(to))
    };
    let lines = [
        "after:today",
        "before:today",
        "date:yesterday",
        "date:2026-11-01..2026-11-02",
        "after:-7d",
        "last:30m",
        "after:2026-11-01T09:00:00Z",
        "before:now",
    ];
    expect![[r#"
        after:today: 2026-11-21T18:30:00Z – 
        before:today:  – 2026-11-21T18:29:59.999999Z
        date:yesterday: 2026-11-20T18:30:00Z – 2026-11-21T18:29:59.999999Z
        date:2026-11-01..2026-11-02: 2026-10-31T18:30:00Z – 2026-11-02T18:29:59.999999Z
        after:-7d: 2026-11-14T20:00:00Z – 
        last:30m: 2026-11-21T19:30:00Z – 
        after:2026-11-01T09:00:00Z: 2026-11-01T09:00:00Z – 
        before:now:  – 2026-11-21T19:59:59.999999Z"#]]
    .assert_eq(&lines.map(bounds).join("\n"));
}

#[test]
fn numbers_are_compared_in_the_units_of_their_column() {
    let bound = |text: &str| match parse(text).unwrap().bind(&Frame::at(Timestamp::UNIX_EPOCH)) {
        Condition::Number(column, from, to) => format!("{text}: {column:?} {from:?}..{to:?}"),
        other => format!("{other:?}"),
    };
    let lines = [
        "score>=7.5",
        "score>7.55",
        "score<7.5",
        "score<=7.55",
        "score:7.5",
        "score:7.55",
        "score:7.55..8",
        "epss>0.94",
        "items:2..4",
        "severity<=medium",
        "severity>high",
        "kev:false",
    ];
    expect![[r#"
        score>=7.5: Score Some(75)..None
        score>7.55: Score Some(76)..None
        score<7.5: Score None..Some(74)
        score<=7.55: Score None..Some(75)
        score:7.5: Score Some(75)..Some(75)
        score:7.55: Score Some(76)..Some(75)
        score:7.55..8: Score Some(76)..Some(80)
        epss>0.94: Epss Some(94001)..None
        items:2..4: Items Some(2)..Some(4)
        severity<=medium: Severity None..Some(1)
        severity>high: Severity Some(3)..None
        kev:false: Kev Some(0)..Some(0)"#]]
    .assert_eq(&lines.map(bound).join("\n"));
}

#[test]
fn a_threat_is_asked_for_by_all_its_names() {
    let keys = |text: &str| -> Vec<KeyRange> {
        let bound = parse(text).unwrap().bind(&Frame::at(Timestamp::UNIX_EPOCH));
        let of = |condition| match condition {
            Condition::Key(_, ranges) => ranges,
            other => panic!("{other:?}"),
        };
        match bound {
            // Of a name that may be a gang's and its malware's.
            Condition::Any(mut kinds) => of(kinds.swap_remove(0)),
            one => of(one),
        }
    };
    let holds = |text: &str, key: &str| keys(text).iter().any(|range| range.holds(key));
    for (query, key) in [
        ("actor:akira", "akira "),
        // As it is written: by its words.
        ("actor:akira", "akira reborn "),
        ("actor:akira", "storm 1567 "),
        ("actor:Storm-1567", "akira "),
        ("actor:\"salt typhoon\"", "ghostemperor "),
        ("actor:apt36", "operation c major "),
        ("actor:clop", "cl0p "),
        ("malware:alphv", "blackcat "),
        ("tool:mimikatz", "mimikatz "),
        // Makers are also written as one word.
        ("vendor:\"Palo Alto Networks\"", "paloaltonetworks "),
        ("vendor:\"Palo Alto Networks\"", "palo alto networks "),
        ("vendor:\"palo alto\"*", "paloaltonetworks "),
    ] {
        assert!(holds(query, key), "{query} asks for {key}");
    }
    // Another name is asked for whole, a beginning and other fields as they are written.
    assert!(!holds("actor:storm-1567", "akira reborn "));
    assert_eq!(keys("actor:akir*").len(), 1);
    assert_eq!(keys("org:akira").len(), 1);
    assert_eq!(keys("actor:zorvex").len(), 1);
}

#[test]
fn a_gang_is_found_where_it_was_read_as_its_malware() {
    let asked = |text: &str| -> Vec<Key> {
        match parse(text).unwrap().bind(&Frame::at(Timestamp::UNIX_EPOCH)) {
            Condition::Key(key, _) => vec![key],
            Condition::Any(kinds) => kinds
                .iter()
                .map(|kind| match kind {
                    Condition::Key(key, _) => *key,
                    other => panic!("{other:?}"),
                })
                .collect(),
            other => panic!("{other:?}"),
        }
    };
    let (actor, malware) = (Key::Actor, Key::Malware);
    for (query, kinds) in [
        ("actor:clop", vec![actor, malware]),
        ("actor:cl0p", vec![actor, malware]),
        ("malware:clop", vec![malware, actor]),
        ("actor:lockbit", vec![actor, malware]),
        ("malware:lockbit", vec![malware, actor]),
        // Of a new name nobody knows which it is.
        ("actor:zorvex", vec![actor, malware]),
        ("actor:apt36,clop", vec![actor, malware]),
        // These are known to be no malware.
        ("actor:apt36", vec![actor]),
        ("malware:apt36", vec![malware]),
        ("actor:clo*", vec![actor]),
        ("actor:*", vec![actor]),
        ("tool:mimikatz", vec![Key::Tool]),
    ] {
        assert_eq!(asked(query), kinds, "{query}");
    }
}

#[test]
fn what_may_follow_is_offered() {
    let offered = |text: &str| {
        let at = u32::try_from(text.chars().count()).unwrap();
        let Completion {
            start,
            end,
            expected,
            offers,
        } = complete(text, at);
        let offers: Vec<String> = offers.into_iter().take(4).map(|offer| offer.text).collect();
        format!("{text} → {start}..{end} {expected:?}: {}", offers.join(" "))
    };
    let lines = [
        "",
        "sev",
        "type:ran",
        "a -st",
        "type:ddos,da",
        "region:ka",
        "region:ind",
        "actor:lock",
        "actor:ghostem",
        "victim:\"state b",
        "(kev:",
        "last:",
        "epss>0",
        "severity≥h",
        "class:xs",
        "class:rc",
        "x y",
    ];
    expect![[r#"
         → 0..0 FieldOrWord: type: severity: score: region:
        sev → 0..3 FieldOrWord: severity:
        type:ran → 5..8 Value(Type): ransomware
        a -st → 3..5 FieldOrWord: state: status:
        type:ddos,da → 10..12 Value(Type): data_breach
        region:ka → 7..9 Value(Region): KZ IN-KA
        region:ind → 7..10 Value(Region): ID IN
        actor:lock → 6..10 Name(Actor, Actor, "lock"): 
        actor:ghostem → 6..13 Name(Actor, Actor, "ghostem"): "Salt Typhoon"
        victim:"state b → 7..15 Name(Victim, Victim, "state b"): 
        (kev: → 5..5 Value(Kev): true false
        last: → 5..5 Value(Last): 1h 24h 7d 30d
        epss>0 → 5..6 Value(Epss): 
        severity≥h → 9..10 Value(Severity): high
        class:xs → 6..8 Value(AttackClass): cross_site_scripting
        class:rc → 6..8 Value(AttackClass): code_execution
        x y → 2..3 FieldOrWord: "#]]
    .assert_eq(&lines.map(offered).join("\n"));
}

fn word() -> impl Strategy<Value = Word> {
    ("\\PC{0,12}", any::<bool>(), any::<bool>(), any::<bool>())
        .prop_map(|(text, quoted, prefix, in_title)| Word::new(&text, quoted, prefix, in_title))
}

fn name() -> impl Strategy<Value = Name> {
    ("\\PC{0,10}[a-z0-9]", any::<bool>()).prop_map(|(text, prefix)| Name::new(&text, prefix))
}

fn test() -> impl Strategy<Value = Test> {
    let names = || prop::collection::vec(name(), 1..4);
    let named = prop::sample::select(vec![
        Field::Actor,
        Field::Victim,
        Field::Product,
        Field::Vendor,
        Field::Keyword,
        Field::Indicator,
        Field::Assignee,
    ]);
    let labelled = prop::sample::select(vec![
        (Field::Type, "ransomware"),
        (Field::Region, "IN"),
        (Field::Region, "IN-KA"),
        (Field::State, "IN-OD"),
        (Field::Cve, "CVE-2026-1234"),
        (Field::Cwe, "CWE-79"),
        (Field::AttackClass, "sql_injection"),
        (Field::Owasp, "A01:2025"),
        (Field::Status, "new"),
        (Field::Sector, "health"),
        (Field::Tag, "phishing-wave"),
    ]);
    let op = || {
        prop::sample::select(vec![
            Op::Equal,
            Op::Below,
            Op::AtMost,
            Op::Above,
            Op::AtLeast,
        ])
    };
    let number = || (0_u64..=100_000).prop_map(Number::of_units);
    let severity = prop::sample::select(crate::Severity::ALL.to_vec());
    let unit = prop::sample::select(vec![Unit::Minute, Unit::Hour, Unit::Day, Unit::Week]);
    let length =
        || (1_u32..100_000, unit.clone()).prop_map(|(count, unit)| Length::new(count, unit));
    let moment = || {
        prop_oneof![
            Just(Moment::Now),
            Just(Moment::Today),
            Just(Moment::Yesterday),
            length().prop_map(Moment::Ago),
            (0_i64..4_000_000_000)
                .prop_map(|second| Moment::At(Timestamp::from_second(second).unwrap())),
            (1970_i16..2200, 1_i8..=12, 1_i8..=28)
                .prop_map(|(y, m, d)| Moment::Day(jiff::civil::date(y, m, d))),
        ]
    };
    prop_oneof![
        (named, names()).prop_map(|(field, names)| Test::Names(field, names)),
        labelled.prop_map(|(field, label)| Test::Names(field, vec![Name::new(label, false)])),
        (names(), "[0-9][0-9a-z.-]{0,10}")
            .prop_map(|(names, version)| Test::Affected(names, version)),
        (op(), severity).prop_map(|(op, severity)| Test::Severity(op, severity)),
        (op(), number()).prop_map(|(op, number)| Test::Number(Field::Epss, op, number)),
        (number(), number()).prop_map(|(a, b)| Test::Between(Field::Cvss, a.min(b), a.max(b))),
        any::<bool>().prop_map(|is| Test::Flag(Field::Kev, is)),
        prop_oneof![
            moment().prop_map(When::After),
            moment().prop_map(When::Before),
            length().prop_map(When::Last),
            (moment(), moment()).prop_map(|(from, to)| When::Between(from, to)),
        ]
        .prop_map(Test::When),
    ]
}

fn query() -> impl Strategy<Value = Query> {
    let leaf = prop_oneof![
        prop::collection::vec(word(), 1..4)
            .prop_map(|words| Query::and(words.into_iter().map(|word| Query::Words(vec![word])))),
        test().prop_map(Query::Test),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Query::and),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Query::or),
            inner.prop_map(|query| Query::Not(Box::new(query))),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_printed_reads_back(query in query()) {
        let printed = query.to_string();
        prop_assume!(printed.len() <= LONGEST);
        let read = parse(&printed);
        prop_assert_eq!(read.as_ref(), Ok(&query), "{}", printed);
    }

    #[test]
    fn no_text_makes_it_stumble(
        text in prop_oneof![
            "\\PC{0,80}",
            "[a-z:()\"*<>=!~≥≠&|, .-]{0,80}",
            "(severity|kev|score|or|and|not|in|&&|!|!=| = |≥|,|\\(|\\)|:|\"|low|7|true| ){0,24}",
            "(type|cve|epss|after|AND|OR|NOT|\\(|\\)|:|\"|-|region|version:1|product:x|[a-z ]| ){0,24}",
        ],
        at in 0_u32..90,
    ) {
        let _ = complete(&text, at);
        match parse(&text) {
            Ok(query) => {
                let printed = query.to_string();
                let again = parse(&printed);
                prop_assert_eq!(again.as_ref(), Ok(&query), "{} as {}", text, printed);
                let frame = Frame::at(Timestamp::UNIX_EPOCH);
                let condition = query.bind(&frame);
                let _ = (query.sentence(), need(&condition));
            }
            Err(error) => {
                let length = u32::try_from(text.chars().count()).unwrap();
                prop_assert!(error.start <= error.end && error.end <= length, "{:?}", error);
            }
        }
    }
}
