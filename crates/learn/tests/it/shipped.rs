//! What ships is what training gives.

use learn::{data, stories};
use understand::Models;
use understand::weights::Weights;

/// The fastest of them stands for the others, which take minutes.
#[test]
fn the_shipped_stories_are_what_training_gives() {
    let Some(sets) = data::shared() else {
        // Where the sets are not, nothing can be told.
        let _ =
            std::io::Write::write_all(&mut std::io::stderr(), b"left out: no ../shared/datasets\n");
        return;
    };
    let shipped = Models::shipped_file("stories").unwrap();
    let header = Weights::open(shipped).unwrap().header().clone();
    let path = sets.join("news/train.jsonl");
    let rows: Vec<stories::Row> = data::read_jsonl(&path).unwrap();
    let rows: Vec<&stories::Row> = rows.iter().collect();
    let print = data::fingerprint(&[path]).unwrap();
    assert_eq!(print, header.data, "trained on other data");
    let again = stories::train(&rows, &header.made, &print, &header.scores).unwrap();
    assert!(
        again == shipped,
        "{} bytes, not {}",
        again.len(),
        shipped.len()
    );
}
