//! Feedback teaches, dice do not.

use learn::random::Random;
use learn::retrain::{
    Lesson, NEEDED, Taught, is_held_back, labels, lessons, measure, prior, retrain,
};
use model::{
    Feedback, FeedbackId, IncidentType, ItemId, ItemKind, Said, Sample, Severity, Task, Timestamp,
};

const MADE: &str = "2026-11-22T00:00:00Z";

const PLACES: [&str; 20] = [
    "Nashik", "Guntur", "Leeds", "Bilaspur", "Porto", "Mysuru", "Kollam", "Turin", "Raipur",
    "Ghent", "Bhuj", "Salzburg", "Imphal", "Cork", "Jammu", "Lyon", "Hubli", "Tampa", "Agra",
    "Siliguri",
];

/// Told by the shipped model for what it is: nothing of security.
fn outage(n: usize) -> Sample {
    let place = PLACES[n % PLACES.len()];
    sample(
        &format!("Power cut leaves {place} in the dark for {} hours", n + 2),
        &format!(
            "A fallen tree broke the line near {place}; crews of the grid company worked through the night on feeder {n}."
        ),
    )
}

fn cricket(n: usize) -> Sample {
    let place = PLACES[n % PLACES.len()];
    sample(
        &format!("{place} wins the cricket final by {} runs", n + 1),
        &format!("The captain praised his bowlers after match {n} of the season at {place}."),
    )
}

fn breach(n: usize) -> Sample {
    let place = PLACES[n % PLACES.len()];
    sample(
        &format!(
            "Hackers steal records of {}00 customers of a {place} bank",
            n + 1
        ),
        &format!("The bank in {place} confirmed the data breach number {n} and told the police."),
    )
}

fn sample(title: &str, text: &str) -> Sample {
    Sample {
        kind: ItemKind::Article,
        language: Some("eng".to_owned()),
        title: title.to_owned(),
        text: text.to_owned(),
    }
}

fn nothing_said() -> Said {
    Said {
        relevant: None,
        types: None,
        severity: None,
        countries: None,
        note: None,
        by: "test".to_owned(),
        at: Timestamp::UNIX_EPOCH,
    }
}

fn relevant(sample: Sample, relevant: bool) -> Lesson {
    Lesson {
        key: sample.title.clone(),
        sample,
        said: Said {
            relevant: Some(relevant),
            ..nothing_said()
        },
    }
}

/// A reader who wants to hear of power cuts as well.
fn wants_outages() -> Vec<Lesson> {
    (0..100)
        .flat_map(|n| {
            [
                relevant(outage(n), true),
                relevant(cricket(n), false),
                relevant(breach(n), true),
            ]
        })
        .collect()
}

fn teach(task: Task, lessons: &[Lesson], others: &[Sample]) -> Taught {
    let shipped = prior(task);
    retrain(task, shipped, shipped, lessons, others, MADE).unwrap()
}

fn wrong(task: Task, file: &[u8], lessons: &[Lesson]) -> f64 {
    measure(task, file, lessons).unwrap().marks.error
}

#[test]
fn sensible_feedback_passes_and_changes_what_is_decided() {
    let lessons = wants_outages();
    let others: Vec<Sample> = (200..300).map(breach).collect();
    let taught = teach(Task::Relevance, &lessons, &others);
    assert!(taught.passed, "{taught:?}");
    assert!(
        taught.trial.mended >= 20 && taught.trial.broken == 0,
        "{:?}",
        taught.trial
    );
    assert_eq!(taught.trial.moved, 0, "{:?}", taught.trial);
    let file = taught.file.unwrap();
    // Texts that it has not seen, in the same words and in places of their own.
    let unseen: Vec<Lesson> = (500..540)
        .flat_map(|n| {
            [
                relevant(outage(n), true),
                relevant(cricket(n), false),
                relevant(breach(n), true),
            ]
        })
        .collect();
    assert!(wrong(Task::Relevance, prior(Task::Relevance), &unseen) > 0.3);
    assert!(wrong(Task::Relevance, &file, &unseen) < 0.02);
    // The same feedback gives the same bytes.
    assert_eq!(teach(Task::Relevance, &lessons, &others).file, Some(file));
}

#[test]
fn dice_are_refused() {
    for seed in 0..4 {
        let mut dice = Random::new(seed);
        let random: Vec<Lesson> = (0..400)
            .map(|n| {
                let text = match n % 3 {
                    0 => outage(n),
                    1 => cricket(n),
                    _ => breach(n),
                };
                relevant(text, dice.below(2) == 1)
            })
            .collect();
        let taught = teach(Task::Relevance, &random, &[]);
        assert!(taught.trial.held_back > 100, "{:?}", taught.trial);
        assert!(!taught.passed, "seed {seed}: {}", taught.why);
    }
}

