//! Texts that nobody writes in good faith, through the whole analysis: bounded work, no
//! panic, and an answer that makes sense.
//!
//! How its work grows with a text is counted inside the crate (`src/work.rs`), on the
//! same [`SHAPES`](crate::shapes::SHAPES).

use model::{Analysis, Field, Markup};
use proptest::prelude::*;
use understand::{Context, Document, Trace, understand};

use crate::article;
use crate::shapes::SHAPES;

#[test]
fn megabytes_are_cut_to_what_is_read() {
    let context = Context::default();
    for (name, make) in SHAPES.iter().take(6) {
        let analysis = understand(
            &article("outlet", 0, &make(3_000_000), &make(3_000_000)),
            &context,
        );
        assert!(analysis.title.chars().count() <= 1_000, "{name}");
        assert!(analysis.text.chars().count() <= 200_000, "{name}");
        // Of these only one shape says a word, over and over.
        assert!(
            !analysis.relevance.is_relevant() || *name == "zero-width",
            "{name}"
        );
        assert_true(&analysis);
    }
    let nothing = understand(&article("outlet", 0, "", ""), &context);
    assert!(!nothing.relevance.is_relevant() && nothing.entities.is_empty());
    assert_eq!(nothing.language, None);
    assert!(nothing.region.countries.is_empty());
}

/// Hidden and turned characters change neither what is found nor what is said of it.
#[test]
fn hidden_characters_hide_nothing() {
    let plain =
        "Acme Bank in Pune confirms data breach of 2 lakh customers, CVE-2026-1234 exploited";
    let hidden: String = plain
        .chars()
        .flat_map(|c| [c, '\u{200b}', '\u{202e}'])
        .collect();
    let context = Context::default();
    let (a, b) = (
        understand(&article("outlet", 0, plain, ""), &context),
        understand(&article("outlet", 0, &hidden, ""), &context),
    );
    assert_eq!(a.title, b.title);
    assert_eq!(a.entities, b.entities);
    assert_eq!(a.severity, b.severity);
    assert!(a.region.is_india() && a.relevance.is_relevant());
}

