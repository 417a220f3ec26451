//! The trained models in use. The shipped ones are part of the binary; a file
//! trained elsewhere takes the place of one of them without touching the rest.
//!
//! A task whose model is missing decides nothing: then every item is shown, of no
//! kind.

use std::sync::{Arc, LazyLock};

use crate::extract::name::Model as Names;
use crate::flaw::FlawModel;
use crate::linear::Linear;
use crate::severity::EventModel;
use crate::story::likeness::StoryModel;
use crate::weights::{Bytes, Header, Weights, WeightsError, unfit};

/// The files in the binary, one a task.
const SHIPPED: &[&[u8]] = &[
    include_bytes!("../models/flaw.bin"),
    include_bytes!("../models/names.bin"),
    include_bytes!("../models/relevance.bin"),
    include_bytes!("../models/severity.bin"),
    include_bytes!("../models/stories.bin"),
    include_bytes!("../models/types.bin"),
];

/// Opened once, shared by every context. Tests open each file, so a broken one
/// cannot be shipped; should it happen all the same, its task has no model rather
/// than the service no start.
static MODELS: LazyLock<Arc<Models>> = LazyLock::new(|| {
    let mut models = Models::default();
    for file in SHIPPED {
        if let Ok(more) = models.with(*file) {
            models = more;
        }
    }
    Arc::new(models)
});

/// At most one model a task.
#[derive(Debug, Clone, Default)]
pub struct Models {
    headers: Vec<Header>,
    pub(crate) relevance: Option<Linear>,
    pub(crate) types: Option<Linear>,
    pub(crate) stories: Option<StoryModel>,
    pub(crate) flaw: Option<FlawModel>,
    pub(crate) event: Option<EventModel>,
    names: Names,
}

impl Models {
    /// Those in the binary.
    #[must_use]
    pub fn shipped() -> Arc<Self> {
        Arc::clone(&MODELS)
    }

    /// The file in the binary that decides this task.
    #[must_use]
    pub fn shipped_file(task: &str) -> Option<&'static [u8]> {
        SHIPPED
            .iter()
            .copied()
            .find(|file| Weights::open(*file).is_ok_and(|weights| weights.header().task == task))
    }

    /// These with the model of one file in the place of its task's.
    ///
    /// # Errors
    ///
    /// What is wrong with the file; these models stay as they are.
    pub fn with(&self, file: impl Into<Bytes>) -> Result<Self, WeightsError> {
        let weights = Weights::open(file)?;
        let header = weights.header().clone();
        let mut models = self.clone();
        match header.task.as_str() {
            "relevance" => models.relevance = Some(Linear::read(&weights)?),
            "types" => models.types = Some(Linear::read(&weights)?),
            "stories" => models.stories = Some(StoryModel::read(&weights)?),
            "severity" => models.event = Some(EventModel::read(&weights)?),
            "flaw" => models.flaw = Some(FlawModel::read(&weights)?),
            "names" => models.names = Names::read(&weights)?,
            other => return Err(unfit(format!("nothing is decided by a model of {other}"))),
        }
        models.headers.retain(|known| known.task != header.task);
        models.headers.push(header);
        Ok(models)
    }

    /// The model that tells stories apart, if there is one.
    #[must_use]
    pub fn stories(&self) -> Option<&StoryModel> {
        self.stories.as_ref()
    }

    /// The model that reads descriptions of flaws.
    #[must_use]
    pub fn flaw(&self) -> Option<&FlawModel> {
        self.flaw.as_ref()
    }

    /// The model that judges how grave an event is.
    #[must_use]
    pub fn event(&self) -> Option<&EventModel> {
        self.event.as_ref()
    }

    /// The model that finds names.
    #[must_use]
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// What the models in use say of themselves.
    #[must_use]
    pub fn headers(&self) -> &[Header] {
        &self.headers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_file_opens() {
        let mut models = Models::default();
        let mut size = 0;
        for file in SHIPPED {
            models = models.with(*file).unwrap();
            size += file.len();
        }
        assert_eq!(models.headers().len(), SHIPPED.len());
        assert!(size <= 12_000_000, "{size}");
    }

    #[test]
    fn a_damaged_file_changes_nothing() {
        assert!(Models::shipped().with(b"PRAHARIM".to_vec()).is_err());
    }
}
