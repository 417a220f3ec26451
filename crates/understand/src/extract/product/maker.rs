//! Whose product it is: "Fortinet FortiOS" is FortiOS by Fortinet, and "FortiOS" is
//! that too, because the list knows it.
//!
//! Descriptions name the maker in front of the product or not at all. A name of which
//! the list knows neither part keeps no maker: a wrong one is worse than none. The list
//! gives several makers to some of the best known products; `data/makers.txt` decides.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::extract::gazetteer::{Gazetteer, class};

/// Words of a name that a maker or a listed product may have.
const MAX_WORDS: usize = 8;

/// What everybody makes, though the list knows it of somebody.
const GENERIC: &[&str] = &["api", "bios", "firmware", "kernel", "router", "snmp"];

/// What others make things for: "WordPress Header Builder" is not by WordPress.
const PLATFORMS: &[&str] = &[
    "wordpress",
    "woocommerce",
    "elementor",
    "joomla",
    "drupal",
    "laravel",
];

/// A product and its maker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The maker; empty if it is not known.
    pub vendor: String,
    /// The product, without its maker.
    pub product: String,
}

/// The makers of products that one text names.
#[must_use]
pub fn makers(names: &[&str]) -> Vec<Made> {
    let gazetteer = Gazetteer::shipped();
    let parted: Vec<Result<Made, Vec<&str>>> =
        names.iter().map(|name| made(name, gazetteer)).collect();
    let sure: Vec<String> = parted
        .iter()
        .flatten()
        .map(|made| made.vendor.clone())
        .collect();
    parted
        .into_iter()
        .zip(names)
        .map(|(parted, name)| {
            parted.unwrap_or_else(|several| Made {
                // Both Cisco and Apple make an iOS; beside macOS it is Apple's.
                vendor: sure
                    .iter()
                    .find(|sure| several.iter().any(|maker| is_one(maker, sure)))
                    .cloned()
                    .unwrap_or_default(),
                product: (*name).to_owned(),
            })
        })
        .collect()
}

/// Whether a list knows the product, with its maker in front or without.
#[must_use]
pub fn is_listed(name: &str) -> bool {
    let gazetteer = Gazetteer::shipped();
    let is_product = |name: &str| {
        known_maker(name).is_some()
            || gazetteer.lookup(name).any(|entry| {
                entry.classes & class::PRODUCT != 0 && entry.classes & class::AMBIGUOUS == 0
            })
    };
    is_product(name)
        || made(name, gazetteer).is_ok_and(|made| made.product != name && is_product(&made.product))
}

/// The lines of `data/makers.txt`, by the product's name in small letters.
static MAKERS: LazyLock<HashMap<String, &str>> = LazyLock::new(|| {
    let mut makers = HashMap::new();
    for line in FILE.lines().filter(|line| !line.starts_with('#')) {
        let Some((maker, products)) = line.split_once(':') else {
            continue;
        };
        for product in products.split(',') {
            makers.insert(product.trim().to_lowercase(), maker.trim());
        }
    }
    makers
});

const FILE: &str = include_str!("../../../data/makers.txt");

fn known_maker(product: &str) -> Option<&'static str> {
    MAKERS.get(&product.to_lowercase()).copied()
}

/// A name without its maker, or who may have made it.
fn made<'a>(name: &str, gazetteer: &'a Gazetteer) -> Result<Made, Vec<&'a str>> {
    let words: Vec<&str> = name.split_whitespace().collect();
    let made = |vendor: &str, product: &str| {
        Ok(Made {
            vendor: vendor.to_owned(),
            product: product.to_owned(),
        })
    };
    let starts = || {
        let most = words.len().min(MAX_WORDS);
        (1..=most).rev().filter_map(|count| {
            let start = words.get(..count)?.join(" ");
            Some((start, words.get(count..)?.join(" ")))
        })
    };
    let is_vendor = |name: &str| {
        name.starts_with(char::is_uppercase)
            && gazetteer
                .lookup(name)
                .any(|entry| entry.classes & class::VENDOR != 0)
    };
    // A maker in front of the product, the longest: "Juniper Networks Junos OS".
    for (start, rest) in starts() {
        let is_named =
            rest.starts_with(char::is_alphanumeric) && rest.contains(char::is_alphabetic);
        if is_named && is_vendor(&start) && !is_among(PLATFORMS, &start) {
            return made(&start, &rest);
        }
    }
    // A product whose maker is known, alone or with more behind it: "macOS Sonoma".
    for (start, rest) in starts() {
        let mut vendors: Vec<&str> = Vec::new();
        let mut is_word = false;
        for entry in gazetteer.lookup(&start) {
            let is_product = entry.classes & class::PRODUCT != 0 && !entry.detail.is_empty();
            is_word |= entry.classes & class::AMBIGUOUS != 0;
            if is_product && !vendors.iter().any(|known| is_one(known, entry.detail)) {
                vendors.push(entry.detail);
            }
        }
        // "Word Balloon" is nothing of Microsoft's.
        let is_whole = rest.is_empty() && start.starts_with(char::is_uppercase);
        match vendors.as_slice() {
            [] => {}
            _ if is_among(GENERIC, &start) => {}
            [vendor] if is_whole || !is_word => return made(vendor, name),
            // "A flaw in the Linux kernel": of whom, if not of Linux?
            _ if rest.is_empty() && !is_vendor(name) && known_maker(name).is_none() => {
                return Err(vendors);
            }
            _ => {}
        }
    }
    for (start, _) in starts() {
        if let Some(maker) = known_maker(&start) {
            return made(maker, name);
        }
    }
    // Nothing but the maker is named.
    if is_vendor(name) {
        return made(name, name);
    }
    Err(Vec::new())
}

