//! How much two items read as if they told one story, and an item and the latest
//! items of an incident.
//!
//! A logistic link over what two prints share. Learned from labelled news by the
//! crate `learn`, which calls the same functions.

mod pair;

use model::print::{Judged, Member, Print};
use model::{Entity, Timestamp, clock};

pub use pair::Compared;
use pair::{Lookup, are_apart, common, fill_one_pattern, judged_alike, shared, weight_of};

use super::reprint;
use super::subject::{Named, is_time};
use super::words::{Word, Words};
use crate::weights::{Section, Weights, WeightsError, unfit};

/// What a link looks at, in the order of its weights.
pub const FEATURES: [&str; 18] = [
    "alike in all words",
    "alike in the title's words",
    "names shared, of all",
    "names shared, of the fewer",
    "rarest shared name",
    "rarest name shared by the titles",
    "the titles share a name",
    "the titles name different things",
    "the title's names stand in the other",
    "numbers shared",
    "weeks apart",
    "days apart, as a logarithm",
    "both are notices of law firms",
    "four rarest shared names",
    "types shared, of all",
    "both an incident, or both of threats",
    "a victim shared",
    "the victims differ",
];

/// How far apart two items of one story may be told, in days. Follow-ups come
/// after weeks; with more than three nothing was gained on labelled news.
pub const WINDOW_DAYS: i32 = 21;

/// So many of an incident's latest items speak for it.
pub const MEMBERS: usize = 12;

/// So many of the incidents that share most are compared.
pub const COMPARED: usize = 20;

/// Names and words by which others are looked for.
const KEY_NAMES: usize = 12;
const KEY_WORDS: usize = 10;

/// What a word of a place weighs beside another of its rarity: two reports from one state
/// are seldom of one story, and no list of ours tells how often a town is in the news.
const OF_PLACE: f32 = 0.5;

/// From this likeness in all words on a text is a reprint of the other …
const REPRINT: f32 = 0.92;

/// … if it has so many words: two headlines may share all of theirs.
const REPRINT_WORDS: usize = 15;

/// What was learned of stories: how rare words are, which are no names, and what
/// a shared thing is worth.
#[derive(Debug, Clone)]
pub struct StoryModel {
    hashes: Section<u32>,
    rarity: Section<u8>,
    common: Section<u32>,
    /// The rarity of a word nobody knows.
    rarest: f32,
    link: [f32; FEATURES.len()],
    bias: f32,
    /// What likeness to an incident's centre adds.
    centre: f32,
    /// From this on an item joins.
    threshold: f32,
}

/// The incident an item is like.
#[derive(Debug, Clone, PartialEq)]
pub struct Likeness {
    /// Above zero it joins; one more is e times the odds.
    pub score: f32,
    /// The place of the member that is most like it.
    pub closest: usize,
    /// Whether its text is that member's.
    pub is_reprint: bool,
}

impl StoryModel {
    /// Reads the sections `hashes`, `rarity`, `common` and `link` (a weight for
    /// each of [`FEATURES`], then bias, centre, threshold and rarest).
    ///
    /// # Errors
    ///
    /// [`WeightsError::Unfit`] if sizes do not fit one another or this program.
    pub fn read(weights: &Weights) -> Result<Self, WeightsError> {
        let hashes: Section<u32> = weights.section("hashes")?;
        let numbers: Vec<f32> = weights
            .section_of("link", FEATURES.len() + 4)?
            .iter()
            .collect();
        let (link, rest) = numbers
            .split_first_chunk()
            .ok_or_else(|| unfit("its link is too short"))?;
        let [bias, centre, threshold, rarest] = *rest else {
            return Err(unfit("its link is too short"));
        };
        if numbers.iter().any(|number| !number.is_finite()) || rarest <= 0.0 {
            return Err(unfit("its link holds what is no number"));
        }
        Ok(Self {
            rarity: weights.section_of("rarity", hashes.len())?,
            hashes,
            common: weights.section("common")?,
            rarest,
            link: *link,
            bias,
            centre,
            threshold,
        })
    }

