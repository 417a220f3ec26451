//! Models that learn from feedback, and what was decided about them.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

labels! {
    /// What a model decides.
    Task, "a task (relevance, types, severity, flaw, stories or names)" {
        /// Whether an item matters.
        Relevance = "relevance", "Relevance";
        /// Which kinds of event it tells of.
        Types = "types", "Types";
        /// How grave an event is.
        Severity = "severity", "Severity of events";
        /// What the description of a flaw says of its severity.
        Flaw = "flaw", "Severity of flaws";
        /// Which items tell one story.
        Stories = "stories", "Stories";
        /// Which names stand in a text.
        Names = "names", "Names";
    }
}

impl Task {
    /// Those that learn from feedback.
    pub const TAUGHT: [Self; 3] = [Self::Relevance, Self::Types, Self::Severity];

    /// Whether it learns from feedback.
    #[must_use]
    pub fn is_taught(self) -> bool {
        Self::TAUGHT.contains(&self)
    }
}

labels! {
    /// What was done with a model.
    Step, "a step (trained, activated or rolled_back)" {
        /// One was trained on feedback, and the gate decided.
        Trained = "trained", "Trained on feedback";
        /// A person chose one.
        Activated = "activated", "Activated by hand";
        /// A person went back to the one before.
        RolledBack = "rolled_back", "Rolled back";
    }
}

/// The version of the model that is part of the program.
pub const SHIPPED: &str = "shipped";

/// A decision about the model of one task. The latest one of a task says which
/// model is live.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Decision {
    /// When.
    pub at: Timestamp,
    /// Who asked for it: `api`, `command`, or `service` when enough feedback came.
    pub by: String,
    /// Of which task.
    pub task: Task,
    /// What was done.
    pub step: Step,
    /// The model that was trained or chosen; absent when none came of it.
    pub version: Option<String>,
    /// The model that was live before: `shipped`, or a version.
    pub before: String,
    /// The model that is live since.
    pub live: String,
    /// Why, in a sentence.
    pub why: String,
    /// How a trained model was tried.
    pub trial: Option<Trial>,
}

impl Decision {
    /// Whether another model is live since.
    #[must_use]
    pub fn changed(&self) -> bool {
        self.before != self.live
    }
}

/// How a trained model did beside the live one, on feedback that it had not seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Trial {
    /// Texts that feedback labels for this task.
    pub labels: u32,
    /// Those it learned from.
    pub learned: u32,
    /// Those that were held back.
    pub held_back: u32,
    /// How many must be held back before the gate can pass.
    pub needed: u32,
    /// The live model on those held back.
    pub before: Marks,
    /// The trained one on the same.
    pub after: Marks,
    /// The share of wrong decisions of one who always says what is said most.
    pub constant_error: f64,
    /// Texts held back that only the trained one gets right, or more right.
    pub mended: u32,
    /// Texts held back that only the live one gets right, or more right.
    pub broken: u32,
    /// Texts nobody spoke of that were decided by both.
    pub others: u32,
    /// How many of those the trained one decides otherwise.
    pub moved: u32,
}

/// How well a model does. Both are better when lower.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Marks {
    /// Mean of the negative logarithm of the probability given to what is right.
    pub log_loss: f64,
    /// The share of wrong decisions.
    pub error: f64,
}