fn is_among(words: &[&str], word: &str) -> bool {
    words.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Whether two spellings are one maker's: "hp" and "HP Inc.".
fn is_one(one: &str, other: &str) -> bool {
    let words = |name: &str| -> Vec<String> {
        name.to_lowercase()
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let (one, other) = (words(one), words(other));
    let starts = one.starts_with(&other) || other.starts_with(&one);
    // CPE names write "paloaltonetworks".
    !one.is_empty() && !other.is_empty() && (starts || one.concat() == other.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(names: &[&str], wanted: &[(&str, &str)]) {
        let found = makers(names);
        let found: Vec<(&str, &str)> = found
            .iter()
            .map(|made| (made.vendor.as_str(), made.product.as_str()))
            .collect();
        assert_eq!(found, wanted);
    }

    #[test]
    fn a_maker_is_split_from_the_front_of_a_product() {
        check(&["Fortinet FortiOS"], &[("Fortinet", "FortiOS")]);
        check(
            &["Juniper Networks Junos OS"],
            &[("Juniper Networks", "Junos OS")],
        );
        check(&["Linux"], &[("Linux", "Linux")]);
        check(
            &["WordPress Acme Forms", "Acme Forms"],
            &[("", "WordPress Acme Forms"), ("", "Acme Forms")],
        );
    }

    #[test]
    fn the_maker_of_a_known_product_is_known() {
        check(&["FortiOS"], &[("fortinet", "FortiOS")]);
        check(&["macOS Sonoma"], &[("apple", "macOS Sonoma")]);
    }

    #[test]
    fn the_best_known_products_have_their_makers() {
        for (product, maker) in [
            ("PAN-OS", "paloaltonetworks"),
            ("Ivanti Connect Secure", "Ivanti"),
            ("Connect Secure", "ivanti"),
            ("NetScaler ADC", "citrix"),
            ("Citrix ADC", "Citrix"),
            ("Confluence Data Center", "atlassian"),
            ("vCenter", "vmware"),
            ("ESXi", "vmware"),
            ("FortiManager", "fortinet"),
            ("SonicOS", "sonicwall"),
            ("MOVEit", "progress"),
            ("ScreenConnect", "connectwise"),
            ("Exchange Server", "microsoft"),
            ("SharePoint Server", "microsoft"),
            ("Cisco IOS XE", "Cisco"),
            ("IOS XE", "cisco"),
            ("ASA Software", "cisco"),
            ("Junos OS", "juniper"),
            ("Veeam Backup & Replication", "Veeam"),
            ("WebLogic Server", "oracle"),
            ("GlobalProtect", "paloaltonetworks"),
        ] {
            let made = makers(&[product]);
            let vendor: Vec<&str> = made.iter().map(|made| made.vendor.as_str()).collect();
            assert!(
                vendor.iter().all(|vendor| is_one(vendor, maker)),
                "{product}: {vendor:?}"
            );
        }
        assert!(is_listed("FortiOS") && is_listed("Fortinet FortiOS") && is_listed("MOVEit"));
        assert!(!is_listed("Fortinet") && !is_listed("Google Project Zero"));
    }

    #[test]
    fn the_list_of_makers_names_each_product_once() {
        let lines = || FILE.lines().filter(|line| !line.starts_with('#'));
        let named: usize = lines()
            .map(|line| {
                line.split_once(':')
                    .map_or(0, |(_, all)| all.split(',').count())
            })
            .sum();
        assert!(named > 50 && MAKERS.len() == named, "{}", MAKERS.len());
        let makers: Vec<&str> = lines().collect();
        assert!(makers.is_sorted());
    }

    #[test]
    fn a_product_that_nobody_knows_has_no_maker() {
        check(&["Acme Gate"], &[("", "Acme Gate")]);
        check(&[""], &[("", "")]);
        let long = "Acme ".repeat(1000);
        check(&[&long], &[("", &long)]);
    }

    #[test]
    fn of_several_makers_it_is_the_one_named_beside_it() {
        check(&["iOS"], &[("", "iOS")]);
        check(
            &["macOS Sonoma", "iOS"],
            &[("apple", "macOS Sonoma"), ("apple", "iOS")],
        );
    }
}