/// "The attack on the hospital was discovered on Monday by the police", about.
const LANGUAGES: &[(&str, &str)] = &[
    (
        "ara",
        "تم اكتشاف الهجوم الإلكتروني على المستشفى يوم الاثنين من قبل الشرطة المحلية",
    ),
    (
        "aze",
        "Xəstəxanaya kiberhücum bazar ertəsi günü polis tərəfindən aşkar edilib",
    ),
    (
        "bel",
        "Кібератака на бальніцу была выяўлена ў панядзелак мясцовай паліцыяй",
    ),
    ("ben", "হাসপাতালে সাইবার হামলা সোমবার পুলিশ আবিষ্কার করেছে বলে জানা গেছে"),
    (
        "bul",
        "Кибератаката срещу болницата беше открита в понеделник от местната полиция",
    ),
    (
        "cat",
        "L'atac informàtic contra l'hospital va ser descobert dilluns per la policia local",
    ),
    (
        "ces",
        "Kybernetický útok na nemocnici odhalila v pondělí místní policie, uvedl mluvčí",
    ),
    (
        "cmn",
        "周一，当地警方发现了针对该医院的网络攻击，患者的个人信息被盗",
    ),
    (
        "dan",
        "Cyberangrebet på hospitalet blev opdaget mandag af det lokale politi, siger talsmanden",
    ),
    (
        "deu",
        "Der Cyberangriff auf das Krankenhaus wurde am Montag von der örtlichen Polizei entdeckt",
    ),
    (
        "ell",
        "Η κυβερνοεπίθεση στο νοσοκομείο ανακαλύφθηκε τη Δευτέρα από την τοπική αστυνομία",
    ),
    (
        "eng",
        "The cyber attack on the hospital was discovered on Monday by the local police",
    ),
    (
        "epo",
        "La ciberatako kontraŭ la hospitalo estis malkovrita lunde de la loka polico",
    ),
    (
        "est",
        "Küberrünnaku haiglale avastas esmaspäeval kohalik politsei, teatas pressiesindaja",
    ),
    (
        "fin",
        "Paikallinen poliisi havaitsi sairaalaan kohdistuneen kyberhyökkäyksen maanantaina",
    ),
    (
        "fra",
        "La cyberattaque contre l'hôpital a été découverte lundi par la police locale",
    ),
    (
        "guj",
        "હોસ્પિટલ પરના સાયબર હુમલાની જાણ સોમવારે સ્થાનિક પોલીસને થઈ હતી",
    ),
    (
        "heb",
        "מתקפת הסייבר על בית החולים התגלתה ביום שני על ידי המשטרה המקומית",
    ),
    (
        "hin",
        "अस्पताल पर साइबर हमले का पता सोमवार को स्थानीय पुलिस ने लगाया",
    ),
    (
        "hrv",
        "Kibernetički napad na bolnicu otkrila je u ponedjeljak lokalna policija",
    ),
    (
        "hun",
        "A kórház elleni kibertámadást hétfőn fedezte fel a helyi rendőrség",
    ),
    (
        "ind",
        "Serangan siber terhadap rumah sakit itu ditemukan pada hari Senin oleh polisi setempat",
    ),
    (
        "ita",
        "L'attacco informatico all'ospedale è stato scoperto lunedì dalla polizia locale",
    ),
    (
        "jpn",
        "病院へのサイバー攻撃は月曜日に地元の警察によって発見されました",
    ),
    ("kan", "ಆಸ್ಪತ್ರೆಯ ಮೇಲಿನ ಸೈಬರ್ ದಾಳಿಯನ್ನು ಸೋಮವಾರ ಸ್ಥಳೀಯ ಪೊಲೀಸರು ಪತ್ತೆ ಮಾಡಿದ್ದಾರೆ"),
    (
        "kor",
        "병원에 대한 사이버 공격은 월요일 현지 경찰에 의해 발견되었습니다",
    ),
    (
        "lit",
        "Kibernetinę ataką prieš ligoninę pirmadienį aptiko vietos policija",
    ),
    ("mal", "ആശുപത്രിക്ക് നേരെയുണ്ടായ സൈബർ ആക്രമണം തിങ്കളാഴ്ച പോലീസ് കണ്ടെത്തി"),
    (
        "mar",
        "रुग्णालयावरील सायबर हल्ला सोमवारी स्थानिक पोलिसांनी उघडकीस आणला आहे",
    ),
    (
        "nld",
        "De cyberaanval op het ziekenhuis werd maandag ontdekt door de lokale politie",
    ),
    ("pan", "ਹਸਪਤਾਲ ਉੱਤੇ ਸਾਈਬਰ ਹਮਲੇ ਦਾ ਪਤਾ ਸੋਮਵਾਰ ਨੂੰ ਪੁਲਿਸ ਨੇ ਲਗਾਇਆ"),
    (
        "pes",
        "حمله سایبری به بیمارستان روز دوشنبه توسط پلیس محلی کشف شد",
    ),
    (
        "pol",
        "Cyberatak na szpital został wykryty w poniedziałek przez miejscową policję",
    ),
    (
        "por",
        "O ataque cibernético ao hospital foi descoberto na segunda-feira pela polícia local",
    ),
    (
        "ron",
        "Atacul cibernetic asupra spitalului a fost descoperit luni de poliția locală",
    ),
    (
        "rus",
        "Кибератака на больницу была обнаружена в понедельник местной полицией",
    ),
    (
        "spa",
        "El ciberataque contra el hospital fue descubierto el lunes por la policía local",
    ),
    (
        "tam",
        "மருத்துவமனை மீதான சைபர் தாக்குதலை திங்கட்கிழமை காவல்துறை கண்டுபிடித்தது",
    ),
    ("tel", "ఆసుపత్రిపై సైబర్ దాడిని సోమవారం స్థానిక పోలీసులు గుర్తించారు"),
    (
        "tha",
        "การโจมตีทางไซเบอร์ต่อโรงพยาบาลถูกค้นพบเมื่อวันจันทร์โดยตำรวจท้องที่",
    ),
    (
        "tur",
        "Hastaneye yönelik siber saldırı pazartesi günü yerel polis tarafından keşfedildi",
    ),
    (
        "ukr",
        "Кібератаку на лікарню виявила в понеділок місцева поліція, повідомив речник",
    ),
    (
        "urd",
        "ہسپتال پر سائبر حملے کا پتہ پیر کے روز مقامی پولیس نے لگایا",
    ),
    (
        "vie",
        "Vụ tấn công mạng vào bệnh viện được cảnh sát địa phương phát hiện hôm thứ Hai",
    ),
];

