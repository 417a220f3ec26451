//! The products of a CSAF advisory.
//!
//! They stand in a tree whose leaves have ids; the way from the root says vendor,
//! product and version. Red Hat puts architectures between and writes package,
//! epoch and version into one name, so a package address (purl) counts before
//! names. `relationships` make products of products (a package *in* a
//! distribution): the package is what is affected.

use std::collections::{HashMap, HashSet};

use model::{Affected, VersionRange};
use serde_json::Value;

use super::advisory::list;
use crate::answer;

/// Bounds on what is kept; advisories on whole distributions come near them.
const MOST_PRODUCTS: usize = 100_000;
const MOST_AFFECTED: usize = 2_000;

/// What the ids of products stand for.
#[derive(Default)]
pub(super) struct Products(HashMap<String, Vec<Affected>>);

/// The way from the root of the tree to a leaf.
#[derive(Clone, Copy, Default)]
struct Way<'a> {
    vendor: Option<&'a str>,
    product: Option<&'a str>,
    version: Option<&'a str>,
    range: Option<&'a str>,
}

impl Products {
    pub(super) fn read(tree: &Value) -> Self {
        let mut products = Self::default();
        products.branches(tree, Way::default());
        for product in list(tree, "/full_product_names") {
            products.leaf(product, Way::default());
        }
        for relation in list(tree, "/relationships").iter().take(MOST_PRODUCTS) {
            let (Some(id), Some(of)) = (
                answer::text(relation, "/full_product_name/product_id"),
                answer::text(relation, "/product_reference"),
            ) else {
                continue;
            };
            if let Some(named) = products.0.get(of).cloned() {
                products.0.insert(id.to_owned(), named);
            }
        }
        products
    }

    /// The tree is as deep as a JSON document may be: 128.
    fn branches<'a>(&mut self, node: &'a Value, way: Way<'a>) {
        for branch in list(node, "/branches") {
            let name = answer::text(branch, "/name");
            let mut way = way;
            match answer::text(branch, "/category") {
                Some("vendor") => way.vendor = name,
                Some("product_name") => way.product = name,
                Some("product_family") => way.product = way.product.or(name),
                Some("product_version" | "service_pack" | "patch_level") => way.version = name,
                Some("product_version_range") => way.range = name,
                _ => {}
            }
            if let Some(product) = branch.get("product") {
                self.leaf(product, way);
            }
            self.branches(branch, way);
        }
    }

    fn leaf(&mut self, product: &Value, way: Way<'_>) {
        let Some(id) =
            answer::text(product, "/product_id").filter(|_| self.0.len() < MOST_PRODUCTS)
        else {
            return;
        };
        let purl =
            answer::text(product, "/product_identification_helper/purl").and_then(Purl::read);
        let vendor = way
            .vendor
            .or(purl.as_ref().map(|purl| purl.kind))
            .unwrap_or_default();
        let name = match (&purl, way.product) {
            (Some(purl), _) => purl.name.clone(),
            (None, Some(name)) => name.to_owned(),
            (None, None) => answer::text(product, "/name").unwrap_or(id).to_owned(),
        };
        let ranges = match (purl.and_then(|purl| purl.version), way.range, way.version) {
            (Some(version), _, _) => vec![exactly(&version)],
            (None, Some(range), _) => {
                let ranges = VersionRange::all_of_text(range);
                // Prose stays as it is: better read by a person than lost.
                if ranges.is_empty() {
                    vec![exactly(range)]
                } else {
                    ranges
                }
            }
            (None, None, Some(version)) => {
                vec![VersionRange::of_text(version).unwrap_or_else(|| exactly(version))]
            }
            (None, None, None) => vec![VersionRange::default()],
        };
        let named = ranges
            .into_iter()
            .map(|versions| Affected {
                vendor: vendor.to_owned(),
                product: name.clone(),
                versions,
            })
            .collect();
        self.0.insert(id.to_owned(), named);
    }

    /// The products affected by a flaw; where only mended ones are named, all
    /// before them.
    pub(super) fn affected(&self, flaw: &Value) -> Vec<Affected> {
        let named = |status: &str| {
            list(flaw, &format!("/product_status/{status}"))
                .iter()
                .filter_map(|id| self.0.get(id.as_str()?))
                .flatten()
        };
        let mut known: HashSet<Affected> = HashSet::new();
        let mut affected: Vec<Affected> = Vec::new();
        let hit = ["known_affected", "first_affected"]
            .into_iter()
            .flat_map(named)
            .cloned();
        let last = named("last_affected").map(|product| bounded(product, false));
        let mended = ["fixed", "first_fixed"]
            .into_iter()
            .flat_map(named)
            .map(|product| bounded(product, true));
        for product in hit.chain(last).chain(mended) {
            if affected.len() < MOST_AFFECTED && known.insert(product.clone()) {
                affected.push(product);
            }
        }
        affected
    }
}

fn exactly(version: &str) -> VersionRange {
    VersionRange {
        exact: Some(answer::cut(version, 200).to_owned()),
        ..VersionRange::default()
    }
}

/// All versions up to the one named, without it if it is the one that mends.
fn bounded(product: &Affected, mends: bool) -> Affected {
    let mut product = product.clone();
    if let Some(version) = product.versions.exact.take() {
        if mends {
            product.versions.to_excluding = Some(version);
        } else {
            product.versions.to_including = Some(version);
        }
    }
    product
}

/// A package address: `pkg:rpm/redhat/bind@9.8.2-0.68?arch=src&epoch=32`.
struct Purl<'a> {
    kind: &'a str,
    name: String,
    version: Option<String>,
}

impl<'a> Purl<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let rest = text.strip_prefix("pkg:")?;
        let path = rest.split(['?', '#']).next()?;
        let (kind, path) = path.split_once('/')?;
        // An `@` begins names of npm, too, but encoded.
        let (path, version) = match path.rsplit_once('@') {
            Some((path, version)) => (path, Some(version)),
            None => (path, None),
        };
        let name = decoded(path.rsplit('/').next().filter(|name| !name.is_empty())?);
        Some(Self {
            kind,
            name,
            version: version.map(decoded),
        })
    }
}

fn decoded(text: &str) -> String {
    // A form writes blanks as `+`; here a plus is a plus.
    let text = text.replace('+', "%2B");
    url::form_urlencoded::parse(text.as_bytes())
        .next()
        .map(|(text, _)| text.into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_addresses_name_package_and_version() {
        let told = |text: &str| {
            Purl::read(text).map(|purl| format!("{}|{}|{:?}", purl.kind, purl.name, purl.version))
        };
        assert_eq!(
            told("pkg:rpm/redhat/libstdc%2B%2B@9.8.2-0.68%2B1?arch=src&epoch=32").as_deref(),
            Some("rpm|libstdc++|Some(\"9.8.2-0.68+1\")")
        );
        assert_eq!(
            told("pkg:npm/%40acme/gate").as_deref(),
            Some("npm|gate|None")
        );
        assert_eq!(told("pkg:rpm"), None);
        assert_eq!(told("cpe:/a"), None);
    }
}