    /// The print of a clean title and text, in which these entities were found and which
    /// were judged so.
    #[must_use]
    pub fn print(&self, title: &str, text: &str, entities: &[Entity], judged: Judged) -> Print {
        let words = Words::of(title, text);
        let named = Named::of(title, text, entities);
        let all = || words.title.iter().chain(&words.text);
        let telling = |word: &&Word<'_>| !word.is_stop;
        let terms = self.weighted(all().filter(telling).map(|word| word.hash), true, &named);
        let is_name = |word: &&Word<'_>| {
            word.is_large && !word.is_stop && !is_time(word.hash) && !self.is_common(word.hash)
        };
        let names = |words: &[Word<'_>], more: &[u32]| {
            let of_words = words
                .iter()
                .filter(is_name)
                .map(|word| word.hash)
                .filter(|hash| !named.is_place(*hash));
            let mut names: Vec<u32> = of_words.chain(more.iter().copied()).collect();
            names.sort_unstable();
            names.dedup();
            names.truncate(Print::MOST);
            names
        };
        let title_names = names(&words.title, &[]);
        let more = [title_names.as_slice(), named.caseless()].concat();
        let all_names = names(&words.text, &more);
        let subjects: Vec<Word<'_>> = words.title.iter().filter(is_name).copied().collect();
        let mut print = Print {
            title: self.weighted(
                words.title.iter().filter(telling).map(|word| word.hash),
                false,
                &named,
            ),
            terms,
            names: all_names,
            title_names,
            subjects: named.subjects(&subjects),
            victims: named.victims().to_vec(),
            initials: words.initials,
            numbers: words.numbers,
            keys: Vec::new(),
            law_notice: words.law_notice,
            judged: Some(judged),
        };
        print.subjects.truncate(Print::MOST);
        print.victims.truncate(Print::MOST);
        print.initials.truncate(Print::MOST);
        print.numbers.truncate(Print::MOST);
        print.keys = self.keys(&print);
        // Others are not looked for by these.
        print.initials.extend(words.joined);
        print.initials.sort_unstable();
        print.initials.dedup();
        print.initials.truncate(Print::MOST);
        print
    }

    /// What is by far the same in both, as its readers would put it: up to three
    /// of the rarest shared names, or words where no name is shared.
    #[must_use]
    pub fn shared_words<'a>(
        &self,
        title: &'a str,
        text: &'a str,
        a: &Print,
        b: &Print,
    ) -> Vec<&'a str> {
        const TOLD: usize = 3;
        let words = Words::of(title, text);
        let mut shared = shared(&Compared::new(a), b).names;
        if shared.is_empty() {
            shared = a
                .terms
                .iter()
                .map(|(hash, _)| *hash)
                .filter(|hash| weight_of(&b.terms, *hash) > 0)
                .collect();
        }
        shared.sort_by(|x, y| self.rarity(*y).total_cmp(&self.rarity(*x)).then(x.cmp(y)));
        shared
            .iter()
            .filter_map(|hash| {
                words
                    .title
                    .iter()
                    .chain(&words.text)
                    .find(|word| word.hash == *hash)
                    .map(|word| word.text)
            })
            .take(TOLD)
            .collect()
    }

    /// What a link looks at in two prints told so many days apart.
    #[must_use]
    pub fn features(&self, a: &Compared<'_>, b: &Print, days: f32) -> [f32; FEATURES.len()] {
        let alike = [a.terms.cosine(&b.terms), a.title.cosine(&b.title)];
        let shared = shared(a, b);
        let crossing = {
            let in_both = |name: &u32| {
                let own = a.print.names.binary_search(name);
                own.is_ok() && b.names.binary_search(name).is_ok()
            };
            let of_titles = a.title_names.met(&b.title_names);
            let crossing =
                a.title_names.met(&b.names).count() + a.names.met(&b.title_names).count();
            crossing - of_titles.filter(in_both).count()
        };
        let a = a.print;
        let share = |part: usize, whole: usize| part as f32 / whole.max(1) as f32;
        let fewer = a.names.len().min(b.names.len());
        let both = a.names.len() + b.names.len() - shared.written_alike;
        let mut rarities: Vec<f32> = shared
            .names
            .iter()
            .map(|name| self.rarity(*name) / self.rarest)
            .collect();
        rarities.sort_by(|x, y| y.total_cmp(x));
        let rarest_of_titles = shared
            .of_titles
            .iter()
            .map(|name| self.rarity(*name) / self.rarest)
            .fold(0.0, f32::max);
        let yes = |it: bool| f32::from(u8::from(it));
        let differ =
            !a.title_names.is_empty() && !b.title_names.is_empty() && shared.of_titles.is_empty();
        let [types, label] = judged_alike(a.judged, b.judged);
        let fewer_of_titles = a.title_names.len().max(1).min(b.title_names.len().max(1));
        [
            alike[0],
            alike[1],
            share(shared.names.len(), both),
            share(shared.names.len(), fewer).min(1.0),
            rarities.first().copied().unwrap_or_default(),
            rarest_of_titles,
            yes(!shared.of_titles.is_empty()),
            yes(differ),
            share(crossing, fewer_of_titles).min(2.0),
            share(common(&a.numbers, &b.numbers).min(3), 3),
            days / 14.0,
            days.ln_1p(),
            yes(a.law_notice && b.law_notice),
            rarities.iter().take(4).sum(),
            types,
            label,
            yes(common(&a.victims, &b.victims) > 0),
            yes(are_apart(&a.victims, a, &b.victims, b)),
        ]
    }

    /// How an item is like the latest items of an incident: their best and their
    /// mean link, and the likeness to their centre, which keeps large stories whole.
    #[must_use]
    pub fn likeness(&self, print: &Print, at: Timestamp, members: &[&Member]) -> Option<Likeness> {
        self.likeness_from(&Compared::new(print), at, members, f32::NEG_INFINITY)
    }

    /// The same, if it is above zero: if the item may join. Most incidents are told
    /// apart before their centre is asked for, which costs more than all else.
    #[must_use]
    pub fn joining(
        &self,
        item: &Compared<'_>,
        at: Timestamp,
        members: &[&Member],
    ) -> Option<Likeness> {
        self.likeness_from(item, at, members, 0.0)
            .filter(|likeness| likeness.score > 0.0)
    }

    /// None where the score surely is not above `least`.
    fn likeness_from(
        &self,
        item: &Compared<'_>,
        at: Timestamp,
        members: &[&Member],
        least: f32,
    ) -> Option<Likeness> {
        /// Weights are rounded.
        const MOST: f32 = 1.01;
        let print = item.print;
        let members = members.get(..members.len().min(MEMBERS))?;
        let mut sum = 0.0;
        // The sum of the cosines to the members.
        let mut along = 0.0;
        let mut patterned = 0;
        let mut best: Option<(f32, usize, f32)> = None;
        for (index, member) in members.iter().enumerate() {
            let features = self.features(item, &member.print, days_between(at, member.at));
            let link = self.link(&features);
            sum += link;
            along += features[0];
            patterned += usize::from(fill_one_pattern(print, &member.print, features[0]));
            if best.is_none_or(|(known, _, _)| link > known) {
                best = Some((link, index, features[0]));
            }
        }
        let (link, closest, alike) = best?;
        if patterned * 2 >= members.len() {
            return None;
        }
        let mean = sum / members.len() as f32;
        let links = 0.5 * link + 0.5 * mean;
        // Words weigh nothing below zero, so the members together are at least as long as
        // if they shared none.
        let told = members.iter().filter(|it| !it.print.is_empty()).count();
        let centre_at_most = (along / (told.max(1) as f32).sqrt()).min(1.0) * MOST;
        if links + self.centre.max(0.0) * centre_at_most - self.threshold <= least {
            return None;
        }
        let centre = self.centre * to_centre(along, members);
        let copied = reprint::copied(print, members);
        Some(Likeness {
            score: links + centre - self.threshold,
            closest: copied.unwrap_or(closest),
            is_reprint: copied.is_some() || alike >= REPRINT && print.terms.len() >= REPRINT_WORDS,
        })
    }

    /// The log-odds that two items tell one story.
    #[must_use]
    pub fn link(&self, features: &[f32; FEATURES.len()]) -> f32 {
        let sum: f32 = self.link.iter().zip(features).map(|(w, x)| w * x).sum();
        sum + self.bias
    }

    fn keys(&self, print: &Print) -> Vec<(u32, u16)> {
        let by_rarity = |list: &mut Vec<u32>, most: usize| {
            let mut ranked: Vec<(f32, u32)> = list
                .iter()
                .map(|name| (self.rarity(*name), *name))
                .collect();
            ranked.sort_by(|x, y| y.0.total_cmp(&x.0).then(x.1.cmp(&y.1)));
            ranked.truncate(most);
            *list = ranked.into_iter().map(|(_, name)| name).collect();
        };
        let mut names: Vec<u32> = print.names.iter().chain(&print.initials).copied().collect();
        by_rarity(&mut names, KEY_NAMES);
        let mut terms = print.terms.clone();
        let by_weight = |(hash, weight): &(u32, u16)| (std::cmp::Reverse(*weight), *hash);
        if terms.len() > KEY_WORDS {
            terms.select_nth_unstable_by_key(KEY_WORDS, by_weight);
        }
        let mut keys = names;
        keys.extend(terms.iter().take(KEY_WORDS).map(|(hash, _)| *hash));
        keys.extend(print.title_names.iter().take(KEY_NAMES));
        keys.sort_unstable();
        keys.dedup();
        keys.into_iter()
            .map(|hash| (hash, (self.rarity(hash) / self.rarest * 1_000.0) as u16))
            .collect()
    }

    /// Words with weights (1 + ln count) · rarity, together of length one.
    fn weighted(
        &self,
        hashes: impl Iterator<Item = u32>,
        counted: bool,
        named: &Named,
    ) -> Vec<(u32, u16)> {
        let mut hashes: Vec<u32> = hashes.collect();
        hashes.sort_unstable();
        let mut words: Vec<(u32, f32)> = hashes
            .chunk_by(|a, b| a == b)
            .filter_map(|group| {
                let hash = *group.first()?;
                let count = if counted { group.len() as f32 } else { 1.0 };
                let of_place = if named.is_place(hash) { OF_PLACE } else { 1.0 };
                Some((hash, (1.0 + count.ln()) * self.rarity(hash) * of_place))
            })
            .collect();
        if words.len() > Print::MOST {
            words.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            words.truncate(Print::MOST);
            words.sort_by_key(|(hash, _)| *hash);
        }
        let length = words.iter().map(|(_, w)| w * w).sum::<f32>().sqrt();
        words
            .into_iter()
            .map(|(hash, w)| (hash, (w / length * f32::from(Print::ONE)).round() as u16))
            .collect()
    }

    fn rarity(&self, hash: u32) -> f32 {
        find(&self.hashes, hash).map_or(self.rarest, |at| {
            f32::from(self.rarity.at(at)) / 255.0 * self.rarest
        })
    }

    fn is_common(&self, hash: u32) -> bool {
        find(&self.common, hash).is_some()
    }
}