/// Those of which the region pack says so.
const OF_INDIA: [&str; 9] = [
    "guj", "hin", "kan", "mal", "mar", "ori", "pan", "tam", "tel",
];

#[test]
fn forty_languages_are_read_without_inventing_anything() {
    let context = Context::default();
    let mut told = 0;
    for (code, text) in LANGUAGES {
        let analysis = understand(&article("outlet", 0, text, text), &context);
        assert_true(&analysis);
        if let Some(language) = &analysis.language {
            // Languages written alike are told apart by longer texts only.
            told += usize::from(language == code);
            assert!(*code == "eng" || language != "eng", "{text}");
        }
        // A language of India alone is itself a sign; no other names a place here.
        let india = analysis.region.is_india();
        let is_indian = analysis
            .language
            .as_deref()
            .is_some_and(|language| OF_INDIA.contains(&language));
        assert_eq!(india, is_indian, "{code}: {:?}", analysis.region);
        assert_eq!(analysis.text, *text, "{code}: nothing is lost");
    }
    assert!(LANGUAGES.len() >= 40 && told >= 30, "{told}");
}

/// Every span lies in its text and holds something.
fn assert_true(analysis: &Analysis) {
    let lengths = [
        analysis.title.chars().count(),
        analysis.text.chars().count(),
    ];
    let spans = analysis
        .entities
        .iter()
        .flat_map(|entity| &entity.spans)
        .chain(analysis.reasons.iter().flat_map(|reason| &reason.spans));
    for span in spans {
        let length = lengths[usize::from(span.field == Field::Text)];
        assert!(
            span.start < span.end && span.end as usize <= length,
            "{span:?}"
        );
    }
    assert!((0.0..=1.0).contains(&analysis.relevance.probability));
    assert!((0.0..=10.0).contains(&analysis.severity.score));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    /// A span of plain text leads back to the given text: what stands there, cleaned, is
    /// what the span says.
    #[test]
    fn spans_lead_back_to_the_given_text(
        words in prop::collection::vec(
            prop_oneof![
                Just("CVE-2026-1234".to_owned()), Just("evil[.]com".to_owned()),
                Just("मुंबई".to_owned()), Just("ह\u{95b}ार".to_owned()), Just("Cafe\u{301}".to_owned()),
                Just("LockBit".to_owned()), Just("2.3 million users".to_owned()),
                Just("\u{1112}\u{1161}\u{11ab}".to_owned()), Just("हैक\u{200d}र".to_owned()),
                Just("ra\u{200b}nsom\u{ad}ware".to_owned()), Just("₹45 crore".to_owned()),
                Just("\u{202e}State Bank of India\u{202c}".to_owned()), Just("🇮🇳".to_owned()),
                "\\PC{0,10}", "(?s).{0,4}",
            ],
            0..30,
        ),
        glue in prop_oneof![Just(" "), Just("  \t"), Just("\r\n\r\n"), Just(" \u{200b}")],
    ) {
        let given = words.join(glue);
        let mut item = article("outlet", 0, "", &given);
        item.markup = Markup::Plain;
        let analysis = understand(&item, &Context::new(&["hack".to_owned()]));
        assert_true(&analysis);
        let trace = Trace::new(&given, &analysis.text);
        let spans = analysis.entities.iter().flat_map(|entity| &entity.spans)
            .chain(analysis.reasons.iter().flat_map(|reason| &reason.spans))
            .filter(|span| span.field == Field::Text);
        for span in spans {
            let (from, to) = trace.stretch(span.start, span.end);
            let slice: String = given.chars().skip(from as usize).take((to - from) as usize).collect();
            let clean = Document::new("", &slice, Markup::Plain);
            let said = analysis.slice(*span);
            prop_assert_eq!(clean.text(), said.trim(), "{:?}", span);
        }
    }
}
