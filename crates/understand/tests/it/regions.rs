//! Region packs: the same texts from two homes.

use std::sync::Arc;

use expect_test::{Expect, expect};
use model::{Aspect, Country, EntityKind};
use understand::region::{Pack, Regions};
use understand::{Context, understand};

use crate::article;

fn at_home(packs: &[&str]) -> Context {
    let packs = packs.iter().map(|id| Pack::shipped(id).unwrap()).collect();
    Context::new(&[]).within(Arc::new(Regions::new(packs)))
}

fn region(context: &Context, title: &str) -> String {
    let region = understand(&article("outlet", 0, title, ""), context).region;
    let countries: Vec<&str> = region.countries.iter().map(Country::as_str).collect();
    format!("{} / {}", countries.join(" "), region.states.join(" "))
}

fn check(title: &str, wanted: &Expect) {
    let told: Vec<String> = [&["india"][..], &["singapore"], &["singapore", "india"]]
        .into_iter()
        .map(|packs| region(&at_home(packs), title))
        .collect();
    wanted.assert_eq(&told.join("; "));
}

#[test]
fn every_home_knows_its_own_best_and_the_others_by_name() {
    check(
        "Ransomware at clinics in Tampines and Jurong, says SingCERT",
        &expect![[" / ; SG / 02 05; SG / 02 05"]],
    );
    check(
        "Ransomware at clinic in Kochi, says CERT-In",
        &expect![["IN / KL;  / ; IN / "]],
    );
    check(
        "India and Singapore hit by phishing wave",
        &expect![["IN SG / ; SG IN / ; IN SG / "]],
    );
    check(
        "Singapore-based hackers held after breach in Kenya",
        &expect![["KE / ; KE / ; KE / "]],
    );
}

#[test]
fn a_town_that_is_a_verb_is_one_where_the_words_beside_it_say_so() {
    let told = |title: &str| {
        let analysis = understand(&article("outlet", 0, title, ""), &Context::new(&[]));
        let places = analysis.entities.iter();
        let places = places.filter(|entity| entity.kind == EntityKind::Place);
        let places: Vec<&str> = places.map(|entity| entity.name.as_str()).collect();
        format!("{} {}", analysis.region.states.join(" "), places.join(" "))
    };
    for text in [
        "दिल्ली एम्स का सर्वर साइबर हमले से ठप हो गया",
        "दिल्ली में साइबर ठग को गिरफ्तार किया गया",
        "दिल्ली में बताया गया की खाते से पैसे चोरी हुए",
        "दिल्ली में ठग पकड़ा गया, पुलिस ने बताया",
    ] {
        assert_eq!(told(text), "DL दिल्ली", "{text}");
    }
    for text in [
        "गया में साइबर ठग गिरफ्तार, बैंक खाते खाली",
        "गया पुलिस ने साइबर ठगों को पकड़ा",
        "बिहार के गया का अस्पताल साइबर हमले से ठप हो गया",
    ] {
        let told = told(text);
        assert!(
            told.contains("BR") && told.ends_with("गया"),
            "{text}: {told}"
        );
    }
}

#[test]
fn without_any_pack_countries_are_known_by_name() {
    let bare = Context::new(&[]).within(Arc::new(Regions::new(Vec::new())));
    assert_eq!(region(&bare, "India hit by phishing wave"), "IN / ");
    assert_eq!(region(&bare, "CERT-In warns of phishing in Kochi"), " / ");
}

#[test]
fn listed_names_are_signs_and_say_so() {
    let told = |title: &str| {
        let analysis = understand(&article("outlet", 0, title, ""), &Context::new(&[]));
        let reasons: Vec<String> = analysis
            .reasons_for(Aspect::Region)
            .map(|reason| {
                let at: Vec<String> = reason.spans.iter().map(|s| analysis.slice(*s)).collect();
                format!("{} ‹{}›", reason.text, at.join("|"))
            })
            .collect();
        format!("{} | {}", analysis.region.is_india(), reasons.join("; "))
    };
    // Without its state, a company with no sign in pack.toml, in another script.
    expect!["true | India, city: “Tiruvannamalai” in the title ‹TIRUVANNAMALAI›"]
        .assert_eq(&told("School portal in TIRUVANNAMALAI hacked"));
    expect!["true | India, company: “Aarti Surfactants” in the title ‹Aarti Surfactants›"]
        .assert_eq(&told("Aarti Surfactants reports ransomware attack"));
    // A small town needs another sign; an ordinary word in lower case is no name.
    expect!["false | India, city: “Kondapalle” in the title ‹Kondapalle›"]
        .assert_eq(&told("Temple of Kondapalle loses its page"));
    expect![
        "true | India: “₹” in the title ‹₹›; India, city: “Kondapalle” in the title ‹Kondapalle›"
    ]
    .assert_eq(&told("Temple of Kondapalle loses ₹2 million to fraud"));
    expect!["false | "].assert_eq(&told("aarti surfactants of tiruvannamalai"));
}

#[test]
fn a_veto_hides_listed_names_too() {
    let mut pack = String::from(
        "id = 'zorvia'\nname = 'Zorvia'\ncountry = 'ZW'\nsubdivision = 'part'\n\
         vetoes = ['Old Zorvexpur']\n[[sources]]\nwhat = 'invented'\nlicence = 'MIT'\n",
    );
    let names = "city\tZorvexpur\n";
    let home = |pack: &str| {
        let pack = Pack::read(pack, names).unwrap();
        Context::new(&[]).within(Arc::new(Regions::new(vec![pack])))
    };
    let text = "Clinic in Old Zorvexpur hit by ransomware";
    assert_eq!(region(&home(&pack), text), " / ");
    assert_eq!(
        region(&home(&pack), "Clinic in Zorvexpur hit by ransomware"),
        "ZW / "
    );
    assert_eq!(region(&home(&pack), "Zorvexpur hackers leak data"), " / ");
    pack = pack.replace("'Old Zorvexpur'", "");
    assert_eq!(region(&home(&pack), text), "ZW / ");
}

#[test]
fn a_namesake_names_its_own_country() {
    let home = at_home(&["india"]);
    for (title, wanted) in [
        ("Ransomware hits hospital in Hyderabad, Pakistan", "PK / "),
        ("Data of farmers in Pakistan's Punjab leaked", "PK / "),
        ("City of Salem, Oregon hit by ransomware", "US / "),
        (
            "Ransomware hits hospital in Hyderabad, Telangana",
            "IN / TS",
        ),
    ] {
        assert_eq!(region(&home, title), wanted, "{title}");
    }
}

#[test]
fn whose_police_and_whose_call_centre_it_is() {
    let home = at_home(&["india"]);
    for (title, wanted) in [
        ("Delhi Police arrest man who hacked a US hospital", "US / "),
        (
            "Delhi Police arrest man who hacked a hospital in Pune",
            "IN / DL MH",
        ),
        ("Delhi Police arrest man who hacked a hospital", "IN / DL"),
        (
            "Delhi Police hit by ransomware from US server",
            "IN US / DL",
        ),
        ("A Noida call centre was hacked", "IN / UP"),
        ("Noida call centre hacked, data stolen", "IN / UP"),
        ("Noida call centre cheated pensioners in Canada", "CA / "),
    ] {
        assert_eq!(region(&home, title), wanted, "{title}");
    }
}
