//! `prahari region`: which region packs there are, what is in one, whether one is
//! whole, and how one is built from a gazetteer. Nothing is stored.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use model::Country;
use serde_json::json;
use understand::region::gazetteer::{Builder, skeleton};
use understand::region::{Credit, Pack};

use super::{Outcome, print};
use crate::config::{self, Settings};

/// The largest list that is read: all places of a large country in GeoNames' dump.
const MAX_LIST: u64 = 1 << 30;

/// Region packs: what shows that a country is affected.
#[derive(Debug, clap::Args)]
pub(super) struct Region {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List the packs that ship with Prahari and those the settings name
    List,
    /// Show what a pack holds
    Show {
        /// Its id, or its folder
        pack: String,
    },
    /// Read a pack as a start would, and say what is wrong
    Check {
        /// Its folder
        folder: String,
    },
    /// Make a pack's list of names from gazetteers; begins the pack if there is none
    Build(Build),
}

/// Lists may be GeoNames' dumps or tables with a heading (`name`, and where known
/// `population`, `admin1`, `country`, `alternatenames`).
#[derive(Debug, clap::Args)]
struct Build {
    /// Lists of places
    #[arg(long, value_name = "FILE", required_unless_present = "companies", num_args = 1..)]
    gazetteer: Vec<PathBuf>,
    /// Lists of companies
    #[arg(long, value_name = "FILE", num_args = 1..)]
    companies: Vec<PathBuf>,
    /// Lists of what bears the same names elsewhere: such names need another sign
    #[arg(long, value_name = "FILE", num_args = 1..)]
    elsewhere: Vec<PathBuf>,
    /// Texts that tell which words are ordinary ones: names of these need another sign
    #[arg(long, value_name = "FILE", num_args = 1..)]
    texts: Vec<PathBuf>,
    /// Texts, one a line, that are not about the country: names in them need another sign
    #[arg(long, value_name = "FILE", num_args = 1..)]
    foreign_texts: Vec<PathBuf>,
    /// The pack's folder
    #[arg(long, value_name = "FOLDER")]
    output: PathBuf,
    /// For a new pack: the country's code
    #[arg(long, value_name = "CODE")]
    country: Option<Country>,
    /// For a new pack: the country's name
    #[arg(long)]
    name: Option<String>,
    /// For a new pack: the licence of the lists
    #[arg(long, default_value = "none stated")]
    licence: String,
}

impl Region {
    /// Only the list needs settings: a pack is mended while they are wrong.
    pub(super) fn run(self, settings: Option<&Settings>, as_json: bool) -> anyhow::Result<Outcome> {
        match self.what {
            What::List => {
                let settings = settings.context("the settings are wrong: see `prahari check`")?;
                list(settings, as_json)
            }
            What::Show { pack } => show(&pack, as_json),
            What::Check { folder } => check(&folder, as_json),
            What::Build(build) => build.run(),
        }
    }
}

fn list(settings: &Settings, as_json: bool) -> anyhow::Result<Outcome> {
    let used = settings.regions();
    let home = used.home().map(|pack| pack.id.clone()).unwrap_or_default();
    let is_used = |id: &str| used.packs().iter().any(|pack| pack.id == id);
    let unused = Pack::shipped_ids()
        .filter(|id| !is_used(id))
        .filter_map(Pack::shipped);
    let packs: Vec<Pack> = used.packs().iter().cloned().chain(unused).collect();
    let state = |pack: &Pack| match (pack.id == home, is_used(&pack.id)) {
        (true, _) => "home",
        (false, true) => "used",
        (false, false) => "shipped",
    };
    if as_json {
        let rows: Vec<_> = packs
            .iter()
            .map(|pack| {
                let size = pack.size();
                json!({
                    "id": pack.id, "name": pack.name, "country": pack.country, "state": state(pack),
                    "subdivisions": pack.subdivisions.len(), "signs": size.signs, "names": size.names,
                })
            })
            .collect();
        print::json(&rows)?;
        return Ok(Outcome::Done);
    }
    for pack in &packs {
        let size = pack.size();
        print::line(&format!(
            "{:<8} {:<12} {} {}: {} signs, {} names",
            state(pack),
            pack.id,
            pack.country,
            pack.name,
            size.signs,
            size.names
        ));
    }
    Ok(Outcome::Done)
}

fn read(named: &str) -> anyhow::Result<Pack> {
    config::pack(named).map_err(|mistakes| anyhow::anyhow!(mistakes.join("\n")))
}

