//! What is read in English is read in Hindi, and in Hindi in Latin letters.

use model::{IncidentType, Markup, RelevanceLabel, Severity};
use understand::severity::signs::{kind, name, of};
use understand::{Context, Document, understand};

use crate::article;

/// Whether every one of these signs is read out of every one of these texts.
fn check(signs: &[&str], texts: &[&str]) {
    for text in texts {
        let found: Vec<&str> = of(&Document::new("", text, Markup::Plain))
            .iter()
            .map(|sign| name(kind(sign.number)))
            .collect();
        for sign in signs {
            assert!(found.contains(sign), "no `{sign}` in {text}: {found:?}");
        }
    }
}

#[test]
fn what_happened_is_read() {
    check(
        &[
            "service disrupted",
            "a vital victim",
            "a concrete event",
            "Ransomware",
        ],
        &[
            "The hospital was hit by ransomware and its systems went down.",
            "अस्पताल पर रैंसमवेयर से साइबर हमला हुआ और कामकाज ठप हो गया।",
            "Aspatal par ransomware ka hamla hua aur kaam thap ho gaya.",
        ],
    );
    check(
        &["exploited", "a warning"],
        &[
            "The agency warns that the flaw is being exploited.",
            "एजेंसी की चेतावनी: हैकर खामी का फायदा उठा रहे हैं।",
            "Agency ki chetavani: hackers is flaw ka fayda utha rahe hain.",
        ],
    );
}

#[test]
fn whom_and_how_many_is_read() {
    check(
        &["people or records", "sensitive data", "data of persons"],
        &[
            "Personal data of 2 lakh people, Aadhaar numbers included, was leaked.",
            "2 लाख लोगों की निजी जानकारी और आधार नंबर लीक हुए।",
            "2 lakh logon ki niji jankari aur Aadhar number leak hua.",
        ],
    );
    check(
        &["reaches far", "called large"],
        &[
            "A massive attack, nationwide.",
            "देशभर में सबसे बड़ा हमला।",
            "Desh bhar mein sabse bada hamla.",
        ],
    );
}

#[test]
fn who_says_so_is_read() {
    check(
        &["confirmed", "being looked into"],
        &[
            "The bank confirmed the breach; police are looking into it.",
            "बैंक ने पुष्टि की है, पुलिस जांच कर रही है।",
            "Bank ne pushti ki hai, police jaanch kar rahi hai.",
        ],
    );
    check(
        &["a claim"],
        &[
            "Hackers claim to have the files.",
            "हैकरों का दावा है कि फाइलें उनके पास हैं।",
            "Hackers ka dawa hai ki files unke paas hain.",
        ],
    );
    check(
        &["denied"],
        &[
            "The company denies it.",
            "कंपनी ने डेटा लीक से इनकार किया।",
            "Company ne data leak se inkar kiya.",
        ],
    );
}

#[test]
fn what_came_after_and_what_is_advice_is_read() {
    check(
        &["arrest or trial", "aftermath"],
        &[
            "Two men were arrested and jailed over the theft.",
            "चोरी के मामले में दो लोग गिरफ्तार, अब जेल में।",
            "Chori ke mamle mein do log giraftar.",
        ],
    );
    check(
        &["recovery"],
        &[
            "Services are back online.",
            "सेवाएं बहाल हो गईं।",
            "Sewayen bahal ho gayin.",
        ],
    );
    check(
        &["advice"],
        &[
            "Tips: how to stay safe.",
            "ठगी से कैसे बचें, जानें टिप्स।",
            "Thagi se kaise bachein.",
        ],
    );
    check(
        &["statistics"],
        &[
            "Cases rose by 20 per cent, the report finds.",
            "मामलों में 20 फीसदी की बढ़ोतरी।",
            "Mamlon mein 20 fisadi ki vriddhi.",
        ],
    );
    check(
        &["foiled"],
        &[
            "The attack was foiled.",
            "हमले की कोशिश नाकाम कर दी गई।",
            "Hamle ki koshish nakam.",
        ],
    );
}

#[test]
fn a_hospital_that_stands_still_is_no_small_matter_in_any_language() {
    for (title, text) in [
        (
            "Ransomware hits government hospital, services down",
            "Patients were turned away after a cyber attack on the hospital's servers.",
        ),
        (
            "सरकारी अस्पताल पर रैंसमवेयर हमला, सेवाएं ठप",
            "अस्पताल के सर्वर पर साइबर हमले के बाद मरीजों को लौटाना पड़ा। ओपीडी बंद रही।",
        ),
        (
            "Sarkari aspatal par ransomware hamla, kaam thap",
            "Aspatal ke server par cyber attack ke baad services band, marizon ka data lock ho gaya.",
        ),
    ] {
        let analysis = understand(&article("outlet", 0, title, text), &Context::new(&[]));
        assert_eq!(
            analysis.relevance.label,
            RelevanceLabel::Incident,
            "{title}"
        );
        assert_eq!(analysis.types[0].label, IncidentType::Ransomware, "{title}");
        assert!(
            analysis.severity.severity >= Severity::Medium,
            "{title}: {:?}",
            analysis.severity
        );
    }
}

#[test]
fn an_outage_with_another_cause_is_no_incident() {
    for (title, text) in [
        (
            "Airport outage was not a cyber attack, operator says",
            "A power fault stopped check-in for two hours.",
        ),
        (
            "हवाई अड्डे पर चेक-इन ठप, साइबर हमला नहीं: कंपनी",
            "बिजली की गड़बड़ी से दो घंटे काम रुका।",
        ),
    ] {
        let analysis = understand(&article("outlet", 0, title, text), &Context::new(&[]));
        assert_ne!(
            analysis.relevance.label,
            RelevanceLabel::Incident,
            "{title}"
        );
        assert!(
            analysis.severity.severity <= Severity::Medium,
            "{title}: {:?}",
            analysis.severity
        );
    }
}