#[test]
fn dice_on_types_and_severity_are_refused() {
    let mut dice = Random::new(7);
    let random: Vec<Lesson> = (0..400)
        .map(|n| Lesson {
            said: Said {
                severity: Some(Severity::ALL[dice.below(4)]),
                types: Some(vec![IncidentType::ALL[dice.below(11)]]),
                ..nothing_said()
            },
            ..relevant(breach(n), true)
        })
        .collect();
    for task in [Task::Types, Task::Severity] {
        let taught = teach(task, &random, &[]);
        assert!(taught.trial.held_back > 100, "{:?}", taught.trial);
        assert!(!taught.passed, "{task}: {}", taught.why);
    }
}

#[test]
fn types_and_severity_learn_what_a_reader_means() {
    // A reader for whom the breach of a bank is critical and done by insiders, and a
    // power cut low and an attack on its availability.
    let lessons: Vec<Lesson> = (0..200)
        .map(|n| {
            let bank = n % 2 == 0;
            let (severity, types) = if bank {
                (
                    Severity::Critical,
                    vec![IncidentType::DataBreach, IncidentType::Insider],
                )
            } else {
                (Severity::Low, vec![IncidentType::Ddos])
            };
            Lesson {
                said: Said {
                    severity: Some(severity),
                    types: Some(types),
                    ..nothing_said()
                },
                ..relevant(if bank { breach(n) } else { outage(n) }, true)
            }
        })
        .collect();
    for task in [Task::Types, Task::Severity] {
        let taught = teach(task, &lessons, &[]);
        assert!(taught.passed, "{task}: {}", taught.why);
        assert!(wrong(task, &taught.file.unwrap(), &lessons) < 0.05);
    }
}

#[test]
fn one_opinion_does_not_turn_everything() {
    // Somebody who only ever says "not relevant", of breaches.
    let lessons: Vec<Lesson> = (0..200).map(|n| relevant(breach(n), false)).collect();
    let taught = teach(Task::Relevance, &lessons, &[]);
    assert!(
        !taught.passed && taught.why.contains("too few"),
        "{}",
        taught.why
    );
    let others: Vec<Sample> = (200..350).map(breach).collect();
    let taught = teach(Task::Relevance, &lessons, &others);
    assert!(
        !taught.passed && taught.why.contains("nobody spoke of"),
        "{}",
        taught.why
    );
}

#[test]
fn loaded_dice_are_refused() {
    // Four of five say "relevant", whatever the text.
    let mut dice = Random::new(3);
    let loaded: Vec<Lesson> = (0..400)
        .map(|n| {
            relevant(
                if n % 2 == 0 { outage(n) } else { cricket(n) },
                dice.below(5) > 0,
            )
        })
        .collect();
    let taught = teach(Task::Relevance, &loaded, &[]);
    assert!(
        !taught.passed && taught.why.contains("commonest"),
        "{}",
        taught.why
    );
}

#[test]
fn few_labels_pass_no_gate() {
    let few: Vec<Lesson> = wants_outages().into_iter().take(60).collect();
    let (all, held) = labels(Task::Relevance, &few);
    assert!(all == 60 && held < NEEDED, "{held}");
    let taught = teach(Task::Relevance, &few, &[]);
    assert!(!taught.passed && taught.file.is_none(), "{}", taught.why);
    assert!(taught.why.contains("it takes 50"), "{}", taught.why);
    assert_eq!(labels(Task::Severity, &few), (0, 0));
    assert!(retrain(Task::Names, &[], &[], &few, &[], MADE).is_err());
}

#[test]
fn a_damaged_file_is_no_prior() {
    let lessons = wants_outages();
    let shipped = prior(Task::Relevance);
    let mut damaged = shipped.to_vec();
    damaged[5_000] ^= 1;
    let tried = retrain(Task::Relevance, &damaged, shipped, &lessons, &[], MADE);
    assert!(tried.unwrap_err().to_string().contains("damaged"));
}

#[test]
fn what_is_said_of_one_item_is_one_lesson() {
    let item = ItemId::of(&"feed-a".parse().unwrap(), "1", b"");
    let feedback = |n: u128, said: Said| Feedback {
        id: FeedbackId(uuid::Uuid::from_u128(n)),
        item,
        said,
        sample: breach(1),
    };
    let early = feedback(
        1,
        Said {
            relevant: Some(false),
            ..nothing_said()
        },
    );
    let late = feedback(
        2,
        Said {
            severity: Some(Severity::Low),
            relevant: Some(true),
            at: Timestamp::from_second(60).unwrap(),
            ..nothing_said()
        },
    );
    let told = lessons(vec![
        (late, "story".to_owned()),
        (early, "story".to_owned()),
    ]);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].said.relevant, Some(true));
    assert_eq!(told[0].said.severity, Some(Severity::Low));
    let held = (0..3_000).filter(|n| is_held_back(&n.to_string())).count();
    assert!((850..1_150).contains(&held), "{held}");
}
