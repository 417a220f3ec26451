//! How much work an analysis is, counted in tests: the steps of those loops that a text
//! could make grow faster than itself. Elsewhere nothing is counted.
//!
//! Time would count everything, but says as much of the machine and its neighbours; a
//! test must not hang on that.

/// Notes so many steps of a loop.
#[cfg(not(test))]
#[inline]
pub(crate) fn steps(_count: usize) {}

#[cfg(test)]
pub(crate) use counting::steps;

#[cfg(test)]
mod counting {
    use std::cell::Cell;

    thread_local! {
        static STEPS: Cell<usize> = const { Cell::new(0) };
    }

    pub(crate) fn steps(count: usize) {
        STEPS.with(|steps| steps.set(steps.get().saturating_add(count)));
    }

    /// The steps of a task on this thread.
    pub(super) fn of(task: impl FnOnce()) -> usize {
        STEPS.with(|steps| steps.set(0));
        task();
        STEPS.with(Cell::get)
    }
}

#[cfg(test)]
#[path = "../tests/it/shapes.rs"]
mod shapes;

#[cfg(test)]
mod tests {
    use super::counting;
    use super::shapes::SHAPES;
    use crate::{Context, understand};
    use model::item::{Draft, Stated};
    use model::{Item, ItemKind, Markup, SourceId, Timestamp};

    fn work(context: &Context, title: &str, text: &str) -> usize {
        let draft = Draft {
            external_id: "1".to_owned(),
            kind: ItemKind::Article,
            url: None,
            title: title.to_owned(),
            text: text.to_owned(),
            markup: Markup::Html,
            author: None,
            language: None,
            published: None,
            updated: None,
            stated: Stated::default(),
        };
        let source = SourceId::new("outlet").unwrap();
        let item = Item::new(&source, draft, Timestamp::UNIX_EPOCH);
        counting::of(|| {
            let _ = understand(&item, context);
        })
    }

    #[test]
    fn work_grows_with_the_text_and_no_faster() {
        let context = Context::new(&["hack".to_owned()]);
        let mut wrong = Vec::new();
        for (name, make) in SHAPES {
            let of = |bytes: usize| {
                let text = make(bytes);
                work(&context, &text, &text)
            };
            let (small, large) = (of(10_000), of(40_000));
            // Four times, and a little for what is sorted or stands close; a loop over a
            // loop makes sixteen of it. No step is done for each letter a hundred times.
            if small == 0 || large > small * 9 / 2 || large > 40_000 * 100 {
                wrong.push(format!("{name}: {small} steps, then {large}"));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn work_is_counted_in_every_step() {
        let context = Context::new(&["hack".to_owned()]);
        let nothing = work(&context, "", "");
        let article = "Acme Bank in Pune said on Monday that LockBit stole 2 lakh records. ";
        let once = work(&context, "", article);
        let twice = work(&context, "", &article.repeat(2));
        assert!(nothing < once && once < twice, "{nothing}, {once}, {twice}");
    }
}
