//! Which region packs are in use: `[region]`, and the files it names.

use std::path::Path;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use understand::region::{HOME, Pack, Regions};

/// The largest file of a pack that is read, in bytes: all towns of a large country.
const MAX_BYTES: u64 = 64 << 20;

/// Which country is home, and which others are looked at as closely.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Region {
    /// The pack of the home region, by its id.
    pub home: String,
    /// Further packs: ids of shipped ones (`prahari region list`), or folders.
    pub packs: Vec<String>,
}

impl Default for Region {
    fn default() -> Self {
        Self {
            home: HOME.to_owned(),
            packs: Vec::new(),
        }
    }
}

impl Region {
    /// Reads the packs.
    ///
    /// # Errors
    /// Every mistake in them, each naming its key or file.
    pub fn open(&self) -> Result<Arc<Regions>, Vec<String>> {
        if *self == Self::default() {
            return Ok(Regions::shipped());
        }
        let mut packs = Vec::new();
        let mut mistakes = Vec::new();
        for named in &self.packs {
            match pack(named) {
                Ok(pack) => packs.push(pack),
                Err(found) => {
                    mistakes.extend(found.into_iter().map(|what| format!("packs: {what}")))
                }
            }
        }
        if let Some(at) = packs.iter().position(|pack| pack.id == self.home) {
            let home = packs.remove(at);
            packs.insert(0, home);
        } else if let Some(home) = Pack::shipped(&self.home) {
            packs.insert(0, home);
        } else {
            mistakes.push(format!(
                "home: no pack has the id `{}`; shipped are {}",
                self.home,
                Pack::shipped_ids().collect::<Vec<_>>().join(", ")
            ));
        }
        if mistakes.is_empty() {
            Ok(Arc::new(Regions::new(packs)))
        } else {
            Err(mistakes)
        }
    }
}

/// A pack by the id of a shipped one, or by its folder.
///
/// # Errors
/// Every mistake in its files.
pub fn pack(named: &str) -> Result<Pack, Vec<String>> {
    let looks_like_id = named
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if looks_like_id && let Some(pack) = Pack::shipped(named) {
        return Ok(pack);
    }
    let folder = Path::new(named);
    let read = |name: &str| {
        let path = folder.join(name);
        let told = |error: &dyn std::fmt::Display| vec![format!("{}: {error}", path.display())];
        let size = std::fs::metadata(&path)
            .map_err(|error| told(&error))?
            .len();
        if size > MAX_BYTES {
            return Err(told(&format!("it is larger than {} MB", MAX_BYTES >> 20)));
        }
        std::fs::read_to_string(&path).map_err(|error| told(&error))
    };
    let text = read("pack.toml")?;
    // A pack may do without long lists.
    let names = if folder.join("names.tsv").exists() {
        read("names.tsv")?
    } else {
        String::new()
    };
    Pack::read(&text, names).map_err(|mistakes| {
        mistakes
            .into_iter()
            .map(|what| format!("{}: {what}", folder.display()))
            .collect()
    })
}