/// Where a hash stands in a sorted list.
fn find(sorted: &Section<u32>, hash: u32) -> Option<usize> {
    let (mut low, mut high) = (0, sorted.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        match sorted.at(middle).cmp(&hash) {
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
            std::cmp::Ordering::Equal => return Some(middle),
        }
    }
    None
}

/// The cosine to the sum of the members, from the sum of the cosines to them.
fn to_centre(along: f32, members: &[&Member]) -> f32 {
    // The length of the sum, from the cosines of its parts.
    let mut square = 0.0;
    for (index, a) in members.iter().enumerate() {
        let terms = Lookup::of(&a.print.terms);
        square += terms.cosine(&a.print.terms);
        for b in members.iter().skip(index + 1) {
            square += 2.0 * terms.cosine(&b.print.terms);
        }
    }
    if square > 0.0 {
        along / square.sqrt()
    } else {
        0.0
    }
}

/// Days between two times.
#[must_use]
pub fn days_between(a: Timestamp, b: Timestamp) -> f32 {
    let (early, late) = if a < b { (a, b) } else { (b, a) };
    (clock::elapsed(early, late).as_secs_f64() / 86_400.0) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{IncidentType, ItemId, RelevanceLabel};
    use uuid::Uuid;

    /// What is told apart early is what would have been told apart.
    #[test]
    fn an_item_joins_where_its_likeness_is_above_zero() {
        let models = crate::Models::shipped();
        let model = models.stories().unwrap();
        let told = [
            "Zorvex Hospital in Pune hit by LockBit ransomware; patients turned away",
            "LockBit hits Zorvex Hospital in Pune, patients turned away",
            "Pune police arrest two after fraud on Zorvex customers",
            "Acme Bank confirms breach of customer records",
            "Customer records of Acme Bank leaked, bank confirms",
            "Patch day: fixes for Acme Gate and Zorvex OS",
        ];
        let members: Vec<Member> = told
            .iter()
            .map(|title| Member {
                item: ItemId(Uuid::from_u128(7)),
                at: Timestamp::UNIX_EPOCH,
                print: model.print(
                    title,
                    title,
                    &[],
                    Judged::of(RelevanceLabel::Incident, [IncidentType::Other]),
                ),
            })
            .collect();
        let mut joined = 0;
        for one in &members {
            for first in 0..members.len() {
                for last in first + 1..=members.len() {
                    let others: Vec<&Member> = members[first..last].iter().collect();
                    let all = model.likeness(&one.print, one.at, &others).unwrap();
                    let joining = model.joining(&Compared::new(&one.print), one.at, &others);
                    assert_eq!(joining, (all.score > 0.0).then_some(all));
                    joined += usize::from(joining.is_some());
                }
            }
        }
        assert!((6..126).contains(&joined), "{joined}");
    }
}