fn show(named: &str, as_json: bool) -> anyhow::Result<Outcome> {
    let pack = read(named)?;
    let size = pack.size();
    if as_json {
        let credits: Vec<_> = pack
            .sources
            .iter()
            .map(|credit| json!({ "what": credit.what, "licence": credit.licence }))
            .collect();
        let parts: serde_json::Map<_, _> = pack
            .subdivisions
            .iter()
            .map(|(code, part)| (code.clone(), part.name.clone().into()))
            .collect();
        print::json(&json!({
            "id": pack.id, "name": pack.name, "country": pack.country,
            "subdivision": pack.subdivision, "subdivisions": parts, "sources": credits,
            "signs": size.signs, "names": size.names, "spellings": size.spellings,
            "bytes": size.bytes,
        }))?;
        return Ok(Outcome::Done);
    }
    let plain = print::plain;
    print::line(&format!(
        "{} ({}), pack {}",
        plain(&pack.name),
        pack.country,
        pack.id
    ));
    print::line(&format!(
        "{} signs; {} names in {} spellings, {} kB of memory",
        size.signs,
        size.names,
        size.spellings,
        size.bytes / 1_000
    ));
    for credit in &pack.sources {
        print::line(&format!(
            "from     {} ({})",
            plain(&credit.what),
            plain(&credit.licence)
        ));
    }
    for (code, part) in &pack.subdivisions {
        print::line(&format!("{code:<8} {}", plain(&part.name)));
    }
    Ok(Outcome::Done)
}

fn check(folder: &str, as_json: bool) -> anyhow::Result<Outcome> {
    let mistakes = config::pack(folder).err().unwrap_or_default();
    if as_json {
        print::json(&json!({ "mistakes": mistakes }))?;
    } else {
        for mistake in &mistakes {
            print::line(&format!("wrong    {}", print::plain(mistake)));
        }
        if mistakes.is_empty() {
            print::line(&format!("{} is whole", print::plain(folder)));
        }
    }
    Ok(if mistakes.is_empty() {
        Outcome::Done
    } else {
        Outcome::Failed
    })
}

impl Build {
    fn run(&self) -> anyhow::Result<Outcome> {
        let places = read_all(&self.gazetteer)?;
        let companies = read_all(&self.companies)?;
        std::fs::create_dir_all(&self.output)
            .with_context(|| format!("{} cannot be made", self.output.display()))?;
        let path = self.output.join("pack.toml");
        if !path.exists() {
            let text = self.begin(&places)?;
            std::fs::write(&path, text).with_context(|| format!("{}", path.display()))?;
            print::line(&format!("began {}", path.display()));
        }
        let text = std::fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
        let pack =
            Pack::read(&text, "").map_err(|mistakes| anyhow::anyhow!(mistakes.join("\n")))?;
        let mut builder = Builder::new(&pack);
        for texts in &self.texts {
            builder.learn_words(&read_list(texts)?);
        }
        for list in &self.elsewhere {
            let learnt = builder.learn_elsewhere(&read_list(list)?);
            learnt.map_err(|what| anyhow::anyhow!("{}: {what}", list.display()))?;
        }
        let told = |path: &Path, taken: Result<_, String>| {
            let taken: understand::region::gazetteer::Taken =
                taken.map_err(|what| anyhow::anyhow!("{}: {what}", path.display()))?;
            print::line(&format!(
                "{}: {} names, {} left out",
                path.display(),
                taken.names,
                taken.left_out
            ));
            anyhow::Ok(())
        };
        for (path, list) in self.gazetteer.iter().zip(&places) {
            told(path, builder.take_places(list))?;
        }
        for (path, list) in self.companies.iter().zip(&companies) {
            told(path, builder.take_companies(list))?;
        }
        for texts in &self.foreign_texts {
            builder.mark_found(&read_list(texts)?);
        }
        let names = builder.finish();
        // What was written must be readable: a pack is checked before it is used.
        Pack::read(&text, names.clone())
            .map_err(|mistakes| anyhow::anyhow!(mistakes.join("\n")))?;
        let path = self.output.join("names.tsv");
        std::fs::write(&path, &names).with_context(|| format!("{}", path.display()))?;
        print::line(&format!(
            "wrote {} ({} kB)",
            path.display(),
            names.len() / 1_000
        ));
        Ok(Outcome::Done)
    }

    /// The text of a new pack.
    fn begin(&self, places: &[String]) -> anyhow::Result<String> {
        let (Some(country), Some(name)) = (self.country, &self.name) else {
            anyhow::bail!(
                "{} has no pack.toml yet: say --country and --name to begin one",
                self.output.display()
            );
        };
        let id: String = name
            .to_lowercase()
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join("-");
        anyhow::ensure!(!id.is_empty(), "--name: write the name in Latin letters");
        let credits: Vec<Credit> = self
            .gazetteer
            .iter()
            .chain(&self.companies)
            .map(|path| Credit {
                what: format!(
                    "names.tsv: {}",
                    path.file_name().unwrap_or_default().display()
                ),
                licence: self.licence.clone(),
            })
            .collect();
        let lists: Vec<&str> = places.iter().map(String::as_str).collect();
        skeleton(&id, name, country, &credits, &lists).map_err(anyhow::Error::msg)
    }
}

fn read_all(paths: &[PathBuf]) -> anyhow::Result<Vec<String>> {
    paths.iter().map(|path| read_list(path)).collect()
}

fn read_list(path: &Path) -> anyhow::Result<String> {
    let size = std::fs::metadata(path)
        .with_context(|| format!("{} cannot be read", path.display()))?
        .len();
    anyhow::ensure!(size <= MAX_LIST, "{} is larger than 1 GB", path.display());
    std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}
